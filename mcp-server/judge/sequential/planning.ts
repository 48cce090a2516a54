import { projectOnLine } from "./two-arm.ts";

/** Two arms as a plan expects them: opportunities per second of each and the rates of events among them. */
export interface ExpectedArms {
  readonly baseline: { readonly perSecond: number; readonly rate: number };
  readonly candidate: { readonly perSecond: number; readonly rate: number };
}

/** What is to be refuted: the margin line rateC = c * rateB + d. */
export interface MarginLine {
  readonly c: number;
  readonly d: number;
}

/**
 * Log evidence per second against a margin line when the rates are as expected: the Kullback-Leibler distance of the
 * truth from the line, exposure-weighted.
 */
export function evidencePerSecond({ baseline, candidate }: ExpectedArms, { c, d }: MarginLine): number {
  const a = projectOnLine(baseline.rate, candidate.rate, baseline.perSecond, candidate.perSecond, c, d);
  const b = c * a + d;
  return baseline.perSecond * distance(baseline.rate, a) + candidate.perSecond * distance(candidate.rate, b);
}

function distance(rate: number, line: number): number {
  if (line <= 0) return rate > 0 ? Number.POSITIVE_INFINITY : 0;
  return line - rate + (rate > 0 ? rate * Math.log(rate / line) : 0);
}

/** Log evidence that the mixtures and the onset cost on the way, as measured in the benchmark. */
const MIXTURE_COST = 2;

/**
 * Seconds until evidence 1 / `errorRate` is to be expected: (ln(1/errorRate) + 2) * phi / evidence per second. The
 * time to detect with the limit of a FAIL and alpha, the time to PASS with its margin and beta. `lnE` is what there is
 * already. Infinite where the truth lies on the line. An orientation; nothing is decided by it.
 */
export function secondsToDecide(
  arms: ExpectedArms,
  line: MarginLine,
  o: { errorRate: number; phi: number; lnE?: number },
): number {
  const missing = Math.max(0, Math.log(1 / o.errorRate) + MIXTURE_COST - (o.lnE ?? 0));
  const perSecond = evidencePerSecond(arms, line);
  return perSecond > 1e-12 ? (missing * o.phi) / perSecond : Number.POSITIVE_INFINITY;
}

/** Whether waiting for a proof is in vain at this traffic, and how long it would take. */
export interface Futility {
  readonly neededSeconds: number;
  readonly isFutile: boolean;
  /** Probe requests per second on the candidate that would make it in the time that is left; absent when not futile or not possible. */
  readonly probeRps?: number;
}

/**
 * Projects the time to PASS for a version that is exactly as good as the baseline. `line` is the margin to be
 * excluded, `remainingSeconds` what the plan still has. The remedy is probe traffic on both arms.
 */
export function futility(
  arms: ExpectedArms,
  line: MarginLine,
  o: { beta: number; phi: number; remainingSeconds: number; lnE?: number },
): Futility {
  const { remainingSeconds } = o;
  const needed = { errorRate: o.beta, phi: o.phi, ...(o.lnE === undefined ? {} : { lnE: o.lnE }) };
  const neededSeconds = secondsToDecide(arms, line, needed);
  if (neededSeconds <= remainingSeconds) return { neededSeconds, isFutile: false };
  const probeRps = probesNeeded(arms, line, needed, remainingSeconds);
  return { neededSeconds, isFutile: true, ...(probeRps === undefined ? {} : { probeRps }) };
}

/** No probe sends more than this. */
const MOST_PROBES_RPS = 1000;

function probesNeeded(
  { baseline, candidate }: ExpectedArms,
  line: MarginLine,
  needed: { errorRate: number; phi: number; lnE?: number },
  remainingSeconds: number,
): number | undefined {
  const with_ = (rps: number): ExpectedArms => ({
    baseline: { ...baseline, perSecond: baseline.perSecond + rps },
    candidate: { ...candidate, perSecond: candidate.perSecond + rps },
  });
  const suffices = (rps: number) => secondsToDecide(with_(rps), line, needed) <= remainingSeconds;
  if (remainingSeconds <= 0 || !suffices(MOST_PROBES_RPS)) return undefined;
  let [low, high] = [0, MOST_PROBES_RPS];
  for (let i = 0; i < 40; i += 1) {
    const middle = (low + high) / 2;
    if (suffices(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Exposure of both arms for throughput: completed requests are counted over share x seconds, so that an arm that
 * completes as much per share as the other has the same rate. Count completions, never arrivals: a router sends
 * arrivals whatever the health. `sharePct` is the candidate's measured share of the traffic, not the configured one.
 */
export function shareExposure(sharePct: number, seconds: number): { baseline: number; candidate: number } {
  const share = Math.min(1, Math.max(0, sharePct / 100));
  return { baseline: (1 - share) * seconds, candidate: share * seconds };
}
