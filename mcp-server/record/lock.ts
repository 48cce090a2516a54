import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { Disk, Ids, Processes } from "../ports/index.ts";
import { FlowError, messageOf, RunId } from "../vocab/index.ts";
import { readHeld } from "./held.ts";

/** Who owns the project's one run. No time stands in it: a clock that jumps must not free or steal a lock. */
export const LockRecord = z.object({
  runId: RunId,
  pid: z.number().int(),
  /** Start mark of the process: tells it from a later one with the same pid. */
  start: z.string(),
  bootId: z.string(),
  host: z.string(),
  /** Each ownership has a higher epoch than every one before it, also after a release. */
  epoch: z.number().int().min(1),
  /** Names this one acquisition. */
  token: z.string().regex(/^[0-9a-f]+$/),
});
export type LockRecord = z.infer<typeof LockRecord>;

export interface LockOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  readonly ids: Ids;
  /** The lock file. Beside it stand `<path>.epoch`, `<path>.held` and short-lived claims. */
  readonly path: string;
  readonly runId: RunId;
  /** Whether somebody answers on the runner's socket of this project. */
  readonly socketAnswers: () => Promise<boolean>;
}

const EpochFile = z.object({ epoch: z.number().int().min(1) });

/**
 * Makes this process the owner of the project's run. A lock is taken over only when its holder is certainly gone:
 * same host, and another boot or no such process any more, and nobody on the socket.
 * Throws FlowError `conflict` naming the holder, `refused` while a failed rollback is held, `damaged` for an unreadable file.
 */
export async function acquireLock(o: LockOptions): Promise<LockRecord> {
  refuseWhileHeld(o);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const holder = readLock(o.disk, o.path);
    const taken = holder ? await takeOver(o, holder) : takeFree(o);
    if (!taken) continue;
    // The run before us may have failed its rollback between the first look and the release of its lock.
    try {
      refuseWhileHeld(o);
    } catch (error) {
      releaseLock(o.disk, o.path, taken);
      throw error;
    }
    return taken;
  }
  throw new FlowError({
    code: "conflict",
    what: "the lock changes hands too quickly to be obtained",
    where: { file: o.path },
    next: "wait until the other starts have settled, then start again",
  });
}

/** The present lock, `undefined` when free. Throws FlowError `damaged` when it cannot be read: it may be somebody's. */
export function readLock(disk: Disk, path: string): LockRecord | undefined {
  return readRecord(disk, path, LockRecord);
}

/** Gives the lock back. False when it is not ours any more. The epoch is remembered. */
export function releaseLock(disk: Disk, path: string, own: LockRecord): boolean {
  if (readLock(disk, path)?.token !== own.token) return false;
  rememberEpoch(disk, path, own.epoch);
  disk.remove(path);
  return true;
}

/** The highest epoch that any ownership of this project has had; 0 before the first. */
export function lastEpoch(disk: Disk, path: string): number {
  return readRecord(disk, epochPath(path), EpochFile)?.epoch ?? 0;
}

function takeFree(o: LockOptions): LockRecord | undefined {
  const first = newLock(o, lastEpoch(o.disk, o.path) + 1);
  o.disk.mkdir(dirname(o.path));
  if (!o.disk.createExclusive(o.path, recordText(first))) return undefined;
  // Somebody may have come and gone between reading the epoch and creating the file.
  const lock = { ...first, epoch: Math.max(first.epoch, lastEpoch(o.disk, o.path) + 1) };
  if (lock.epoch !== first.epoch) o.disk.writeAtomic(o.path, recordText(lock));
  return settle(o, lock);
}

async function takeOver(o: LockOptions, holder: LockRecord): Promise<LockRecord | undefined> {
  if (!isGone(o.processes, holder) || (await o.socketAnswers())) throw conflict(o.path, holder);
  const epoch = Math.max(holder.epoch, lastEpoch(o.disk, o.path)) + 1;
  const claim = claimSuccession(o, holder.token, epoch);
  if (claim.by) throw conflict(o.path, claim.by);
  // The claim gives the right to replace this one lock; whoever claimed earlier may have done so already.
  if (readLock(o.disk, o.path)?.token !== holder.token) {
    o.disk.remove(claim.path);
    return undefined;
  }
  const lock = newLock(o, epoch);
  o.disk.writeAtomic(o.path, recordText(lock));
  return settle(o, lock);
}

/**
 * Of several that find the same dead holder, one succeeds: it creates the claim file named after the holder's token.
 * When a claimer dies in turn, the claim named after *its* token decides, and so on. Returns the claim file, and the
 * living process that has it when that is another one.
 */
function claimSuccession(o: LockOptions, deadToken: string, epoch: number): { path: string; by?: LockRecord } {
  const claim = newLock(o, epoch);
  for (let token = deadToken; ; ) {
    const path = claimPath(o.path, token);
    if (o.disk.createExclusive(path, recordText(claim))) return { path };
    const by = readRecord(o.disk, path, LockRecord);
    if (by && !isGone(o.processes, by)) return { path, by };
    // Removed in between: its claimer has become the owner, which the next look at the lock shows.
    token = by?.token ?? token;
  }
}

/** Claims on earlier locks are void now, and a later crash must find the epoch. */
function settle(o: LockOptions, lock: LockRecord): LockRecord {
  rememberEpoch(o.disk, o.path, lock.epoch);
  const claims = `${basename(o.path)}.claim-`;
  for (const name of o.disk.list(dirname(o.path))) {
    if (name.startsWith(claims)) o.disk.remove(join(dirname(o.path), name));
  }
  return lock;
}

/** Whether the holder has certainly ended: judged only for a holder on this host. */
export function isGone(processes: Processes, holder: LockRecord): boolean {
  const self = processes.self();
  if (holder.host !== self.host) return false;
  if (holder.bootId !== self.bootId) return true;
  return processes.identify(holder.pid)?.start !== holder.start;
}

function newLock(o: LockOptions, epoch: number): LockRecord {
  return { runId: o.runId, ...o.processes.self(), epoch, token: o.ids.hex(8) };
}

/** Keeps the highest epoch beside the lock, so that it never goes back. */
export function rememberEpoch(disk: Disk, path: string, epoch: number): void {
  if (lastEpoch(disk, path) < epoch) disk.writeAtomic(epochPath(path), recordText({ epoch }));
}

function refuseWhileHeld(o: LockOptions): void {
  const held = readHeld(o.disk, o.path);
  if (!held || held.runId === o.runId) return;
  throw new FlowError({
    code: "refused",
    what: `run ${held.runId} ended with a failed rollback and holds this project`,
    found: held.reason,
    where: { file: o.path },
    next: "bring production into a known state, then a person runs `deploy-flow release-lock --reason ...`",
  });
}

function conflict(path: string, holder: LockRecord): FlowError {
  return new FlowError({
    code: "conflict",
    what: "another run owns this project",
    expected: "no run in progress",
    found: `run ${holder.runId}, process ${holder.pid} on ${holder.host}, epoch ${holder.epoch}`,
    where: { file: path },
    next: "follow it with `deploy-flow status`, or wait until it has ended",
  });
}

function readRecord<T>(disk: Disk, path: string, schema: z.ZodType<T>): T | undefined {
  if (!disk.stat(path)) return undefined;
  try {
    return schema.parse(JSON.parse(disk.readText(path)));
  } catch (error) {
    // Released between the look and the reading, perhaps taken again: whoever wants it finds out by creating it.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FlowError({
      code: "damaged",
      what: "a lock record cannot be read",
      found: error instanceof z.ZodError ? "other fields than expected" : messageOf(error),
      where: { file: path },
      next: "make sure that no runner is alive, then a person runs `deploy-flow release-lock --reason ...`",
      cause: error,
    });
  }
}

const epochPath = (path: string) => `${path}.epoch`;
const claimPath = (path: string, token: string) => `${path}.claim-${token}`;
const recordText = (record: object) => `${JSON.stringify(record)}\n`;
