/**
 * The money side of a sequential test. One unit of stake is spread over alternatives (how large the effect is) and
 * over onsets (the poll at which it began); what is not bet yet lies as cash. The total is an e-process under the
 * null: whoever looks at it at any moment sees 1/alpha with probability at most alpha (Ville's inequality).
 */

/** ln 0 as a finite number: plain JSON has no infinities, and adding to it changes nothing. */
export const LN_ZERO = -1e300;

/** Effect sizes h (log rate ratios) a test bets on, and the share of the stake that is bet at once. */
export interface Bets {
  readonly effects: readonly number[];
  readonly startMass: number;
}

const DETECT_SIZES = 16;

/**
 * The bets by purpose. `detect` finds a worsening: 16 ratios from 1.05 to 33, half of the stake on "from the start",
 * the rest spread over later onsets. `exclude` shows that a worsening is absent: everything from the start, because
 * that must be evidence over the whole time. `ladder` is a coarse `exclude` for the many margins of an upper bound.
 */
export const BETS = {
  detect: {
    effects: Array.from({ length: DETECT_SIZES }, (_, j) => 0.05 * (3.5 / 0.05) ** (j / (DETECT_SIZES - 1))),
    startMass: 0.5,
  },
  exclude: { effects: [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 6], startMass: 1 },
  ladder: { effects: [0.1, 0.35, 1, 2.5, 5], startMass: 1 },
} as const satisfies Record<string, Bets>;
export type Purpose = keyof typeof BETS;

/** Plain JSON. `lnWealth[j]` is the log of what the bets on alternative j are worth now. */
export interface Stake {
  /** Polls that were bet on. */
  readonly polls: number;
  readonly cash: number;
  readonly lnWealth: readonly number[];
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
  return { polls: 0, cash: 1, lnWealth: BETS[purpose].effects.map(() => LN_ZERO), lnE: 0, maxLnE: 0 };
}

/**
 * Bets on one poll. `lnRatios[j]` is the log likelihood ratio of the poll under alternative j, already divided by
 * the dispersion. Polls that carry no information must not be passed: they would use up onset mass.
 */
export function bet(stake: Stake, purpose: Purpose, plannedPolls: number, lnRatios: readonly number[]): Stake {
  const polls = stake.polls + 1;
  const mass = onsetMass(BETS[purpose].startMass, plannedPolls, polls);
  const cash = Math.max(0, stake.cash - mass);
  const lnNew = mass > 0 ? Math.log(mass / lnRatios.length) : LN_ZERO;
  const lnWealth = new Array<number>(lnRatios.length);
  let highest = cash > 0 ? Math.log(cash) : LN_ZERO;
  for (let j = 0; j < lnRatios.length; j++) {
    const held = stake.lnWealth[j] ?? LN_ZERO;
    const value = (mass > 0 ? logAddExp(held, lnNew) : held) + (lnRatios[j] ?? 0);
    lnWealth[j] = value;
    if (value > highest) highest = value;
  }
  let sum = cash * Math.exp(-highest);
  for (let j = 0; j < lnWealth.length; j++) sum += Math.exp((lnWealth[j] ?? LN_ZERO) - highest);
  const lnE = highest + Math.log(sum);
  return { polls, cash, lnWealth, lnE, maxLnE: Math.max(stake.maxLnE, lnE) };
}

/** Reads a stake. */
export function readStake(stake: Stake): SequentialReading {
  return { lnE: stake.lnE, maxLnE: stake.maxLnE, anytimeP: Math.min(1, Math.exp(-stake.maxLnE)) };
}

function onsetMass(startMass: number, plannedPolls: number, poll: number): number {
  if (poll === 1) return startMass;
  return poll <= plannedPolls ? (1 - startMass) / (plannedPolls - 1) : 0;
}

/** ln(e^x + e^y) without overflow. */
export function logAddExp(x: number, y: number): number {
  return x > y ? x + Math.log1p(Math.exp(y - x)) : y + Math.log1p(Math.exp(x - y));
}
