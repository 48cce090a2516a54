import type { Counts } from "../../../mcp-server/judge/index.ts";

/** Binomial probabilities of 0..n events. */
export function binomial(n: number, rate: number): number[] {
  const out = new Array<number>(n + 1).fill(0);
  let choose = 1;
  for (let k = 0; k <= n; k++) {
    out[k] = choose * rate ** k * (1 - rate) ** (n - k);
    choose = (choose * (n - k)) / (k + 1);
  }
  return out;
}

/** Exact expectation of a function of both arms' events in one poll. */
export function expectation(
  o: { nB: number; nC: number; rateB: number; rateC: number },
  value: (baseline: Counts, candidate: Counts) => number,
): number {
  const [chanceB, chanceC] = [binomial(o.nB, o.rateB), binomial(o.nC, o.rateC)];
  let sum = 0;
  for (let kB = 0; kB <= o.nB; kB++) {
    for (let kC = 0; kC <= o.nC; kC++) {
      const chance = (chanceB[kB] ?? 0) * (chanceC[kC] ?? 0);
      if (chance > 0) sum += chance * value({ exposure: o.nB, events: kB }, { exposure: o.nC, events: kC });
    }
  }
  return sum;
}
