import { describe, expect, it } from "vitest";
import { evidencePerSecond, futility, secondsToDecide, shareExposure } from "../../../mcp-server/judge/index.ts";

const arms = (candidateRate: number, o: { b?: number; c?: number; rate?: number } = {}) => ({
  baseline: { perSecond: o.b ?? 90, rate: o.rate ?? 0.01 },
  candidate: { perSecond: o.c ?? 10, rate: candidateRate },
});
const same = { c: 1, d: 0 };

describe("time to detect", () => {
  it.each([
    [0.015, 0.0096, 520],
    [0.02, 0.034, 148],
    [0.05, 0.33, 15],
  ])("a rate of %d instead of 0.01: %d per second, %d s", (rate, perSecond, seconds) => {
    expect(evidencePerSecond(arms(rate), same) / perSecond).toBeCloseTo(1, 1);
    expect(secondsToDecide(arms(rate), same, { errorRate: 0.05, phi: 1 }) / seconds).toBeCloseTo(1, 1);
  });

  it("grows with dispersion, shrinks with what is known, and is endless on the line", () => {
    const plain = secondsToDecide(arms(0.02), same, { errorRate: 0.05, phi: 1 });
    expect(secondsToDecide(arms(0.02), same, { errorRate: 0.05, phi: 3 })).toBeCloseTo(3 * plain, 9);
    expect(secondsToDecide(arms(0.02), same, { errorRate: 0.05, phi: 1, lnE: 2 })).toBeLessThan(plain);
    expect(secondsToDecide(arms(0.01), same, { errorRate: 0.05, phi: 1 })).toBe(Number.POSITIVE_INFINITY);
    expect(secondsToDecide(arms(0.03), { c: 1, d: 0.02 }, { errorRate: 0.05, phi: 1 })).toBe(Number.POSITIVE_INFINITY);
    expect(evidencePerSecond(arms(0, { rate: 0 }), same)).toBe(0);
  });
});

describe("futility", () => {
  const margin = { c: 1, d: 0.02 };
  const low = arms(0.01, { b: 0.5, c: 0.5 });

  it("says that waiting is in vain and how much probe traffic would help", () => {
    const found = futility(low, margin, { beta: 0.05, phi: 1, remainingSeconds: 600 });
    expect(found.isFutile).toBe(true);
    expect(found.neededSeconds).toBeGreaterThan(600);
    const rps = found.probeRps ?? 0;
    expect(rps).toBeGreaterThan(0.1);
    expect(rps).toBeLessThan(10);
    const probed = arms(0.01, { b: 0.5 + rps, c: 0.5 + rps });
    expect(secondsToDecide(probed, margin, { errorRate: 0.05, phi: 1 })).toBeCloseTo(600, 3);
  });

  it("does not say so where time suffices, and offers no probes where none would help", () => {
    expect(futility(arms(0.01), margin, { beta: 0.05, phi: 1, remainingSeconds: 1800 })).toMatchObject({
      isFutile: false,
    });
    expect(futility(low, margin, { beta: 0.05, phi: 1, remainingSeconds: 0 })).not.toHaveProperty("probeRps");
  });
});

it("throughput is counted over share times seconds", () => {
  expect(shareExposure(10, 60)).toEqual({ baseline: 54, candidate: 6 });
  expect(shareExposure(120, 10)).toEqual({ baseline: 0, candidate: 10 });
});
