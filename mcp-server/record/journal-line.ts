import { z } from "zod";
import { Actor, canonicalJson, Instant, Sha256, sha256 } from "../vocab/index.ts";
import type { Stamped } from "./journal.ts";

/** The `prev` of the first event: there is nothing before it. */
export const GENESIS = "0".repeat(64) as Sha256;

const Envelope = z.strictObject({
  seq: z.number().int().min(1),
  epoch: z.number().int().min(1),
  at: Instant,
  actor: Actor,
  event: z.unknown(),
  prev: Sha256,
  hash: Sha256,
});

/** Where the chain stands after its last good line; the state from which reading and appending go on. */
export interface ChainTail {
  readonly seq: number;
  readonly epoch: number;
  readonly hash: Sha256;
  /** Bytes up to and including the last line read. */
  readonly offset: number;
  /** Lines read so far, void ones included. */
  readonly lines: number;
}

export const EMPTY_CHAIN: ChainTail = { seq: 0, epoch: 0, hash: GENESIS, offset: 0, lines: 0 };

/** A line that breaks the chain: `what` carries no text of the file. */
export interface Damage {
  readonly line: number;
  readonly seq: number;
  readonly what: string;
}

/** A line that a crash cut short: the last one, without its end or not JSON. */
export interface TornTail {
  readonly line: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A whole line written by an owner that had been fenced out already; it counts for nothing. */
export interface VoidLine {
  readonly line: number;
  readonly epoch: number;
}

export interface ChainScan<E> {
  readonly events: Stamped<E>[];
  readonly tail: ChainTail;
  readonly voided: VoidLine[];
  readonly torn?: TornTail;
  readonly damage?: Damage;
}

/** The next event of a chain and the bytes of its line. The event is kept as a replay will see it. */
export function stampEvent<E>(
  tail: ChainTail,
  draft: { epoch: number; at: Instant; actor: Actor; event: E },
  schema: z.ZodType<E>,
): { stamped: Stamped<E>; bytes: Uint8Array } {
  const body = { seq: tail.seq + 1, ...draft, prev: tail.hash };
  const hash = sha256(canonicalJson(body));
  const text = canonicalJson({ ...body, hash });
  const event = schema.parse((JSON.parse(text) as { event: unknown }).event);
  return { stamped: { ...body, event, hash }, bytes: Buffer.from(`${text}\n`) };
}

/** The tail after one more line of the chain. */
export function advance(tail: ChainTail, stamped: Stamped<unknown>, bytes: number): ChainTail {
  const { seq, epoch, hash } = stamped;
  return { seq, epoch, hash, offset: tail.offset + bytes, lines: tail.lines + 1 };
}

type ReadLine<E> =
  | { kind: "event"; stamped: Stamped<E> }
  | { kind: "void"; epoch: number }
  | { kind: "unparsable" }
  | { kind: "damage"; what: string };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseText(bytes: Uint8Array): { text: string; value: unknown } | undefined {
  try {
    const text = utf8.decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function readLine<E>(bytes: Uint8Array, tail: ChainTail, schema: z.ZodType<E>): ReadLine<E> {
  const parsed = parseText(bytes);
  if (!parsed) return { kind: "unparsable" };
  const envelope = Envelope.safeParse(parsed.value);
  if (!envelope.success) return { kind: "damage", what: "the line is not a journal event" };
  const { hash, ...body } = envelope.data;
  if (sha256(canonicalJson(body)) !== hash) return { kind: "damage", what: "the content does not match its hash" };
  // Equal meaning in another spelling would keep the hash; the bytes must be those that were written.
  if (canonicalJson(envelope.data) !== parsed.text) return { kind: "damage", what: "the line was rewritten" };
  if (body.epoch < tail.epoch) return { kind: "void", epoch: body.epoch };
  if (body.seq !== tail.seq + 1) return { kind: "damage", what: `sequence number ${body.seq} follows ${tail.seq}` };
  if (body.prev !== tail.hash) return { kind: "damage", what: "it does not follow the event before it" };
  const event = schema.safeParse(body.event);
  if (!event.success) return { kind: "damage", what: "the event has an unknown form" };
  return { kind: "event", stamped: { ...body, event: event.data, hash } };
}

/** Reads lines that follow `from`, up to the first damage. `bytes` starts at `from.offset`. */
export function scanChain<E>(bytes: Uint8Array, from: ChainTail, schema: z.ZodType<E>): ChainScan<E> {
  const events: Stamped<E>[] = [];
  const voided: VoidLine[] = [];
  let tail = from;
  let start = 0;
  while (start < bytes.length) {
    const line = tail.lines + 1;
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const torn = { line, offset: tail.offset, bytes: bytes.slice(start) };
    if (newline < 0) return { events, tail, voided, torn };
    const read = readLine(bytes.subarray(start, end), tail, schema);
    if (read.kind === "unparsable" && end + 1 === bytes.length) return { events, tail, voided, torn };
    if (read.kind === "unparsable" || read.kind === "damage") {
      const what = read.kind === "damage" ? read.what : "the line is not JSON";
      return { events, tail, voided, damage: { line, seq: tail.seq + 1, what } };
    }
    if (read.kind === "event") {
      events.push(read.stamped);
      tail = advance(tail, read.stamped, end + 1 - start);
    } else {
      voided.push({ line, epoch: read.epoch });
      tail = { ...tail, offset: tail.offset + (end + 1 - start), lines: line };
    }
    start = end + 1;
  }
  return { events, tail, voided };
}
