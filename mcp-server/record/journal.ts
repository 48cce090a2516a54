import type { Actor, Instant, Sha256 } from "../vocab/index.ts";

/** One event as it stands in the journal: `hash` covers the canonical line without `hash`, `prev` is the hash before it. */
export interface Stamped<E> {
  readonly seq: number;
  readonly epoch: number;
  readonly at: Instant;
  readonly actor: Actor;
  readonly event: E;
  readonly prev: Sha256;
  readonly hash: Sha256;
}

/** The append-only record of a run. */
export interface Journal<E> {
  events(): readonly Stamped<E>[];
  /** All events from a sequence number on, then each new one, until the signal aborts. */
  follow(from: number, signal: AbortSignal): AsyncIterable<Stamped<E>>;
  /** Writes one event. It is in the file when this returns, and on the medium when the event asks for it. */
  append(event: E, actor: Actor): Stamped<E>;
}
