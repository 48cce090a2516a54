import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { betainc, betaQuantile, lgamma, lowerLimit, upperLimit } from "../../../mcp-server/judge/sequential/special.ts";

describe("lgamma", () => {
  it.each([
    [1, 0],
    [2, 0],
    [0.5, Math.log(Math.PI) / 2],
    [10, Math.log(362_880)],
    [0.1, 2.2527126517342055],
    [100.5, 361.4355404678],
  ])("of %d is %d", (x, expected) => {
    expect(lgamma(x)).toBeCloseTo(expected, 9);
  });

  it("obeys the recurrence ln Gamma(x+1) = ln x + ln Gamma(x)", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e5, noNaN: true }), (x) => {
        const [left, right] = [lgamma(x + 1), Math.log(x) + lgamma(x)];
        expect(Math.abs(left - right)).toBeLessThan(1e-9 * Math.max(1, Math.abs(left)));
      }),
    );
  });
});

describe("betainc", () => {
  it.each([
    [0.5, 1, 1, 0.5],
    [0.3, 2, 1, 0.09],
    [0.25, 2, 2, 3 * 0.25 ** 2 - 2 * 0.25 ** 3],
    [0, 3, 4, 0],
    [1, 3, 4, 1],
  ])("I_%d(%d, %d) is %d", (x, a, b, expected) => {
    expect(betainc(x, a, b)).toBeCloseTo(expected, 12);
  });

  it("is symmetric and undone by its quantile", () => {
    const shape = fc.double({ min: 0.5, max: 500, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), shape, shape, (x, a, b) => {
        expect(betainc(x, a, b)).toBeCloseTo(1 - betainc(1 - x, b, a), 9);
        expect(betainc(betaQuantile(x, a, b), a, b)).toBeCloseTo(x, 8);
      }),
    );
  });
});

/** Probability of at most `events` in `exposure` trials, summed term by term in logarithms. */
function binomialCdf(events: number, exposure: number, rate: number): number {
  let [lnTerm, sum] = [exposure * Math.log1p(-rate), 0];
  for (let k = 0; k <= events; k++) {
    sum += Math.exp(lnTerm);
    lnTerm += Math.log(((exposure - k) / (k + 1)) * (rate / (1 - rate)));
  }
  return sum;
}

describe("Clopper-Pearson limits", () => {
  it("give the published value for 5 of 50", () => {
    expect(upperLimit(5, 50, 0.025)).toBeCloseTo(0.2181354, 7);
    expect(lowerLimit(5, 50, 0.025)).toBeCloseTo(0.03327509, 7);
  });

  it("follow the rule of three without events", () => {
    expect(upperLimit(0, 100, 0.05)).toBeCloseTo(1 - 0.05 ** (1 / 100), 12);
    expect(lowerLimit(0, 100, 0.05)).toBe(0);
  });

  it.each([
    [0, 0, 1, 0],
    [7, 7, 1, 0.05 ** (1 / 7)],
  ])("at the edges: %d of %d", (events, exposure, upper, lower) => {
    expect(upperLimit(events, exposure, 0.05)).toBe(upper);
    expect(lowerLimit(events, exposure, 0.05)).toBeCloseTo(lower, 12);
  });

  it("sit exactly where the binomial tail equals the error rate", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 400 }),
        fc.nat(1000),
        fc.constantFrom(0.05, 0.01, 0.002),
        (n, raw, error) => {
          const events = raw % n;
          expect(binomialCdf(events, n, upperLimit(events, n, error))).toBeCloseTo(error, 8);
          if (events > 0) expect(1 - binomialCdf(events - 1, n, lowerLimit(events, n, error))).toBeCloseTo(error, 8);
        },
      ),
    );
  });
});
