import {
  type Arm,
  type BucketGrid,
  type Buckets,
  type Half,
  type Increment,
  type Instant,
  instantOf,
  type MetricId,
  type Quality,
} from "../../../vocab/index.ts";
import { wholeMatch } from "../../config.ts";
import { observations, perBucket, sumHistograms } from "../buckets.ts";
import type { ExtraSeries } from "../extra.ts";
import { halvesOf } from "../halves.ts";
import type { Series } from "./answer.ts";
import type { PrometheusNames } from "./names.ts";
import { exponentialBuckets, sumExponential } from "./native.ts";
import { countsGrowth, type Distribution, distributionGrowth, gaugeMean, type Span } from "./points.ts";

/** What is counted together, because it is read from the same series. */
export type Family =
  | { readonly kind: "requests"; readonly id: "requests"; readonly name: string; readonly failed: Match }
  | {
      readonly kind: "histogram";
      readonly id: string;
      readonly name: string;
      readonly scale: number;
      readonly where?: Match;
    }
  | {
      readonly kind: "extra";
      readonly id: string;
      readonly name: string;
      readonly series: Exclude<ExtraSeries, { kind: "distribution" }>;
    };
type Match = { readonly label: string; readonly matches: string };

const MS_PER_UNIT = { s: 1000, ms: 1, us: 0.001, ns: 0.000_001 } as const;

/** The families that a configuration names: requests, latency where there is a histogram, further series. */
export function familiesOf(names: PrometheusNames, extra: readonly ExtraSeries[]): Family[] {
  const { requests, latency } = names;
  return [
    { kind: "requests", id: "requests", name: requests.name, failed: requests.failed },
    ...(latency
      ? [{ kind: "histogram", id: "latency", name: latency.name, scale: MS_PER_UNIT[latency.unit] } as const]
      : []),
    ...extra.map((series): Family => {
      const { id, name } = series;
      if (series.kind !== "distribution") return { kind: "extra", id, name, series };
      return { kind: "histogram", id, name, scale: 1, ...(series.where ? { where: series.where } : {}) };
    }),
  ];
}

/** Series that count for a family: user traffic, and of a further series those that its pattern picks. */
export function withoutIgnored(family: Family, all: readonly Series[], ignore: Match | undefined): readonly Series[] {
  const where =
    family.kind === "histogram"
      ? family.where
      : family.kind === "extra" && "where" in family.series
        ? family.series.where
        : undefined;
  const picked = where === undefined ? all : all.filter(({ labels }) => matches(where, labels));
  return ignore === undefined ? picked : picked.filter(({ labels }) => !matches(ignore, labels));
}

function matches(match: Match, labels: Series["labels"]): boolean {
  return wholeMatch(match.matches)?.test(labels[match.label] ?? "") ?? false;
}

/** What one target did in a span. */
export interface TargetGrowth {
  readonly name: string;
  readonly seconds: number;
  readonly total: number;
  readonly matching: number;
  readonly distribution?: Distribution;
  readonly gauge?: { readonly mean: number; readonly samples: number };
  readonly isReset: boolean;
}

/** Growth of one target; undefined when it has nothing of this family. Throws SeriesProblem. */
export function targetGrowth(
  family: Family,
  name: string,
  all: readonly Series[],
  span: Span,
): TargetGrowth | undefined {
  const about = { name, seconds: span.until - span.after };
  const none = { total: 0, matching: 0, isReset: false };
  switch (family.kind) {
    case "requests":
      return { ...about, ...countsGrowth(all, family.failed, span) };
    case "histogram": {
      const growth = distributionGrowth(all, span);
      return growth && { ...about, ...none, distribution: growth.grown, isReset: growth.isReset };
    }
    case "extra": {
      const { series } = family;
      if (series.kind === "ratio") return { ...about, ...countsGrowth(all, series.events, span) };
      if (series.kind === "rate") return { ...about, ...countsGrowth(all, undefined, span) };
      const gauge = gaugeMean(all, span);
      return gauge && { ...about, ...none, gauge };
    }
    default:
      return family satisfies never;
  }
}

type Counted = { exposure: number; events: number; buckets?: Buckets; grid?: BucketGrid; value?: number };

/** What several targets of an arm did together, one entry per metric that the family feeds. */
function counted(family: Family, targets: readonly TargetGrowth[]): (readonly [MetricId, Counted])[] {
  const total = targets.reduce((sum, one) => sum + one.total, 0);
  const matching = targets.reduce((sum, one) => sum + one.matching, 0);
  const seconds = targets.length === 0 ? 0 : targets.reduce((sum, one) => sum + one.seconds, 0) / targets.length;
  switch (family.kind) {
    case "requests":
      return [
        ["error-rate" as MetricId, { exposure: total, events: matching }],
        ["throughput" as MetricId, { exposure: seconds, events: total }],
      ];
    case "histogram":
      return [[family.id as MetricId, distributionOf(family.scale, targets)]];
    case "extra":
      return [[family.id as MetricId, extraCounted(family.series.kind, { total, matching, seconds }, targets)]];
    default:
      return family satisfies never;
  }
}

function extraCounted(
  kind: "ratio" | "rate" | "gauge",
  { total, matching, seconds }: { total: number; matching: number; seconds: number },
  targets: readonly TargetGrowth[],
): Counted {
  if (kind === "ratio") return { exposure: total, events: matching };
  if (kind === "rate") return { exposure: seconds, events: total };
  const gauges = targets.flatMap(({ gauge }) => (gauge ? [gauge] : []));
  const samples = gauges.reduce((sum, gauge) => sum + gauge.samples, 0);
  if (gauges.length === 0) return { exposure: 0, events: 0 };
  return { exposure: samples, events: 0, value: gauges.reduce((sum, { mean }) => sum + mean, 0) / gauges.length };
}

function distributionOf(scale: number, targets: readonly TargetGrowth[]): Counted {
  const all = targets.flatMap(({ distribution }) => (distribution ? [distribution] : []));
  const native = sumExponential(all.flatMap((one) => ("exponential" in one ? [one.exponential] : [])));
  if (native) {
    const written = exponentialBuckets(native, scale);
    const observed = written.buckets.reduce((sum, { count }) => sum + count, 0);
    return { exposure: observed, events: observed, ...written };
  }
  const fixed = sumHistograms(all.flatMap((one) => ("fixed" in one ? [one.fixed] : [])));
  const bound = (le: number | null) => (le === null ? null : Number((le * scale).toPrecision(12)));
  const observed = observations(fixed);
  return {
    exposure: observed,
    events: observed,
    buckets: perBucket(fixed).map(({ le, count }) => ({ le: bound(le), count })),
  };
}

/** The increments of one arm; the baseline's carry their halves where it has several targets. */
export function familyIncrements(
  family: Family,
  arm: Arm,
  targets: readonly TargetGrowth[],
  span: { from: number; to: number },
): Increment[] {
  const quality: Quality = targets.some(({ isReset }) => isReset) ? "reset" : "ok";
  const window = { arm, from: instantOf(span.from * 1000), to: instantOf(span.to * 1000), quality };
  const halves = arm === "baseline" ? halvesOf(targets)?.map((half) => new Map(counted(family, half))) : undefined;
  return counted(family, targets).map(([metric, values]): Increment => {
    const [first, second] = (halves ?? []).map((half) => half.get(metric));
    return {
      metric,
      ...window,
      ...values,
      ...(first && second ? { halves: [asHalf(first), asHalf(second)] } : {}),
    };
  });
}

function asHalf({ exposure, events, buckets, value }: Counted): Half {
  return { exposure, events, ...(buckets === undefined ? {} : { buckets }), ...(value === undefined ? {} : { value }) };
}

/** The same metrics without a measurement. */
export function blankIncrements(
  family: Family,
  arm: Arm,
  quality: "missing" | "stale" | "ok",
  at: { from: Instant; to: Instant },
): Increment[] {
  return counted(family, []).map(([metric]): Increment => ({ metric, arm, ...at, exposure: 0, events: 0, quality }));
}
