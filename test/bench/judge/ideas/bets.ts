/** How an idea bets: effects h (log rate ratios), the share of the stake on each, and the part bet from the start. */
export interface BetPlan {
  readonly effects: readonly number[];
  readonly weights: readonly number[];
  readonly startMass: number;
}

/** `count` effects from `low` to `high`, evenly spaced on a logarithmic scale. */
export function spaced(low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, j) => low * (high / low) ** (j / (count - 1)));
}

/** The same share for each. */
export function evenly(effects: readonly number[]): number[] {
  return effects.map(() => 1 / effects.length);
}

/** Shares that follow a normal curve over ln h. */
export function around(effects: readonly number[], centre: number, width: number): number[] {
  const raw = effects.map((h) => Math.exp(-0.5 * (Math.log(h / centre) / width) ** 2));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((value) => value / sum);
}

/** Log money of a bet plan: what lies in cash and what each effect's bets are worth. */
export function openPurse(plan: BetPlan, plannedPolls: number) {
  const lnWorth = plan.effects.map(() => Number.NEGATIVE_INFINITY);
  let cash = 1;
  let polls = 0;
  return (lnRatios: readonly number[]): number => {
    polls += 1;
    const mass = polls === 1 ? plan.startMass : polls <= plannedPolls ? (1 - plan.startMass) / (plannedPolls - 1) : 0;
    cash -= mass;
    let lnE = cash > 0 ? Math.log(cash) : Number.NEGATIVE_INFINITY;
    for (let j = 0; j < lnWorth.length; j += 1) {
      const fresh = mass > 0 ? Math.log(mass * (plan.weights[j] ?? 0)) : Number.NEGATIVE_INFINITY;
      const worth = lnAdd(lnWorth[j] ?? Number.NEGATIVE_INFINITY, fresh) + (lnRatios[j] ?? 0);
      lnWorth[j] = worth;
      lnE = lnAdd(lnE, worth);
    }
    return lnE;
  };
}

/** ln(e^a + e^b). */
export function lnAdd(a: number, b: number): number {
  const [high, low] = a > b ? [a, b] : [b, a];
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}

/** Weights of which the part `even` is spread evenly. */
export function mixed(weights: readonly number[], even: number): number[] {
  return weights.map((weight) => (1 - even) * weight + even / weights.length);
}
