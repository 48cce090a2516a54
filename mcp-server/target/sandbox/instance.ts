import { join } from "node:path";
import type { ProcessIdentity } from "../../ports/index.ts";
import { type Digest, type Instance, type InstanceState, messageOf, quoteValue } from "../../vocab/index.ts";
import { TargetError } from "../target.ts";
import { type Deferred, deferred } from "./deferred.ts";
import type { Backend } from "./forward.ts";
import { type LogFile, openLog, trimLogs } from "./log-file.ts";
import {
  drainTimeoutMs,
  type Ending,
  type Service,
  type ServicePorts,
  type ServiceSpec,
  startService,
} from "./service.ts";
import { sandboxFolder } from "./state.ts";
import { restartBackoffMs, watchHealth, watchMemory } from "./watch.ts";

/** One instance: a service that is started, watched, restarted when it ends, and retired when it is not wanted any more. */
export interface Supervised extends Backend {
  readonly digest: Digest;
  /** Nobody counts on it yet: its first start has to succeed before it may be given traffic. */
  readonly mustStart: boolean;
  view(): Instance;
  /** Resolves when first ready; rejects with {@link TargetError} when the first start failed. */
  readonly started: Promise<void>;
  /** Finishes what it serves, then ends; resolves when it is gone. The caller has taken it out of the routes before. */
  retire(): Promise<void>;
}

export interface SuperviseOptions {
  readonly spec: ServiceSpec;
  readonly ports: ServicePorts;
  /** `fail`: a first start that fails ends the instance; `retry`: it is started again, as after any later crash. */
  readonly onFailedStart: "fail" | "retry";
  /** The process of the instance changed; `undefined`: it has none now. */
  readonly onProcess: (identity: ProcessIdentity | undefined) => void;
  /** The instance is gone for good. */
  readonly onGone: () => void;
}

/** What changes about an instance while it exists. */
interface Status {
  state: InstanceState;
  service: Service | undefined;
  /** The process that runs now has been ready. */
  serving: boolean;
  proven: boolean;
  /** Unknown until the first process has a port. */
  url: string | undefined;
  inFlight: number;
  onIdle: () => void;
  readonly counts: { restarts: number; crashes: number; oomKills: number };
  readonly leaving: AbortController;
  readonly first: Deferred<void>;
}

/** Starts an instance and supervises it until it is retired. */
export function superviseInstance(o: SuperviseOptions): Supervised {
  const status: Status = {
    state: "starting",
    service: undefined,
    serving: false,
    proven: false,
    url: undefined,
    inFlight: 0,
    onIdle: () => {},
    counts: { restarts: 0, crashes: 0, oomKills: 0 },
    leaving: new AbortController(),
    first: deferred<void>(),
  };
  const log = instanceLog(o);
  const startedAt = o.ports.clock.wall();
  const done = supervise(o, status, log)
    .catch((error: unknown) => status.first.reject(error))
    .finally(() => {
      status.state = "stopped";
      log.close();
      status.first.reject(new Error(`instance ${o.spec.id} was retired before it was ready`));
      o.onGone();
    });
  let retired: Promise<void> | undefined;
  const { id, version, digest } = o.spec;
  return {
    id,
    version,
    digest,
    get state() {
      return status.state;
    },
    get alive() {
      return status.serving && status.service?.gone.aborted === false;
    },
    get inFlight() {
      return status.inFlight;
    },
    get connections() {
      return status.serving ? status.service?.connections : undefined;
    },
    get mustStart() {
      return o.onFailedStart === "fail" && !status.proven;
    },
    started: status.first.promise,
    enter: () => enter(status),
    view: () => ({
      id,
      version,
      digest,
      ...(status.url === undefined ? {} : { url: status.url }),
      state: status.state,
      startedAt,
      ...status.counts,
    }),
    retire: () => {
      retired ??= drainAndEnd(o, status).then(() => done);
      return retired;
    },
  };
}

function instanceLog(o: SuperviseOptions): LogFile {
  const folder = join(sandboxFolder(o.spec.root), "logs");
  o.ports.disk.mkdir(folder, 0o700);
  trimLogs(o.ports.disk, folder);
  return openLog(o.ports.disk, join(folder, `${o.spec.env}-${o.spec.id}.log`));
}

/** A life that lasted this long ends a row of crashes: the next restart comes quickly again. */
const STEADY_MS = 30_000;
const PORT_ATTEMPTS = 3;

async function supervise(o: SuperviseOptions, status: Status, log: LogFile): Promise<void> {
  const { clock } = o.ports;
  let inARow = 0;
  for (let attempt = 1; !status.leaving.signal.aborted; attempt += 1) {
    const began = clock.mono();
    const ending = await live(o, status, log).catch((error: unknown) => ({ kind: "unstartable" as const, error }));
    if (status.leaving.signal.aborted) return;
    if (ending.kind === "port-taken" && !status.proven && attempt < PORT_ATTEMPTS) continue;
    if (!status.proven && o.onFailedStart === "fail") throw failedStart(ending, log.tail(), o.spec);
    enterState(status, "unhealthy");
    count(status, ending);
    log.write(Buffer.from(`deploy-flow: instance ${o.spec.id} ${sentenceOf(ending)}\n`));
    inARow = clock.mono() - began > STEADY_MS ? 0 : inARow;
    await clock.sleep(restartBackoffMs(inARow), status.leaving.signal);
    inARow += 1;
  }
}

/** One process from start to end. */
async function live(o: SuperviseOptions, status: Status, log: LogFile): Promise<Ending> {
  const service = await startService(o.spec, o.ports, log, status.leaving.signal);
  status.service = service;
  status.url = service.url;
  try {
    o.onProcess(service.identity);
  } catch (error) {
    // A process that is not on record would be lost when this daemon dies.
    await service.terminate(0);
    throw error;
  }
  enterState(status, "starting");
  if (status.leaving.signal.aborted) void service.terminate(0);
  void watchMemory(service, o.spec, o.ports);
  await watchHealth(service, o.spec, o.ports, (health) => {
    if (health === "ready") {
      status.serving = true;
      status.proven = true;
      status.first.resolve();
    }
    enterState(status, health);
  });
  const ending = await service.ended;
  status.service = undefined;
  status.serving = false;
  o.onProcess(undefined);
  return ending;
}

/** An instance that is leaving stays `draining`, whatever its health says. */
function enterState(status: Status, next: InstanceState): void {
  if (!status.leaving.signal.aborted) status.state = next;
}

function enter(status: Status): () => void {
  status.inFlight += 1;
  return () => {
    status.inFlight -= 1;
    if (status.inFlight === 0) status.onIdle();
  };
}

async function drainAndEnd(o: SuperviseOptions, status: Status): Promise<void> {
  enterState(status, "draining");
  status.leaving.abort();
  const graceMs = drainTimeoutMs(o.spec.config);
  if (status.inFlight > 0) {
    const idle = new AbortController();
    status.onIdle = () => idle.abort();
    await o.ports.clock.sleep(graceMs, idle.signal);
  }
  const { service } = status;
  if (service === undefined) return;
  // Idle connections are closed first: many servers wait for them before they end.
  service.connections.close().catch(() => {});
  await service.terminate(graceMs);
}

type Failure = Ending | { readonly kind: "unstartable"; readonly error: unknown };

function count(status: Status, ending: Failure): void {
  if (ending.kind === "unstartable") return;
  if (ending.kind === "oom") status.counts.oomKills += 1;
  else status.counts.crashes += 1;
  status.counts.restarts += 1;
}

function sentenceOf(ending: Failure): string {
  return ending.kind === "unstartable" ? `cannot be started: ${messageOf(ending.error)}` : ending.sentence;
}

function failedStart(ending: Failure, tail: string, spec: ServiceSpec): TargetError {
  if (ending.kind === "unstartable" && ending.error instanceof TargetError) return ending.error;
  const output =
    tail.trim() === ""
      ? "it wrote nothing"
      : `its last output, as data: ${quoteValue(tail.trim().slice(-1_000), 2_000)}`;
  return new TargetError(
    `version ${spec.version} did not start in ${spec.env}: instance ${spec.id} ${sentenceOf(ending)}; ${output}`,
    {
      retryable: ending.kind === "slow" || ending.kind === "port-taken",
      next: `read .aiwg/sandbox/logs/${spec.env}-${spec.id}.log and correct the version or target.command`,
    },
  );
}
