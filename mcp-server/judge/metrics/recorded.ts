import { NO_COUNTS } from "../sequential/counts.ts";
import { BASELINE_ERROR_SHARE, fixedBaselineLimit, oneSample } from "../sequential/fixed-baseline.ts";
import { stepAbsolute } from "./absolute.ts";
import { candidateCut, NO_EDGE_PCT, purposeOf } from "./concurrent.ts";
import { ALPHA_SHARE } from "./e-values.ts";
import { edgeNearQuantile, exceedances, finiteEdges, totalOf } from "./histogram.ts";
import { comparedCounts, isRecordable, relationOf } from "./nulls.ts";
import type { ArmPoll } from "./poll.ts";
import { isInPoints, type MetricRule, type MetricsSnapshot, type MetricsSpec, quantileAsked } from "./rule.ts";
import type { Probe, RuleState, Seen } from "./state.ts";
import { weightShares } from "./weights.ts";

/**
 * What a recorded baseline cannot tell apart from a worsening. It was taken at another moment, on a machine that had
 * other work: differences up to this size, in the metric's own unit, are not held against a release. A concurrent arm
 * shares the moment and needs no such allowance.
 */
export const HISTORICAL_ALLOWANCE = { "error-rate": 0.1, latency: 25 } as const;

/** The allowance of any rule: shares in points like error rates, everything relative like latencies. */
export function historicalAllowance(rule: Pick<MetricRule, "kind" | "margin">): number {
  return isInPoints(rule) ? HISTORICAL_ALLOWANCE["error-rate"] : HISTORICAL_ALLOWANCE.latency;
}

/**
 * Less than this says nothing about latency at another moment, whatever share of a quick answer it is: a service that
 * takes 2 ms takes 8 ms while its machine has other work. Milliseconds.
 */
export const HISTORICAL_LATENCY_MS = 10;

/** The margin that a test against a recorded baseline really uses, pp or relative %; `edge` is the recorded latency. */
function frozenMarginPct(probe: Probe, rule: MetricRule, edge?: number): number {
  if (probe.role === "exclude") return probe.marginPct;
  const least = edge !== undefined && edge > 0 ? (100 * HISTORICAL_LATENCY_MS) / edge : 0;
  return Math.max(probe.marginPct, historicalAllowance(rule), least);
}

/**
 * Takes up a recorded baseline: every probe gets a test against the limit that the record allows. Only shares of
 * requests and latencies can be compared with another time; throughput, rates and gauges follow the load.
 */
export function openFrozen(
  state: RuleState,
  rule: MetricRule,
  spec: MetricsSpec,
  snapshot: MetricsSnapshot,
  plannedPolls: number,
): RuleState {
  if (!isRecordable(rule)) return state;
  const seen = recordedSeen(rule, snapshot);
  if (seen.counts.exposure === 0) return state;
  const edge = rule.kind === "latency" ? edgeNearQuantile(seen.buckets, quantileAsked(rule)) : undefined;
  if (rule.kind === "latency" && edge === undefined) return state;
  const counts = edge === undefined ? comparedCounts(rule, seen.counts) : exceedances(seen.buckets, edge);
  // The edge was picked by looking at the same record, so its limit must hold for all edges at once.
  const looks = edge === undefined ? 1 : finiteEdges(seen.buckets);
  const share = weightShares(spec.rules).get(rule.id) ?? 0;
  const detectError =
    (spec.alpha * (ALPHA_SHARE.regression + ALPHA_SHARE.trigger) * BASELINE_ERROR_SHARE * share) / looks;
  const excludeError = (spec.beta * BASELINE_ERROR_SHARE) / looks;
  const phi = state.phi ?? spec.phi;
  const probes = state.probes.map((probe) => {
    const { side, c, d } = relationOf(rule, probe.role, frozenMarginPct(probe, rule));
    const errorRate = probe.role === "exclude" ? excludeError : detectError;
    const limit = Math.min(1, fixedBaselineLimit(counts, { side, c, d, errorRate }));
    return { ...probe, frozen: oneSample.start({ side, limit, phi, plannedPolls, purpose: purposeOf(probe, rule) }) };
  });
  const recorded = { seen, ...(edge === undefined ? {} : { edge }) };
  const opened: RuleState = { ...state, probes, recorded };
  // Where the baseline was watched as an arm of its own, the record may hold the same requests again.
  if (!opened.absolute || opened.absolute.baseline.candidate.exposure > 0) return opened;
  return { ...opened, absolute: stepAbsolute(opened.absolute, rule, undefined, armOf(seen)) };
}

const NOTHING: Seen = { counts: NO_COUNTS, buckets: [] };

function recordedSeen(rule: MetricRule, snapshot: MetricsSnapshot): Seen {
  const series = snapshot.series.find((one) => one.metric === rule.series);
  if (!series) return NOTHING;
  if (rule.kind !== "latency") return { counts: { exposure: series.exposure, events: series.events }, buckets: [] };
  const buckets = series.buckets ?? [];
  return { counts: { exposure: totalOf(buckets), events: 0 }, buckets };
}

function armOf(seen: Seen): ArmPoll {
  return { counts: seen.counts, buckets: seen.buckets, seconds: 0 };
}

/** One poll of a probe against the recorded baseline. */
export function stepFrozen(probe: Probe, rule: MetricRule, recordedEdge: number | undefined, c: ArmPoll): Probe {
  if (!probe.frozen) return probe;
  if (rule.kind !== "latency")
    return { ...probe, frozen: oneSample.step(probe.frozen, comparedCounts(rule, c.counts)) };
  if (recordedEdge === undefined || c.buckets.length === 0) return probe;
  const cut = candidateCut(frozenMarginPct(probe, rule, recordedEdge), recordedEdge, c);
  if (cut === undefined) return { ...probe, reachedPct: NO_EDGE_PCT };
  const frozen = oneSample.step(probe.frozen, exceedances(c.buckets, cut.edge));
  return { ...probe, frozen, reachedPct: Math.max(probe.reachedPct, cut.reachedPct) };
}
