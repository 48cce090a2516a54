import { controlFired } from "./control.ts";
import { absoluteEvidence, detectEvidence, neededFor, probeOf, type Question } from "./e-values.ts";
import type { MetricRule, MetricsSpec } from "./rule.ts";
import type { MetricsState, RuleState } from "./state.ts";
import { weightShares } from "./weights.ts";

/** One metric's part in the merged evidence of a question. */
export interface Share {
  readonly rule: MetricRule;
  readonly state: RuleState;
  /** e-value of this metric alone. */
  readonly evidence: number;
  /** weight x evidence. */
  readonly part: number;
  /** The live control of this comparison fired: its evidence does not count. */
  readonly controlled: boolean;
}

/** Merged evidence of one question: the weighted mean, valid however the metrics depend on each other (Vovk and Wang). */
export interface Merged {
  readonly question: Question;
  readonly evidence: number;
  readonly needed: number;
  readonly rejected: boolean;
  /** The metrics that carry a rejection: those that reach it alone, else the one with the largest part. */
  readonly blamed: readonly Share[];
  /** It would be rejected if the live control of these metrics had not fired. */
  readonly downgraded: readonly Share[];
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
  const weights = weightShares(concerned.map(({ rule }) => rule));
  const shares = concerned.map((one) => ({
    ...one,
    part: (weights.get(one.rule.id) ?? 0) * one.evidence,
    controlled: isControlled(question, one.state, spec),
  }));
  const needed = neededFor(question, spec);
  const counted = shares.filter(({ controlled }) => !controlled);
  const evidence = sumOf(counted);
  const rejected = counted.length > 0 && evidence >= needed;
  const downgraded = !rejected && sumOf(shares) >= needed ? blamedOf(shares, needed) : [];
  return {
    question,
    evidence,
    needed,
    rejected,
    blamed: rejected ? blamedOf(counted, needed) : [],
    downgraded,
    shares,
  };
}

function sumOf(shares: readonly Share[]): number {
  return shares.reduce((sum, share) => sum + share.part, 0);
}

function isControlled(question: Question, { control }: RuleState, spec: MetricsSpec): boolean {
  if (question === "absolute") return false;
  return controlFired(control, question === "regression" ? "threshold" : "trigger", spec.alpha);
}

function evidenceOf(question: Question, state: RuleState, spec: MetricsSpec): number | undefined {
  switch (question) {
    case "regression":
      return detectEvidence(probeOf(state, "threshold"));
    case "trigger":
      return detectEvidence(probeOf(state, "trigger"));
    case "absolute":
      return absoluteEvidence(state, spec);
    default:
      return question satisfies never;
  }
}

function blamedOf(shares: readonly Share[], needed: number): readonly Share[] {
  const alone = shares.filter((share) => share.part >= needed);
  if (alone.length > 0) return alone;
  const largest = Math.max(...shares.map((share) => share.part));
  return shares.filter((share) => share.part === largest).slice(0, 1);
}
