import { describe, expect, it } from "vitest";
import { type Counts, type NullSpec, type TwoArmState, twoArm } from "../../../mcp-server/judge/index.ts";
import { BETS } from "../../../mcp-server/judge/sequential/stake.ts";
import { binomial } from "./enumeration.ts";

/**
 * The engine's whole claim: under its null no bet expects to gain, whatever was seen before. Every alternative of every
 * configuration is enumerated exactly, over all outcomes of a poll.
 */
const base: NullSpec = {
  form: "poisson",
  side: "greater",
  c: 1,
  d: 0,
  phi: 1,
  plannedPolls: 90,
  purpose: "detect",
};
const NULLS: readonly NullSpec[] = [
  base,
  { ...base, d: 0.02 },
  { ...base, d: 0.001 },
  { ...base, c: 1.2 },
  { ...base, c: 1.1, d: 0.01 },
  { ...base, side: "less", c: 0.7 },
  { ...base, side: "less", c: 0.95 },
  { ...base, side: "less", d: 0.02, purpose: "exclude" },
  { ...base, side: "less", c: 1.2, purpose: "exclude" },
  { ...base, side: "less", c: 1.5, purpose: "ladder" },
  { ...base, form: "bernoulli" },
  { ...base, form: "bernoulli", side: "less" },
  { ...base, form: "bernoulli", side: "less", purpose: "exclude" },
  { ...base, phi: 2.5 },
];

const counts = (exposure: number, events: number): Counts => ({ exposure, events });
const PASTS: readonly (readonly (readonly [Counts, Counts])[])[] = [
  [],
  [[counts(50, 0), counts(5, 0)]],
  [[counts(50, 1), counts(10, 4)]],
  [[counts(200, 40), counts(200, 2)]],
  [
    [counts(9, 8), counts(9, 2)],
    [counts(3, 0), counts(20, 20)],
  ],
];
const BLOCKS = [
  [1, 1],
  [5, 1],
  [1, 5],
  [4, 4],
  [9, 3],
  [2, 9],
] as const;
const RATES = [0, 0.002, 0.01, 0.05, 0.12, 0.25, 0.4, 0.6, 0.8, 0.95];

/** Candidate rates on the boundary of a null and inside it. */
function ratesUnder(spec: NullSpec, rateB: number): number[] {
  const edge = spec.c * rateB + spec.d;
  const inside =
    spec.side === "greater" ? [edge, 0.9 * edge, edge / 2, 0] : [edge, edge + 0.1 * (1 - edge), (edge + 1) / 2, 1];
  return edge > 1 && spec.side === "less" ? [] : inside.filter((rate) => rate >= 0 && rate <= 1);
}

interface Outcome {
  readonly kB: number;
  readonly kC: number;
  /** What each bet is worth after this outcome, over what was put on it. */
  readonly gains: readonly number[];
}

/** Every outcome of one poll, with the gain of each bet. */
function outcomes(spec: NullSpec, before: TwoArmState, nB: number, nC: number): Outcome[] {
  const { shares } = BETS[spec.purpose];
  const wealth = ({ stake }: TwoArmState) => stake.wealth.map((one) => one * Math.exp(stake.lnScale));
  const held = wealth(before);
  const all: Outcome[] = [];
  for (let kB = 0; kB <= nB; kB += 1) {
    for (let kC = 0; kC <= nC; kC += 1) {
      const after = twoArm.step(before, counts(nB, kB), counts(nC, kC));
      const fresh = before.stake.cash - after.stake.cash;
      const gains = wealth(after).map((one, j) => one / ((held[j] ?? 0) + fresh * (shares[j] ?? 0)));
      all.push({ kB, kC, gains });
    }
  }
  return all;
}

function highestExpectation(all: readonly Outcome[], chanceB: readonly number[], chanceC: readonly number[]): number {
  const expected = new Array<number>(all[0]?.gains.length ?? 0).fill(0);
  for (const { kB, kC, gains } of all) {
    const chance = (chanceB[kB] ?? 0) * (chanceC[kC] ?? 0);
    if (chance === 0) continue;
    for (let j = 0; j < expected.length; j += 1) expected[j] = (expected[j] ?? 0) + chance * (gains[j] ?? 0);
  }
  return Math.max(...expected);
}

describe("the two-arm engine under its null", () => {
  it("expects to gain with none of more than 100,000 configurations of null, past, poll, truth and alternative", () => {
    let [checked, highest] = [0, 0];
    for (const spec of NULLS) {
      const alternatives = BETS[spec.purpose].effects.length;
      for (const past of PASTS) {
        const before = past.reduce((state, [b, c]) => twoArm.step(state, b, c), twoArm.start(spec));
        for (const [nB, nC] of BLOCKS) {
          const all = outcomes(spec, before, nB, nC);
          for (const rateB of RATES) {
            for (const rateC of ratesUnder(spec, rateB)) {
              highest = Math.max(highest, highestExpectation(all, binomial(nB, rateB), binomial(nC, rateC)));
              checked += alternatives;
            }
          }
        }
      }
    }
    expect(checked).toBeGreaterThan(100_000);
    expect(highest).toBeLessThanOrEqual(1 + 1e-9);
    // On the edge of the null the expectation is 1: the enumeration looks where it matters.
    expect(highest).toBeGreaterThan(0.999_999);
  });
});
