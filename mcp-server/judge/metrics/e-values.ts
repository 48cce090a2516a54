import { BASELINE_ERROR_SHARE } from "../sequential/fixed-baseline.ts";
import type { MetricsSpec } from "./rule.ts";
import type { Probe, Role, RuleState, Seen } from "./state.ts";

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
export const FACE_VALUE = 1 - BASELINE_ERROR_SHARE;

/** Beyond this evidence is not told apart; keeps every number finite in JSON. */
const LN_CAP = Math.log(1e12);

/** Evidence at which a question is answered "yes": 1 / (its share of alpha). */
export function neededFor(question: Question, spec: MetricsSpec): number {
  return 1 / (ALPHA_SHARE[question] * spec.alpha);
}

/** Log evidence against the concurrent arm, of whichever test runs; undefined where there is none. */
export function lnConcurrent({ concurrent, robust, points }: Probe): number | undefined {
  if (points) return points.lnE;
  if (robust) return lnMeanOf(Object.values(robust).map(({ lnE }) => lnE));
  return concurrent?.stake.lnE;
}

/** Strata that are tested apart are averaged; none yet is no evidence. */
function lnMeanOf(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const highest = Math.max(...values);
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0) / values.length);
}

/** e-value of one threshold or trigger; 0 where there is no baseline to compare with. */
export function detectEvidence(probe: Probe | undefined): number {
  if (!probe) return 0;
  const frozen = eValue(probe.frozen?.stake.lnE ?? 0);
  const concurrent = lnConcurrent(probe);
  if (concurrent === undefined) return FACE_VALUE * frozen;
  return FACE_VALUE * ((1 - KEPT_FOR_FROZEN) * eValue(concurrent) + KEPT_FOR_FROZEN * frozen);
}

/**
 * e-value against "at least so much worse". Both phases speak of the same claim one after the other, so their
 * evidence multiplies. What the stages showed carries over up to the proof itself and no further, so that a
 * worsening that shows only at 100 % still undoes it.
 */
export function excludeEvidence(probe: Probe, beta: number): number {
  const lnProof = Math.log(1 / beta / FACE_VALUE) + ROUNDING;
  // The self-normalised test finds worsenings only; it never shows that one is absent.
  const stages = probe.robust ? 0 : (lnConcurrent(probe) ?? 0);
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
export function absoluteEvidence(own: RuleState, spec: MetricsSpec): number | undefined {
  if (!own.absolute && !own.absolutePoints) return undefined;
  if (baselineMissesTarget(own, spec)) return 0;
  const missed = eValue(own.absolutePoints?.candidate.lnE ?? own.absolute?.candidate.stake.lnE ?? 0);
  const met = own.absolutePoints?.baselineMeets?.maxLnE ?? own.absolute?.baselineMeets?.stake.maxLnE;
  if (met === undefined || met >= Math.log(neededFor("absolute", spec)) || isHardlyMeasured(own)) return missed;
  return Math.min(missed, detectEvidence(probeOf(own, "worse") ?? probeOf(own, "threshold")));
}

/** The question that a role stands for; undefined where the rule does not ask it. */
export function probeOf({ probes }: Pick<RuleState, "probes">, role: Exclude<Role, "exclude">): Probe | undefined {
  return probes.find((probe) => probe.role === role);
}

/** With fewer than a tenth of the candidate's requests the baseline excuses nothing. */
const LEAST_BASELINE = 0.1;

function isHardlyMeasured({ baseline, recorded, candidate, candidateFrozen }: RuleState): boolean {
  const known = sizeOf(baseline) + (recorded ? sizeOf(recorded.seen) : 0);
  return known < LEAST_BASELINE * (sizeOf(candidate) + sizeOf(candidateFrozen));
}

function sizeOf({ counts, values }: Seen): number {
  return counts.exposure > 0 ? counts.exposure : (values?.count ?? 0);
}

/** The baseline itself is outside the target, at error rate beta. */
export function baselineMissesTarget(
  { absolute, absolutePoints }: Pick<RuleState, "absolute" | "absolutePoints">,
  spec: MetricsSpec,
): boolean {
  const maxLnE = absolutePoints?.baseline.maxLnE ?? absolute?.baseline.stake.maxLnE ?? 0;
  return maxLnE >= Math.log(1 / spec.beta);
}

/** e^lnE, finite. */
export function eValue(lnE: number): number {
  return Math.exp(Math.min(lnE, LN_CAP));
}
