import { describe, expect, it } from "vitest";
import {
  asymptoticHalfWidth,
  bestRho,
  normalMixtureLnE,
  ratioInterval,
  upperLimit,
} from "../../../mcp-server/judge/index.ts";
import { betainc, lgamma, lnBeta } from "../../../mcp-server/judge/sequential/special.ts";

/**
 * Published values of other implementations: the unit tests of confseq (Howard and Ramdas, C++ and R) and the examples
 * of savvi (Lindon and Malek, Python). What the judge computes by itself is asked of it; the other mixtures are put
 * together here from its special functions.
 */
describe("normal mixtures of confseq, v_opt 100, alpha_opt .05", () => {
  it("the best rho, two-sided", () => {
    expect(Math.abs(bestRho(100, 0.05) - 12.60056)).toBeLessThan(1e-5);
  });

  it("the one-sided mixture at s = 10, v = 100, and where it reaches 1/.05", () => {
    const lnE = (s: number) => normalMixtureLnE(s, 100, bestRho(100, 2 * 0.05));
    expect(Math.abs(lnE(10) + 0.06502391)).toBeLessThan(1e-7);
    expect(Math.abs(crossing(lnE, Math.log(20)) - 27.66071)).toBeLessThan(1e-5);
  });

  it("the two-sided bound, as the half-width of the asymptotic confidence sequence", () => {
    expect(Math.abs(100 * asymptoticHalfWidth(1, 100, 0.05, 100) - 30.35209)).toBeLessThan(1e-5);
  });
});

interface Mixture {
  readonly g: number;
  readonly h: number;
  readonly r: number;
  readonly oneSided: boolean;
}

function betaBinomial(vOpt: number, g: number, h: number, oneSided: boolean): Mixture {
  const rho = bestRho(vOpt, oneSided ? 0.1 : 0.05);
  return { g, h, r: Math.max(rho - g * h, 1e-3 * g * h), oneSided };
}

/** ln of the beta mixture of likelihood ratios against success probability g / (g + h), after n draws of which k succeeded. */
function betaBinomialLnE({ g, h, r, oneSided }: Mixture, s: number, v: number): number {
  const [a, b] = [r / (h * (g + h)), r / (g * (g + h))];
  const n = v / (g * h);
  const k = (s + g * n) / (g + h);
  const p = g / (g + h);
  const above = (x: number, y: number) => (oneSided ? Math.log(1 - betainc(p, x, y)) : 0);
  const mixed = lnBeta(a + k, b + n - k) + above(a + k, b + n - k) - lnBeta(a, b) - above(a, b);
  return mixed - k * Math.log(p) - (n - k) * Math.log1p(-p);
}

/** Where an increasing function reaches a value, between 0 and 100. */
function crossing(of: (s: number) => number, value: number, from = 0, to = 100): number {
  let [low, high] = [from, to];
  for (let i = 0; i < 80; i += 1) {
    const middle = (low + high) / 2;
    if (of(middle) < value) low = middle;
    else high = middle;
  }
  return low;
}

describe("beta-binomial mixtures of confseq, g .2, h .8", () => {
  it.each([
    ["two-sided", false, -0.6941012, 31.4308],
    ["one-sided", true, -0.07134019, 28.41238],
  ])("%s: at s = 10, v = 100, and where it reaches 1/.05", (_, oneSided, lnE, bound) => {
    const mixture = betaBinomial(100, 0.2, 0.8, oneSided);
    expect(Math.abs(betaBinomialLnE(mixture, 10, 100) - lnE)).toBeLessThan(1e-5);
    const found = crossing((s) => betaBinomialLnE(mixture, s, 100), Math.log(20));
    expect(Math.abs(found - bound)).toBeLessThan(1e-4);
  });

  it.each([
    [700, 1000, 100, 0.651629, 0.745949],
    [15, 50, 50, 0.129556, 0.511896],
    [5, 50, 50, 0.013021, 0.269264],
    [1, 50, 50, 0, 0.13489],
    [1, 2, 50, 0, 1],
  ])("interval of a proportion, %d of %d, tightest after %d", (successes, trials, tOpt, lower, upper) => {
    const share = successes / trials;
    const against = (p: number) => {
      const mixture = betaBinomial(p * (1 - p) * tOpt, p, 1 - p, false);
      return betaBinomialLnE(mixture, (share - p) * trials, p * (1 - p) * trials);
    };
    const least = crossing((p) => -against(p), -Math.log(20), 1e-9, share);
    const most = crossing(against, Math.log(20), share, 1 - 1e-9);
    expect(Math.abs(least - lower)).toBeLessThan(lower === 0 ? 1e-3 : 1e-5);
    expect(Math.abs(most - upper)).toBeLessThan(upper === 1 ? 1e-3 : 1e-5);
  });

  it.each([
    [0.5, 70, 0.814704],
    [0.5, 85, 0.0838055],
    [0.5, 100, 0.0054947],
    [0.9, 55, 0.0340463],
  ])("two samples of 1000, compared at quantile %d, one %d higher: p = %d", (p, offset, expected) => {
    const mixture = betaBinomial(100 * p * (1 - p), p, 1 - p, false);
    const arm = (below: number) => betaBinomialLnE(mixture, below - 1000 * p, 1000 * p * (1 - p));
    // At a value of the higher sample: what lies below it there and in the other, with itself where that is nearer.
    const together = Array.from({ length: 1001 - offset }, (_, i) => arm(i + offset - 1) + arm(i));
    expect(Math.abs(Math.exp(-Math.min(...together)) - expected)).toBeLessThan(1e-5);
  });
});

/** ln evidence of counts against fixed shares by the Dirichlet mixture of strength 100 (Lindon and Malek). */
function dirichletLnE(shares: readonly number[], counts: readonly number[]): number {
  const lnMultiBeta = (a: readonly number[]) =>
    a.reduce((sum, one) => sum + lgamma(one), 0) - lgamma(a.reduce((sum, one) => sum + one, 0));
  const prior = shares.map((share) => 100 * share);
  const likelihood = counts.reduce((sum, count, i) => sum + count * Math.log(shares[i] ?? 1), 0);
  return lnMultiBeta(prior.map((one, i) => one + (counts[i] ?? 0))) - lnMultiBeta(prior) - likelihood;
}

describe("examples of savvi", () => {
  it("two Poisson processes with shares .8 and .2, stopped after 210 events", () => {
    expect(Math.exp(-dirichletLnE([0.8, 0.2], [148, 62]))).toBeCloseTo(0.045579631759249686, 12);
  });

  it("the same by the interval of the ratio of both rates: its lower end", () => {
    const arms = [
      { exposure: 0.8, events: 148 },
      { exposure: 0.2, events: 62 },
    ] as const;
    expect(Math.log(ratioInterval(...arms, { errorRate: 0.05 }).lower)).toBeCloseTo(0.00464625, 6);
  });

  it("a multinomial against .1, .4, .5, stopped after 402 draws", () => {
    expect(Math.exp(-dirichletLnE([0.1, 0.4, 0.5], [40, 129, 233]))).toBeCloseTo(0.04845591105969517, 12);
  });
});

it("Clopper-Pearson, 5 of 50 at .025", () => {
  expect(Math.abs(upperLimit(5, 50, 0.025) - 0.2181354)).toBeLessThan(1e-7);
});
