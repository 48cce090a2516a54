import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type MetricRule,
  type MetricsReading,
  type MetricsState,
  readMetrics,
  startMetrics,
  stepMetrics,
} from "../../../mcp-server/judge/index.ts";
import { FlowError, type Increment, type MetricId } from "../../../mcp-server/vocab/index.ts";
import { judged, ruleOf, type Shown, shown, times } from "./series.ts";
import { errorRule, latencyRule, specOf } from "./traffic.ts";

const RUNS = { numRuns: 40 };
const POLLS = 24;

/** Requests and failures of both arms, poll by poll. */
const counted = fc
  .record({ nB: fc.integer({ min: 0, max: 900 }), nC: fc.integer({ min: 0, max: 300 }), bad: fc.nat(3) })
  .chain(({ nB, nC, bad }) =>
    fc.record({
      baseline: fc.record({ exposure: fc.constant(nB), events: fc.nat(Math.min(nB, 4)) }),
      candidate: fc.record({ exposure: fc.constant(nC), events: fc.nat(Math.min(nC, 4 + 10 * bad)) }),
    }),
  );
const countedPolls = fc.array(counted, { minLength: 1, maxLength: POLLS });

type Both = Readonly<Record<"baseline" | "candidate", Shown>>;

const swapped = ({ baseline, candidate }: Both): Both => ({ baseline: candidate, candidate: baseline });

const outcomes = ({ regression, slo, proven, metrics }: MetricsReading) => ({
  regression: regression.outcome,
  slo: slo.outcome,
  proven,
  metrics: Object.fromEntries(metrics.map(({ id, outcome, evidence }) => [id, { outcome, evidence }])),
});

describe("scaling", () => {
  const EDGES = [20, 50, 80, 100, 120, 150, 200, 300, 500];
  const bucketed = fc.array(fc.nat(60), { minLength: EDGES.length + 1, maxLength: EDGES.length + 1 });
  const latencies = fc.array(fc.record({ baseline: bucketed, candidate: bucketed }), {
    minLength: 1,
    maxLength: POLLS,
  });
  const scaled = (counts: readonly number[], by: number): Shown => ({
    exposure: counts.reduce((sum, one) => sum + one, 0),
    buckets: counts.map((count, i) => ({ le: EDGES[i] === undefined ? null : EDGES[i] * by, count })),
  });

  test("all response times and their target by a constant changes no verdict", () => {
    fc.assert(
      fc.property(latencies, fc.constantFrom(2, 8, 0.25), (polls, by) => {
        const at = (factor: number) => {
          const rule = { ...latencyRule, required: true, sloTarget: 200 * factor };
          const all = polls.map((poll, i) =>
            shown(rule, i, { baseline: scaled(poll.baseline, factor), candidate: scaled(poll.candidate, factor) }),
          );
          return outcomes(judged([rule], all).reading);
        };
        expect(at(by)).toEqual(at(1));
      }),
      RUNS,
    );
  });

  test("all bare values and their target by a constant changes no verdict", () => {
    const values = fc.array(
      fc.tuple(fc.double({ min: 1, max: 100, noNaN: true }), fc.double({ min: 1, max: 100, noNaN: true })),
      { minLength: 8, maxLength: 20 },
    );
    fc.assert(
      fc.property(values, fc.constantFrom(2, 0.5, 1024), (polls, by) => {
        const at = (factor: number) => {
          const rule = ruleOf({ kind: "gauge", sloTarget: 50 * factor });
          const all = polls.map(([b, c], i) =>
            shown(rule, i, { baseline: { value: b * factor }, candidate: { value: c * factor } }, 60),
          );
          const { regression, slo, metrics } = outcomes(judged([rule], all).reading);
          return { regression, slo, evidence: metrics.gauge?.evidence.toPrecision(6) };
        };
        expect(at(by)).toEqual(at(1));
      }),
      RUNS,
    );
  });
});

test("the order of metrics changes nothing", () => {
  const second: MetricRule = ruleOf({ kind: "ratio", id: "declined" as MetricId, weight: 0.4, required: false });
  const third: MetricRule = ruleOf({ kind: "rate", id: "orders" as MetricId, weight: 0.2, required: false });
  fc.assert(
    fc.property(countedPolls, countedPolls, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (one, two, order) => {
      const rules = [errorRule, second, third];
      const polls = one.map((poll, i) => [
        ...shown(errorRule, i, poll),
        ...shown(second, i, two[i % two.length] ?? poll),
        ...shown(third, i, swapped(poll)),
      ]);
      const inOrder = order.map((index) => rules[index] ?? errorRule);
      const shuffled = judged(inOrder, polls);
      const straight = judged(rules, polls);
      expect(outcomes(shuffled.reading)).toEqual(outcomes(straight.reading));
      expect(shuffled.firstFail).toBe(straight.firstFail);
    }),
    RUNS,
  );
});

test("swapping the arms together with the direction changes nothing", () => {
  fc.assert(
    fc.property(countedPolls, (polls) => {
      const evidence = (direction: "lower-is-better" | "higher-is-better", turn: (poll: Both) => Both) => {
        const rule = ruleOf({ kind: "ratio", direction });
        const { reading, firstFail } = judged(
          [rule],
          polls.map((poll, i) => shown(rule, i, turn(poll))),
        );
        return { evidence: reading.metrics[0]?.evidence.toPrecision(6), firstFail };
      };
      expect(evidence("higher-is-better", swapped)).toEqual(evidence("lower-is-better", (poll) => poll));
    }),
    RUNS,
  );
});

test("identical data added to both arms is never evidence against the candidate", () => {
  fc.assert(
    fc.property(
      countedPolls,
      fc.array(fc.record({ n: fc.nat(900), k: fc.nat(40) }), { maxLength: 12 }),
      (polls, same) => {
        const evidenceOf = (state: MetricsState) => readMetrics(state).metrics[0]?.evidence ?? 0;
        const before = judged(
          [errorRule],
          polls.map((poll, i) => shown(errorRule, i, poll)),
          { plannedPolls: 60 },
        );
        let { state } = before;
        let last = evidenceOf(state);
        same.forEach(({ n, k }, i) => {
          const arm = { exposure: n, events: Math.min(n, k) };
          state = stepMetrics(state, shown(errorRule, polls.length + i, { baseline: arm, candidate: arm }));
          expect(evidenceOf(state)).toBeLessThanOrEqual(last * (1 + 1e-9));
          last = evidenceOf(state);
        });
        const { regression, slo } = before.reading;
        if (regression.outcome !== "FAIL" && slo.outcome !== "FAIL") {
          expect(readMetrics(state).regression.outcome).not.toBe("FAIL");
        }
      },
    ),
    RUNS,
  );
});

describe("missing data", () => {
  const rule = { ...errorRule, sloTarget: 0.5 };
  const blind = (i: number, quality: "missing" | "stale") =>
    shown(rule, i, { baseline: { quality }, candidate: { quality } });

  test("more of it adds no evidence, and proves nothing that was not proven", () => {
    fc.assert(
      fc.property(
        countedPolls,
        fc.integer({ min: 1, max: 10 }),
        fc.constantFrom("missing" as const, "stale" as const),
        (polls, more, quality) => {
          const before = judged(
            [rule],
            polls.map((poll, i) => shown(rule, i, poll)),
          );
          const after = times(more, (i) => (i % 3 === 2 ? [] : blind(polls.length + i, quality))).reduce(
            (state, poll) => stepMetrics(state, poll),
            before.state,
          );
          expect(outcomes(readMetrics(after))).toEqual(outcomes(before.reading));
          expect(readMetrics(after).missedStreak).toBe(before.reading.missedStreak + more);
        },
      ),
      RUNS,
    );
  });

  test("in place of what was measured never makes a pass of nothing", () => {
    fc.assert(
      fc.property(countedPolls, (polls) => {
        const { reading } = judged(
          [rule],
          polls.map((_, i) => blind(i, "missing")),
        );
        expect(outcomes(reading)).toMatchObject({ regression: "INCONCLUSIVE", slo: "INCONCLUSIVE", proven: false });
      }),
      RUNS,
    );
  });
});

describe("data that cannot be or comes wrongly", () => {
  const poll = (i: number, candidateErrors = 0) =>
    shown(errorRule, i, {
      baseline: { exposure: 900, events: 1 },
      candidate: { exposure: 100, events: candidateErrors },
    });
  const evidence = (state: MetricsState) => readMetrics(state).metrics[0]?.evidence;

  test("NaN, infinite and negative numbers are refused in words, in whatever place they stand", () => {
    const impossible = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -1e-9);
    const place = fc.constantFrom("exposure" as const, "events" as const, "value" as const);
    const arm = fc.constantFrom("baseline" as const, "candidate" as const);
    fc.assert(
      fc.property(impossible, place, arm, fc.nat(4), (value, member, whose, at) => {
        fc.pre(member !== "value" || !Number.isFinite(value));
        const broken = (i: number): Increment[] =>
          poll(i).map((one) => (one.arm === whose ? { ...one, [member]: value } : one));
        let state = startMetrics(specOf({ rules: [errorRule] }));
        for (let i = 0; i < at; i += 1) state = stepMetrics(state, poll(i));
        const kept = JSON.stringify(state);
        expect(() => stepMetrics(state, broken(at))).toThrow(FlowError);
        expect(JSON.stringify(state)).toBe(kept);
      }),
      RUNS,
    );
  });

  test("a window that arrives again counts once, however often and whenever it does", () => {
    const again = fc.array(fc.nat(7), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(again, (repeats) => {
        const whole = times(8, (i) => poll(i, i % 3)).reduce(
          (state, one) => stepMetrics(state, one),
          startMetrics(specOf({ rules: [errorRule] })),
        );
        const after = repeats.reduce((state, i) => stepMetrics(state, poll(i, i % 3)), whole);
        expect(evidence(after)).toBe(evidence(whole));
        expect(readMetrics(after).candidateExposure).toBe(800);
      }),
      RUNS,
    );
  });

  test("windows that arrive late or out of order count once each", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), (order) => {
        const state = order.reduce(
          (before, i) => stepMetrics(before, poll(i)),
          startMetrics(specOf({ rules: [errorRule] })),
        );
        const { candidateExposure, metrics } = readMetrics(state);
        expect(candidateExposure).toBe(800);
        expect(metrics[0]).toMatchObject({ baseline: { exposure: 7200 }, candidate: { exposure: 800 } });
      }),
      RUNS,
    );
  });

  test("one window told in two ways counts not at all, since one of them is wrong", () => {
    const start = startMetrics(specOf({ rules: [errorRule] }));
    const twice = [...poll(0, 0), ...poll(0, 9)];
    const state = stepMetrics(start, twice);
    expect(readMetrics(state)).toMatchObject({ candidateExposure: 0, missedStreak: 1, proven: false });
    expect(evidence(state)).toBe(evidence(start));
  });

  test("a window that overlaps with a counted one adds nothing", () => {
    const start = stepMetrics(startMetrics(specOf({ rules: [errorRule] })), poll(1, 5));
    const overlapping = poll(0, 50).map((one) => ({ ...one, to: poll(1)[0]?.to ?? one.to }));
    expect(evidence(stepMetrics(start, overlapping))).toBe(evidence(start));
  });
});
