import { basename, join } from "node:path";
import { z } from "zod";
import { socketPath } from "../ports/index.ts";
import type { Stamped } from "../record/journal.ts";
import { FencedOut, type OpenJournal, openJournal } from "../record/journal-file.ts";
import { acquireLock, type LockRecord, readLock, releaseLock } from "../record/lock.ts";
import { type Actor, FlowError, sha256 } from "../vocab/index.ts";
import { writeArtifacts } from "./artifacts.ts";
import { carry } from "./carry.ts";
import { openRun, type RunControl } from "./engine.ts";
import { FlowEvent, type Request } from "./events.ts";
import { InboxEntry, readInbox, take } from "./inbox.ts";
import { keptText, layOut } from "./lay-out.ts";
import { createHands } from "./measure.ts";
import { createNotifier, type Notifier } from "./notify/notifier.ts";
import { send } from "./notify/send.ts";
import { planHash } from "./plan.ts";
import { openTarget, type Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import { finishLastRequest, takeRequest } from "./requests.ts";
import { readRun, type StartOrder } from "./run-files.ts";
import type { RunState } from "./run-state.ts";
import { poolsText } from "./runbooks/apply.ts";

const RUNNER: Actor = { kind: "runner", name: "deploy-flow" };

/** Message of a client to the owner of a run. */
const Message = z.discriminatedUnion("op", [
  z.object({ op: z.literal("ping") }),
  InboxEntry.extend({ op: z.literal("request") }),
]);

/** What the owner says to a ping. */
export const Pong = z.object({ runId: z.string(), epoch: z.number(), pid: z.number() });
export type Pong = z.infer<typeof Pong>;

/** Asks the owner of this project's run who it is; undefined when nobody answers. */
export async function pingOwner(project: Project, timeoutMs = 2_000): Promise<Pong | undefined> {
  try {
    return Pong.parse(await project.ports.sockets.call(socketPath(project.root, "runner"), { op: "ping" }, timeoutMs));
  } catch {
    return undefined;
  }
}

/**
 * Whether the process that holds this project's lock lives. A busy owner may be slow to answer a ping; only one whose
 * process is gone, or that holds no lock, is dead.
 */
export function ownerLives(project: Project): boolean {
  const lock = readLock(project.ports.disk, project.paths.lock);
  const self = project.ports.processes.self();
  if (!lock || lock.host !== self.host || lock.bootId !== self.bootId) return false;
  return project.ports.processes.identify(lock.pid)?.start === lock.start;
}

export interface OwnerOptions {
  /** Open this run; without it the unfinished run in the working folder is taken up again. */
  readonly start?: StartOrder;
  readonly onEvent?: (stamped: Stamped<FlowEvent>) => void;
  /** Asks the run to stop: aborted before exposure, rolled back after. */
  readonly signal?: AbortSignal;
  /** The owner has its lock and journal and answers. */
  readonly onReady?: () => void;
}

/**
 * Owns a run until its archive: lock, journal, socket, inbox, engine. Resolves with the final state. Refuses with
 * FlowError `conflict` while another owner lives, naming it.
 */
export async function ownRun(project: Project, o: OwnerOptions): Promise<RunState> {
  const { ports, paths } = project;
  const runId = o.start?.runId ?? unfinished(project);
  const lock = await acquireLock({
    disk: ports.disk,
    processes: ports.processes,
    ids: ports.ids,
    path: paths.lock,
    runId,
    socketAnswers: async () => (await pingOwner(project)) !== undefined,
  });
  let journal: OpenJournal<FlowEvent> | undefined;
  try {
    const kept = o.start && layOut(project, o.start);
    const plan = o.start?.plan ?? requireRun(project).plan;
    journal = openJournal({
      disk: ports.disk,
      clock: ports.clock,
      path: paths.journal,
      schema: FlowEvent,
      epoch: lock.epoch,
      durable: (event) => event.event !== "poll" && event.event !== "waited",
    });
    const target = openTarget(project, plan.target);
    const fence = { runId, epoch: lock.epoch };
    let notifier: Notifier | undefined;
    const run: RunControl = openRun({
      plan,
      clock: ports.clock,
      target,
      journal,
      fence,
      actor: RUNNER,
      onEvent: (stamped) => {
        notifier?.tell(stamped);
        o.onEvent?.(stamped);
      },
      afterStep: () => {
        writeArtifacts(project, run);
        noteConfigChange(project, run);
      },
    });
    notifier = notifierOf(project, run);
    await announce(project, run, journal, lock, o.start);
    if (kept !== undefined) run.append({ event: "notice", level: "warning", text: keptText(kept) });
    notifier.catchUp();
    return await own(project, run, lock, o, notifier);
  } catch (error) {
    // Whoever fenced us out owns the lock now; it is not ours to give back.
    if (!(error instanceof FencedOut)) releaseLock(ports.disk, paths.lock, lock);
    throw error;
  } finally {
    journal?.close();
  }
}

function unfinished(project: Project) {
  const runId = requireRun(project).state.runId;
  if (runId) return runId;
  throw nothingToResume(project);
}

function requireRun(project: Project) {
  const run = readRun(project);
  if (!run || run.archived) throw nothingToResume(project);
  return run;
}

function nothingToResume(project: Project): FlowError {
  return new FlowError({
    code: "conflict",
    what: "there is no unfinished run to take up",
    where: { file: project.paths.journal },
    next: "start one with `deploy-flow run VERSION`",
  });
}

/** The first events of an ownership: who owns the run from here on, and what it found. */
async function announce(
  project: Project,
  run: RunControl,
  journal: OpenJournal<FlowEvent>,
  lock: LockRecord,
  start: StartOrder | undefined,
): Promise<void> {
  const hash = planHash(run.plan);
  if (start) {
    run.appendAs(
      {
        event: "run-opened",
        runId: start.runId,
        version: run.plan.version,
        planHash: hash,
        unattended: start.unattended,
        ...(start.adviceMs > 0 ? { adviceMs: start.adviceMs } : {}),
        configFile: start.configFile,
      },
      start.actor,
    );
  }
  const found = start ? undefined : await whatIsFound(run, journal);
  run.append({
    event: "ownership",
    reason: start ? "start" : "resume",
    pid: lock.pid,
    host: lock.host,
    ...(found === undefined ? {} : { found }),
  });
  if (start?.approve) {
    const request: Request = {
      kind: "approve",
      decision: "approve",
      planHash: start.approve,
      way: "flag",
      person: start.actor.name,
    };
    const receipt = takeRequest(run, `start-${start.runId}`, request, start.actor);
    if (!receipt.taken)
      run.append({ event: "notice", level: "warning", text: `--approve was not taken: ${receipt.note}` });
  }
  noteConfigChange(project, run);
  const state = run.state();
  if (!start && run.plan.onOrphan === "rollback" && state.exposed && !state.latched && !state.outcome) {
    run.latch({
      kind: "orphan",
      reasons: [{ code: "orphan", text: "the run had lost its runner while users were exposed" }],
    });
  }
}

const CONFIG_CHANGED = "deploy.yaml was changed after the plan was made";

/** The run keeps its frozen copy; a change is recorded and counts for the next plan. */
function noteConfigChange(project: Project, run: RunControl): void {
  const { configFile, outcome, notices } = run.state();
  if (configFile === undefined || outcome || notices.some(({ text }) => text.startsWith(CONFIG_CHANGED))) return;
  if (digestOf(project, configFile) === run.plan.configSha256) return;
  run.append({ event: "notice", level: "warning", text: `${CONFIG_CHANGED}; this run keeps its own copy` });
}

/** A file that cannot be read is not the one that was planned with; it is no reason to disturb a deployment either. */
function digestOf(project: Project, file: string): string | undefined {
  try {
    return sha256(project.ports.disk.read(file));
  } catch {
    return undefined;
  }
}

async function whatIsFound(run: RunControl, journal: OpenJournal<FlowEvent>): Promise<string> {
  const torn = journal.torn.map((record) => `an incomplete last line was set aside in ${basename(record.file)}`);
  try {
    const live = await run.target.observe("production", AbortSignal.timeout(10_000));
    return [`production serves ${poolsText(live.pools)}`, ...torn].join("; ");
  } catch (error) {
    return [`production could not be read: ${quoted(error)}`, ...torn].join("; ");
  }
}

/** The longest that the report waits for messages that are on their way; production has its outcome by then. */
const MESSAGES_LIMIT_MS = 10_000;

function notifierOf(project: Project, run: RunControl): Notifier {
  const { exec, http } = project.ports;
  const sendPorts = { exec, http, env: process.env, cwd: project.root };
  return createNotifier(run, (receiver, message) => send(sendPorts, receiver, message));
}

async function own(
  project: Project,
  run: RunControl,
  lock: LockRecord,
  o: OwnerOptions,
  notifier: Notifier,
): Promise<RunState> {
  const { ports, paths } = project;
  const answer = async (message: unknown) => {
    const parsed = Message.parse(message);
    if (parsed.op === "ping") return { runId: lock.runId, epoch: lock.epoch, pid: lock.pid } satisfies Pong;
    return take(project, run, parsed);
  };
  // What was asked last before a crash is done before anything new is taken.
  finishLastRequest(run);
  const door = await ports.sockets.serve(socketPath(project.root, "runner"), answer);
  const stop = () => {
    const request: Request = { kind: "abort", reason: "the runner was told to stop" };
    try {
      takeRequest(run, `signal-${ports.ids.hex(4)}`, request, RUNNER);
    } catch {
      // The journal refuses just now: the request waits in the inbox like any other.
      const entry = { id: `signal-${ports.ids.hex(4)}`, request, actor: RUNNER };
      try {
        ports.disk.createExclusive(join(paths.inbox, `${entry.id}.json`), JSON.stringify(entry));
      } catch {
        process.stderr.write("deploy-flow: told to stop, but nothing can be written; tell it again\n");
      }
    }
  };
  const over = new AbortController();
  const postbox = readInbox(project, run, over.signal);
  try {
    o.onReady?.();
    o.signal?.addEventListener("abort", stop, { once: true });
    if (o.signal?.aborted) stop();
    await carry(project, run, createHands(project, run), () => notifier.settle(MESSAGES_LIMIT_MS));
    return run.state();
  } finally {
    o.signal?.removeEventListener("abort", stop);
    over.abort();
    await postbox;
    await door.close();
    releaseLock(ports.disk, paths.lock, lock);
  }
}
