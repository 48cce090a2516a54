import { addCounts, type Counts, checkCounts, NO_COUNTS } from "./counts.ts";
import { lnBeta } from "./special.ts";
import { affineLnRatio } from "./two-arm.ts";

/** Where the truth lies at the stated error rates, at every poll at once; a bound is absent while nothing is excluded on its side. */
export interface Bounds {
  readonly lower?: number;
  readonly upper?: number;
}

/** Number of nulls that an interval is made of. */
export const INTERVAL_POINTS = 64;

const RATIOS = Array.from({ length: INTERVAL_POINTS }, (_, i) => 0.2 * 25 ** (i / (INTERVAL_POINTS - 1)));

/** Plain JSON. Bounds are indices into the grid of ratios 0.2 to 5 and only ever tighten. */
export interface RatioState {
  /** Log likelihood of each ratio given both arms' totals per poll; the level cancels. */
  readonly lnLikelihood: readonly number[];
  readonly lowerIndex: number;
  readonly upperIndex: number;
  readonly lnNeeded: number;
}

/**
 * Confidence sequence for the ratio of both arms' rates. Each of 64 ratios is a null; against it stands the mixture
 * of all larger (or smaller) ones, so a rejected null also rejects everything beyond it. Shares may change from poll
 * to poll. `errorRate` is per side.
 */
export const ratioSequence = {
  start: (errorRate: number): RatioState => ({
    lnLikelihood: RATIOS.map(() => 0),
    lowerIndex: -1,
    upperIndex: INTERVAL_POINTS,
    lnNeeded: Math.log(1 / errorRate),
  }),
  /** One poll; `phi` is the dispersion known before it. Throws FlowError `damaged` on impossible counts. */
  step(state: RatioState, baseline: Counts, candidate: Counts, phi = 1): RatioState {
    checkCounts(baseline, "the baseline arm", { eventsWithinExposure: false });
    checkCounts(candidate, "the candidate arm", { eventsWithinExposure: false });
    if (baseline.exposure <= 0 || candidate.exposure <= 0) return state;
    const lnLikelihood = new Array<number>(INTERVAL_POINTS);
    const odds = candidate.exposure / baseline.exposure;
    const total = (baseline.events + candidate.events) / phi;
    const own = candidate.events / phi;
    for (let g = 0; g < INTERVAL_POINTS; g += 1) {
      const ratio = RATIOS[g] ?? 1;
      // k_C ln(r o / (1 + r o)) + k_B ln(1 / (1 + r o)), with what does not depend on r left out.
      lnLikelihood[g] = (state.lnLikelihood[g] ?? 0) + own * Math.log(ratio) - total * Math.log1p(ratio * odds);
    }
    return tighten({ ...state, lnLikelihood });
  },
  /** The interval now, as ratios of rates. */
  read: ({ lowerIndex, upperIndex }: RatioState): Bounds => boundsAt(RATIOS, lowerIndex, upperIndex),
};

function tighten(state: RatioState): RatioState {
  const { lnLikelihood, lnNeeded } = state;
  let { lowerIndex, upperIndex } = state;
  while (
    lowerIndex < INTERVAL_POINTS - 2 &&
    lnMean(lnLikelihood, lowerIndex + 2, INTERVAL_POINTS, lowerIndex + 1) >= lnNeeded
  )
    lowerIndex += 1;
  while (upperIndex > 1 && lnMean(lnLikelihood, 0, upperIndex - 1, upperIndex - 1) >= lnNeeded) upperIndex -= 1;
  return { ...state, lowerIndex, upperIndex };
}

/** ln of the mean likelihood ratio of the alternatives `from` (inclusive) to `to` (exclusive) over the null `at`. */
function lnMean(lnLikelihood: readonly number[], from: number, to: number, at: number): number {
  const base = lnLikelihood[at] ?? 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let g = from; g < to; g += 1) highest = Math.max(highest, lnLikelihood[g] ?? 0);
  let sum = 0;
  for (let g = from; g < to; g += 1) sum += Math.exp((lnLikelihood[g] ?? 0) - highest);
  return highest - base + Math.log(sum / (to - from));
}

function boundsAt(grid: readonly number[], lowerIndex: number, upperIndex: number): Bounds {
  const [lower, upper] = [grid[lowerIndex], grid[upperIndex]];
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) };
}

/** Differences of rates: 0, and 31 sizes on either side from 0.00005 (0.005 pp) to 0.5 (50 pp). */
const DIFFERENCES = differences();

function differences(): number[] {
  const sizes = Array.from({ length: 31 }, (_, i) => 5e-5 * 10_000 ** (i / 30));
  return [...sizes.map((size) => -size).reverse(), 0, ...sizes, 0.75];
}

/** Effects that each null is tested with. */
const EFFECTS = [0.1, 0.35, 1, 2.5].map((h) => [Math.exp(h), Math.exp(-h)] as const);

/** Plain JSON. */
export interface DifferenceState {
  readonly baseline: Counts;
  readonly candidate: Counts;
  /** Log wealth per null and effect, of "greater" and "less". */
  readonly greater: readonly number[];
  readonly less: readonly number[];
  readonly lowerIndex: number;
  readonly upperIndex: number;
  readonly lnNeeded: number;
}

/**
 * Confidence sequence for the difference of both arms' rates (candidate minus baseline), by inverting the two-arm
 * test at 64 differences. `errorRate` is per side.
 */
export const differenceSequence = {
  start: (errorRate: number): DifferenceState => ({
    baseline: NO_COUNTS,
    candidate: NO_COUNTS,
    greater: new Array<number>(DIFFERENCES.length * EFFECTS.length).fill(0),
    less: new Array<number>(DIFFERENCES.length * EFFECTS.length).fill(0),
    lowerIndex: -1,
    upperIndex: DIFFERENCES.length,
    lnNeeded: Math.log(1 / errorRate),
  }),
  /** One poll; `phi` is the dispersion known before it. Throws FlowError `damaged` on impossible counts. */
  step(state: DifferenceState, baseline: Counts, candidate: Counts, phi = 1): DifferenceState {
    checkCounts(baseline, "the baseline arm", { eventsWithinExposure: false });
    checkCounts(candidate, "the candidate arm", { eventsWithinExposure: false });
    if (baseline.exposure <= 0 || candidate.exposure <= 0) return state;
    const greater = state.greater.slice();
    const less = state.less.slice();
    const rateB = rateOf(state.baseline);
    const rateC = rateOf(state.candidate);
    for (let g = 0; g < DIFFERENCES.length; g += 1) {
      const difference = DIFFERENCES[g] ?? 0;
      // rateC <= rateB - d says the same as rateB >= rateC + d.
      const swapped = difference < 0;
      const [level, x, y] = swapped ? [rateC, candidate, baseline] : [rateB, baseline, candidate];
      const d = Math.abs(difference);
      for (let j = 0; j < EFFECTS.length; j += 1) {
        const at = g * EFFECTS.length + j;
        const [up, down] = EFFECTS[j] ?? [1, 1];
        const above = affineLnRatio(level, (level + d) * up, x, y, 1, d) / phi;
        const below = affineLnRatio(level, (level + d) * down, x, y, 1, d) / phi;
        greater[at] = (greater[at] ?? 0) + (swapped ? below : above);
        less[at] = (less[at] ?? 0) + (swapped ? above : below);
      }
    }
    return tightenDifference({
      ...state,
      baseline: addCounts(state.baseline, baseline),
      candidate: addCounts(state.candidate, candidate),
      greater,
      less,
    });
  },
  /** The interval now, as a difference of rates (0.01 is one percentage point). */
  read: ({ lowerIndex, upperIndex }: DifferenceState): Bounds => boundsAt(DIFFERENCES, lowerIndex, upperIndex),
};

function rateOf({ exposure, events }: Counts): number {
  return (events + 0.01) / (exposure + 1);
}

function tightenDifference(state: DifferenceState): DifferenceState {
  let { lowerIndex, upperIndex } = state;
  while (lowerIndex < DIFFERENCES.length - 1 && lnWealth(state.greater, lowerIndex + 1) >= state.lnNeeded)
    lowerIndex += 1;
  while (upperIndex > 0 && lnWealth(state.less, upperIndex - 1) >= state.lnNeeded) upperIndex -= 1;
  return { ...state, lowerIndex, upperIndex };
}

function lnWealth(wealth: readonly number[], g: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < EFFECTS.length; j += 1) highest = Math.max(highest, wealth[g * EFFECTS.length + j] ?? 0);
  let sum = 0;
  for (let j = 0; j < EFFECTS.length; j += 1) sum += Math.exp((wealth[g * EFFECTS.length + j] ?? 0) - highest);
  return highest + Math.log(sum / EFFECTS.length);
}

/**
 * Interval for the ratio of rates from totals alone, valid where the candidate's share of the exposure was the same
 * all the time: the beta mixture {theta: ln B(a + kC, b + kB) - ln B(a, b) - kC ln theta - kB ln(1 - theta) <=
 * ln(1/errorRate)} with (a, b) = strength * (share, 1 - share), turned from shares of events into ratios of rates.
 */
export function ratioInterval(
  baseline: Counts,
  candidate: Counts,
  o: { errorRate: number; strength?: number },
): { lower: number; upper: number } {
  const share = candidate.exposure / (baseline.exposure + candidate.exposure);
  const strength = o.strength ?? 100;
  const [a, b] = [strength * share, strength * (1 - share)];
  const [kB, kC] = [baseline.events, candidate.events];
  const mixture = lnBeta(a + kC, b + kB) - lnBeta(a, b);
  const inside = (theta: number) =>
    mixture - (kC > 0 ? kC * Math.log(theta) : 0) - (kB > 0 ? kB * Math.log1p(-theta) : 0) <= Math.log(1 / o.errorRate);
  const best = kB + kC > 0 ? kC / (kB + kC) : share;
  const ratio = (theta: number) => (theta / (1 - theta)) * ((1 - share) / share);
  return { lower: ratio(edge(inside, best, 0)), upper: ratio(edge(inside, best, 1)) };
}

/** Where a set that contains `from` ends on the way to `to`. */
function edge(inside: (x: number) => boolean, from: number, to: number): number {
  if (inside(to)) return to;
  let [near, far] = [from, to];
  for (let i = 0; i < 100; i += 1) {
    const middle = (near + far) / 2;
    if (inside(middle)) near = middle;
    else far = middle;
  }
  return near;
}
