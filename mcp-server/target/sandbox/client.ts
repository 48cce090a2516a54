import { type Ports, SocketRefusal, socketPath } from "../../ports/index.ts";
import { durationMs, type Env, LiveState, type Ms, messageOf } from "../../vocab/index.ts";
import { capabilitiesOf } from "../capabilities.ts";
import type { SandboxConfig } from "../config.ts";
import { type Target, TargetError } from "../target.ts";
import { artifactFolder, folderDigest } from "./artifact.ts";
import { unlessAborted } from "./deferred.ts";
import { startDaemon } from "./launch.ts";
import { Farewell, type SandboxRequest, TargetErrorData } from "./protocol.ts";
import { drainTimeoutMs, startTimeoutMs } from "./service.ts";
import { ProxyStats } from "./tally.ts";

export interface SandboxOptions {
  /** Folder of deploy.yaml. */
  readonly root: string;
  readonly config: SandboxConfig;
  readonly ports: Ports;
  /** Command that calls `runSandboxDaemon` for this project; started when no daemon answers. */
  readonly daemonArgv: readonly string[];
}

/** The sandbox as a target, with what only it can tell. */
export interface SandboxTarget extends Target {
  /** Counters of an environment's proxy since its daemon started. */
  stats(env: Env, signal: AbortSignal): Promise<ProxyStats>;
  /** Ends the daemon and all services; what shall run stays on record. Does nothing when no daemon runs. */
  shutdown(): Promise<void>;
}

const QUICK_CALL_MS: Ms = 20_000;
const FAREWELL_MS: Ms = 5_000;

/** The client of a project's sandbox. Nothing is started before the first call. */
export function openSandbox(o: SandboxOptions): SandboxTarget {
  const { config, ports } = o;
  const root = ports.disk.realpath(o.root);
  const call = (request: SandboxRequest, timeoutMs: Ms, signal: AbortSignal) =>
    unlessAborted(callDaemon({ ...o, root }, request, timeoutMs, signal), signal);
  // Starting (with another port when one was taken), draining and ending, one after the other, and room for a busy machine.
  const applyMs = 3 * startTimeoutMs(config) + 3 * drainTimeoutMs(config) + 60_000;
  return {
    kind: "sandbox",
    capabilities: capabilitiesOf(config),
    resolve: (version, signal) =>
      Promise.resolve().then(() => folderDigest(artifactFolder(root, config, version, ports.disk), ports.disk, signal)),
    observe: async (env, signal) => LiveState.parse(await call({ op: "observe", env, config }, QUICK_CALL_MS, signal)),
    apply: async (env, desired, fence, signal) =>
      LiveState.parse(await call({ op: "apply", env, config, pools: [...desired], fence }, applyMs, signal)),
    ...(config.migrate ? { migrate: migrateBy(call, config) } : {}),
    stats: async (env, signal) => ProxyStats.parse(await call({ op: "stats", env, config }, QUICK_CALL_MS, signal)),
    shutdown: () => shutDown(root, ports, applyMs),
  };
}

type Call = (request: SandboxRequest, timeoutMs: Ms, signal: AbortSignal) => Promise<unknown>;

function migrateBy(call: Call, config: SandboxConfig): NonNullable<Target["migrate"]> {
  // Its own time, that of another one before it, and room for a busy machine.
  const timeoutMs = 2 * durationMs(config.migrate?.timeout ?? "0s") + 60_000;
  return async (env, id, fence, signal) => {
    await call({ op: "migrate", env, config, id, fence }, timeoutMs, signal);
  };
}

async function shutDown(root: string, ports: Ports, timeoutMs: Ms): Promise<void> {
  try {
    const request = { op: "shutdown" } satisfies SandboxRequest;
    const { pid } = Farewell.parse(await ports.sockets.call(socketPath(root, "sandbox"), request, timeoutMs));
    const until = ports.clock.mono() + FAREWELL_MS;
    while (ports.processes.identify(pid) !== undefined && ports.clock.mono() < until) await ports.clock.sleep(10);
  } catch (error) {
    if (!isUnanswered(error)) throw asTargetError(error);
  }
}

const ATTEMPTS = 3;

/**
 * One request. Starts the daemon when nobody answers, and asks again when it died in the middle: every request may be
 * repeated, and an apply goes on where the dead daemon's record ends.
 */
async function callDaemon(
  o: SandboxOptions,
  request: SandboxRequest,
  timeoutMs: Ms,
  signal: AbortSignal,
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await o.ports.sockets.call(socketPath(o.root, "sandbox"), request, timeoutMs);
    } catch (error) {
      if (!(isUnanswered(error) || isStopping(error)) || attempt === ATTEMPTS || signal.aborted) {
        throw asTargetError(error);
      }
      await startDaemon(o);
    }
  }
}

function isStopping(error: unknown): boolean {
  const data = error instanceof SocketRefusal ? TargetErrorData.safeParse(error.data) : undefined;
  return data?.data?.stopping === true;
}

/** Nobody listens, or whoever did is gone. */
function isUnanswered(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(code);
}

function asTargetError(error: unknown): TargetError {
  const data = error instanceof SocketRefusal ? TargetErrorData.safeParse(error.data) : undefined;
  if (data?.success) return new TargetError(messageOf(error), data.data);
  return new TargetError(`the sandbox did not do it: ${messageOf(error)}`, {
    retryable: !(error instanceof SocketRefusal),
    next: "read .aiwg/sandbox/daemon.log",
    cause: error,
  });
}
