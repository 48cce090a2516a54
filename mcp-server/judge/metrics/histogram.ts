import { FlowError, quoteValue } from "../../vocab/index.ts";
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
  return [...counts]
    .map(([le, count]) => ({ le, count }))
    .sort((a, b) => (a.le ?? Number.POSITIVE_INFINITY) - (b.le ?? Number.POSITIVE_INFINITY));
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

/** Exceedances of an edge: observations above it, among all. Exact when `edge` is one of the histogram's own. */
export function exceedances(buckets: Histogram, edge: number): Counts {
  let exposure = 0;
  let events = 0;
  for (const { le, count } of buckets) {
    exposure += count;
    if (le === null || le > edge) events += count;
  }
  return { exposure, events };
}

/** Smallest finite edge at or above a value; undefined when the histogram ends below it. */
export function edgeAtLeast(buckets: Histogram, value: number): number | undefined {
  for (const { le } of buckets) if (le !== null && le >= value * (1 - EDGE_SLACK)) return le;
  return undefined;
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
