import type { BucketGrid, Buckets } from "../../../vocab/index.ts";

/** A histogram with exponential bounds: `counts[i]` observations in (base^(i-1), base^i], base = 2^(2^-schema). */
export interface ExponentialHistogram {
  readonly schema: number;
  readonly counts: ReadonlyMap<number, number>;
  /** Observations at or below the width of the zero bucket; the width is kept as its upper bound. */
  readonly zero: { readonly le: number; readonly count: number };
}

/** Finer buckets than 4.4 % apart decide nothing and only fill the journal. */
export const FINEST_SCHEMA = 4;

/** How far a ratio of bounds may be from a power of two's root: bounds are printed with all their digits. */
const SLACK = 1e-6;

/** Index of the bucket whose upper bound is `hi`; undefined when no bucket of this schema ends there. */
function indexOf(hi: number, schema: number): number | undefined {
  const exact = Math.log2(hi) * 2 ** schema;
  const index = Math.round(exact);
  return Math.abs(exact - index) < SLACK * Math.max(1, Math.abs(exact)) ? index : undefined;
}

/** Schema of a bucket by the ratio of its bounds; undefined for bounds of another kind. */
function schemaOf(lo: number, hi: number): number | undefined {
  const exact = -Math.log2(Math.log2(hi / lo));
  const schema = Math.round(exact);
  return Math.abs(exact - schema) < SLACK * 100 && schema >= -4 && schema <= 8 ? schema : undefined;
}

/**
 * A native histogram from the buckets that the API lists. Undefined when its bounds are not exponential (custom
 * bounds), or one of its numbers is no count.
 */
export function exponential(
  buckets: readonly { lo: number; hi: number; count: number }[],
): ExponentialHistogram | undefined {
  let schema: number | undefined;
  const counts = new Map<number, number>();
  const zero = { le: 0, count: 0 };
  for (const { lo, hi, count } of buckets) {
    if (!Number.isFinite(count) || count < 0 || !(lo < hi)) return undefined;
    if (lo <= 0) {
      // No latency is negative; whatever lies at or below zero is as fast as can be.
      zero.le = Math.max(zero.le, hi);
      zero.count += count;
      continue;
    }
    schema ??= schemaOf(lo, hi);
    const index = schema === undefined ? undefined : indexOf(hi, schema);
    if (schema === undefined || index === undefined || schemaOf(lo, hi) !== schema) return undefined;
    counts.set(index, count);
  }
  return downscale({ schema: schema ?? FINEST_SCHEMA, counts, zero }, FINEST_SCHEMA);
}

/** The same observations on a grid of at most this fineness: neighbouring buckets add up exactly. */
export function downscale(histogram: ExponentialHistogram, schema: number): ExponentialHistogram {
  if (histogram.schema <= schema) return histogram;
  const joined = 2 ** (histogram.schema - schema);
  const counts = new Map<number, number>();
  for (const [index, count] of histogram.counts) {
    const at = Math.ceil(index / joined);
    counts.set(at, (counts.get(at) ?? 0) + count);
  }
  return { schema, counts, zero: histogram.zero };
}

/** Sum of histograms, on the coarsest of their grids. */
export function sumExponential(histograms: readonly ExponentialHistogram[]): ExponentialHistogram | undefined {
  if (histograms.length === 0) return undefined;
  const schema = Math.min(...histograms.map((one) => one.schema));
  const counts = new Map<number, number>();
  let zero = { le: 0, count: 0 };
  for (const one of histograms.map((histogram) => downscale(histogram, schema))) {
    for (const [index, count] of one.counts) counts.set(index, (counts.get(index) ?? 0) + count);
    zero = { le: Math.max(zero.le, one.zero.le), count: zero.count + one.zero.count };
  }
  return { schema, counts, zero };
}

/** What a histogram grew by; undefined after a restart, which a bucket that lost observations shows. */
export function exponentialGrowth(
  base: ExponentialHistogram,
  now: ExponentialHistogram,
): ExponentialHistogram | undefined {
  const schema = Math.min(base.schema, now.schema);
  const [before, after] = [downscale(base, schema), downscale(now, schema)];
  const counts = new Map<number, number>();
  for (const [index, count] of after.counts) counts.set(index, count);
  for (const [index, count] of before.counts) counts.set(index, (counts.get(index) ?? 0) - count);
  const zero = after.zero.count - before.zero.count;
  // A zero bucket that grew wider swallowed small observations: those are not lost.
  const widened = after.zero.le > before.zero.le;
  if (zero < 0 || (!widened && [...counts.values()].some((count) => count < 0))) return undefined;
  const total = [...counts.values()].reduce((sum, count) => sum + count, zero);
  if (total < 0) return undefined;
  if (!widened) return { schema, counts, zero: { le: after.zero.le, count: zero } };
  const moved = [...counts.values()].reduce((sum, count) => sum + Math.min(0, count), 0);
  const grown = new Map([...counts].filter(([, count]) => count > 0));
  return { schema, counts: grown, zero: { le: after.zero.le, count: Math.max(0, zero + moved) } };
}

/** Where bounds are scaled, the grid from 0.06 thousandths to 128 units is written out in steps of 9 %. */
const WRITTEN = { schema: 3, from: -14, to: 7 } as const;

/**
 * Buckets of an increment, bounds multiplied by `scale`. In the unit that they were counted in they keep their grid,
 * of which only buckets that hold something are listed. Scaled bounds are no powers of two any more, so every bound is
 * listed, always the same ones: finer and smaller buckets join the next.
 */
export function exponentialBuckets(
  histogram: ExponentialHistogram,
  scale: number,
): { buckets: Buckets; grid?: BucketGrid } {
  const { schema, counts, zero } = scale === 1 ? histogram : downscale(histogram, WRITTEN.schema);
  const bound = (index: number) => Number((scale * 2 ** (index * 2 ** -schema)).toPrecision(12));
  if (scale === 1) {
    const listed = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
    const buckets: Buckets = listed.map(([index, count]) => ({ le: bound(index), count }));
    if (zero.count > 0) buckets.unshift({ le: zero.le, count: zero.count });
    return { buckets, grid: { schema } };
  }
  const [first, last] = [WRITTEN.from * 2 ** schema, WRITTEN.to * 2 ** schema];
  const buckets: Buckets = [];
  for (let index = first; index <= last; index += 1) buckets.push({ le: bound(index), count: 0 });
  buckets.push({ le: null, count: 0 });
  const add = (index: number, count: number) => {
    const bucket = buckets[Math.min(Math.max(index - first, 0), buckets.length - 1)];
    if (bucket) bucket.count += count;
  };
  for (const [index, count] of counts) add(index, count);
  if (zero.count > 0) add(first, zero.count);
  return { buckets };
}
