import type { Arm, Increment, Json, LiveState, MetricSpec, Version } from "../../vocab/index.ts";
import type { MetricCursor } from "./cursor.ts";
import type { MetricsHistory } from "./history.ts";

/** How one instance answered one poll. `first`: it ran before the watch began, so its first answer is only where counting starts. */
export interface InstancePoll {
  readonly arm: Arm;
  readonly version: Version;
  readonly outcome: "ok" | "first" | "reset" | "stale" | "missing";
  readonly problem?: string;
}

/** What one poll found. */
export interface MetricPoll<C extends MetricCursor = MetricCursor> {
  readonly increments: Increment[];
  /** Give it to the next poll. */
  readonly cursor: C;
  /** Every instance that was asked, by id. */
  readonly perInstance: Record<string, InstancePoll>;
  /** What could not be read, although the source answered; for people. */
  readonly problem?: string;
}

/** Where measurements of the two arms come from. */
export interface MetricSource<C extends MetricCursor = MetricCursor> {
  readonly metrics: readonly MetricSpec[];
  /**
   * What both arms did since the cursor of an earlier poll; without one (or null) it only notes where counting starts.
   * An arm of which nobody answered gives increments of quality `missing`. Rejects when `signal` aborts, and with a
   * FlowError `damaged` for a cursor that is none.
   */
  poll(live: LiveState, since: Json | undefined, signal: AbortSignal): Promise<MetricPoll<C>>;
  /** Ends what a source does between polls; only one that sends traffic of its own has anything to end. */
  rest?(): void;
  /** What the baseline has counted since its instances started. FlowError `unreadable` when none of them answers. */
  history(live: LiveState, signal: AbortSignal): Promise<MetricsHistory>;
}
