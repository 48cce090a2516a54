import { type Counts, NO_COUNTS } from "../sequential/counts.ts";
import { BASELINE_ERROR_SHARE, fixedBaselineLimit, oneSample } from "../sequential/fixed-baseline.ts";
import { twoArm } from "../sequential/two-arm.ts";
import { ALPHA_SHARE, weightShare } from "./evidence.ts";
import { edgeAtLeast, edgeNearQuantile, exceedances, finiteEdges, totalOf } from "./histogram.ts";
import type { ArmPoll } from "./poll.ts";
import type { Histogram, MetricRule, MetricsSnapshot, MetricsSpec } from "./rule.ts";
import type { AbsoluteProbe, Probe, RuleState, Seen } from "./state.ts";

const NOTHING: Seen = { counts: NO_COUNTS, buckets: [] };

/**
 * What a recorded baseline cannot tell apart from a worsening. It was taken at another moment, on a machine that had
 * other work: differences up to this size, in the metric's own unit, are not held against a release. A concurrent arm
 * shares the moment and needs no such allowance.
 */
export const HISTORICAL_ALLOWANCE = { "error-rate": 0.1, latency: 25 } as const satisfies Record<
  MetricRule["kind"],
  number
>;

/**
 * Less than this says nothing about latency at another moment, whatever share of a quick answer it is: a service that
 * takes 2 ms takes 8 ms while its machine has other work. Milliseconds.
 */
export const HISTORICAL_LATENCY_MS = 10;

/** The margin that a test against a recorded baseline really uses, pp or relative %; `edge` is the recorded latency. */
function frozenMarginPct(probe: Probe, rule: MetricRule, edge?: number): number {
  if (probe.role === "exclude") return probe.marginPct;
  const least = edge !== undefined && edge > 0 ? (100 * HISTORICAL_LATENCY_MS) / edge : 0;
  return Math.max(probe.marginPct, HISTORICAL_ALLOWANCE[rule.kind], least);
}

/** A rule before its first poll. */
export function startRule(rule: MetricRule, spec: MetricsSpec): RuleState {
  const relative = spec.baseline.kind !== "none";
  const concurrent = spec.baseline.kind === "concurrent";
  const probes = relative ? probesOf(rule) : [];
  return {
    id: rule.id,
    probes: concurrent ? probes.map((probe) => ({ ...probe, concurrent: openConcurrent(probe, rule, spec) })) : probes,
    ...(rule.sloTarget === undefined ? {} : { absolute: openAbsolute(rule, rule.sloTarget, spec) }),
    baseline: NOTHING,
    candidate: NOTHING,
    candidateFrozen: NOTHING,
    past: [],
    missedPolls: 0,
  };
}

function probesOf(rule: MetricRule): Probe[] {
  const probe = (role: Probe["role"], marginPct: number): Probe => ({ role, marginPct, reachedPct: marginPct });
  return [
    probe("threshold", rule.threshold),
    probe("trigger", rule.trigger),
    ...(rule.threshold > 0 && rule.sloTarget !== undefined ? [probe("worse", 0)] : []),
    ...marginsOf(rule).map((margin) => probe("exclude", margin)),
  ];
}

/**
 * Margins whose exclusion is tried, descending: the trigger, what the plan itself names, and for error rates, where a
 * margin costs little and is met exactly, two more around the trigger.
 */
function marginsOf(rule: MetricRule): number[] {
  const own = rule.threshold > 0 ? rule.threshold : rule.tolerance;
  const around = rule.kind === "error-rate" ? [rule.trigger * 5, rule.trigger, rule.trigger / 2] : [rule.trigger];
  return [...new Set(own > 0 ? [...around, own] : around)].sort((a, b) => b - a);
}

function openConcurrent(probe: Probe, rule: MetricRule, spec: MetricsSpec) {
  return twoArm.start({
    form: rule.kind === "error-rate" ? "poisson" : "bernoulli",
    side: probe.role === "exclude" ? "less" : "greater",
    c: 1,
    d: rule.kind === "error-rate" ? probe.marginPct / 100 : 0,
    phi: spec.phi,
    plannedPolls: spec.plannedPolls,
    purpose: purposeOf(probe, rule),
  });
}

/** The margin that decides `proven` gets the fine grid, the others only serve the upper bound. */
function purposeOf(probe: Probe, rule: MetricRule) {
  if (probe.role !== "exclude") return "detect";
  return probe.marginPct === rule.trigger ? "exclude" : "ladder";
}

function openAbsolute(rule: MetricRule, target: number, spec: MetricsSpec): AbsoluteProbe {
  const { phi, plannedPolls } = spec;
  const share = (margin: number) => (rule.kind === "error-rate" ? (target + margin) / 100 : 1 - quantileAsked(rule));
  const above = oneSample.start({ side: "greater", limit: share(0), phi, plannedPolls, purpose: "detect" });
  const exclude = oneSample.start({ side: "less", limit: share(rule.trigger), phi, plannedPolls, purpose: "exclude" });
  if (spec.baseline.kind === "none") return { candidate: above, baseline: above, exclude };
  const below = oneSample.start({ side: "less", limit: share(0), phi, plannedPolls, purpose: "exclude" });
  return { candidate: above, baseline: above, baselineMeets: below };
}

/** The quantile of a latency rule; p99 when the rule names none. */
export function quantileAsked(rule: MetricRule): number {
  return rule.quantile ?? 0.99;
}

/** Takes up a recorded baseline: every probe gets a test against the limit that the record allows. */
export function openFrozen(
  state: RuleState,
  rule: MetricRule,
  spec: MetricsSpec,
  snapshot: MetricsSnapshot,
  plannedPolls: number,
): RuleState {
  const seen = recordedSeen(rule, snapshot);
  if (seen.counts.exposure === 0) return state;
  const edge = rule.kind === "latency" ? edgeNearQuantile(seen.buckets, quantileAsked(rule)) : undefined;
  if (rule.kind === "latency" && edge === undefined) return state;
  const counts = edge === undefined ? seen.counts : exceedances(seen.buckets, edge);
  // The edge was picked by looking at the same record, so its limit must hold for all edges at once.
  const looks = edge === undefined ? 1 : finiteEdges(seen.buckets);
  const detectError =
    (spec.alpha * (ALPHA_SHARE.regression + ALPHA_SHARE.trigger) * BASELINE_ERROR_SHARE * weightShare(rule, spec)) /
    looks;
  const excludeError = (spec.beta * BASELINE_ERROR_SHARE) / looks;
  const probes = state.probes.map((probe) => {
    const side = probe.role === "exclude" ? "less" : "greater";
    const d = rule.kind === "error-rate" ? frozenMarginPct(probe, rule) / 100 : 0;
    const errorRate = side === "less" ? excludeError : detectError;
    const limit = fixedBaselineLimit(counts, { side, c: 1, d, errorRate });
    return {
      ...probe,
      frozen: oneSample.start({ side, limit, phi: spec.phi, plannedPolls, purpose: purposeOf(probe, rule) }),
    };
  });
  const recorded = { seen, ...(edge === undefined ? {} : { edge }) };
  const opened: RuleState = { ...state, probes, recorded };
  // Where the baseline was watched as an arm of its own, the record may hold the same requests again.
  if (!opened.absolute || opened.absolute.baseline.candidate.exposure > 0) return opened;
  return { ...opened, absolute: stepAbsolute(opened.absolute, rule, undefined, armOf(seen)) };
}

function recordedSeen(rule: MetricRule, snapshot: MetricsSnapshot): Seen {
  const series = snapshot.series.find((one) => one.metric === rule.series);
  if (!series) return NOTHING;
  if (rule.kind === "error-rate") return { counts: { exposure: series.exposure, events: series.events }, buckets: [] };
  const buckets = series.buckets ?? [];
  return { counts: { exposure: totalOf(buckets), events: 0 }, buckets };
}

function armOf(seen: Seen): ArmPoll {
  return { counts: seen.counts, buckets: seen.buckets, seconds: 0 };
}

/** Stands for "no finite bucket edge lies so high": no margin can be tested. */
export const NO_EDGE_PCT = 1e9;

/** The edge that stands for the baseline's quantile, from data before the poll that it is used on. */
export function pastEdge(past: Histogram, rule: MetricRule): number | undefined {
  return rule.kind === "latency" ? edgeNearQuantile(past, quantileAsked(rule)) : undefined;
}

/** One poll of a probe against the concurrent arm; latencies need the edge of {@link pastEdge}. */
export function stepConcurrent(
  probe: Probe,
  rule: MetricRule,
  edge: number | undefined,
  b: ArmPoll,
  c: ArmPoll,
): Probe {
  if (!probe.concurrent) return probe;
  if (rule.kind === "error-rate") return { ...probe, concurrent: twoArm.step(probe.concurrent, b.counts, c.counts) };
  if (edge === undefined || !b.buckets.some((bucket) => bucket.le === edge) || c.buckets.length === 0) return probe;
  const cut = candidateCut(probe, edge, c.buckets);
  if (cut === undefined) return { ...probe, reachedPct: NO_EDGE_PCT };
  const concurrent = twoArm.step(probe.concurrent, exceedances(b.buckets, edge), exceedances(c.buckets, cut.edge));
  return { ...probe, concurrent, reachedPct: Math.max(probe.reachedPct, cut.reachedPct) };
}

/** One poll of a probe against the recorded baseline. */
export function stepFrozen(probe: Probe, rule: MetricRule, recordedEdge: number | undefined, c: ArmPoll): Probe {
  if (!probe.frozen) return probe;
  if (rule.kind === "error-rate") return { ...probe, frozen: oneSample.step(probe.frozen, c.counts) };
  if (recordedEdge === undefined || c.buckets.length === 0) return probe;
  const cut = candidateCut({ marginPct: frozenMarginPct(probe, rule, recordedEdge) }, recordedEdge, c.buckets);
  if (cut === undefined) return { ...probe, reachedPct: NO_EDGE_PCT };
  const frozen = oneSample.step(probe.frozen, exceedances(c.buckets, cut.edge));
  return { ...probe, frozen, reachedPct: Math.max(probe.reachedPct, cut.reachedPct) };
}

/** The candidate's edge for a margin over the baseline's edge, and the margin that it really stands for. */
function candidateCut(probe: Pick<Probe, "marginPct">, baselineEdge: number, buckets: Histogram) {
  const edge = edgeAtLeast(buckets, baselineEdge * (1 + probe.marginPct / 100));
  return edge === undefined ? undefined : { edge, reachedPct: (edge / baselineEdge - 1) * 100 };
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
    if (rule.kind === "error-rate") return arm.counts;
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
  return rule.kind === "latency" && arm ? edgeAtLeast(arm.buckets, rule.sloTarget ?? 0) : undefined;
}
