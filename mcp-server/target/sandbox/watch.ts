import type { Ms } from "../../vocab/index.ts";
import { type Service, type ServicePorts, type ServiceSpec, startTimeoutMs } from "./service.ts";

const PROBE_EVERY_MS = 250;
const FIRST_PROBES_EVERY_MS = 50;
const FAILED_PROBES_TO_UNHEALTHY = 3;

/** Asks for a process's health until it is gone, and ends it when it does not become ready in time. */
export async function watchHealth(
  service: Service,
  spec: ServiceSpec,
  ports: ServicePorts,
  found: (health: "ready" | "unhealthy") => void,
): Promise<void> {
  const startBy = ports.clock.mono() + startTimeoutMs(spec.config);
  let wasReady = false;
  let failures = 0;
  while (!service.gone.aborted) {
    if (await service.probe()) {
      wasReady = true;
      failures = 0;
      if (!service.gone.aborted) found("ready");
    } else if (wasReady) {
      failures += 1;
      if (failures >= FAILED_PROBES_TO_UNHEALTHY) found("unhealthy");
    } else if (ports.clock.mono() > startBy) {
      service.kill({ kind: "slow", sentence: `was not ready within ${spec.config.startTimeout}` });
    }
    await ports.clock.sleep(wasReady ? PROBE_EVERY_MS : FIRST_PROBES_EVERY_MS, service.gone);
  }
}

/** Ends a process that uses more memory than it may. */
export async function watchMemory(service: Service, spec: ServiceSpec, ports: ServicePorts): Promise<void> {
  const limitMb = spec.config.memoryLimitMb;
  while (!service.gone.aborted) {
    const usedMb = (service.residentBytes() ?? 0) / 2 ** 20;
    if (usedMb > limitMb) {
      service.kill({ kind: "oom", sentence: `was killed: it used ${Math.round(usedMb)} MiB of ${limitMb} MiB` });
    }
    await ports.clock.sleep(PROBE_EVERY_MS, service.gone);
  }
}

/** Pause before restart number `n` in a row (from 0), from 100 ms doubling to 10 s. */
export function restartBackoffMs(n: number): Ms {
  return Math.min(10_000, 100 * 2 ** n);
}
