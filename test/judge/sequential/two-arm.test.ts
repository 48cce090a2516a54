import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counts, type NullSpec, type TwoArmState, twoArm } from "../../../mcp-server/judge/index.ts";
import { FlowError } from "../../../mcp-server/vocab/index.ts";
import { expectation } from "./enumeration.ts";
import { referenceLnE } from "./reference.ts";

const notWorse: NullSpec = {
  form: "poisson",
  side: "greater",
  c: 1,
  d: 0,
  phi: 1,
  plannedPolls: 180,
  purpose: "detect",
};
const counts = (exposure: number, events: number): Counts => ({ exposure, events });
const evidence = (state: TwoArmState) => Math.exp(twoArm.read(state).lnE);
const polled = (spec: NullSpec, polls: readonly (readonly [Counts, Counts])[]) =>
  polls.reduce((state, [b, c]) => twoArm.step(state, b, c), twoArm.start(spec));

describe("evidence after one poll", () => {
  it.each([
    [900, 100, 1, 1.7, 2.021],
    [900, 100, 2, 5.4, 5.998],
    [900, 100, 3, 28, 26.03],
    [900, 100, 4, 182, 145.7],
    [900, 100, 5, 1270, 934.7],
    [500, 500, 3, 1.9, 2.417],
    [500, 500, 5, 4.0, 5.279],
    [500, 500, 8, 18, 21.69],
  ])("baseline 0 of %d, candidate of %d with %d errors: %d with even bets, %d with ours", (nB, nC, kC, even, ours) => {
    const polls = [[counts(nB, 0), counts(nC, kC)]] as const;
    expect(Math.exp(referenceLnE(notWorse, polls, { even: true })) / even).toBeCloseTo(1, 1);
    expect(evidence(polled(notWorse, polls)) / ours).toBeCloseTo(1, 2);
  });

  it("one stray error never blocks, four of a hundred do at alpha .01", () => {
    const poll = (errors: number) => evidence(polled(notWorse, [[counts(900, 0), counts(100, errors)]]));
    expect(poll(1)).toBeLessThan(100);
    expect(poll(4)).toBeGreaterThan(100);
  });
});

const nulls: NullSpec[] = [
  notWorse,
  { ...notWorse, d: 0.02 },
  { ...notWorse, c: 1.2 },
  { ...notWorse, c: 1.1, d: 0.01 },
  { ...notWorse, side: "less", d: 0.02, purpose: "exclude" },
  { ...notWorse, side: "less", c: 0.7 },
  { ...notWorse, side: "less", c: 1.5, purpose: "ladder" },
  { ...notWorse, form: "bernoulli" },
  { ...notWorse, form: "bernoulli", side: "less", purpose: "exclude" },
  { ...notWorse, phi: 2.5 },
];
const pasts: (readonly [Counts, Counts])[][] = [
  [],
  [[counts(50, 0), counts(5, 0)]],
  [[counts(50, 1), counts(10, 4)]],
  [
    [counts(9, 8), counts(9, 2)],
    [counts(3, 0), counts(20, 20)],
  ],
];
const blocks = [
  [1, 1],
  [5, 1],
  [1, 5],
  [4, 4],
  [9, 3],
] as const;
const rates = [0, 0.005, 0.02, 0.1, 0.35, 0.6, 0.9];

/** Candidate rates on the boundary of a null and inside it. */
function ratesUnder(spec: NullSpec, rateB: number): number[] {
  const edge = spec.c * rateB + spec.d;
  const inside = spec.side === "greater" ? [edge, edge / 2, 0] : [edge, (edge + 1) / 2, Math.max(edge, 1)];
  return inside.filter((rate) => rate >= 0 && rate <= 1);
}

describe("exact enumeration", () => {
  it.each(nulls.map((spec) => [JSON.stringify(spec), spec] as const))(
    "never expects to gain under the null %s",
    (_, spec) => {
      let checked = 0;
      for (const past of pasts) {
        const state = polled(spec, past);
        for (const [nB, nC] of blocks) {
          for (const rateB of rates) {
            for (const rateC of ratesUnder(spec, rateB)) {
              const gain =
                expectation({ nB, nC, rateB, rateC }, (b, c) => evidence(twoArm.step(state, b, c))) / evidence(state);
              expect(gain).toBeLessThanOrEqual(1 + 1e-11);
              checked += 1;
            }
          }
        }
      }
      expect(checked).toBeGreaterThan(200);
    },
  );
});

const pollOf = fc.tuple(fc.nat(2000), fc.nat(200), fc.nat(1000), fc.nat(1000)).map(([nB, nC, shareB, shareC]) => {
  return [counts(nB, Math.floor((nB * shareB) / 1001)), counts(nC, Math.floor((nC * shareC) / 1001))] as const;
});
const specOf = fc.constantFrom(...nulls);

describe("the running state", () => {
  it("agrees with the formulas written out in logarithms", () => {
    fc.assert(
      fc.property(
        specOf,
        fc.integer({ min: 1, max: 12 }),
        fc.array(pollOf, { maxLength: 15 }),
        (base, plannedPolls, polls) => {
          const spec = { ...base, plannedPolls };
          const expected = referenceLnE(spec, polls);
          expect(Math.abs(twoArm.read(polled(spec, polls)).lnE - expected)).toBeLessThan(
            1e-8 * Math.max(1, Math.abs(expected)),
          );
        },
      ),
    );
  });

  it("is bit-equal when replayed, also through JSON in the middle", () => {
    fc.assert(
      fc.property(specOf, fc.array(pollOf, { maxLength: 12 }), fc.nat(12), (spec, polls, cut) => {
        const whole = polled(spec, polls);
        const half = JSON.parse(JSON.stringify(polled(spec, polls.slice(0, cut)))) as TwoArmState;
        const resumed = polls.slice(cut).reduce((state, [b, c]) => twoArm.step(state, b, c), half);
        expect(JSON.stringify(resumed)).toBe(JSON.stringify(whole));
        expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
      }),
    );
  });

  it("stays finite whatever the size of the counts", () => {
    for (const spec of nulls) {
      for (const [b, c] of [
        [counts(1e9, 5e8), counts(1e9, 5e8)],
        [counts(1e9, 0), counts(1e9, 1e9)],
        [counts(1e9, 1e9), counts(1e9, 0)],
        [counts(1e-3, 0), counts(1e-3, 0)],
      ] as const) {
        const state = polled(
          { ...spec, plannedPolls: 20 },
          Array.from({ length: 25 }, () => [b, c] as const),
        );
        expect(Number.isFinite(twoArm.read(state).lnE)).toBe(true);
        expect(JSON.stringify(state)).not.toContain("null");
      }
    }
  });

  it("gains nothing from a poll that lacks one arm, and spends no onset on it", () => {
    const gap = [counts(500, 5), counts(0, 0)] as const;
    const real = [counts(900, 0), counts(100, 4)] as const;
    const state = polled(notWorse, [gap, gap]);
    expect(twoArm.read(state)).toEqual({ lnE: 0, maxLnE: 0, anytimeP: 1 });
    expect(state.stake.polls).toBe(0);
    expect(polled(notWorse, [gap, real]).stake.polls).toBe(1);
  });

  it("remembers its highest evidence for the p-value", () => {
    const bad = [counts(900, 9), counts(100, 12)] as const;
    const good = [counts(900, 9), counts(100, 0)] as const;
    const peak = twoArm.read(polled(notWorse, [bad, bad]));
    const later = twoArm.read(polled(notWorse, [bad, bad, good, good, good]));
    expect(later.lnE).toBeLessThan(peak.lnE);
    expect(later.maxLnE).toBe(peak.maxLnE);
    expect(later.anytimeP).toBe(Math.exp(-peak.maxLnE));
  });

  it("catches a regression that begins late", () => {
    const good = Array.from({ length: 90 }, () => [counts(900, 9), counts(100, 1)] as const);
    const bad = Array.from({ length: 10 }, () => [counts(900, 9), counts(100, 5)] as const);
    expect(evidence(polled(notWorse, good))).toBeLessThan(2);
    expect(evidence(polled(notWorse, [...good, ...bad]))).toBeGreaterThan(100);
  });

  it("does not confuse a change of shares with a regression", () => {
    const quiet = Array.from({ length: 30 }, () => [counts(950, 1), counts(50, 0)] as const);
    const incident = Array.from({ length: 30 }, () => [counts(500, 40), counts(500, 40)] as const);
    expect(evidence(polled(notWorse, [...quiet, ...incident]))).toBeLessThan(2);
  });

  it("does not care for the unit of exposure when d is 0", () => {
    const polls = [
      [counts(900, 9), counts(100, 4)],
      [counts(800, 7), counts(200, 9)],
    ] as const;
    const scaled = polls.map(
      ([b, c]) => [counts(b.exposure * 1e3, b.events), counts(c.exposure * 1e3, c.events)] as const,
    );
    expect(twoArm.read(polled(notWorse, scaled)).lnE).toBeCloseTo(twoArm.read(polled(notWorse, polls)).lnE, 1);
  });
});

describe("impossible input", () => {
  it.each([
    ["NaN exposure", counts(Number.NaN, 0)],
    ["negative exposure", counts(-1, 0)],
    ["negative events", counts(10, -1)],
    ["infinite events", counts(10, Number.POSITIVE_INFINITY)],
  ])("refuses %s", (_, bad) => {
    const fresh = twoArm.start(notWorse);
    for (const step of [() => twoArm.step(fresh, bad, counts(1, 0)), () => twoArm.step(fresh, counts(1, 0), bad)]) {
      expect(step).toThrow(FlowError);
      expect(step).toThrow(/cannot come from a measurement/);
    }
  });

  it("refuses more exceedances than requests in the Bernoulli form", () => {
    const fresh = twoArm.start({ ...notWorse, form: "bernoulli" });
    expect(() => twoArm.step(fresh, counts(10, 11), counts(10, 1))).toThrow(/events <= exposure/);
  });

  it.each([
    ["c of 0", { c: 0 }],
    ["negative d", { d: -0.01 }],
    ["phi below 1", { phi: 0.5 }],
    ["no planned poll", { plannedPolls: 0 }],
    ["Bernoulli with a margin", { form: "bernoulli" as const, d: 0.02 }],
  ])("refuses a null with %s", (_, change) => {
    expect(() => twoArm.start({ ...notWorse, ...change })).toThrow(/cannot be tested/);
  });
});
