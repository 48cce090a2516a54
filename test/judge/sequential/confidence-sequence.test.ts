import { describe, expect, it } from "vitest";
import { type Counts, differenceSequence, ratioInterval, ratioSequence } from "../../../mcp-server/judge/index.ts";
import { poisson, uniform } from "./random.ts";

type Polls = readonly (readonly [Counts, Counts])[];

function polls(seed: number, o: { count?: number; rateB: number; rateC: number; shares?: readonly number[] }): Polls {
  const random = uniform(seed);
  const shares = o.shares ?? [0.1];
  return Array.from({ length: o.count ?? 90 }, (_, i) => {
    const share = shares[Math.floor((i * shares.length) / (o.count ?? 90))] ?? 0.1;
    const arm = (exposure: number, rate: number) => ({ exposure, events: poisson(exposure * rate, random) });
    return [arm(1000 * (1 - share), o.rateB), arm(1000 * share, o.rateC)] as const;
  });
}

const ratioOf = (of: Polls, errorRate = 0.025, phi = 1) =>
  ratioSequence.read(
    of.reduce((state, [b, c]) => ratioSequence.step(state, b, c, phi), ratioSequence.start(errorRate)),
  );
const differenceOf = (of: Polls, errorRate = 0.025) =>
  differenceSequence.read(
    of.reduce((state, [b, c]) => differenceSequence.step(state, b, c), differenceSequence.start(errorRate)),
  );

describe("confidence sequence of a ratio", () => {
  it.each([1, 2, 0.5])("encloses a true ratio of %d, and tightens", (ratio) => {
    const shares = [0.05, 0.25, 0.5];
    const long = ratioOf(polls(1, { count: 180, rateB: 0.01, rateC: 0.01 * ratio, shares }));
    expect(long.lower).toBeLessThan(ratio);
    expect(long.upper).toBeGreaterThan(ratio);
    expect((long.upper ?? 99) / (long.lower ?? 0.01)).toBeLessThan(2.5);
  });

  it("misses the truth in at most the stated share of runs, looked at all the time", () => {
    let missed = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const { lower = 0, upper = 99 } = ratioOf(polls(seed, { count: 60, rateB: 0.02, rateC: 0.03 }), 0.025);
      if (lower > 1.5 || upper < 1.5) missed += 1;
    }
    expect(missed).toBeLessThanOrEqual(10);
  });

  it("says nothing without events, and less with more dispersion", () => {
    expect(ratioOf(polls(1, { rateB: 0, rateC: 0 }))).toEqual({});
    const worse = polls(2, { rateB: 0.01, rateC: 0.03 });
    expect(ratioOf(worse, 0.025, 4).lower ?? 0).toBeLessThan(ratioOf(worse).lower ?? 0);
  });

  it("agrees in size with the closed form where the share is constant", () => {
    const data = polls(4, { rateB: 0.01, rateC: 0.02 });
    const sum = (i: 0 | 1) => ({
      exposure: data.reduce((total, poll) => total + poll[i].exposure, 0),
      events: data.reduce((total, poll) => total + poll[i].events, 0),
    });
    const closed = ratioInterval(sum(0), sum(1), { errorRate: 0.05 });
    const grid = ratioOf(data);
    expect(closed.lower).toBeLessThan(2);
    expect(closed.upper).toBeGreaterThan(2);
    expect(Math.abs(Math.log((grid.lower ?? 0.2) / closed.lower))).toBeLessThan(0.4);
    expect(Math.abs(Math.log((grid.upper ?? 5) / closed.upper))).toBeLessThan(0.4);
  });

  it("keeps the ends of the closed form open without events", () => {
    const { lower, upper } = ratioInterval(
      { exposure: 900, events: 0 },
      { exposure: 100, events: 0 },
      { errorRate: 0.05 },
    );
    expect(lower).toBe(0);
    expect(upper).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("confidence sequence of a difference", () => {
  it.each([
    [0.01, 0.01],
    [0.01, 0.03],
    [0.05, 0.02],
    [0, 0.02],
  ])("encloses the difference of %d and %d", (rateB, rateC) => {
    const { lower = -1, upper = 1 } = differenceOf(polls(9, { rateB, rateC, shares: [0.1, 0.5] }));
    expect(lower).toBeLessThanOrEqual(rateC - rateB);
    expect(upper).toBeGreaterThanOrEqual(rateC - rateB);
    expect(upper - lower).toBeLessThan(0.03);
  });

  it("misses the truth in at most the stated share of runs, looked at all the time", () => {
    let missed = 0;
    for (let seed = 0; seed < 100; seed += 1) {
      const { lower = -1, upper = 1 } = differenceOf(polls(seed, { count: 40, rateB: 0.02, rateC: 0.03 }));
      if (lower > 0.01 || upper < 0.01) missed += 1;
    }
    expect(missed).toBeLessThanOrEqual(5);
  });

  it("survives JSON bit by bit and refuses impossible counts", () => {
    const data = polls(5, { count: 20, rateB: 0.02, rateC: 0.03 });
    const step = (state: ReturnType<typeof differenceSequence.start>, [b, c]: readonly [Counts, Counts]) =>
      differenceSequence.step(state, b, c);
    const half = JSON.parse(JSON.stringify(data.slice(0, 9).reduce(step, differenceSequence.start(0.025))));
    expect(JSON.stringify(data.slice(9).reduce(step, half))).toBe(
      JSON.stringify(data.reduce(step, differenceSequence.start(0.025))),
    );
    const bad = { exposure: Number.POSITIVE_INFINITY, events: 1 };
    expect(() => ratioSequence.step(ratioSequence.start(0.05), bad, bad)).toThrow(/cannot come from a measurement/);
    expect(() => differenceSequence.step(differenceSequence.start(0.05), bad, bad)).toThrow(/cannot come/);
  });
});
