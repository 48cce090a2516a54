import { join } from "node:path";
import { allowEnv, BASE_ENV, socketPath } from "../../ports/index.ts";
import { type Ms, messageOf } from "../../vocab/index.ts";
import { TargetError } from "../target.ts";
import type { SandboxOptions } from "./client.ts";
import { Pong, StartFailure } from "./protocol.ts";
import { sandboxFolder } from "./state.ts";

const START_WITHIN_MS: Ms = 20_000;
const ASK_EVERY_MS: Ms = 30;
const RESTART_AFTER_MS: Ms = 300;
const SPARE_GONE_WITHIN_MS: Ms = 2_000;
const PING_MS: Ms = 2_000;

/**
 * Starts the daemon of a project and waits until one answers. Several clients may do so at once: the daemons agree
 * among themselves which one stays.
 */
export async function startDaemon(o: SandboxOptions): Promise<void> {
  const { clock, processes } = o.ports;
  const until = clock.mono() + START_WITHIN_MS;
  let pid: number | undefined;
  while (clock.mono() < until) {
    if (await answers(o)) return spareGone(o, pid);
    // One that found a dying predecessor still in place has ended itself: another one has to be started.
    if (pid === undefined) pid = spawnDaemon(o);
    else if (processes.identify(pid) === undefined) {
      throwStartFailure(o, pid);
      await clock.sleep(RESTART_AFTER_MS);
      if (!(await answers(o))) pid = spawnDaemon(o);
    }
    await clock.sleep(ASK_EVERY_MS);
  }
  throw new TargetError(`the sandbox did not start within ${START_WITHIN_MS / 1000} s`, {
    retryable: true,
    next: "read .aiwg/sandbox/daemon.log",
  });
}

/**
 * The daemon that answers may be another client's. Ours then ends by itself; that is waited for, so that no late comer
 * takes the place of a daemon that was shut down meanwhile.
 */
async function spareGone(o: SandboxOptions, pid: number | undefined): Promise<void> {
  const { clock, processes } = o.ports;
  const until = clock.mono() + SPARE_GONE_WITHIN_MS;
  while (pid !== undefined && clock.mono() < until) {
    const answering = await daemonPid(o);
    if (answering === pid || processes.identify(pid) === undefined) return;
    await clock.sleep(ASK_EVERY_MS);
  }
}

async function answers(o: SandboxOptions): Promise<boolean> {
  return (await daemonPid(o)) !== undefined;
}

async function daemonPid(o: SandboxOptions): Promise<number | undefined> {
  try {
    return Pong.parse(await o.ports.sockets.call(socketPath(o.root, "sandbox"), { op: "ping" }, PING_MS)).pid;
  } catch {
    return undefined;
  }
}

function spawnDaemon(o: SandboxOptions): number {
  const folder = sandboxFolder(o.root);
  o.ports.disk.mkdir(folder, 0o700);
  try {
    const logFile = join(folder, "daemon.log");
    return o.ports.processes.spawnDetached(o.daemonArgv, { cwd: o.root, env: allowEnv(BASE_ENV), logFile });
  } catch (error) {
    throw new TargetError(`the sandbox cannot start: ${messageOf(error)}`, {
      retryable: false,
      next: "install deploy-flow again",
      cause: error,
    });
  }
}

function throwStartFailure(o: SandboxOptions, pid: number): void {
  const path = join(sandboxFolder(o.root), "start-failure.json");
  if (o.ports.disk.stat(path) === undefined) return;
  const failure = StartFailure.safeParse(JSON.parse(o.ports.disk.readText(path)));
  if (!failure.success || failure.data.pid !== pid) return;
  throw new TargetError(`the sandbox cannot start: ${failure.data.message}`, {
    retryable: false,
    next: failure.data.next,
  });
}
