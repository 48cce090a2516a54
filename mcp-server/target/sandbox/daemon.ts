import { join } from "node:path";
import { type Ports, socketPath } from "../../ports/index.ts";
import { Env, messageOf } from "../../vocab/index.ts";
import type { SandboxConfig } from "../config.ts";
import { TargetError } from "../target.ts";
import { acquireDaemonLock, type DaemonLock } from "./daemon-lock.ts";
import { deferred } from "./deferred.ts";
import { type Environment, openEnvironment } from "./environment.ts";
import { endOrphans } from "./orphans.ts";
import { SandboxRequest, type TargetErrorData } from "./protocol.ts";
import { openState, type StateFile, sandboxFolder } from "./state.ts";
import { shuttingDown } from "./stopping.ts";

export interface SandboxDaemonOptions {
  /** Folder of deploy.yaml. */
  readonly root: string;
  readonly config: SandboxConfig;
  readonly ports: Ports;
  /** Aborted by SIGTERM and the like: everything is ended in order. */
  readonly signal?: AbortSignal;
}

const LOOK_AROUND_MS = 1_000;
const IDLE_EXIT_MS = 10 * 60_000;

/**
 * Runs the sandbox of one project until it is told to shut down, its signal aborts, its folder disappears, or nothing
 * ran in it for ten minutes. Returns at once when the project has a daemon already. What a dead predecessor left is
 * ended, and its pools are brought back on the same ports.
 */
export async function runSandboxDaemon(o: SandboxDaemonOptions): Promise<void> {
  const root = o.ports.disk.realpath(o.root);
  const folder = sandboxFolder(root);
  o.ports.disk.mkdir(folder, 0o700);
  const lock = acquireDaemonLock(root, o.ports.disk, o.ports.processes);
  if (lock === undefined) return;
  const failurePath = join(folder, "start-failure.json");
  try {
    o.ports.disk.remove(failurePath);
    await serveSandbox({ ...o, root }, lock);
  } catch (error) {
    const next = error instanceof TargetError ? error.next : "read .aiwg/sandbox/daemon.log";
    const failure = { pid: o.ports.processes.self().pid, message: messageOf(error), next };
    if (lock.held()) o.ports.disk.writeAtomic(failurePath, JSON.stringify(failure), 0o600);
    throw error;
  } finally {
    lock.release();
  }
}

async function serveSandbox(o: SandboxDaemonOptions, lock: DaemonLock): Promise<void> {
  const { ports, root } = o;
  const state = openState(ports.disk, root, lock.held);
  await endOrphans(root, state, ports);
  const stop = new AbortController();
  const stopped = deferred<void>();
  const environments = environmentsOf(o, state);
  let lastAsked = ports.clock.mono();
  const answer = async (request: SandboxRequest): Promise<unknown> => {
    lastAsked = ports.clock.mono();
    if (request.op === "shutdown") {
      stop.abort();
      return stopped.promise.then(() => ({ pid: ports.processes.self().pid }));
    }
    if (!lock.held()) stop.abort();
    if (stop.signal.aborted) throw Object.assign(shuttingDown(), { stopping: true });
    if (request.op === "ping") return { pid: ports.processes.self().pid };
    const environment = await environments.open(request.env, request.config);
    switch (request.op) {
      case "observe":
        return environment.observe();
      case "stats":
        return environment.stats();
      case "apply":
        return environment.apply(request.pools, request.fence, request.config);
      case "migrate":
        await environment.migrate(request.id, request.fence, request.config);
        return {};
      default: {
        const never: never = request;
        throw new Error(`unknown request ${JSON.stringify(never)}`);
      }
    }
  };
  await environments.openAll();
  const socket = await ports.sockets.serve(socketPath(root, "sandbox"), (request) =>
    answer(SandboxRequest.parse(request)).catch((error: unknown) => {
      throw asRefusal(error);
    }),
  );
  o.signal?.addEventListener("abort", () => stop.abort(), { once: true });
  if (o.signal?.aborted) stop.abort();
  while (!stop.signal.aborted) {
    await ports.clock.sleep(LOOK_AROUND_MS, stop.signal);
    const idle = ports.clock.mono() - lastAsked > IDLE_EXIT_MS && !(await environments.inUse());
    if (idle || !lock.held()) stop.abort();
  }
  await environments.closeAll();
  stopped.resolve();
  await socket.close();
}

function environmentsOf(o: SandboxDaemonOptions, state: StateFile) {
  const opened = new Map<Env, Promise<Environment>>();
  const open = (env: Env, config: SandboxConfig): Promise<Environment> => {
    const known = opened.get(env);
    if (known) return known;
    if (config.environments[env] === undefined && state.read().environments[env] === undefined)
      throw noEnvironment(env);
    const opening = openEnvironment({ root: o.root, env, config, ports: o.ports, state });
    opened.set(env, opening);
    opening.catch(() => opened.delete(env));
    return opening;
  };
  return {
    open,
    /** Those of the configuration, and those on record that still run something. */
    openAll: async () => {
      for (const env of Env.options) {
        const onRecord = (state.read().environments[env]?.pools.length ?? 0) > 0;
        if (o.config.environments[env] !== undefined || onRecord) await open(env, o.config);
      }
    },
    inUse: async () => (await Promise.all(opened.values())).some((environment) => environment.inUse()),
    closeAll: async () => {
      const all = await Promise.allSettled(opened.values());
      await Promise.all(all.map((one) => (one.status === "fulfilled" ? one.value.close() : undefined)));
    },
  };
}

function noEnvironment(env: Env): TargetError {
  return new TargetError(`the sandbox has no environment ${env}`, {
    retryable: false,
    next: `add target.environments.${env} to deploy.yaml`,
  });
}

/** A socket carries the message of an error and its `data`. */
function asRefusal(error: unknown): Error {
  if (!(error instanceof TargetError)) return error instanceof Error ? error : new Error(messageOf(error));
  const data: TargetErrorData = { retryable: error.retryable, next: error.next, stopping: "stopping" in error };
  return Object.assign(new Error(error.message), { data });
}
