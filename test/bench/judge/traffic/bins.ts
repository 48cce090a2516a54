import type { Histogram } from "../../../../mcp-server/judge/index.ts";
import { BINS, BINS_PER_OCTAVE, type Bins, upperEdgeMs } from "./latencies.ts";

/** Where the buckets of a histogram end: indices of bins, ascending. */
export type Edges = readonly number[];

/** A native histogram of schema 3 (8 buckets an octave, 9 %), from 4 ms to 8 s. */
export const NATIVE_EDGES: Edges = Array.from({ length: 8 * 11 + 1 }, (_, i) => (16 + i) * 4 - 1);

/** A native histogram of schema 5: every bin. */
export const FINEST_EDGES: Edges = Array.from({ length: BINS }, (_, i) => i);

/** The edges that client libraries use when none are given: 5 ms to 10 s, each 2 to 2.5 times the last. */
export const DEFAULT_EDGES: Edges = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000].map(
  (ms) => Math.round(Math.log2(ms) * BINS_PER_OCTAVE) - 1,
);

/** The histogram that an exporter with these edges would give; not cumulative, +Inf last. */
export function bucketed(bins: Bins, edges: Edges): Histogram {
  const out: Histogram = [];
  let next = 0;
  for (const edge of edges) {
    let count = 0;
    for (; next <= edge; next += 1) count += bins[next] ?? 0;
    out.push({ le: upperEdgeMs(edge), count });
  }
  let rest = 0;
  for (; next < BINS; next += 1) rest += bins[next] ?? 0;
  out.push({ le: null, count: rest });
  return out;
}

/** Adds one poll to a running total. */
export function addBins(total: Bins, more: Bins): void {
  for (let i = 0; i < BINS; i += 1) total[i] = (total[i] ?? 0) + (more[i] ?? 0);
}

/** Number of latencies. */
export function sizeOf(bins: Bins): number {
  let total = 0;
  for (let i = 0; i < BINS; i += 1) total += bins[i] ?? 0;
  return total;
}

/** A quantile in milliseconds, linear inside its bin of 2 %; undefined without data. */
export function binnedQuantile(bins: Bins, quantile: number, size = sizeOf(bins)): number | undefined {
  const wanted = quantile * size;
  if (size === 0) return undefined;
  let below = 0;
  for (let i = 0; i < BINS; i += 1) {
    const count = bins[i] ?? 0;
    if (count > 0 && below + count >= wanted) {
      const lower = upperEdgeMs(i - 1);
      return lower + ((upperEdgeMs(i) - lower) * (wanted - below)) / count;
    }
    below += count;
  }
  return upperEdgeMs(BINS - 1);
}
