import { durationMs, type Ms } from "../vocab/index.ts";
import type { TargetConfig } from "./config.ts";
import type { TargetCapabilities } from "./target.ts";

/** What the target of a section of deploy.yaml can do; nothing is asked of it. */
export function capabilitiesOf(config: TargetConfig): TargetCapabilities {
  switch (config.kind) {
    case "sandbox":
      return {
        routing: "per-request",
        minWeightPct: 1,
        parallelPools: true,
        production: config.production,
        remoteLock: false,
        instanceUrls: true,
        measuresTraffic: true,
      };
    case "command":
      return {
        routing: config.routing,
        minWeightPct: config.minWeightPct,
        parallelPools: config.parallelPools,
        production: config.production,
        remoteLock: config.lock !== undefined,
        instanceUrls: config.instanceUrls,
        measuresTraffic: config.measuresTraffic,
      };
    default:
      return config satisfies never;
  }
}

/** How long the target gives new instances to become ready, milliseconds. */
export function startLimitMs(config: TargetConfig): Ms {
  switch (config.kind) {
    case "sandbox":
      return durationMs(config.startTimeout);
    case "command":
      return durationMs(config.apply.timeout);
    default:
      return config satisfies never;
  }
}
