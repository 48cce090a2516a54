import { describe, expect, it } from "vitest";
import { aggregatePoints, asymptoticHalfWidth, meanInterval, signLnE } from "../../../mcp-server/judge/index.ts";
import { binomial } from "./enumeration.ts";
import { normal, uniform } from "./random.ts";

const run = (differences: readonly number[]) => differences.reduce(aggregatePoints.step, aggregatePoints.start());

describe("sign test on aggregate points", () => {
  it.each([7, 12, 30])("expects no gain after %d windows when half of them are worse", (windows) => {
    const expected = binomial(windows, 0.5).reduce((sum, p, k) => sum + p * Math.exp(signLnE(k, windows - k)), 0);
    expect(expected).toBeLessThanOrEqual(1 + 1e-9);
  });

  it("grows as the mixture says and waits for seven windows", () => {
    // 2 * (1 - 2^-8) * B(8, 1) * 2^7
    expect(Math.exp(signLnE(7, 0))).toBeCloseTo(31.875, 9);
    expect(signLnE(6, 0)).toBe(0);
    expect(Math.exp(signLnE(9, 0))).toBeGreaterThan(100);
  });
});

describe("both tests together", () => {
  it("find a slowdown of half a standard deviation and leave equal arms alone", () => {
    const random = uniform(1);
    const of = (shift: number, windows: number) => run(Array.from({ length: windows }, () => shift + normal(random)));
    expect(of(1.5, 20).maxLnE).toBeGreaterThan(Math.log(100));
    let alarms = 0;
    for (let i = 0; i < 300; i += 1) if (of(0, 30).maxLnE >= Math.log(20)) alarms += 1;
    expect(alarms / 300).toBeLessThan(0.05);
  });

  it("skip what is no number and survive identical windows", () => {
    expect(run([Number.NaN, Number.POSITIVE_INFINITY])).toEqual(aggregatePoints.start());
    expect(run(Array.from({ length: 30 }, () => 0)).lnE).toBeLessThanOrEqual(0);
    const same = run(Array.from({ length: 30 }, () => 0.3));
    expect(Number.isFinite(same.lnE)).toBe(true);
    expect(same.lnE).toBeGreaterThan(Math.log(100));
  });

  it("give an interval of the mean from ten windows on", () => {
    expect(meanInterval(run([1, 2, 3]), 0.05)).toBeUndefined();
    const random = uniform(4);
    const { lower, upper } = meanInterval(run(Array.from({ length: 60 }, () => 0.2 + 0.1 * normal(random))), 0.05) ?? {
      lower: 9,
      upper: -9,
    };
    expect(lower).toBeLessThan(0.2);
    expect(upper).toBeGreaterThan(0.2);
    expect(asymptoticHalfWidth(1, 0, 0.05, 15)).toBe(Number.POSITIVE_INFINITY);
  });
});
