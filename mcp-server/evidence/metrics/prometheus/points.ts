import { wholeMatch } from "../../config.ts";
import { type CumulativeBucket, histogramGrowth, isHistogram, sumHistograms } from "../buckets.ts";
import type { Point, Series } from "./answer.ts";
import { type ExponentialHistogram, exponential, exponentialGrowth, sumExponential } from "./native.ts";

/** What a series cannot be read for; it is then absent, never zero. */
export class SeriesProblem extends Error {}

/** The part of a target's samples that a poll is about; seconds of the server's clock. */
export interface Span {
  /** What was counted up to here is known already. */
  readonly after: number;
  readonly until: number;
  /** A series that has no sample up to `after` began since then; otherwise its first sample only opens the count. */
  readonly newFromZero: boolean;
}

/** A grown counter. */
interface Grown {
  readonly value: number;
  readonly isReset: boolean;
}

type Steps<T> = { readonly base: T | undefined; readonly later: readonly T[] };

function stepsOf<T extends { readonly t: number }>(points: readonly T[], { after, until }: Span): Steps<T> {
  return {
    base: points.findLast(({ t }) => t <= after),
    later: points.filter(({ t }) => t > after && t <= until),
  };
}

/** Sum of all rises; a fall is a restart, after which the whole value is new. */
function counterGrowth(series: Series, span: Span): Grown {
  const { base, later } = stepsOf(series.points, span);
  let before = base === undefined && span.newFromZero ? 0 : base && countOf(base);
  let value = 0;
  let isReset = false;
  for (const point of later) {
    const now = countOf(point);
    if (before !== undefined) value += now < before ? now : now - before;
    isReset ||= before !== undefined && now < before;
    before = now;
  }
  return { value, isReset };
}

function countOf(point: Point): number {
  if (!("value" in point)) throw new SeriesProblem("a counter was expected and a histogram found");
  if (Number.isFinite(point.value) && point.value >= 0) return point.value;
  throw new SeriesProblem("a value of a counter is no count");
}

/** Growth of all counters of a target, and of those whose label matches. Without the label nothing could ever match: that is no rate of zero. */
export function countsGrowth(
  all: readonly Series[],
  match: { readonly label: string; readonly matches: string } | undefined,
  span: Span,
): { total: number; matching: number; isReset: boolean } {
  const pattern = match && wholeMatch(match.matches);
  let total = 0;
  let matching = 0;
  let isReset = false;
  for (const series of all) {
    const label = match && series.labels[match.label];
    if (match && label === undefined) throw new SeriesProblem(`a series has no label ${match.label}`);
    const grown = counterGrowth(series, span);
    total += grown.value;
    if (label === undefined || pattern?.test(label)) matching += grown.value;
    isReset ||= grown.isReset;
  }
  return { total, matching, isReset };
}

/** Mean of a gauge over instances' samples; undefined without one. */
export function gaugeMean(all: readonly Series[], span: Span): { mean: number; samples: number } | undefined {
  const values = all.flatMap((series) =>
    stepsOf(series.points, span).later.flatMap((point) =>
      "value" in point && Number.isFinite(point.value) ? [point.value] : [],
    ),
  );
  if (values.length === 0) return undefined;
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, samples: values.length };
}

/** What a distribution grew by: fixed bounds or exponential ones, in the series' own unit. */
export type Distribution =
  | { readonly fixed: readonly CumulativeBucket[] }
  | { readonly exponential: ExponentialHistogram };

/** Growth of all histograms of a target. Where there are native ones, the classic buckets beside them say the same again. */
export function distributionGrowth(
  all: readonly Series[],
  span: Span,
): { grown: Distribution; isReset: boolean } | undefined {
  const native = all.filter(({ points }) => points.some((point) => "native" in point));
  if (native.length > 0) return nativeGrowth(native, span);
  const parts = [...groupedBuckets(all)].map((group) => classicGrowth(group, span));
  if (parts.length === 0) return undefined;
  return {
    grown: { fixed: sumHistograms(parts.map(({ grown }) => grown)) },
    isReset: parts.some(({ isReset }) => isReset),
  };
}

interface Bounded {
  readonly le: number | null;
  readonly series: Series;
}

/** Bucket series by the labels that they share but for `le`. */
function groupedBuckets(all: readonly Series[]): Iterable<Bounded[]> {
  const groups = new Map<string, Bounded[]>();
  for (const series of all) {
    const { le, __name__: _name, ...rest } = series.labels;
    if (le === undefined) continue;
    const bound = /^\+?Inf$/i.test(le) ? null : Number(le);
    if (le === "" || Number.isNaN(bound)) throw new SeriesProblem("a bucket has no bound");
    const key = JSON.stringify(Object.entries(rest).sort());
    groups.set(key, [...(groups.get(key) ?? []), { le: bound, series }]);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => (a.le ?? Number.POSITIVE_INFINITY) - (b.le ?? Number.POSITIVE_INFINITY));
  }
  return groups.values();
}

/** A histogram as it was at each of its sample times; times at which a bucket is lacking are left out. */
function snapshots(group: readonly Bounded[]): { t: number; buckets: CumulativeBucket[] }[] {
  const at = new Map<number, CumulativeBucket[]>();
  for (const { le, series } of group) {
    for (const point of series.points) at.set(point.t, [...(at.get(point.t) ?? []), { le, count: countOf(point) }]);
  }
  return [...at]
    .filter(([, buckets]) => buckets.length === group.length)
    .map(([t, buckets]) => ({ t, buckets }))
    .sort((a, b) => a.t - b.t);
}

function classicGrowth(group: readonly Bounded[], span: Span): { grown: CumulativeBucket[]; isReset: boolean } {
  const { base, later } = stepsOf(snapshots(group), span);
  let before = base?.buckets ?? (span.newFromZero ? [] : undefined);
  const grown: CumulativeBucket[][] = [];
  let isReset = false;
  for (const { buckets } of later) {
    if (!isHistogram(buckets)) throw new SeriesProblem("a series is no cumulative histogram up to +Inf");
    if (before !== undefined) {
      const growth = histogramGrowth(before, buckets);
      if (growth !== undefined && growth.length > 0 && !isHistogram(growth)) {
        throw new SeriesProblem("the buckets were read in the middle of a change");
      }
      isReset ||= growth === undefined;
      grown.push(growth ?? buckets);
    }
    before = buckets;
  }
  // Nothing new is a histogram of zeros, not one without bounds.
  const idle = group.map(({ le }) => ({ le, count: 0 }));
  return { grown: grown.length === 0 ? idle : sumHistograms(grown), isReset };
}

function nativeGrowth(all: readonly Series[], span: Span): { grown: Distribution; isReset: boolean } {
  const parts: ExponentialHistogram[] = [];
  let isReset = false;
  for (const series of all) {
    const { base, later } = stepsOf(series.points, span);
    let before = base === undefined ? (span.newFromZero ? exponential([]) : undefined) : nativeOf(base);
    for (const point of later) {
      const now = nativeOf(point);
      if (before !== undefined) {
        const growth = exponentialGrowth(before, now);
        isReset ||= growth === undefined;
        parts.push(growth ?? now);
      }
      before = now;
    }
  }
  return { grown: { exponential: sumExponential(parts) ?? noObservations() }, isReset };
}

function noObservations(): ExponentialHistogram {
  return { schema: 8, counts: new Map(), zero: { le: 0, count: 0 } };
}

function nativeOf(point: Point): ExponentialHistogram {
  const histogram = "native" in point ? exponential(point.native.buckets) : undefined;
  if (histogram === undefined) throw new SeriesProblem("a native histogram has bounds or counts that cannot be read");
  return histogram;
}
