import { join } from "node:path";
import { SocketRefusal, socketPath } from "../ports/index.ts";
import type { Stamped } from "../record/journal.ts";
import { followJournal } from "../record/journal-file.ts";
import { type Actor, FlowError, messageOf } from "../vocab/index.ts";
import { FlowEvent, type Request } from "./events.ts";
import { ownerLives, pingOwner } from "./owner.ts";
import type { Project } from "./project.ts";
import { readRun } from "./run-files.ts";
import { resumeRefused, spawnOwner } from "./spawn-owner.ts";
import { noRun, type RunStatus, statusView } from "./status.ts";

/** What a look at the owner found: alive, or dead and started again with the announcement of that. */
async function ensureOwner(project: Project): Promise<RunStatus["runner"]> {
  const pong = await pingOwner(project);
  if (pong) return { alive: true, pid: pong.pid, epoch: pong.epoch };
  const run = readRun(project);
  if (!run || run.archived) return { alive: false };
  if (ownerLives(project)) return { alive: true };
  await spawnOwner(project, ["--resume"], resumeRefused(project), undefined);
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

function nothingUnderWay(): FlowError {
  return new FlowError({
    code: "conflict",
    what: "no run is under way in this project",
    next: "start one with `deploy-flow run VERSION`",
  });
}

/** Hands a request to the owner of the run, starting it again when it is dead; into the inbox when even that fails. */
export async function sendRequest(
  project: Project,
  request: Request,
  actor: Actor,
): Promise<{ taken: boolean; note: string; status: RunStatus }> {
  const run = readRun(project);
  if (!run || run.archived) {
    throw nothingUnderWay();
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
  // While its archive is being written an ended run still has an owner; the answer is that of a moment later.
  if (!receipt.taken && after.state.outcome && request.kind !== "resume") throw nothingUnderWay();
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
