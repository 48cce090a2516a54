import { type BucketGrid, FlowError, quoteValue } from "../../vocab/index.ts";
import type { Counts } from "../sequential/counts.ts";
import type { Histogram } from "./rule.ts";

/** Rounding slack when a wanted edge and an existing one are the same number computed in two ways. */
const EDGE_SLACK = 1e-9;

/** Refuses histograms that no exporter writes: edges not ascending, +Inf not last, odd counts. Throws FlowError `damaged`. */
export function checkHistogram(buckets: Histogram, what: string): void {
  let last = Number.NEGATIVE_INFINITY;
  for (const { le, count } of buckets) {
    const edge = le ?? Number.POSITIVE_INFINITY;
    if (!(edge > last) || !Number.isFinite(count) || count < 0) {
      throw new FlowError({
        code: "damaged",
        what: `the histogram of ${what} cannot come from a measurement`,
        expected: "ascending upper bounds, +Inf (null) last, finite counts of 0 or more",
        found: quoteValue({ le, count: String(count) }),
        next: "check the metrics source: bucket counts must be of the window and not cumulative over le",
      });
    }
    last = edge;
  }
}

/** Sum of `past * factor` and `added`, edge by edge. */
export function mergeHistograms(past: Histogram, added: Histogram, factor = 1): Histogram {
  if (past.length === 0) return added.map((bucket) => ({ ...bucket }));
  if (sameEdges(past, added)) {
    return past.map((bucket, i) => ({ le: bucket.le, count: bucket.count * factor + (added[i]?.count ?? 0) }));
  }
  const counts = new Map<number | null, number>(past.map((bucket) => [bucket.le, bucket.count * factor]));
  for (const { le, count } of added) counts.set(le, (counts.get(le) ?? 0) + count);
  return ascending(counts);
}

function sameEdges(a: Histogram, b: Histogram): boolean {
  return a.length === b.length && a.every((bucket, i) => bucket.le === b[i]?.le);
}

/** Observations in all buckets. */
export function totalOf(buckets: Histogram): number {
  let total = 0;
  for (const { count } of buckets) total += count;
  return total;
}

/** Exceedances of an edge: observations above it, among all. Exact when {@link tells} says that the buckets tell it. */
export function exceedances(buckets: Histogram, edge: number): Counts {
  let exposure = 0;
  let events = 0;
  const bound = edge * (1 + EDGE_SLACK);
  for (const { le, count } of buckets) {
    exposure += count;
    if (le === null || le > bound) events += count;
  }
  return { exposure, events };
}

/** Whether buckets tell how many observations lie above an edge. */
export function tells(buckets: Histogram, grid: BucketGrid | undefined, edge: number): boolean {
  if (grid === "exact") return true;
  if (grid === undefined) return buckets.some(({ le }) => le === edge);
  const steps = Math.log2(edge) * 2 ** grid.schema;
  return Math.abs(steps - Math.round(steps)) < 1e-6;
}

/**
 * Smallest edge at or above a value that the buckets tell; undefined when fixed buckets end below it. Raw samples tell
 * any edge, exponential buckets the next power of their base.
 */
export function edgeAtLeast(buckets: Histogram, value: number, grid?: BucketGrid): number | undefined {
  if (grid === "exact") return value;
  if (grid !== undefined) return value > 0 ? gridEdgeAtLeast(value, grid.schema) : undefined;
  for (const { le } of buckets) if (le !== null && le >= value * (1 - EDGE_SLACK)) return le;
  return undefined;
}

function gridEdgeAtLeast(value: number, schema: number): number {
  const perOctave = 2 ** schema;
  return 2 ** (Math.ceil(Math.log2(value * (1 - EDGE_SLACK)) * perOctave - 1e-9) / perOctave);
}

/** Raw samples are kept on this grid: bounds 2.2 % apart. */
export const KEPT_SCHEMA = 5;
/** Observations at or below 0 lie below every bound of a logarithmic grid. */
const LOWEST_BOUND = 2 ** -30;

/** What is kept of a distribution from poll to poll: raw samples on a logarithmic grid, buckets as they are. */
export function kept(buckets: Histogram, grid: BucketGrid | undefined): Histogram {
  if (grid !== "exact") return buckets;
  const counts = new Map<number | null, number>();
  for (const { le, count } of buckets) {
    const bound = le === null ? null : le > LOWEST_BOUND ? gridEdgeAtLeast(le, KEPT_SCHEMA) : LOWEST_BOUND;
    counts.set(bound, (counts.get(bound) ?? 0) + count);
  }
  return ascending(counts);
}

function ascending(counts: ReadonlyMap<number | null, number>): Histogram {
  return [...counts]
    .map(([le, count]) => ({ le, count }))
    .sort((a, b) => (a.le ?? Number.POSITIVE_INFINITY) - (b.le ?? Number.POSITIVE_INFINITY));
}

/** The grid of two distributions that are added up: the coarser one. Fixed bounds mix with nothing else. */
export function commonGrid(a: BucketGrid | undefined, b: BucketGrid | undefined): BucketGrid | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a === "exact") return b;
  if (b === "exact") return a;
  return a.schema <= b.schema ? a : b;
}

/** Finite positive edge nearest to the quantile on a logarithmic scale; undefined for an empty histogram. */
export function edgeNearQuantile(buckets: Histogram, quantile: number): number | undefined {
  const value = quantileOf(buckets, quantile);
  if (value === undefined) return undefined;
  let best: number | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (const { le } of buckets) {
    if (le === null || le <= 0) continue;
    const away = Math.abs(Math.log(le / Math.max(value, Number.MIN_VALUE)));
    if (away < distance) {
      best = le;
      distance = away;
    }
  }
  return best;
}

/**
 * A quantile for people to read, linear inside its bucket. Never used for a verdict: inside a bucket nothing is
 * known. The largest finite edge when the quantile lies beyond it.
 */
export function quantileOf(buckets: Histogram, quantile: number): number | undefined {
  const wanted = quantile * totalOf(buckets);
  if (wanted <= 0) return undefined;
  let below = 0;
  let lower = 0;
  for (const { le, count } of buckets) {
    if (le === null) break;
    if (count > 0 && below + count >= wanted) return lower + ((le - lower) * (wanted - below)) / count;
    below += count;
    lower = le;
  }
  return lower > 0 ? lower : undefined;
}

/** Number of finite edges. */
export function finiteEdges(buckets: Histogram): number {
  return buckets.filter((bucket) => bucket.le !== null).length;
}
