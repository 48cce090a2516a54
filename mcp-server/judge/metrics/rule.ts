import { z } from "zod";
import { Instant, MetricId, Version } from "../../vocab/index.ts";

/**
 * How one metric is judged; stands in the frozen plan. Error rates are in percent and compared in percentage points
 * (pp); latencies are quantiles in the series' unit and compared in relative percent.
 */
export const MetricRule = z.object({
  id: MetricId,
  kind: z.enum(["error-rate", "latency"]),
  /** Which `Increment.metric` feeds it. */
  series: MetricId,
  /** Unit of values and of `sloTarget`: `%` or `ms`. */
  unit: z.string(),
  /** Latency only, e.g. 0.99. */
  quantile: z.number().gt(0).lt(1).optional(),
  /** Share in the merged evidence, relative to the other rules. */
  weight: z.number().positive(),
  /** A worsening of trigger size must be excluded before the release counts as proven. */
  required: z.boolean(),
  /** Regression threshold: pp or relative %; 0 means no worsening beyond noise. */
  threshold: z.number().min(0),
  /** Relative trigger of the SLO rules: pp or relative %. */
  trigger: z.number().positive(),
  /** Worsening that is of no interest when the threshold is 0: pp or relative %. The reading says whether it is excluded. */
  tolerance: z.number().min(0),
  /** Absolute target: error rate in percent, latency quantile in `unit`. */
  sloTarget: z.number().min(0).optional(),
});
export type MetricRule = z.infer<typeof MetricRule>;

/** Counts per bucket (not cumulative), upper bounds ascending, `le` null for +Inf and last. */
export const Histogram = z.array(z.object({ le: z.number().nullable(), count: z.number().min(0) }));
export type Histogram = z.infer<typeof Histogram>;

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
});
export type MetricsSnapshot = z.infer<typeof MetricsSnapshot>;

/** Everything that a watch needs to judge metrics. Error rates: `alpha` of a false FAIL per release, `beta` of a false PASS. */
export const MetricsSpec = z.object({
  alpha: z.number().gt(0).lt(1),
  beta: z.number().gt(0).lt(1),
  /** Polls that the watch is planned to take; later onsets of a regression are spread over them. */
  plannedPolls: z.number().int().min(1),
  /** Dispersion; 1 where the target routes each request independently. */
  phi: z.number().min(1),
  /** First polls with traffic on the candidate whose latencies are not judged, for either arm; errors always are. */
  warmupPolls: z.number().int().min(0),
  rules: z.array(MetricRule).min(1),
  /** `none`: first deployment, only absolute targets apply. */
  baseline: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("concurrent") }),
    z.object({ kind: z.literal("frozen"), snapshot: MetricsSnapshot }),
    z.object({ kind: z.literal("none") }),
  ]),
});
export type MetricsSpec = z.infer<typeof MetricsSpec>;

/** pp for error rates, relative % for latencies. */
export function changeUnit(rule: Pick<MetricRule, "kind">): "pp" | "%" {
  return rule.kind === "error-rate" ? "pp" : "%";
}
