import {
  errorRateRule,
  latencyRule,
  type MetricRule,
  type MetricsSnapshot,
  type MetricsSpec,
  throughputRule,
} from "../judge/index.ts";
import type { TargetCapabilities } from "../target/index.ts";
import type { DeployConfig } from "./config.ts";
import type { WatchPlan } from "./events.ts";
import type { Plan } from "./plan.ts";
import { STAGING_REGRESSION } from "./target-limits.ts";

/**
 * The judged metrics of a plan. Error rate carries two thirds of the weight. Throughput by traffic share needs a share
 * that each request is drawn by, and requests of users.
 */
export function metricRules(
  { triggers, slo, metrics }: DeployConfig,
  threshold: number,
  routing: TargetCapabilities["routing"],
): MetricRule[] {
  const hasShares = routing === "per-request" && metrics?.source !== "probes";
  const others = hasShares ? { latency: 1 / 4, throughput: 1 / 12 } : { latency: 1 / 3 };
  return [
    errorRateRule({ threshold, trigger: triggers.errorRatePp, weight: 2 / 3, sloTarget: slo.errorRatePct }),
    latencyRule(0.99, {
      threshold,
      trigger: triggers.latencyP99Pct,
      weight: others.latency,
      sloTarget: slo.latencyP99Ms,
    }),
    ...(others.throughput === undefined
      ? []
      : [throughputRule({ threshold, trigger: triggers.throughputPct, weight: others.throughput })]),
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
    // Measured on production's instances; those of staging are others.
    ...(snapshot?.dispersions && watch.track !== "staging" ? { dispersions: snapshot.dispersions } : {}),
    baseline: baselineOf(plan, watch, snapshot),
  };
}

function baselineOf(plan: Plan, watch: WatchPlan, snapshot: MetricsSnapshot | null): MetricsSpec["baseline"] {
  if (!plan.previous || (watch.track === "staging" && plan.notApplicable[STAGING_REGRESSION])) return { kind: "none" };
  if (!watch.frozen)
    return { kind: "concurrent", ...(snapshot && watch.track === "production" ? { before: snapshot } : {}) };
  if (snapshot) return { kind: "frozen", snapshot };
  // An old version that could not be measured is missing evidence, not a first deployment: waiting for an arm that
  // never comes leaves the release unproven.
  return watch.track === "production" ? { kind: "concurrent" } : { kind: "none" };
}
