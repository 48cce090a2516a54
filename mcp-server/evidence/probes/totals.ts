import { z } from "zod";

/** Upper bounds of the latency buckets in milliseconds, fine enough for a worsening of a tenth to be seen. */
const BOUNDS_MS = [
  1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150, 175, 200, 225, 250, 300, 350, 400,
  450, 500, 600, 700, 800, 900, 1000, 1200, 1500, 2000, 2500, 3000, 4000, 5000, 7500, 10_000, 15_000, 30_000, 60_000,
] as const;

/** What probes of one arm met. Plain JSON; it only grows. */
export const ProbeTotals = z.object({
  /** Requests that were answered or ran out of time, and those of them that were not answered as expected. */
  requests: z.number().int().min(0),
  failed: z.number().int().min(0),
  /** Requests that this machine could not send: missing, not failed. */
  unsent: z.number().int().min(0),
  /** Counts per bucket of {@link BOUNDS_MS}, the last one above all bounds; empty before the first. */
  latency: z.array(z.number().int().min(0)),
});
export type ProbeTotals = z.infer<typeof ProbeTotals>;

export const NOTHING_PROBED: ProbeTotals = { requests: 0, failed: 0, unsent: 0, latency: [] };

/** One more answer that took so long. */
export function addLatency(totals: ProbeTotals, durationMs: number): ProbeTotals {
  const at = BOUNDS_MS.findIndex((bound) => durationMs <= bound);
  const index = at < 0 ? BOUNDS_MS.length : at;
  const latency = cells(totals).map((count, cell) => (cell === index ? count + 1 : count));
  return { ...totals, latency };
}

export function addTotals(a: ProbeTotals, b: ProbeTotals): ProbeTotals {
  return combined(a, b, 1);
}

/** What was added between two states of the same count. */
export function probedSince(now: ProbeTotals, before: ProbeTotals): ProbeTotals {
  return combined(now, before, -1);
}

/** The latencies as counts between bounds, in milliseconds. */
export function latencyBuckets(totals: ProbeTotals): { le: number | null; count: number }[] {
  return cells(totals).map((count, index) => ({ le: BOUNDS_MS[index] ?? null, count }));
}

/** Answers whose time is known. */
export function timedAnswers(totals: ProbeTotals): number {
  return totals.latency.reduce((sum, count) => sum + count, 0);
}

function cells({ latency }: ProbeTotals): number[] {
  return Array.from({ length: BOUNDS_MS.length + 1 }, (_, index) => latency[index] ?? 0);
}

function combined(a: ProbeTotals, b: ProbeTotals, sign: 1 | -1): ProbeTotals {
  const other = cells(b);
  const isEmpty = a.latency.length === 0 && b.latency.length === 0;
  return {
    requests: a.requests + sign * b.requests,
    failed: a.failed + sign * b.failed,
    unsent: a.unsent + sign * b.unsent,
    latency: isEmpty ? [] : cells(a).map((count, index) => count + sign * (other[index] ?? 0)),
  };
}
