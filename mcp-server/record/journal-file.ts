import type { z } from "zod";
import type { AppendFile, Clock, Disk } from "../ports/index.ts";
import { type Actor, FlowError, type Ms, messageOf } from "../vocab/index.ts";
import type { Journal, Stamped } from "./journal.ts";
import { advance, type ChainTail, EMPTY_CHAIN, scanChain, stampEvent, type VoidLine } from "./journal-line.ts";
import { damagedJournal } from "./journal-read.ts";

export { type ChainCheck, followJournal, type JournalReading, readJournal, verifyChain } from "./journal-read.ts";

/** Another owner with a higher epoch has taken the run over: this one must stop at once and change nothing more. */
export class FencedOut extends FlowError {
  readonly ownEpoch: number;
  readonly seenEpoch: number;
  constructor(path: string, ownEpoch: number, seenEpoch: number) {
    super({
      code: "conflict",
      what: "another runner has taken this run over",
      expected: `no epoch above ${ownEpoch}`,
      found: `epoch ${seenEpoch}`,
      where: { file: path },
      next: "leave the run to its new owner; `deploy-flow status` shows it",
    });
    this.name = "FencedOut";
    this.ownEpoch = ownEpoch;
    this.seenEpoch = seenEpoch;
  }
}

/** A torn last line that was set aside when the journal was opened. */
export interface TornRecord {
  /** The file that keeps the torn bytes. */
  readonly file: string;
  readonly line: number;
  readonly bytes: number;
}

/** A journal opened for writing by the owner of a run. */
export interface OpenJournal<E> extends Journal<E> {
  /** Torn lines set aside while opening or appending; the caller records them. */
  readonly torn: readonly TornRecord[];
  /** Lines of fenced-out owners found in the file. */
  readonly voided: readonly VoidLine[];
  close(): void;
}

export interface JournalOptions<E> {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly path: string;
  readonly schema: z.ZodType<E>;
  /** Epoch of the lock that this owner holds. */
  readonly epoch: number;
  /** Which events must be on the medium before `append` returns; all by default. */
  readonly durable?: (event: E) => boolean;
  readonly maxPollMs?: Ms;
}

const MAX_RACES = 16;

/**
 * Opens or creates the journal of a run for its one owner.
 * Throws FlowError `damaged` where the chain is broken, {@link FencedOut} when the file knows a higher epoch.
 */
export function openJournal<E>(o: JournalOptions<E>): OpenJournal<E> {
  const { disk, path, schema, epoch } = o;
  disk.createExclusive(path, "");
  const file = disk.openAppend(path);
  const events: Stamped<E>[] = [];
  const torn: TornRecord[] = [];
  const voided: VoidLine[] = [];
  const listeners = new Set<() => void>();
  let tail: ChainTail = EMPTY_CHAIN;

  const accept = (found: readonly Stamped<E>[], next: ChainTail) => {
    events.push(...found);
    tail = next;
    for (const wake of listeners) wake();
  };

  const catchUp = () => {
    const size = file.size();
    if (size === tail.offset) return;
    if (size < tail.offset) throw replaced(path);
    const scan = scanChain(disk.readFrom(path, tail.offset), tail, schema);
    voided.push(...scan.voided);
    accept(scan.events, scan.tail);
    if (scan.damage) throw damagedJournal(path, scan.damage);
    if (scan.torn) {
      torn.push({ file: setAside(disk, path, scan.torn.bytes), line: scan.torn.line, bytes: scan.torn.bytes.length });
      file.truncate(scan.torn.offset);
      file.sync();
    }
  };

  const prepare = () => {
    if ((disk.stat(path)?.size ?? -1) < file.size()) throw replaced(path);
    catchUp();
    if (tail.epoch > epoch) throw new FencedOut(path, epoch, tail.epoch);
  };

  try {
    prepare();
  } catch (error) {
    file.close();
    throw error;
  }

  const append = (event: E, actor: Actor): Stamped<E> => {
    for (let race = 0; race < MAX_RACES; race += 1) {
      prepare();
      const { stamped, bytes } = stampEvent(tail, { epoch, at: o.clock.wall(), actor, event }, schema);
      write(file, path, tail.offset, bytes, o.durable?.(event) ?? true);
      const size = file.size();
      if (size === tail.offset + bytes.length || startsWith(disk.readFrom(path, tail.offset), bytes)) {
        accept([stamped], advance(tail, stamped, bytes.length));
        return stamped;
      }
      // Somebody's line slipped in between check and write. Ours does not chain: take it back and look again.
      const own = Math.max(0, size - bytes.length);
      if (startsWith(disk.readFrom(path, own), bytes)) file.truncate(own);
    }
    throw replaced(path);
  };

  async function* follow(from: number, signal: AbortSignal): AsyncGenerator<Stamped<E>> {
    let next = 0;
    while (!signal.aborted) {
      for (let event = events[next]; event && !signal.aborted; event = events[next]) {
        next += 1;
        if (event.seq >= from) yield event;
      }
      if (!signal.aborted && next === events.length) await woken(listeners, signal);
    }
  }

  return { torn, voided, events: () => events, append, follow, close: () => file.close() };
}

function write(file: AppendFile, path: string, offset: number, bytes: Uint8Array, sync: boolean): void {
  try {
    file.append(bytes);
    if (sync) file.sync();
  } catch (error) {
    // What is half written or of unknown fate must not stand in the chain; a crash here leaves a torn line instead.
    takeBack(file, offset, bytes.length);
    throw new FlowError({
      code: "internal",
      what: "the journal cannot be written",
      found: messageOf(error),
      where: { file: path },
      next: "free space or restore access on this file system, then call `deploy-flow status` to go on",
      cause: error,
    });
  }
}

function takeBack(file: AppendFile, offset: number, length: number): void {
  try {
    if (file.size() <= offset + length) file.truncate(offset);
  } catch {
    // Still there: the next append or the next owner finds it as a torn line and sets it aside.
  }
}

function replaced(path: string): FlowError {
  return new FlowError({
    code: "conflict",
    what: "the journal was removed or changed by somebody else while this run was writing it",
    where: { file: path },
    next: "make sure that nothing cleans or restores this folder during a run, then call `deploy-flow status`",
  });
}

function setAside(disk: Disk, path: string, bytes: Uint8Array): string {
  for (let n = 1; ; n += 1) {
    const file = `${path}.torn-${n}`;
    if (disk.createExclusive(file, bytes)) return file;
    // A crash between setting aside and cutting off: the same bytes need no second copy.
    if (Buffer.compare(disk.read(file), bytes) === 0) return file;
  }
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  return bytes.length >= head.length && Buffer.compare(bytes.subarray(0, head.length), head) === 0;
}

function woken(listeners: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      listeners.delete(done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    listeners.add(done);
    signal.addEventListener("abort", done, { once: true });
  });
}
