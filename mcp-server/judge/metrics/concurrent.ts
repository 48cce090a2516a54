import { type Counts, NO_COUNTS } from "../sequential/counts.ts";
import { SELF_NORMALISED_WINDOW_SECONDS, selfNormalised } from "../sequential/self-normalised.ts";
import { type Pair, twoArm } from "../sequential/two-arm.ts";
import { edgeAtLeast, edgeNearQuantile, exceedances, tells } from "./histogram.ts";
import { comparedCounts, relationOf } from "./nulls.ts";
import type { ArmPoll, Measured } from "./poll.ts";
import { type Histogram, type MetricRule, type MetricsSpec, quantileAsked } from "./rule.ts";
import type { Probe, Role } from "./state.ts";

/** One poll of both arms of a rule. */
export interface PairedPoll {
  readonly rule: MetricRule;
  readonly baseline: ArmPoll;
  readonly candidate: ArmPoll;
  /** Latency: the edge that stands for the baseline's quantile, from data before this poll. */
  readonly edge: number | undefined;
  /** Dispersion as known before this poll; undefined while it is not known. */
  readonly phi: number | undefined;
}

/** A question before its first poll. `phi` undefined: dispersion is not known. */
export function openConcurrent(probe: Probe, rule: MetricRule, spec: MetricsSpec, phi: number | undefined): Probe {
  if (rule.kind === "gauge") return probe;
  if (phi === undefined && probe.role !== "exclude") return { ...probe, robust: {} };
  const { plannedPolls } = spec;
  const relation = relationOf(rule, probe.role, probe.marginPct);
  const concurrent = twoArm.start({ ...relation, phi: phi ?? 1, plannedPolls, purpose: purposeOf(probe, rule) });
  return { ...probe, concurrent };
}

/** The margin that decides `proven` gets the fine grid, the others only serve the upper bound. */
export function purposeOf(probe: Pick<Probe, "role" | "marginPct">, rule: MetricRule) {
  if (probe.role !== "exclude") return "detect";
  return probe.marginPct === rule.trigger ? "exclude" : "ladder";
}

/** Stands for "no finite bucket edge lies so high": no margin can be tested. */
export const NO_EDGE_PCT = 1e9;

/** The edge that stands for the baseline's quantile, from data before the poll that it is used on. */
export function pastEdge(past: Histogram, rule: MetricRule): number | undefined {
  return rule.kind === "latency" ? edgeNearQuantile(past, quantileAsked(rule)) : undefined;
}

/** One poll of a question against the concurrent arm, on counts. */
export function stepConcurrent(probe: Probe, poll: PairedPoll, alpha: number): Probe {
  const compared = comparedOf(probe, poll);
  if (compared === "no-edge") return { ...probe, reachedPct: NO_EDGE_PCT };
  if (compared === undefined) return probe;
  const reachedPct = Math.max(probe.reachedPct, compared.reachedPct);
  if (probe.robust) return { ...probe, reachedPct, robust: stepRobust(probe, poll, compared, alpha) };
  // Nothing is proven before it is known how much the metric scatters.
  if (!probe.concurrent || (poll.phi === undefined && probe.role === "exclude")) return probe;
  const state = twoArm.withPhi(probe.concurrent, poll.phi ?? 1);
  const { whole, strata } = compared;
  const concurrent = strata ? twoArm.stepStrata(state, strata) : twoArm.step(state, whole.baseline, whole.candidate);
  return { ...probe, concurrent, reachedPct };
}

function stepRobust(probe: Probe, { rule, baseline, candidate }: PairedPoll, compared: Compared, alpha: number) {
  const robust = { ...probe.robust };
  const { side, c, d } = relationOf(rule, probe.role, probe.marginPct);
  const seconds = Math.max(baseline.seconds, candidate.seconds);
  const parts = compared.strata ?? { "": compared.whole };
  for (const [name, pair] of Object.entries(parts)) {
    const state =
      robust[name] ?? selfNormalised.start({ side, c, d, alpha, windowSeconds: SELF_NORMALISED_WINDOW_SECONDS });
    robust[name] = selfNormalised.step(state, pair.baseline, pair.candidate, seconds);
  }
  return robust;
}

interface Compared {
  readonly whole: Pair;
  readonly strata?: Readonly<Record<string, Pair>>;
  readonly reachedPct: number;
}

/** The counts of both arms that a question compares; undefined when this poll has none. */
function comparedOf(probe: Probe, poll: PairedPoll): Compared | "no-edge" | undefined {
  const { rule, baseline, candidate, edge } = poll;
  if (rule.kind !== "latency") {
    const counts = (one: Measured) => comparedCounts(rule, one.counts);
    return { ...pairsOf(baseline, candidate, counts, counts), reachedPct: probe.marginPct };
  }
  if (edge === undefined || candidate.buckets.length === 0 || !tells(baseline.buckets, baseline.grid, edge)) {
    return undefined;
  }
  const cut = candidateCut(probe.marginPct, edge, candidate);
  if (cut === undefined) return "no-edge";
  const above = (at: number) => (one: Measured) => exceedances(one.buckets, at);
  return { ...pairsOf(baseline, candidate, above(edge), above(cut.edge)), reachedPct: cut.reachedPct };
}

function pairsOf(
  baseline: ArmPoll,
  candidate: ArmPoll,
  ofBaseline: (one: Measured) => Counts,
  ofCandidate: (one: Measured) => Counts,
): Omit<Compared, "reachedPct"> {
  const whole = { baseline: ofBaseline(baseline), candidate: ofCandidate(candidate) };
  if (!baseline.strata || !candidate.strata) return { whole };
  const strata: Record<string, Pair> = {};
  for (const name of new Set([...Object.keys(baseline.strata), ...Object.keys(candidate.strata)])) {
    const [b, c] = [baseline.strata[name], candidate.strata[name]];
    strata[name] = { baseline: b ? ofBaseline(b) : NO_COUNTS, candidate: c ? ofCandidate(c) : NO_COUNTS };
  }
  return { whole, strata };
}

/** The candidate's edge for a margin over the baseline's edge, and the margin that it really stands for. */
export function candidateCut(marginPct: number, baselineEdge: number, { buckets, grid }: Measured) {
  const edge = edgeAtLeast(buckets, baselineEdge * (1 + marginPct / 100), grid);
  return edge === undefined ? undefined : { edge, reachedPct: (edge / baselineEdge - 1) * 100 };
}

/** Counts of both halves or arms at an edge, for calibrating dispersion. */
export function scatterCounts(rule: MetricRule, one: Measured, edge: number | undefined): Counts {
  if (rule.kind !== "latency") return comparedCounts(rule, one.counts);
  return edge === undefined ? NO_COUNTS : exceedances(one.buckets, edge);
}

/** Roles that a live control repeats on the halves of the baseline. */
export const CONTROLLED = ["threshold", "trigger"] as const satisfies readonly Role[];
