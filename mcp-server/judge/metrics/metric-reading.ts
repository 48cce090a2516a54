import { TOO_NOISY_PHI } from "../sequential/dispersion.ts";
import { controlFired } from "./control.ts";
import { detectEvidence, eValue, excludeEvidence, neededFor } from "./e-values.ts";
import { readInterval } from "./interval.ts";
import { levelOf } from "./level.ts";
import { isRecordable } from "./nulls.ts";
import { secondsMissing, waitsFor } from "./outlook.ts";
import type { MetricReading } from "./reading.ts";
import { changeUnit, directionOf, isInPoints, type MetricRule, thresholdMargin } from "./rule.ts";
import type { MetricsState, Probe, RuleState, Seen } from "./state.ts";
import { weightShares } from "./weights.ts";

/** An edge above this multiple of what was asked answers another question than the plan's. */
export const COARSE_FACTOR = 1.5;

/** Why a metric is not proven. */
export type Unproven =
  | "no-data"
  | "no-baseline"
  | "low-traffic"
  | "resolution"
  | "noisy"
  | "control-fired"
  | "historical-baseline";

/** Point values, bounds and evidence of one metric, without the verdict over all. */
export function readMetric(state: MetricsState, own: RuleState, rule: MetricRule, rejected: boolean): MetricReading {
  const { spec } = state;
  // What follows the load cannot be compared with a record: there the stages before it stay what is known.
  const isHistorical = state.frozen !== undefined && isRecordable(rule);
  const baselineKind = isHistorical ? "historical" : spec.baseline.kind === "none" ? "none" : "concurrent";
  const baseline = levelOf(rule, isHistorical ? own.recorded?.seen : own.baseline);
  const candidate = levelOf(rule, isRecordable(rule) ? candidateSeen(own) : own.candidate);
  const change = changeOf(rule, baseline.value, candidate.value);
  const excludedAbove = upperBound(own, spec.beta);
  const evidence = round(detectEvidence(own.probes.find((probe) => probe.role === "threshold")));
  const unproven = unprovenBecause(state, own, rule);
  const fired = controlFired(own.control, "threshold", spec.alpha) || controlFired(own.control, "trigger", spec.alpha);
  const waitSeconds = unproven === "low-traffic" && !rejected ? secondsMissing(state, own, rule) : undefined;
  const share = weightShares(spec.rules).get(rule.id) ?? 0;
  return {
    id: rule.id,
    kind: rule.kind,
    direction: directionOf(rule),
    unit: rule.unit,
    baselineKind,
    method: methodOf(own, baselineKind),
    ...(own.phi === undefined ? {} : { phi: round(own.phi) }),
    baseline,
    candidate,
    ...(change === undefined ? {} : { change: round(change) }),
    changeUnit: changeUnit(rule),
    ...intervalOf(own, rule, spec.beta),
    ...(excludedAbove === undefined ? {} : { excludedAbove: round(excludedAbove) }),
    limit: thresholdMargin(rule),
    trigger: rule.trigger,
    ...(rule.sloTarget === undefined ? {} : { sloTarget: rule.sloTarget }),
    evidence,
    needed: round(neededFor("regression", spec) / share),
    ...(fired ? { controlFired: true } : {}),
    outcome: rejected ? "FAIL" : unproven === undefined ? "PASS" : "INCONCLUSIVE",
    waitsFor: rejected || unproven === undefined ? "" : waitsFor(state, own, rule, unproven),
    ...(waitSeconds === undefined ? {} : { waitSeconds: Math.ceil(waitSeconds) }),
  };
}

function methodOf(own: RuleState, baselineKind: MetricReading["baselineKind"]): MetricReading["method"] {
  if (baselineKind === "none") return "target";
  if (baselineKind === "historical") return "recorded";
  if (own.method === "points") return "points";
  return own.probes.some(({ robust }) => robust !== undefined) ? "self-normalised" : "two-arm";
}

/** The confidence sequence of the change; both sides at beta together. */
function intervalOf(own: RuleState, rule: MetricRule, beta: number): Pick<MetricReading, "interval"> {
  if (!own.interval) return {};
  const { lower, upper } = readInterval(own.interval, rule, beta / 2);
  if (lower === undefined && upper === undefined) return {};
  return {
    interval: {
      ...(lower === undefined ? {} : { lower: round(lower) }),
      ...(upper === undefined ? {} : { upper: round(upper) }),
      levelPct: round(100 * (1 - beta)),
    },
  };
}

function candidateSeen(own: RuleState): Seen {
  const { counts, values } = own.candidateFrozen;
  return counts.exposure > 0 || values ? own.candidateFrozen : own.candidate;
}

/** Judged requests of the candidate in all phases; where there are only bare values, their number. */
export function exposureOf(own: RuleState): number {
  const seen = own.candidate.counts.exposure + own.candidateFrozen.counts.exposure;
  return seen > 0 ? seen : (own.candidate.values?.count ?? 0) + (own.candidateFrozen.values?.count ?? 0);
}

function changeOf(rule: MetricRule, baseline: number | undefined, candidate: number | undefined): number | undefined {
  if (baseline === undefined || candidate === undefined) return undefined;
  if (isInPoints(rule)) return candidate - baseline;
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
  const { beta, alpha, baseline } = state.spec;
  if (exposureOf(own) === 0) return own.missedPolls > 0 || state.polls === 0 ? "no-data" : "low-traffic";
  if (baseline.kind === "none") return unprovenAlone(own, rule, beta);
  const trigger = own.probes.find((probe) => probe.role === "exclude" && probe.marginPct === rule.trigger);
  const threshold = own.probes.find((probe) => probe.role === "threshold");
  if (!trigger || !threshold || !hasBaseline(state, own, trigger)) return "no-baseline";
  if (controlFired(own.control, "threshold", alpha) || controlFired(own.control, "trigger", alpha)) {
    return "control-fired";
  }
  if (isCoarse(trigger) || isCoarse(threshold)) return "resolution";
  if (excludeEvidence(trigger, beta) >= 1 / beta) return undefined;
  if (isOfUnequalArms(trigger, threshold)) return "resolution";
  if (own.phi === undefined || own.phi > TOO_NOISY_PHI) return "noisy";
  return state.frozen && state.frozen.offLoadPolls > 0 ? "historical-baseline" : "low-traffic";
}

function hasBaseline(state: MetricsState, own: RuleState, trigger: Probe): boolean {
  if (own.baseline.counts.exposure > 0 || own.baseline.values) return true;
  return state.frozen !== undefined && own.recorded !== undefined && trigger.frozen !== undefined;
}

/** Quantiles of arms of different size can accuse a smaller candidate, but not clear it. */
function isOfUnequalArms(trigger: Probe, threshold: Probe): boolean {
  return (threshold.points?.windows ?? 0) > (trigger.points?.windows ?? 0);
}

/** First deployment: the target plus the trigger stands for the baseline. */
function unprovenAlone(own: RuleState, rule: MetricRule, beta: number): Unproven | undefined {
  const points = own.absolutePoints?.exclude;
  if (points) return eValue(points.lnE) >= 1 / beta ? undefined : "low-traffic";
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

/** Twelve significant digits: enough for people, and the same text on every machine. */
export function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12));
}
