import { between, type Instant } from "../vocab/index.ts";
import type { HistoryEntry } from "./history.ts";

const DAY_MS = 86_400_000;

/**
 * How well a service is delivered, over some of its runs. Deployments are runs whose version stayed in production;
 * changes are those that met users. A run that was stopped before is neither: it neither delivered nor harmed.
 */
export interface Delivery {
  readonly runs: number;
  /** Versions that stayed in production. */
  readonly deployments: number;
  /** Versions that met users and had to go back, or whose way back failed. */
  readonly failures: number;
  /** Stopped before any user met the version. */
  readonly stopped: number;
  /** Start of the first run to the end of the last. */
  readonly spanMs: number | null;
  /** Null where the span is shorter than a day: a rate of one afternoon says nothing. */
  readonly deploymentsPerWeek: number | null;
  /** Failures per change that met users. */
  readonly changeFailureRatePct: number | null;
  readonly leadTime: Spread;
  readonly timeToRestore: Spread;
  readonly duration: Spread;
}

/** Middle and extremes of those runs where a span is known. */
export interface Spread {
  readonly known: number;
  readonly medianMs: number | null;
  readonly shortestMs: number | null;
  readonly longestMs: number | null;
}

const STAYED = new Set(["SUCCESS", "SUCCESS_RISK_ACCEPTED", "UNPROVEN"]);
const FAILED = new Set(["ROLLED_BACK", "ROLLBACK_FAILED"]);

/** What became of a run, for counting: its version stayed, had to go back, or never met a user. */
export function fate({ outcome }: HistoryEntry): "stayed" | "failed" | "stopped" {
  if (STAYED.has(outcome)) return "stayed";
  return FAILED.has(outcome) ? "failed" : "stopped";
}

/** From the commit to the version that stays in production; undefined for a run that left nothing, or an unknown commit. */
export function leadTimeMs(entry: HistoryEntry): number | undefined {
  if (entry.committedAt === undefined || fate(entry) !== "stayed") return undefined;
  const ms = between(entry.committedAt, entry.endedAt);
  return ms >= 0 ? ms : undefined;
}

/** The four usual measures of delivery over some runs. */
export function deliveryOf(entries: readonly HistoryEntry[]): Delivery {
  const count = (kind: ReturnType<typeof fate>) => entries.filter((entry) => fate(entry) === kind).length;
  const [deployments, failures, stopped] = [count("stayed"), count("failed"), count("stopped")];
  const spanMs = spanOf(entries);
  const changes = deployments + failures;
  return {
    runs: entries.length,
    deployments,
    failures,
    stopped,
    spanMs,
    deploymentsPerWeek: spanMs !== null && spanMs >= DAY_MS ? (deployments * 7 * DAY_MS) / spanMs : null,
    changeFailureRatePct: changes > 0 ? (100 * failures) / changes : null,
    leadTime: spread(entries.map(leadTimeMs)),
    timeToRestore: spread(entries.map(({ restoreMs }) => restoreMs)),
    duration: spread(entries.map(({ durationMs }) => durationMs)),
  };
}

function spanOf(entries: readonly HistoryEntry[]): number | null {
  const starts = entries.map(({ startedAt }) => startedAt).sort();
  const ends = entries.map(({ endedAt }) => endedAt).sort();
  const [from, to]: (Instant | undefined)[] = [starts[0], ends.at(-1)];
  return from && to ? Math.max(0, between(from, to)) : null;
}

function spread(values: readonly (number | undefined)[]): Spread {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return {
    known: known.length,
    medianMs: median(known),
    shortestMs: known[0] ?? null,
    longestMs: known.at(-1) ?? null,
  };
}

function median(sorted: readonly number[]): number | null {
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}
