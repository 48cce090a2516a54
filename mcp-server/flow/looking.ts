import { join } from "node:path";
import type { z } from "zod";
import { SocketRefusal, socketPath } from "../ports/index.ts";
import type { Stamped } from "../record/journal.ts";
import { followJournal } from "../record/journal-file.ts";
import { type Actor, FlowError, messageOf, type RunId } from "../vocab/index.ts";
import { FlowEvent, type Request } from "./events.ts";
import { InboxEntry } from "./inbox.ts";
import { ownerLives, pingOwner } from "./owner.ts";
import type { Project } from "./project.ts";
import type { Receipt } from "./requests.ts";
import { type RunOnDisk, readRun } from "./run-files.ts";
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

/** In every interleaving of a decision with the end of its run: it came too late, and changed nothing. */
function hasEnded(runId: RunId | undefined, note: string): FlowError {
  return new FlowError({
    code: "conflict",
    what: "the run has ended before this was decided; nothing was changed",
    found: `run ${runId ?? "unknown"}: ${note}`,
    next: "`deploy-flow status` shows how it ended; start another one with `deploy-flow run VERSION`",
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
  const { runId } = run.state;
  const id = `req-${project.ports.ids.hex(8)}`;
  const message = { op: "request", id, request, actor, ...(runId === undefined ? {} : { runId }) };
  const runner = await ensureOwner(project).catch((error: unknown): RunStatus["runner"] => {
    leaveInInbox(project, message);
    return {
      alive: false,
      restarted: `the runner could not be started (${messageOf(error)}); the request waits in the inbox`,
    };
  });
  const answered = runner.alive
    ? await hand(project, message)
    : { taken: false, note: "the request waits in the inbox" };
  const after = readRun(project) ?? run;
  const receipt = answered.taken ? answered : (journalled(after, id) ?? answered);
  // An ended run has its owner until its archive is written, and another run may have begun since: neither takes it.
  const isOver = after.state.outcome !== undefined || after.state.runId !== runId;
  if (!receipt.taken && isOver && request.kind !== "resume") throw hasEnded(runId, receipt.note);
  return { ...receipt, status: statusView(after.state, runner, project.ports.clock.wall()) };
}

/** What became of a request whose answer was lost on its way: the journal says it. */
function journalled({ reading }: RunOnDisk, id: string): Receipt | undefined {
  const found = reading.events.find(({ event }) => event.event === "request" && event.id === id)?.event;
  if (found?.event !== "request") return undefined;
  return { taken: found.taken, note: found.note ?? "taken; its answer was lost on the way" };
}

type Message = z.infer<typeof InboxEntry>;

async function hand(project: Project, message: Message & { op: string }) {
  try {
    const answer = await project.ports.sockets.call(socketPath(project.root, "runner"), message, 10_000);
    return answer as { taken: boolean; note: string };
  } catch (error) {
    if (error instanceof SocketRefusal) return { taken: false, note: error.message };
    leaveInInbox(project, message);
    return { taken: false, note: "the runner did not answer; the request waits in the inbox" };
  }
}

function leaveInInbox(project: Project, message: Message): void {
  const file = join(project.paths.inbox, `${message.id}.json`);
  project.ports.disk.createExclusive(file, JSON.stringify(InboxEntry.parse(message)));
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
