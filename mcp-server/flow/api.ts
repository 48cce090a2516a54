import { join } from "node:path";
import { SocketRefusal, socketPath } from "../ports/index.ts";
import { readHeld } from "../record/held.ts";
import type { Stamped } from "../record/journal.ts";
import { followJournal } from "../record/journal-file.ts";
import { runSandboxDaemon } from "../target/index.ts";
import { type Actor, FlowError, messageOf, type RunId } from "../vocab/index.ts";
import { FlowEvent, type Request } from "./events.ts";
import { ownerLives, ownRun, pingOwner } from "./owner.ts";
import type { RunParameters } from "./parameters.ts";
import { type Planned, planRun } from "./plan-run.ts";
import { loadConfig, type Project } from "./project.ts";
import { readRun, StartOrder } from "./run-files.ts";
import { noRun, type RunStatus, statusView } from "./status.ts";

export { captureBaseline, type SmokeTested, seedSandbox, smokeTest } from "./checks.ts";
export { type Planned, planRun } from "./plan-run.ts";
export { loadConfig, openProject, openTarget, type Project } from "./project.ts";
export type { RunStatus, StatusState } from "./status.ts";
export { type VerifyResult, verifyArchive } from "./verify.ts";

export interface StartOptions {
  /** Nobody watches: questions wait only for the unattended deadline. */
  readonly unattended: boolean;
  readonly actor: Actor;
  readonly configFile?: string;
}

const READY_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;

function orderOf(project: Project, planned: Planned, parameters: RunParameters, o: StartOptions): StartOrder {
  const stamp = project.ports.clock
    .wall()
    .replace(/[-:]/g, "")
    .replace(/\.\d+Z$/, "Z");
  return {
    runId: `dpl-${stamp}-${project.ports.ids.hex(3)}` as RunId,
    plan: planned.plan,
    configText: planned.configText,
    unattended: o.unattended,
    actor: o.actor,
    ...(parameters.approve ? { approve: parameters.approve } : {}),
  };
}

/** Starts a detached runner for a new run and returns when it owns the run. It goes on when we end. */
export async function startRun(
  project: Project,
  parameters: RunParameters,
  o: StartOptions,
): Promise<{ runId: RunId } & Planned> {
  refuseWhileBusy(project);
  const planned = await planRun(project, parameters, o.configFile);
  const order = orderOf(project, planned, parameters, o);
  const { disk } = project.ports;
  const file = join(project.paths.deployment, `start-${order.runId}.json`);
  disk.mkdir(project.paths.deployment);
  disk.writeAtomic(file, JSON.stringify(order));
  try {
    await spawnOwner(project, ["--start", file], `${file}.refused`, order.runId);
  } finally {
    disk.remove(file);
    disk.remove(`${file}.refused`);
  }
  return { runId: order.runId, ...planned };
}

/** This process owns the run until it has ended: for CI jobs. Returns the final status. */
export async function runHere(
  project: Project,
  parameters: RunParameters,
  o: StartOptions & {
    onEvent: (stamped: Stamped<FlowEvent>) => void;
    onPlan?: (planned: Planned) => void;
    signal: AbortSignal;
  },
): Promise<RunStatus> {
  refuseWhileBusy(project);
  const planned = await planRun(project, parameters, o.configFile);
  o.onPlan?.(planned);
  const state = await ownRun(project, {
    start: orderOf(project, planned, parameters, o),
    onEvent: o.onEvent,
    signal: o.signal,
  });
  return statusView(state, { alive: false }, project.ports.clock.wall());
}

/** Body of the hidden command that is the sandbox's daemon: it owns the service processes and their proxies. */
export async function runSandbox(project: Project): Promise<void> {
  const { config } = loadConfig(project);
  await runSandboxDaemon({ root: project.root, config: config.target, ports: project.ports });
}

/** Fails early and clearly; the lock decides the race that this look cannot see. */
function refuseWhileBusy(project: Project): void {
  const held = readHeld(project.ports.disk, project.paths.lock);
  if (held) {
    throw new FlowError({
      code: "conflict",
      what: "a failed rollback holds this project",
      found: `run ${held.runId}: ${held.reason}`,
      where: { file: `${project.paths.lock}.held` },
      next: "bring production into a known state, then a person runs `deploy-flow release-lock --reason ...`",
    });
  }
  const run = readRun(project);
  if (!run || run.archived) return;
  throw new FlowError({
    code: "conflict",
    what: "a run is under way in this project",
    found: `run ${run.state.runId ?? "unknown"} of version ${run.plan.version}`,
    where: { file: project.paths.journal },
    next: "`deploy-flow status` shows it; `deploy-flow deploy-decide abort --reason ...` stops it",
  });
}

/** Body of the hidden command that is the detached runner. A refusal is left in a file for whoever started it. */
export async function runOwner(project: Project, o: { start?: string; resume?: boolean }): Promise<void> {
  const { disk } = project.ports;
  if (o.start === undefined) {
    await ownRun(project, {});
    return;
  }
  const file = o.start;
  const order = StartOrder.parse(JSON.parse(disk.readText(file)));
  let ready = false;
  try {
    await ownRun(project, {
      start: order,
      onReady: () => {
        ready = true;
      },
    });
  } catch (error) {
    if (!ready) disk.writeAtomic(`${file}.refused`, JSON.stringify(refusalParts(error)));
    throw error;
  }
}

function refusalParts(error: unknown): Record<string, unknown> {
  if (!(error instanceof FlowError)) return { code: "internal", what: messageOf(error), next: "see the runner's log" };
  const { code, what, expected, found, where, next } = error;
  return { code, what, expected, found, where, next };
}

async function spawnOwner(
  project: Project,
  args: string[],
  refusedFile: string,
  runId: string | undefined,
): Promise<void> {
  const { clock, disk, processes } = project.ports;
  const logFile = project.paths.runnerLog;
  disk.mkdir(project.paths.deployment);
  const env = Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const pid = processes.spawnDetached([...project.entry, "runner", "--project", project.root, ...args], {
    cwd: project.root,
    env,
    logFile,
  });
  const started = clock.mono();
  while (clock.mono() - started < READY_WITHIN_MS) {
    if (disk.stat(refusedFile)) throw new FlowError(JSON.parse(disk.readText(refusedFile)));
    const pong = await pingOwner(project, 1_000);
    if (pong && (runId === undefined || pong.runId === runId)) return;
    if (!processes.identify(pid)) {
      // It may have ended because the run is over already, or because another runner was faster.
      if (disk.stat(refusedFile)) continue;
      const run = readRun(project);
      if (run?.archived && (runId === undefined || run.state.runId === runId)) return;
      if (runId === undefined && (await pingOwner(project))) return;
      break;
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
  throw new FlowError({
    code: "internal",
    what: "the runner did not start",
    expected: `an answer within ${READY_WITHIN_MS / 1000} s`,
    found: lastLines(project, logFile),
    where: { file: logFile },
    next: "read the log, then try again",
  });
}

function lastLines(project: Project, file: string): string {
  try {
    return JSON.stringify(project.ports.disk.readText(file).trimEnd().split("\n").slice(-3).join(" | ").slice(-300));
  } catch {
    return "no log";
  }
}

/** What a look at the owner found: alive, or dead and started again with the announcement of that. */
async function ensureOwner(project: Project): Promise<RunStatus["runner"]> {
  const pong = await pingOwner(project);
  if (pong) return { alive: true, pid: pong.pid, epoch: pong.epoch };
  const run = readRun(project);
  if (!run || run.archived) return { alive: false };
  if (ownerLives(project)) return { alive: true };
  await spawnOwner(project, ["--resume"], join(project.paths.deployment, "resume.refused"), undefined);
  const again = await pingOwner(project);
  const after = readRun(project);
  const found = after?.reading.events.findLast((stamped) => stamped.event.event === "ownership");
  const what = found?.event.event === "ownership" && found.event.found ? `; found: ${found.event.found}` : "";
  return {
    alive: again !== undefined,
    restarted: `the runner of run ${run.state.runId ?? ""} was dead and has been started again${what}`,
    ...(again ? { pid: again.pid, epoch: again.epoch } : {}),
  };
}

/** Where the run stands. When its runner is dead, it is started again and the answer says so first. */
export async function statusOf(project: Project): Promise<RunStatus> {
  const runner = await ensureOwner(project);
  const run = readRun(project);
  return run ? statusView(run.state, runner, project.ports.clock.wall()) : noRun();
}

/** Hands a request to the owner of the run, starting it again when it is dead; into the inbox when even that fails. */
export async function sendRequest(
  project: Project,
  request: Request,
  actor: Actor,
): Promise<{ taken: boolean; note: string; status: RunStatus }> {
  const run = readRun(project);
  if (!run || run.archived) {
    throw new FlowError({
      code: "conflict",
      what: "no run is under way in this project",
      next: "start one with `deploy-flow run VERSION`",
    });
  }
  const message = { op: "request", id: `req-${project.ports.ids.hex(8)}`, request, actor };
  const runner = await ensureOwner(project).catch((error: unknown): RunStatus["runner"] => {
    leaveInInbox(project, message);
    return {
      alive: false,
      restarted: `the runner could not be started (${messageOf(error)}); the request waits in the inbox`,
    };
  });
  const receipt = runner.alive
    ? await hand(project, message)
    : { taken: false, note: "the request waits in the inbox" };
  const after = readRun(project) ?? run;
  return { ...receipt, status: statusView(after.state, runner, project.ports.clock.wall()) };
}

async function hand(project: Project, message: { id: string; request: Request; actor: Actor; op: string }) {
  try {
    const answer = await project.ports.sockets.call(socketPath(project.root, "runner"), message, 10_000);
    return answer as { taken: boolean; note: string };
  } catch (error) {
    if (error instanceof SocketRefusal) return { taken: false, note: error.message };
    leaveInInbox(project, message);
    return { taken: false, note: "the runner did not answer; the request waits in the inbox" };
  }
}

function leaveInInbox(project: Project, message: { id: string; request: Request; actor: Actor }): void {
  const { id, request, actor } = message;
  project.ports.disk.createExclusive(join(project.paths.inbox, `${id}.json`), JSON.stringify({ id, request, actor }));
}

/** Every event of the run from a sequence number on, as it is written; ends when the run is archived. */
export async function* followRun(
  project: Project,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Stamped<FlowEvent>> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const watchdog = (async () => {
    while (!both.aborted) {
      if (project.ports.disk.stat(project.paths.archivedMark)) {
        await project.ports.clock.sleep(300, both);
        over.abort();
      }
      await project.ports.clock.sleep(200, both);
    }
  })();
  try {
    yield* followJournal(project.ports.disk, project.ports.clock, project.paths.journal, FlowEvent, from, both);
  } finally {
    over.abort();
    await watchdog;
  }
}
