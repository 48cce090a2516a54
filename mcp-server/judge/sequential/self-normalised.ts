import { addCounts, type Counts, checkCounts, NO_COUNTS } from "./counts.ts";
import { lnNormalCdf } from "./special.ts";
import type { SequentialReading } from "./stake.ts";

/**
 * Null of the self-normalised test, as in the two-arm test. It can only find a worsening; that one is absent it
 * cannot show.
 */
export interface SelfNormalisedSpec {
  readonly side: "greater" | "less";
  readonly c: number;
  readonly d: number;
  /** At least three times as long as what happens in one arm stays correlated. */
  readonly windowSeconds: number;
  /** Error rate at which the test is tuned to be fastest; valid at any. */
  readonly alpha: number;
}

/** Plain JSON. */
export interface SelfNormalisedState {
  readonly spec: SelfNormalisedSpec;
  readonly open: { readonly seconds: number; readonly baseline: Counts; readonly candidate: Counts };
  /** Baseline before the open window: its rate scales the deviations where d > 0. */
  readonly past: Counts;
  readonly windows: number;
  /** Windows that could not be used: too much exposure on the candidate. */
  readonly refused: number;
  readonly sum: number;
  readonly squares: number;
  readonly lnE: number;
  readonly maxLnE: number;
}

/** Windows after which the test is fastest. */
const BEST_AFTER_WINDOWS = 15;
/** The standard window, seconds. */
export const SELF_NORMALISED_WINDOW_SECONDS = 60;

/**
 * Sequential test without a model of the variance, for metrics whose dispersion is not known: per window one
 * standardised deviation of the candidate, merged by a one-sided normal mixture that is normalised by the squares
 * actually seen. Clusters of any size and heavy tails are allowed; needed is that a deviation is symmetric or
 * right-skewed around a mean of at most 0 under the null. That fails where the candidate has more than half of the
 * (c-weighted) exposure, so such windows are refused. Growth is at most 1/2 per window.
 */
export const selfNormalised = {
  /** A fresh test. */
  start(spec: SelfNormalisedSpec): SelfNormalisedState {
    return {
      spec,
      open: { seconds: 0, baseline: NO_COUNTS, candidate: NO_COUNTS },
      past: NO_COUNTS,
      windows: 0,
      refused: 0,
      sum: 0,
      squares: 0,
      lnE: 0,
      maxLnE: 0,
    };
  },
  /** One poll of both arms. Throws FlowError `damaged` on impossible counts. */
  step(state: SelfNormalisedState, baseline: Counts, candidate: Counts, pollSeconds: number): SelfNormalisedState {
    checkCounts(baseline, "the baseline arm", { eventsWithinExposure: false });
    checkCounts(candidate, "the candidate arm", { eventsWithinExposure: false });
    if (!(pollSeconds > 0) || !Number.isFinite(pollSeconds)) return state;
    const open = {
      seconds: state.open.seconds + pollSeconds,
      baseline: addCounts(state.open.baseline, baseline),
      candidate: addCounts(state.open.candidate, candidate),
    };
    return open.seconds < state.spec.windowSeconds * 0.98 ? { ...state, open } : closeWindow({ ...state, open });
  },
  /** Evidence against the null; a FAIL at 1/alpha, never a PASS. */
  read: ({ lnE, maxLnE }: SelfNormalisedState): SequentialReading => ({
    lnE,
    maxLnE,
    anytimeP: Math.min(1, Math.exp(-maxLnE)),
  }),
};

function closeWindow(state: SelfNormalisedState): SelfNormalisedState {
  const { baseline, candidate } = state.open;
  const next = {
    ...state,
    open: { seconds: 0, baseline: NO_COUNTS, candidate: NO_COUNTS },
    past: addCounts(state.past, baseline),
  };
  if (baseline.exposure <= 0 || candidate.exposure <= 0) return next;
  if (!isUsable(state.spec, baseline, candidate)) return { ...next, refused: state.refused + 1 };
  const deviation = deviationOf(state.spec, state.past, baseline, candidate);
  if (deviation === undefined) return next;
  const sum = state.sum + deviation;
  const squares = state.squares + deviation ** 2;
  const lnE = normalMixtureLnE(sum, squares, bestRho(BEST_AFTER_WINDOWS, 2 * state.spec.alpha));
  return { ...next, windows: state.windows + 1, sum, squares, lnE, maxLnE: Math.max(state.maxLnE, lnE) };
}

/** Events per window from which the deviation of a drop is as good as symmetric. */
const SYMMETRIC_VARIANCE = 25;

/** The validity limits: right-skewed or symmetric deviations, with no more exposure on the candidate than on the baseline. */
function isUsable({ side, c }: SelfNormalisedSpec, baseline: Counts, candidate: Counts): boolean {
  if (candidate.exposure > baseline.exposure) return false;
  const share = (c * candidate.exposure) / (c * candidate.exposure + baseline.exposure);
  if (side === "greater") return share <= 0.5;
  return (baseline.events + candidate.events) * share * (1 - share) >= SYMMETRIC_VARIANCE;
}

function deviationOf(
  { side, c, d }: SelfNormalisedSpec,
  past: Counts,
  { exposure: nB, events: kB }: Counts,
  { exposure: nC, events: kC }: Counts,
): number | undefined {
  const sign = side === "greater" ? 1 : -1;
  if (d === 0) {
    const total = kB + kC;
    const share = (c * nC) / (c * nC + nB);
    const variance = total * share * (1 - share);
    return variance > 0 ? (sign * (kC - total * share)) / Math.sqrt(variance) : undefined;
  }
  const rate = (past.events + 0.5) / (past.exposure + 1);
  const variance = nC * (c * rate + d) + ((nC * nC) / nB) * c * c * rate;
  return (sign * (kC - nC * ((c * kB) / nB + d))) / Math.sqrt(variance);
}

/** ln of the one-sided normal mixture at a sum of deviations with intrinsic time `v`. */
export function normalMixtureLnE(sum: number, v: number, rho: number): number {
  const total = v + rho;
  return 0.5 * Math.log((4 * rho) / total) + (sum * sum) / (2 * total) + lnNormalCdf(sum / Math.sqrt(total));
}

/** Mixture precision that is best at intrinsic time `v` and error rate `alpha`, two-sided; one-sided take 2 alpha (Howard et al.). */
export function bestRho(v: number, alpha: number): number {
  const lnInverse = 2 * Math.log(1 / alpha);
  return v / (lnInverse + Math.log(1 + lnInverse));
}
