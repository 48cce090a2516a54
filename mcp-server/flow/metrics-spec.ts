import type { MetricRule, MetricsSnapshot, MetricsSpec } from "../judge/index.ts";
import type { MetricId } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import type { WatchPlan } from "./events.ts";
import type { Plan } from "./plan.ts";
import { STAGING_REGRESSION } from "./target-limits.ts";

/**
 * The judged metrics of a plan. Error rate carries two thirds of the weight and is required; latency is judged
 * through the share of requests above a bucket edge and is not required, because buckets may be too coarse.
 */
export function metricRules(config: DeployConfig, threshold: number): MetricRule[] {
  return [
    {
      id: "error-rate" as MetricId,
      kind: "error-rate",
      series: "error-rate" as MetricId,
      unit: "%",
      weight: 2 / 3,
      required: true,
      threshold,
      trigger: config.triggers.errorRatePp,
      tolerance: 0.1,
      sloTarget: config.slo.errorRatePct,
    },
    {
      id: "latency-p99" as MetricId,
      kind: "latency",
      series: "latency" as MetricId,
      unit: "ms",
      quantile: 0.99,
      weight: 1 / 3,
      required: false,
      threshold,
      trigger: config.triggers.latencyP99Pct,
      tolerance: 5,
      sloTarget: config.slo.latencyP99Ms,
    },
  ];
}

/** What the metrics of one watch are held against; undefined when the plan judges no metrics. */
export function metricsSpec(plan: Plan, watch: WatchPlan, snapshot: MetricsSnapshot | null): MetricsSpec | undefined {
  const metrics = plan.metrics;
  if (!metrics || (watch.track === "staging" && plan.notApplicable["staging.metrics"])) return undefined;
  const stages = watch.track === "production" ? plan.stages : [];
  const horizonMs =
    stages.reduce((sum, stage) => sum + stage.durationMs + stage.extensionMs, 0) || watch.plannedMs + watch.extensionMs;
  return {
    alpha: metrics.alpha,
    beta: metrics.beta,
    phi: 1,
    plannedPolls: Math.max(1, Math.ceil(horizonMs / metrics.pollMs)),
    warmupPolls: watch.track === "post-rollback" ? 0 : metrics.warmupPolls,
    rules: metrics.rules,
    baseline: baselineOf(plan, watch, snapshot),
  };
}

function baselineOf(plan: Plan, watch: WatchPlan, snapshot: MetricsSnapshot | null): MetricsSpec["baseline"] {
  if (!plan.previous || (watch.track === "staging" && plan.notApplicable[STAGING_REGRESSION])) return { kind: "none" };
  if (!watch.frozen) return { kind: "concurrent" };
  if (snapshot) return { kind: "frozen", snapshot };
  // An old version that could not be measured is missing evidence, not a first deployment: waiting for an arm that
  // never comes leaves the release unproven.
  return watch.track === "production" ? { kind: "concurrent" } : { kind: "none" };
}
