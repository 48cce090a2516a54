import { z } from "zod";
import type { Clock, Disk } from "../ports/index.ts";
import { FlowError, type Ms, type Sha256 } from "../vocab/index.ts";
import type { Stamped } from "./journal.ts";
import { type ChainTail, type Damage, EMPTY_CHAIN, scanChain, type TornTail, type VoidLine } from "./journal-line.ts";

/** The error of a broken chain, naming file, line and sequence number. */
export function damagedJournal(path: string, damage: Damage): FlowError {
  return new FlowError({
    code: "damaged",
    what: "the journal is damaged",
    expected: `an unbroken chain of events at seq ${damage.seq}`,
    found: damage.what,
    where: { file: path, line: damage.line },
    next: "keep the file as it is and restore it from a copy; nothing after this line can be trusted",
  });
}

/** What a journal file holds. Events stop before the first damage; a torn last line is no damage. */
export interface JournalReading<E> {
  readonly events: Stamped<E>[];
  readonly torn?: TornTail;
  readonly damage?: Damage;
  /** Lines of owners that were fenced out; they count for nothing. */
  readonly voided: VoidLine[];
}

/** Reads a journal that somebody else may be writing. A missing file has no events. */
export function readJournal<E>(disk: Disk, path: string, schema: z.ZodType<E>): JournalReading<E> {
  if (!disk.stat(path)) return { events: [], voided: [] };
  const { tail: _tail, ...reading } = scanChain(disk.read(path), EMPTY_CHAIN, schema);
  return reading;
}

/** Outcome of {@link verifyChain}. */
export type ChainCheck =
  | { ok: true; events: number }
  | { ok: false; events: number; problem: { line: number; seq: number; what: string } };

/** Recomputes the hash chain of a finished journal without knowing its events; names the first bad line. */
export function verifyChain(disk: Disk, path: string): ChainCheck {
  if (!disk.stat(path)) return { ok: false, events: 0, problem: { line: 0, seq: 0, what: "the file is missing" } };
  const { events, torn, damage, tail } = scanChain(disk.read(path), EMPTY_CHAIN, z.unknown());
  if (damage) return { ok: false, events: events.length, problem: damage };
  if (torn) {
    const what = "the last line is incomplete";
    return { ok: false, events: events.length, problem: { line: torn.line, seq: tail.seq + 1, what } };
  }
  return { ok: true, events: events.length };
}

/**
 * Events of a journal that another process writes: those from sequence number `from` on, then each new one, until
 * the signal aborts. Waits for a journal that does not exist yet; ends when one that was there is removed or starts
 * anew. Throws FlowError `damaged` at a line that breaks the chain.
 */
export async function* followJournal<E>(
  disk: Disk,
  _clock: Clock,
  path: string,
  schema: z.ZodType<E>,
  from: number,
  signal: AbortSignal,
  maxPollMs: Ms = 250,
): AsyncGenerator<Stamped<E>> {
  let tail: ChainTail = EMPTY_CHAIN;
  let first: Sha256 | undefined;
  while (!signal.aborted) {
    const size = disk.stat(path)?.size ?? 0;
    if (size < tail.offset) return;
    if (size > tail.offset) {
      const scan = scanChain(disk.readFrom(path, tail.offset), tail, schema);
      tail = scan.tail;
      first ??= scan.events[0]?.hash;
      for (const stamped of scan.events) {
        if (stamped.seq >= from) yield stamped;
        if (signal.aborted) return;
      }
      if (scan.damage && first !== readJournal(disk, path, z.unknown()).events[0]?.hash) return;
      if (scan.damage) throw damagedJournal(path, scan.damage);
    }
    await disk.changed(path, maxPollMs, signal);
  }
}
