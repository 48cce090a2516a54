import { bestRho, normalMixtureLnE } from "./self-normalised.ts";
import { betainc, lnBeta } from "./special.ts";

/**
 * Tests for sources that give one value per window and arm and no counts. Each window brings one difference: positive
 * where the candidate is worse than the limit. Windows must be independent; for a quantile both arms must be of about
 * the same size, since the quantile of a small sample lies lower.
 */
export interface PointsState {
  readonly windows: number;
  /** Windows in which the candidate was worse than the limit, and exactly at it. */
  readonly worse: number;
  readonly ties: number;
  readonly sum: number;
  readonly squares: number;
  readonly lnE: number;
  readonly maxLnE: number;
}

/** Windows before the sign of a difference, and its size, say anything. */
export const MIN_SIGN_WINDOWS = 7;
export const MIN_MEAN_WINDOWS = 10;
/** Windows after which the asymptotic part is fastest. */
const BEST_AFTER_WINDOWS = 15;

/** Sequential tests on differences of aggregate points. */
export const aggregatePoints = {
  /** A fresh test. */
  start: (): PointsState => ({ windows: 0, worse: 0, ties: 0, sum: 0, squares: 0, lnE: 0, maxLnE: 0 }),
  /** One window's difference; what is not finite is no window. */
  step(state: PointsState, difference: number): PointsState {
    if (!Number.isFinite(difference)) return state;
    const next = {
      windows: state.windows + 1,
      worse: state.worse + (difference > 0 ? 1 : 0),
      ties: state.ties + (difference === 0 ? 1 : 0),
      sum: state.sum + difference,
      squares: state.squares + difference ** 2,
    };
    const lnE = pointsLnE(next);
    return { ...next, lnE, maxLnE: Math.max(state.maxLnE, lnE) };
  },
};

/** The mean of the sign test's evidence, which is exact, and of the asymptotic one, which uses sizes. */
function pointsLnE(state: Omit<PointsState, "lnE" | "maxLnE">): number {
  const sign = signLnE(state.worse, state.windows - state.worse);
  const mean = asymptoticLnE(state);
  const high = Math.max(sign, mean);
  return high + Math.log((Math.exp(sign - high) + Math.exp(mean - high)) / 2);
}

/**
 * Sign e-process: ln evidence against "worse in at most half of the windows" after `worse` and `notWorse` windows, a
 * uniform mixture over probabilities above one half. 0 before {@link MIN_SIGN_WINDOWS}.
 */
export function signLnE(worse: number, notWorse: number): number {
  const windows = worse + notWorse;
  if (windows < MIN_SIGN_WINDOWS) return 0;
  const [a, b] = [worse + 1, notWorse + 1];
  const tail = betainc(0.5, b, a);
  return Math.log(2) + Math.log(Math.max(tail, Number.MIN_VALUE)) + lnBeta(a, b) + windows * Math.log(2);
}

/** One-sided asymptotic evidence against "mean difference at most 0"; 0 before {@link MIN_MEAN_WINDOWS}. */
function asymptoticLnE({ windows, sum, squares }: Pick<PointsState, "windows" | "sum" | "squares">): number {
  if (windows < MIN_MEAN_WINDOWS) return 0;
  // A small floor: identical windows are no infinite precision.
  const variance = Math.max(squares / windows - (sum / windows) ** 2, (1e-6 * squares) / windows);
  if (!(variance > 0)) return 0;
  return normalMixtureLnE(sum / Math.sqrt(variance), windows, bestRho(BEST_AFTER_WINDOWS, 0.02));
}

/**
 * Half-width of the asymptotic confidence sequence of a mean (Waudby-Smith et al., as in GrowthBook), two-sided at
 * `alpha`: `standardDeviation` of one observation after `n` of them, tightest near `bestAfter`.
 */
export function asymptoticHalfWidth(standardDeviation: number, n: number, alpha: number, bestAfter: number): number {
  if (n <= 0) return Number.POSITIVE_INFINITY;
  const lnSquare = -2 * Math.log(alpha);
  const rho = Math.sqrt((lnSquare + Math.log(lnSquare + 1)) / bestAfter);
  const grown = n * rho * rho + 1;
  return standardDeviation * Math.sqrt((2 * grown * Math.log(Math.sqrt(grown) / alpha)) / (n * rho) ** 2);
}

/** Interval for the mean difference at `1 - alpha`, or undefined before {@link MIN_MEAN_WINDOWS}. */
export function meanInterval(state: PointsState, alpha: number): { lower: number; upper: number } | undefined {
  const { windows, sum, squares } = state;
  if (windows < MIN_MEAN_WINDOWS) return undefined;
  const mean = sum / windows;
  const deviation = Math.sqrt(Math.max(0, squares / windows - mean ** 2));
  const half = asymptoticHalfWidth(deviation, windows, alpha, BEST_AFTER_WINDOWS);
  return { lower: mean - half, upper: mean + half };
}
