import type { MetricId } from "../../vocab/index.ts";
import type { MetricRule } from "./rule.ts";

/** What differs from use to use of a usual rule: its limits, its part in the merged evidence, its absolute target. */
export type RuleLimits = Pick<MetricRule, "threshold" | "trigger" | "weight"> & { readonly sloTarget?: number };

/** Failed requests; required, since a release of which they are not known is not proven. Tolerance: 0.1 pp. */
export function errorRateRule(limits: RuleLimits): MetricRule {
  const id = "error-rate" as MetricId;
  return { id, kind: "error-rate", series: id, unit: "%", required: true, tolerance: 0.1, ...limits };
}

/**
 * Completed requests per second of traffic share: a version that answers fewer than it is sent. Not required, because a
 * missing answer shows as a failed or slow request too. Tolerance: 5 %, since a router gives a share by chance.
 */
export function throughputRule(limits: RuleLimits): MetricRule {
  const id = "throughput" as MetricId;
  return { id, kind: "throughput", series: id, unit: "rps", required: false, tolerance: 5, ...limits };
}

/**
 * A quantile of the response time, such as 0.99, judged through the share of requests above a bucket edge. Not
 * required, because buckets may be too coarse to answer. Tolerance: 5 %.
 */
export function latencyRule(quantile: number, limits: RuleLimits): MetricRule {
  return {
    id: `latency-p${Math.round(quantile * 100)}` as MetricId,
    kind: "latency",
    series: "latency" as MetricId,
    unit: "ms",
    quantile,
    required: false,
    tolerance: 5,
    ...limits,
  };
}
