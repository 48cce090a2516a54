import { z } from "zod";
import { Buckets, Instant, MetricId, Version } from "../../vocab/index.ts";

/**
 * What a metric is, and so how its arms are compared. `error-rate` and `availability` count failed among all requests;
 * `latency` is a quantile; `throughput` counts completed requests over share x seconds; `ratio`, `rate` and `gauge`
 * are whatever deploy.yaml names: events among opportunities, events over what they are counted over, a bare value.
 */
export const MetricKind = z.enum(["error-rate", "availability", "latency", "throughput", "ratio", "rate", "gauge"]);
export type MetricKind = z.infer<typeof MetricKind>;

/**
 * How one metric is judged; stands in the frozen plan. Margins are always worsenings: percentage points (pp) for error
 * rate and availability, relative percent of the baseline for the others, a `ratio` as it says itself.
 */
export const MetricRule = z.object({
  id: MetricId,
  kind: MetricKind,
  /** Which `Increment.metric` feeds it. */
  series: MetricId,
  /** Unit of values and of `sloTarget`: `%`, `ms`, `rps`, or any other for display. */
  unit: z.string(),
  /** Of ratio, rate and gauge; lower is better when absent. The other kinds have a direction of their own. */
  direction: z.enum(["lower-is-better", "higher-is-better"]).optional(),
  /** Of a ratio: margins in percentage points instead of relative percent. */
  margin: z.enum(["points", "relative"]).optional(),
  /** Latency only, e.g. 0.99. */
  quantile: z.number().gt(0).lt(1).optional(),
  /**
   * Share in the merged evidence, relative to the other rules. Quantiles of one latency count as one metric together;
   * error rate and availability never get less than half.
   */
  weight: z.number().positive(),
  /** A worsening of trigger size must be excluded before the release counts as proven. */
  required: z.boolean(),
  /** Regression threshold: pp or relative %; 0 means no worsening beyond noise. */
  threshold: z.number().min(0),
  /** Relative trigger of the SLO rules: pp or relative %. */
  trigger: z.number().positive(),
  /**
   * Worsening that is of no interest when the threshold is 0: pp or relative %. The reading says whether it is
   * excluded. Throughput is never held to less, because the share that a router gives is never quite the configured one.
   */
  tolerance: z.number().min(0),
  /** Absolute target in the metric's unit: the most for what should be low, the least for what should be high. */
  sloTarget: z.number().min(0).optional(),
});
export type MetricRule = z.infer<typeof MetricRule>;

/** Counts per bucket (not cumulative), upper bounds ascending, `le` null for +Inf and last. */
export const Histogram = Buckets;
export type Histogram = z.infer<typeof Histogram>;

/** Dispersion of one rule from baseline against baseline; see `calibrateRules`. */
export const RuleDispersion = z.object({
  phi: z.number().min(1),
  windows: z.number().int().min(0),
  status: z.enum(["calibrated", "too-few", "too-noisy"]),
});
export type RuleDispersion = z.infer<typeof RuleDispersion>;

/** Dispersion by rule id. */
export const Dispersions = z.record(z.string(), RuleDispersion);
export type Dispersions = z.infer<typeof Dispersions>;

/** What a version did over a recorded span: the baseline where no concurrent one exists. */
export const MetricsSnapshot = z.object({
  from: Instant,
  to: Instant,
  version: Version,
  series: z.array(
    z.object({
      metric: MetricId,
      exposure: z.number().min(0),
      events: z.number().min(0),
      buckets: Histogram.optional(),
    }),
  ),
  throughputRps: z.number().min(0),
  /** What users alone sent while their load was measured; without it `throughputRps` is their load. */
  users: z.object({ requests: z.number().min(0), seconds: z.number().positive() }).optional(),
  /** Recorded under so many journeys per second of our own: whatever is held against it meets the same. */
  probesPerSecond: z.number().positive().optional(),
  /** What the halves of this version showed in that span. */
  dispersions: Dispersions.optional(),
});
export type MetricsSnapshot = z.infer<typeof MetricsSnapshot>;

/** Everything that a watch needs to judge metrics. Error rates: `alpha` of a false FAIL per release, `beta` of a false PASS. */
export const MetricsSpec = z.object({
  alpha: z.number().gt(0).lt(1),
  beta: z.number().gt(0).lt(1),
  /** Polls that the watch is planned to take; later onsets of a regression are spread over them. */
  plannedPolls: z.number().int().min(1),
  /** Dispersion where none was calibrated and the target routes each request independently. */
  phi: z.number().min(1),
  /**
   * How the target spreads requests. Without calibration only `per-request` (also when absent) justifies `phi`;
   * otherwise failures are looked for by the self-normalised test, and nothing is proven before the baseline's halves
   * have shown how much the metric scatters.
   */
  routing: z.enum(["per-request", "sticky", "by-replica"]).optional(),
  /** Calibrated before the first change, from baseline against baseline. */
  dispersions: Dispersions.optional(),
  /** First polls with traffic on the candidate whose latencies and rates are not judged, for either arm; errors always are. */
  warmupPolls: z.number().int().min(0),
  rules: z.array(MetricRule).min(1),
  /** `none`: first deployment, only absolute targets apply. `before`: what the baseline did before the first change. */
  baseline: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("concurrent"), before: MetricsSnapshot.optional() }),
    z.object({ kind: z.literal("frozen"), snapshot: MetricsSnapshot }),
    z.object({ kind: z.literal("none") }),
  ]),
});
export type MetricsSpec = z.infer<typeof MetricsSpec>;

export type Direction = "lower-is-better" | "higher-is-better";

/** Which way a metric is better. */
export function directionOf({ kind, direction }: Pick<MetricRule, "kind" | "direction">): Direction {
  if (kind === "availability" || kind === "throughput") return "higher-is-better";
  if (kind === "error-rate" || kind === "latency") return "lower-is-better";
  return direction ?? "lower-is-better";
}

/** Whether margins are differences in percentage points; otherwise they are relative. */
export function isInPoints({ kind, margin }: Pick<MetricRule, "kind" | "margin">): boolean {
  return kind === "error-rate" || kind === "availability" || (kind === "ratio" && margin === "points");
}

/** pp for differences of shares, relative % for everything else. */
export function changeUnit(rule: Pick<MetricRule, "kind" | "margin">): "pp" | "%" {
  return isInPoints(rule) ? "pp" : "%";
}

/** The quantile of a latency rule; p99 when the rule names none. */
export function quantileAsked(rule: MetricRule): number {
  return rule.quantile ?? 0.99;
}

/** The margin that the threshold really tests. */
export function thresholdMargin({ kind, threshold, tolerance }: MetricRule): number {
  return kind === "throughput" ? Math.max(threshold, tolerance) : threshold;
}
