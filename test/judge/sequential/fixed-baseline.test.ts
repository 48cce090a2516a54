import { describe, expect, it } from "vitest";
import {
  type Counts,
  type FixedSpec,
  type FixedState,
  fixedBaselineLimit,
  oneSample,
  upperLimit,
} from "../../../mcp-server/judge/index.ts";
import { binomial } from "./enumeration.ts";

const target: FixedSpec = { side: "greater", limit: 0.001, phi: 1, plannedPolls: 90, purpose: "detect" };
const counts = (exposure: number, events: number): Counts => ({ exposure, events });
const evidence = (state: FixedState) => Math.exp(oneSample.read(state).lnE);
const polled = (spec: FixedSpec, polls: readonly Counts[]) => polls.reduce(oneSample.step, oneSample.start(spec));

describe("limit of a recorded baseline", () => {
  it("is its Clopper-Pearson limit, scaled and shifted by the null", () => {
    const baseline = counts(20_000, 200);
    const upper = upperLimit(200, 20_000, 0.002);
    expect(fixedBaselineLimit(baseline, { side: "greater", c: 1.2, d: 0.01, errorRate: 0.002 })).toBeCloseTo(
      1.2 * upper + 0.01,
      12,
    );
    expect(fixedBaselineLimit(baseline, { side: "less", c: 1, d: 0, errorRate: 0.002 })).toBeLessThan(0.01);
  });

  it("excludes nothing when nothing was recorded", () => {
    expect(fixedBaselineLimit(counts(0, 0), { side: "greater", c: 1, d: 0, errorRate: 0.01 })).toBe(1);
    expect(evidence(polled({ ...target, limit: 1 }, [counts(100, 100)]))).toBe(1);
  });

  it("refuses a record with more events than requests", () => {
    expect(() => fixedBaselineLimit(counts(5, 6), { side: "greater", c: 1, d: 0, errorRate: 0.01 })).toThrow(
      /recorded baseline/,
    );
  });
});

describe("one arm against a limit", () => {
  const specs: FixedSpec[] = [
    target,
    { ...target, limit: 0.3 },
    { ...target, limit: 0.97, phi: 3 },
    { ...target, side: "less", limit: 0.02, purpose: "exclude" },
    { ...target, side: "less", limit: 0.6, purpose: "ladder" },
  ];
  const pasts = [[], [counts(40, 0)], [counts(40, 9), counts(10, 10)]];

  it.each(specs.map((spec) => [JSON.stringify(spec), spec] as const))(
    "never expects to gain under the null %s",
    (_, spec) => {
      const edges = spec.side === "greater" ? [spec.limit, spec.limit / 2, 0] : [spec.limit, (spec.limit + 1) / 2, 1];
      for (const past of pasts) {
        const state = polled(spec, past);
        for (const n of [1, 4, 30]) {
          for (const rate of edges) {
            const expected = binomial(n, rate).reduce(
              (sum, chance, k) => sum + (chance > 0 ? chance * evidence(oneSample.step(state, counts(n, k))) : 0),
              0,
            );
            expect(expected / evidence(state)).toBeLessThanOrEqual(1 + 1e-11);
          }
        }
      }
    },
  );

  it("finds a miss of the target and clears a version that keeps it", () => {
    const bad = Array.from({ length: 20 }, () => counts(100, 1));
    const good = Array.from({ length: 60 }, () => counts(100, 0));
    expect(evidence(polled(target, bad))).toBeGreaterThan(1000);
    expect(evidence(polled(target, good))).toBeLessThan(1);
    expect(
      evidence(polled({ ...target, side: "less", limit: 0.02, purpose: "exclude" }, good.slice(0, 4))),
    ).toBeGreaterThan(20);
  });

  it("takes any event as strong evidence against a target of zero, without becoming infinite", () => {
    const lnE = oneSample.read(polled({ ...target, limit: 0 }, [counts(1000, 1)])).lnE;
    expect(lnE).toBeGreaterThan(1);
    expect(Number.isFinite(oneSample.read(polled({ ...target, limit: 0 }, [counts(1000, 1000)])).lnE)).toBe(true);
  });

  it("survives JSON in the middle bit by bit, and ignores polls without traffic", () => {
    const polls = [counts(100, 1), counts(0, 0), counts(90, 0), counts(120, 3)];
    const half = JSON.parse(JSON.stringify(polled(target, polls.slice(0, 2)))) as FixedState;
    const resumed = polls.slice(2).reduce(oneSample.step, half);
    expect(JSON.stringify(resumed)).toBe(JSON.stringify(polled(target, polls)));
    expect(resumed.stake.polls).toBe(3);
  });

  it("refuses more events than exposure", () => {
    expect(() => oneSample.step(oneSample.start(target), counts(1, 2))).toThrow(/candidate arm/);
  });
});
