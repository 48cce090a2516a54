import { projectOnLine } from "../sequential/two-arm.ts";
import { countText, limitText } from "../wording.ts";
import { detectEvidence, eValue, excludeEvidence, neededFor, weightShare } from "./evidence.ts";
import { quantileOf } from "./histogram.ts";
import { quantileAsked } from "./probes.ts";
import type { MetricReading } from "./reading.ts";
import { changeUnit, type MetricRule } from "./rule.ts";
import type { MetricsState, Probe, RuleState, Seen } from "./state.ts";

/** An edge above this multiple of what was asked answers another question than the plan's. */
export const COARSE_FACTOR = 1.5;

/** Why a metric is not proven. */
export type Unproven = "no-data" | "no-baseline" | "low-traffic" | "resolution" | "historical-baseline";

/** Point values, bounds and evidence of one metric, without the verdict over all. */
export function readMetric(state: MetricsState, own: RuleState, rule: MetricRule, rejected: boolean): MetricReading {
  const baselineKind = state.frozen ? "historical" : state.spec.baseline.kind === "concurrent" ? "concurrent" : "none";
  const baseline = levelOf(rule, state.frozen ? own.recorded?.seen : own.baseline);
  const candidate = levelOf(rule, candidateSeen(own));
  const change = changeOf(rule, baseline.value, candidate.value);
  const excludedAbove = upperBound(own, state.spec.beta);
  const evidence = round(detectEvidence(own.probes.find((probe) => probe.role === "threshold")));
  const unproven = unprovenBecause(state, own, rule);
  return {
    id: rule.id,
    unit: rule.unit,
    baselineKind,
    baseline,
    candidate,
    ...(change === undefined ? {} : { change: round(change) }),
    changeUnit: changeUnit(rule),
    ...(excludedAbove === undefined ? {} : { excludedAbove: round(excludedAbove) }),
    limit: rule.threshold,
    trigger: rule.trigger,
    ...(rule.sloTarget === undefined ? {} : { sloTarget: rule.sloTarget }),
    evidence,
    needed: round(neededFor("regression", state.spec) / weightShare(rule, state.spec)),
    outcome: rejected ? "FAIL" : unproven === undefined ? "PASS" : "INCONCLUSIVE",
    waitsFor: rejected || unproven === undefined ? "" : waitsFor(state, own, rule, unproven),
  };
}

function candidateSeen(own: RuleState): Seen {
  return own.candidateFrozen.counts.exposure > 0 ? own.candidateFrozen : own.candidate;
}

/** Judged requests of the candidate in all phases. */
export function exposureOf(own: RuleState): number {
  return own.candidate.counts.exposure + own.candidateFrozen.counts.exposure;
}

function levelOf(rule: MetricRule, seen: Seen | undefined): { value?: number; exposure: number } {
  const exposure = seen?.counts.exposure ?? 0;
  if (!seen || exposure === 0) return { exposure };
  const value =
    rule.kind === "error-rate" ? (100 * seen.counts.events) / exposure : quantileOf(seen.buckets, quantileAsked(rule));
  return value === undefined ? { exposure } : { value: round(value), exposure };
}

function changeOf(rule: MetricRule, baseline: number | undefined, candidate: number | undefined): number | undefined {
  if (baseline === undefined || candidate === undefined) return undefined;
  if (rule.kind === "error-rate") return candidate - baseline;
  return baseline > 0 ? (candidate / baseline - 1) * 100 : undefined;
}

/**
 * Smallest margin that is excluded together with all larger ones. Going down in fixed order and stopping at the first
 * that is not excluded keeps the whole sequence at error rate beta.
 */
function upperBound(own: RuleState, beta: number): number | undefined {
  let bound: number | undefined;
  for (const probe of own.probes) {
    if (probe.role !== "exclude") continue;
    if (excludeEvidence(probe, beta) < 1 / beta) break;
    bound = probe.reachedPct;
  }
  return bound;
}

/** Undefined when a worsening of trigger size is excluded; otherwise the reason why not. */
export function unprovenBecause(state: MetricsState, own: RuleState, rule: MetricRule): Unproven | undefined {
  const { beta, baseline } = state.spec;
  if (exposureOf(own) === 0) return own.missedPolls > 0 || state.polls === 0 ? "no-data" : "low-traffic";
  if (baseline.kind === "none") return unprovenAlone(own, rule, beta);
  const trigger = own.probes.find((probe) => probe.role === "exclude" && probe.marginPct === rule.trigger);
  if (!trigger || !hasBaseline(state, own)) return "no-baseline";
  const threshold = own.probes.find((probe) => probe.role === "threshold");
  if (isCoarse(trigger) || (threshold && isCoarse(threshold))) return "resolution";
  if (excludeEvidence(trigger, beta) >= 1 / beta) return undefined;
  return state.frozen && state.frozen.offLoadPolls > 0 ? "historical-baseline" : "low-traffic";
}

function hasBaseline(state: MetricsState, own: RuleState): boolean {
  return own.baseline.counts.exposure > 0 || (state.frozen !== undefined && own.recorded !== undefined);
}

/** First deployment: the target plus the trigger stands for the baseline. */
function unprovenAlone(own: RuleState, rule: MetricRule, beta: number): Unproven | undefined {
  const exclude = own.absolute?.exclude;
  if (!exclude) return "no-baseline";
  if (rule.kind === "latency") {
    const { edge } = own.absolute ?? {};
    if (edge === undefined || edge > (rule.sloTarget ?? 0) * COARSE_FACTOR) return "resolution";
  }
  return eValue(exclude.stake.lnE) >= 1 / beta ? undefined : "low-traffic";
}

/** The bucket edge that could be tested lies much further out than the margin that was asked for. */
export function isCoarse(probe: Probe): boolean {
  return 1 + probe.reachedPct / 100 > COARSE_FACTOR * (1 + probe.marginPct / 100);
}

function waitsFor(state: MetricsState, own: RuleState, rule: MetricRule, why: Unproven): string {
  const margin = `+${limitText(rule.trigger)} ${changeUnit(rule)}`;
  switch (why) {
    case "no-data":
      return "a first measurement of the candidate";
    case "no-baseline":
      return "a baseline to compare with";
    case "resolution":
      return `finer latency buckets: the next edge does not lie near ${margin}`;
    case "historical-baseline":
      return "load near that of the recorded baseline";
    case "low-traffic": {
      const more = requestsMissing(state, own, rule);
      const evidence = `evidence that a worsening of ${margin} is absent`;
      return more === undefined ? evidence : `${evidence}, about ${countText(more)} more requests of the candidate`;
    }
    default:
      return why satisfies never;
  }
}

/**
 * Requests of the candidate until the trigger is excluded if both arms are alike: what is missing
 * over the expected evidence of one request. For error rates against a concurrent arm. An orientation, nothing is decided by it.
 */
function requestsMissing(state: MetricsState, own: RuleState, rule: MetricRule): number | undefined {
  const { exposure: nB, events: kB } = own.baseline.counts;
  const { exposure: nC, events: kC } = own.candidate.counts;
  if (rule.kind !== "error-rate" || state.frozen || nB === 0 || nC === 0) return undefined;
  const d = rule.trigger / 100;
  const rate = (kB + kC + 0.5) / (nB + nC + 1);
  const a0 = projectOnLine(rate, rate, nB / nC, 1, 1, d);
  const b0 = a0 + d;
  const perRequest = (nB / nC) * (a0 - rate + rate * Math.log(rate / a0)) + b0 - rate + rate * Math.log(rate / b0);
  const probe = own.probes.find((one) => one.role === "exclude" && one.marginPct === rule.trigger);
  const missing = Math.log(1 / state.spec.beta) + 2 - (probe ? Math.log(excludeEvidence(probe, state.spec.beta)) : 0);
  return Math.max(1, Math.ceil((Math.max(1, missing) * state.spec.phi) / perRequest));
}

/** Twelve significant digits: enough for people, and the same text on every machine. */
export function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12));
}
