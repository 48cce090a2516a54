import { BASELINE_ERROR_SHARE } from "../sequential/fixed-baseline.ts";
import type { MetricRule, MetricsSpec } from "./rule.ts";
import type { AbsoluteProbe, MetricsState, Probe, RuleState } from "./state.ts";

/**
 * How the error rate alpha of one release is divided. A FAIL of any of the three questions can roll back, so their
 * shares add up to 1 (union bound): is there a regression beyond the threshold, a worsening beyond a relative trigger,
 * a miss of an absolute target. The last two are for plain breakages, whose evidence passes a high bar within seconds.
 */
export const ALPHA_SHARE = { regression: 0.8, trigger: 0.1, absolute: 0.1 } as const;
export type Question = keyof typeof ALPHA_SHARE;

/**
 * Part of the stake that a run with a concurrent baseline keeps back for the recorded one at 100 %. Fixed before any
 * data, so that the mean of both e-values is itself one from the first poll on.
 */
const KEPT_FOR_FROZEN = 0.2;

/** What an e-value counts once the uncertainty of a recorded baseline is paid for. */
const FACE_VALUE = 1 - BASELINE_ERROR_SHARE;

/** Beyond this evidence is not told apart; keeps every number finite in JSON. */
const LN_CAP = Math.log(1e12);

/** Evidence at which a question is answered "yes": 1 / (its share of alpha). */
export function neededFor(question: Question, spec: MetricsSpec): number {
  return 1 / (ALPHA_SHARE[question] * spec.alpha);
}

/** A rule's part of the total weight. */
export function weightShare(rule: MetricRule, spec: MetricsSpec): number {
  return rule.weight / spec.rules.reduce((sum, one) => sum + one.weight, 0);
}

/** e-value of one threshold or trigger; 0 where there is no baseline to compare with. */
export function detectEvidence(probe: Probe | undefined): number {
  if (!probe) return 0;
  const frozen = eValue(probe.frozen?.stake.lnE ?? 0);
  if (!probe.concurrent) return FACE_VALUE * frozen;
  return FACE_VALUE * ((1 - KEPT_FOR_FROZEN) * eValue(probe.concurrent.stake.lnE) + KEPT_FOR_FROZEN * frozen);
}

/**
 * e-value against "at least so much worse". Both phases speak of the same claim one after the other, so their
 * evidence multiplies. What the stages showed carries over up to the proof itself and no further, so that a
 * worsening that shows only at 100 % still undoes it.
 */
export function excludeEvidence(probe: Probe, beta: number): number {
  const lnProof = Math.log(1 / beta / FACE_VALUE) + ROUNDING;
  const stages = probe.concurrent?.stake.lnE ?? 0;
  if (!probe.frozen) return FACE_VALUE * eValue(stages);
  return FACE_VALUE * eValue(Math.min(stages, lnProof) + probe.frozen.stake.lnE);
}

/** So that evidence that is just enough is still enough after a logarithm and back. */
const ROUNDING = 1e-9;

/**
 * e-value of "misses the absolute target, and that is the release's fault"; 0 where the baseline clearly misses it too.
 * While it is not known whether the baseline meets it, the candidate must be worse than the baseline as well: two arms
 * of one version that both miss the target pass their limits at different moments.
 */
export function absoluteEvidence(own: RuleState, absolute: AbsoluteProbe, spec: MetricsSpec): number {
  if (baselineMissesTarget(absolute, spec)) return 0;
  const missed = eValue(absolute.candidate.stake.lnE);
  const { baselineMeets } = absolute;
  if (!baselineMeets || baselineMeets.stake.maxLnE >= Math.log(neededFor("absolute", spec))) return missed;
  if (isHardlyMeasured(own)) return missed;
  const worse = probeOf(own, "worse") ?? probeOf(own, "threshold");
  return Math.min(missed, detectEvidence(worse));
}

/** With fewer than a tenth of the candidate's requests the baseline excuses nothing. */
const LEAST_BASELINE = 0.1;

function isHardlyMeasured({ baseline, recorded, candidate, candidateFrozen }: RuleState): boolean {
  const known = baseline.counts.exposure + (recorded?.seen.counts.exposure ?? 0);
  return known < LEAST_BASELINE * (candidate.counts.exposure + candidateFrozen.counts.exposure);
}

/** The baseline itself is outside the target, at error rate beta. */
export function baselineMissesTarget(absolute: AbsoluteProbe, spec: MetricsSpec): boolean {
  return absolute.baseline.stake.maxLnE >= Math.log(1 / spec.beta);
}

/** e^lnE, finite. */
export function eValue(lnE: number): number {
  return Math.exp(Math.min(lnE, LN_CAP));
}

/** One metric's part in the merged evidence of a question. */
export interface Share {
  readonly rule: MetricRule;
  readonly state: RuleState;
  /** e-value of this metric alone. */
  readonly evidence: number;
  /** weight x evidence. */
  readonly part: number;
}

/** Merged evidence of one question: the weighted mean, valid however the metrics depend on each other (Vovk and Wang). */
export interface Merged {
  readonly question: Question;
  readonly evidence: number;
  readonly needed: number;
  readonly rejected: boolean;
  /** The metrics that carry a rejection: those that reach it alone, else the one with the largest part. */
  readonly blamed: readonly Share[];
  readonly shares: readonly Share[];
}

/** Weighs the evidence of all metrics that a question concerns. */
export function mergedEvidence(state: MetricsState, question: Question): Merged {
  const { spec } = state;
  const concerned = spec.rules.flatMap((rule) => {
    const own = state.rules.find((one) => one.id === rule.id);
    const evidence = own && evidenceOf(question, own, spec);
    return own && evidence !== undefined ? [{ rule, state: own, evidence }] : [];
  });
  const weights = concerned.reduce((sum, { rule }) => sum + rule.weight, 0);
  const shares = concerned.map((one) => ({ ...one, part: (one.rule.weight / weights) * one.evidence }));
  const evidence = shares.reduce((sum, share) => sum + share.part, 0);
  const needed = neededFor(question, spec);
  const rejected = shares.length > 0 && evidence >= needed;
  return { question, evidence, needed, rejected, blamed: rejected ? blamedOf(shares, needed) : [], shares };
}

function evidenceOf(question: Question, state: RuleState, spec: MetricsSpec): number | undefined {
  switch (question) {
    case "regression":
      return detectEvidence(probeOf(state, "threshold"));
    case "trigger":
      return detectEvidence(probeOf(state, "trigger"));
    case "absolute":
      return state.absolute && absoluteEvidence(state, state.absolute, spec);
    default:
      return question satisfies never;
  }
}

function probeOf(state: RuleState, role: "threshold" | "trigger" | "worse"): Probe | undefined {
  return state.probes.find((probe) => probe.role === role);
}

function blamedOf(shares: readonly Share[], needed: number): readonly Share[] {
  const alone = shares.filter((share) => share.part >= needed);
  if (alone.length > 0) return alone;
  const largest = Math.max(...shares.map((share) => share.part));
  return shares.filter((share) => share.part === largest).slice(0, 1);
}
