/**
 * The money side of a sequential test. One unit of stake is spread over alternatives (how large the effect is) and
 * over onsets (the poll at which it began); what is not bet yet lies as cash. The total is an e-process under the
 * null: whoever looks at it at any moment sees 1/alpha with probability at most alpha (Ville's inequality).
 */

/** Effect sizes h (log rate ratios) a test bets on, the share of each (all together 1), and the part of the stake that is bet at once. */
export interface Bets {
  readonly effects: readonly number[];
  readonly shares: readonly number[];
  readonly startMass: number;
}

const DETECT_SIZES = 16;
const DETECT_EFFECTS = Array.from({ length: DETECT_SIZES }, (_, j) => 0.05 * (3.5 / 0.05) ** (j / (DETECT_SIZES - 1)));
const EXCLUDE_EFFECTS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 6];
const LADDER_EFFECTS = [0.1, 0.35, 1, 2.5, 5];

/**
 * The bets by purpose. `detect` finds a worsening: 16 ratios from 1.05 to 33, most on what regressions are like (about
 * twice as bad), a quarter evenly on all, four fifths of the stake on "from the start" and the rest on later onsets;
 * chosen by measurement (docs/judge-benchmark.md). `exclude` shows that a worsening is absent: everything from the
 * start, because that must be evidence over the whole time. `ladder` is a coarse `exclude` for the many margins of an
 * upper bound.
 */
export const BETS = {
  detect: { effects: DETECT_EFFECTS, shares: sharesAround(DETECT_EFFECTS, Math.LN2, 0.7, 0.25), startMass: 0.8 },
  exclude: { effects: EXCLUDE_EFFECTS, shares: evenShares(EXCLUDE_EFFECTS), startMass: 1 },
  ladder: { effects: LADDER_EFFECTS, shares: evenShares(LADDER_EFFECTS), startMass: 1 },
} as const satisfies Record<string, Bets>;

function evenShares(effects: readonly number[]): number[] {
  return effects.map(() => 1 / effects.length);
}

/** Shares along a normal curve over ln h around `centre`, with the part `even` of them spread evenly. */
function sharesAround(effects: readonly number[], centre: number, width: number, even: number): number[] {
  const curve = effects.map((h) => Math.exp(-0.5 * (Math.log(h / centre) / width) ** 2));
  const total = curve.reduce((sum, value) => sum + value, 0);
  return curve.map((value) => ((1 - even) * value) / total + even / effects.length);
}
export type Purpose = keyof typeof BETS;

/**
 * Plain JSON. The bets on alternative j are worth `wealth[j] * e^lnScale` now: a common scale keeps numbers of any
 * size finite without a logarithm for each.
 */
export interface Stake {
  /** Polls that were bet on. */
  readonly polls: number;
  readonly cash: number;
  readonly wealth: readonly number[];
  readonly lnScale: number;
  readonly lnE: number;
  readonly maxLnE: number;
}

/** What a sequential test says: log evidence against its null now and at its highest, and the anytime-valid p-value. */
export interface SequentialReading {
  readonly lnE: number;
  readonly maxLnE: number;
  readonly anytimeP: number;
}

/** A fresh stake: evidence 1. */
export function openStake(purpose: Purpose): Stake {
  return { polls: 0, cash: 1, wealth: BETS[purpose].effects.map(() => 0), lnScale: 0, lnE: 0, maxLnE: 0 };
}

/** The scale is renewed when the highest wealth leaves 1e-100 to 1e100; what then vanishes had no say any more. */
const SCALE_BOUND = 1e100;

/** Smaller wealth is nothing; numbers near the end of the range of doubles are also slow to reckon with. */
const VANISHED = 1e-290;

/** Ratios beyond this size go through the scale, so that their exponential stays finite. */
const LARGE_LN_RATIO = 200;

/**
 * Bets on one poll. `lnRatios[j]` is the log likelihood ratio of the poll under alternative j, already divided by
 * the dispersion. Polls that carry no information must not be passed: they would use up onset mass.
 */
export function bet(stake: Stake, purpose: Purpose, plannedPolls: number, lnRatios: readonly number[]): Stake {
  const polls = stake.polls + 1;
  const mass = onsetMass(BETS[purpose].startMass, plannedPolls, polls);
  const cash = Math.max(0, stake.cash - mass);
  // Next to fresh money, bets that are worth next to nothing need no scale of their own.
  const kept = mass > 0 && stake.lnScale < 0 ? Math.exp(stake.lnScale) : 1;
  let lnScale = kept === 1 ? stake.lnScale : 0;
  const added = mass > 0 ? mass * Math.exp(-lnScale) : 0;
  const { shares } = BETS[purpose];
  const shift = shiftFor(lnRatios);
  lnScale += shift;
  const wealth = new Array<number>(lnRatios.length);
  let highest = 0;
  for (let j = 0; j < lnRatios.length; j++) {
    const value = ((stake.wealth[j] ?? 0) * kept + added * (shares[j] ?? 0)) * Math.exp((lnRatios[j] ?? 0) - shift);
    wealth[j] = value < VANISHED ? 0 : value;
    if (value > highest) highest = value;
  }
  if (highest > SCALE_BOUND || (highest < 1 / SCALE_BOUND && highest > 0)) {
    for (let j = 0; j < wealth.length; j++) wealth[j] = (wealth[j] ?? 0) / highest;
    lnScale += Math.log(highest);
  }
  const lnE = lnTotal(cash, wealth, lnScale);
  return { polls, cash, wealth, lnScale, lnE, maxLnE: Math.max(stake.maxLnE, lnE) };
}

function shiftFor(lnRatios: readonly number[]): number {
  let [lowest, highest] = [0, 0];
  for (const value of lnRatios) {
    if (value > highest) highest = value;
    else if (value < lowest) lowest = value;
  }
  if (highest > LARGE_LN_RATIO) return highest;
  return lowest < -LARGE_LN_RATIO ? Math.max(...lnRatios) : 0;
}

/** ln(cash + e^lnScale * sum of wealth), whichever of the two is the larger. */
function lnTotal(cash: number, wealth: readonly number[], lnScale: number): number {
  let sum = 0;
  for (const value of wealth) sum += value;
  const lnBets = sum > 0 ? lnScale + Math.log(sum) : LN_NOTHING;
  const lnCash = cash > 0 ? Math.log(cash) : LN_NOTHING;
  const [high, low] = lnBets > lnCash ? [lnBets, lnCash] : [lnCash, lnBets];
  return high + Math.log1p(Math.exp(low - high));
}

/** ln 0 as a finite number, because plain JSON has no infinities. */
const LN_NOTHING = -1e300;

/** Reads a stake. */
export function readStake(stake: Stake): SequentialReading {
  return { lnE: stake.lnE, maxLnE: stake.maxLnE, anytimeP: Math.min(1, Math.exp(-stake.maxLnE)) };
}

function onsetMass(startMass: number, plannedPolls: number, poll: number): number {
  if (poll === 1) return startMass;
  return poll <= plannedPolls ? (1 - startMass) / (plannedPolls - 1) : 0;
}
