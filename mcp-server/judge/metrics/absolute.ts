import { aggregatePoints } from "../sequential/aggregate-points.ts";
import { type Counts, NO_COUNTS } from "../sequential/counts.ts";
import { oneSample } from "../sequential/fixed-baseline.ts";
import { edgeAtLeast, exceedances } from "./histogram.ts";
import { targetLimit } from "./nulls.ts";
import { stepTargetPoints } from "./points.ts";
import type { ArmPoll } from "./poll.ts";
import type { MetricRule, MetricsSpec } from "./rule.ts";
import type { AbsolutePoints, AbsoluteProbe } from "./state.ts";

/** The test of an absolute target before its first poll; undefined for metrics without counts. */
export function openAbsolute(
  rule: MetricRule,
  target: number,
  spec: MetricsSpec,
  phi: number,
): AbsoluteProbe | undefined {
  const { plannedPolls } = spec;
  const missed = targetLimit(rule, target, 0);
  const kept = targetLimit(rule, target, rule.trigger);
  if (!missed || !kept) return undefined;
  const above = oneSample.start({ ...missed, phi, plannedPolls, purpose: "detect" });
  const below = missed.side === "greater" ? "less" : "greater";
  if (spec.baseline.kind !== "none") {
    const baselineMeets = oneSample.start({ ...missed, side: below, phi, plannedPolls, purpose: "exclude" });
    return { candidate: above, baseline: above, baselineMeets };
  }
  const side = kept.side === "greater" ? "less" : "greater";
  return {
    candidate: above,
    baseline: above,
    exclude: oneSample.start({ ...kept, side, phi, plannedPolls, purpose: "exclude" }),
  };
}

/** One poll of the absolute target on each arm that could be measured. */
export function stepAbsolute(
  absolute: AbsoluteProbe,
  rule: MetricRule,
  candidate: ArmPoll | undefined,
  baseline: ArmPoll | undefined,
): AbsoluteProbe {
  const edge = absolute.edge ?? targetEdge(rule, candidate ?? baseline);
  const countsOf = (arm: ArmPoll | undefined): Counts => {
    if (arm === undefined) return NO_COUNTS;
    if (rule.kind !== "latency") return arm.counts;
    return edge === undefined ? NO_COUNTS : exceedances(arm.buckets, edge);
  };
  return {
    candidate: oneSample.step(absolute.candidate, countsOf(candidate)),
    baseline: oneSample.step(absolute.baseline, countsOf(baseline)),
    ...(absolute.baselineMeets ? { baselineMeets: oneSample.step(absolute.baselineMeets, countsOf(baseline)) } : {}),
    ...(absolute.exclude ? { exclude: oneSample.step(absolute.exclude, countsOf(candidate)) } : {}),
    ...(edge === undefined ? {} : { edge }),
  };
}

function targetEdge(rule: MetricRule, arm: ArmPoll | undefined): number | undefined {
  return rule.kind === "latency" && arm ? edgeAtLeast(arm.buckets, rule.sloTarget ?? 0, arm.grid) : undefined;
}

/** The target of a metric that comes as bare values, before its first poll. */
export function openAbsolutePoints(kind: MetricsSpec["baseline"]["kind"]): AbsolutePoints {
  const fresh = aggregatePoints.start();
  return { candidate: fresh, baseline: fresh, ...(kind === "none" ? { exclude: fresh } : { baselineMeets: fresh }) };
}

/** One poll of bare values against the target; each poll is a window of its own. */
export function stepAbsolutePoints(
  absolute: AbsolutePoints,
  rule: MetricRule,
  candidate: ArmPoll | undefined,
  baseline: ArmPoll | undefined,
): AbsolutePoints {
  const target = rule.sloTarget ?? 0;
  const missed = { target, marginPct: 0, exclude: false };
  return {
    candidate: stepTargetPoints(absolute.candidate, rule, candidate?.value, missed),
    baseline: stepTargetPoints(absolute.baseline, rule, baseline?.value, missed),
    ...(absolute.baselineMeets
      ? {
          baselineMeets: stepTargetPoints(absolute.baselineMeets, rule, baseline?.value, { ...missed, exclude: true }),
        }
      : {}),
    ...(absolute.exclude
      ? {
          exclude: stepTargetPoints(absolute.exclude, rule, candidate?.value, {
            target,
            marginPct: rule.trigger,
            exclude: true,
          }),
        }
      : {}),
  };
}
