/** One bound of a cumulative histogram: how many observations were at most `le`; `le` null is +Inf. */
export interface CumulativeBucket {
  readonly le: number | null;
  readonly count: number;
}

/** How many observations fell between the bound before and `le`. */
export interface BucketCount {
  le: number | null;
  count: number;
}

function bound(le: number | null): number {
  return le ?? Number.POSITIVE_INFINITY;
}

/** Bounds ascending, +Inf last and present, counts never negative and never falling. */
export function isHistogram(buckets: readonly CumulativeBucket[]): boolean {
  if (buckets.at(-1)?.le !== null) return false;
  return buckets.every((bucket, index) => {
    const before = buckets[index - 1];
    if (!Number.isFinite(bucket.count) || bucket.count < 0) return false;
    return before === undefined || (bound(before.le) < bound(bucket.le) && before.count <= bucket.count);
  });
}

/**
 * The sum of cumulative histograms. Where bounds differ, only those that all of them have are kept: a cumulative
 * count at a shared bound adds up exactly, one between bounds would be a guess. Empty histograms (declared, nothing
 * observed yet) add nothing.
 */
export function sumHistograms(histograms: readonly (readonly CumulativeBucket[])[]): CumulativeBucket[] {
  const [first, ...rest] = histograms.filter((histogram) => histogram.length > 0);
  if (first === undefined) return [];
  const others = rest.map((histogram) => new Map(histogram.map((bucket) => [bucket.le, bucket.count])));
  return first
    .filter((bucket) => others.every((counts) => counts.has(bucket.le)))
    .map((bucket) => ({
      le: bucket.le,
      count: others.reduce((sum, counts) => sum + (counts.get(bucket.le) ?? 0), bucket.count),
    }));
}

/** Counts between neighbouring bounds. */
export function perBucket(buckets: readonly CumulativeBucket[]): BucketCount[] {
  return buckets.map((bucket, index) => ({ le: bucket.le, count: bucket.count - (buckets[index - 1]?.count ?? 0) }));
}

/** All observations of a histogram. */
export function observations(buckets: readonly CumulativeBucket[]): number {
  return buckets.at(-1)?.count ?? 0;
}

/** `now` minus `base` bound by bound; `undefined` when the bounds changed or any count fell, as after a restart. */
export function histogramGrowth(
  base: readonly CumulativeBucket[],
  now: readonly CumulativeBucket[],
): CumulativeBucket[] | undefined {
  if (base.length === 0) return [...now];
  if (base.length !== now.length) return undefined;
  const growth: CumulativeBucket[] = [];
  for (const [index, bucket] of now.entries()) {
    const before = base[index];
    if (before === undefined || before.le !== bucket.le || bucket.count < before.count) return undefined;
    growth.push({ le: bucket.le, count: bucket.count - before.count });
  }
  return growth;
}
