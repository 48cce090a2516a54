import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeLoad, type LoadResult, type LoadWindow } from "../../../mcp-server/judge/load/index.ts";

const ASKED = { thresholdPct: 0, warmupMs: 0 };

/** A load of so many windows of 10 s; `failed` says how many fail in each. */
function load(windows: number, requests: number, failed: (index: number) => number, latencyMs?: number): LoadResult {
  return {
    tool: "test",
    points: [],
    windows: Array.from(
      { length: windows },
      (_, index): LoadWindow => ({
        fromMs: index * 10_000,
        toMs: (index + 1) * 10_000,
        requests,
        failed: failed(index),
        ...(latencyMs === undefined ? {} : { latencies: spread(latencyMs, requests) }),
      }),
    ),
  };
}

/** Response times around a middle, the slowest three times as slow. */
function spread(middle: number, requests: number) {
  const at = (factor: number, share: number) => ({
    le: Number((middle * factor).toPrecision(3)),
    count: Math.round(requests * share),
  });
  return [at(0.6, 0.2), at(0.8, 0.2), at(1, 0.2), at(1.3, 0.25), at(2, 0.1), at(3, 0.05)];
}

const totals = (requests: number, failed: number): LoadResult => ({
  tool: "test",
  windows: [],
  points: [],
  totals: { requests, failed },
});
const point = (
  id: string,
  value: number,
  direction: "lower-is-better" | "higher-is-better" = "lower-is-better",
): LoadResult => ({
  tool: "test",
  windows: [],
  points: [{ id, value, unit: "ms", direction }],
});

/** The windows of an hour in which these fail. */
const inAnHour = (...failing: number[]) => load(360, 100, (index) => failing.filter((one) => one === index).length);
const TWELVE = [10, 40, 71, 99, 133, 160, 181, 215, 240, 277, 301, 350];

describe("counts", () => {
  test.each<[string, LoadResult, LoadResult, string]>([
    ["12 errors in an hour against none", inAnHour(), inAnHour(...TWELVE), "FAIL"],
    ["one stray error", inAnHour(), inAnHour(123), "PASS"],
    ["the same load twice", inAnHour(3, 50, 200), inAnHour(8, 90, 111), "PASS"],
    ["12 errors in totals against none", totals(36_000, 0), totals(36_000, 12), "FAIL"],
    ["one error in totals", totals(36_000, 0), totals(36_000, 1), "PASS"],
    ["a handful of requests", totals(20, 0), totals(20, 0), "INCONCLUSIVE"],
    ["half of all requests fail", load(6, 100, () => 0), load(6, 100, () => 50), "FAIL"],
    ["a load against totals", inAnHour(), totals(36_000, 0), "PASS"],
    ["no requests at all", totals(0, 0), totals(0, 0), "INCONCLUSIVE"],
  ])("%s: %s", (_, baseline, candidate, expected) => {
    const verdict = judgeLoad([baseline], [candidate], ASKED);
    expect(verdict.verdict, JSON.stringify(verdict.reasons)).toBe(expected);
    expect(verdict.metrics[0]).toMatchObject({ id: "error-rate", method: "sequential" });
    expect(verdict.reasons.length).toBeGreaterThan(0);
    expect(verdict.wouldPassIf === "").toBe(expected === "PASS");
  });

  test("response times that are twice as long fail, and the metric is blamed", () => {
    const verdict = judgeLoad([load(60, 500, () => 0, 20)], [load(60, 500, () => 0, 40)], {
      ...ASKED,
      thresholdPct: 10,
    });
    expect(verdict.verdict).toBe("FAIL");
    expect(verdict.reasons.some(({ text }) => text.includes("latency-p"))).toBe(true);
  });

  test("a slow start that is left out does not count, and an error in it neither", () => {
    const cold = load(60, 500, (index) => (index < 3 ? 200 : 0));
    const warm = load(60, 500, () => 0);
    expect(judgeLoad([warm], [cold], ASKED).verdict).toBe("FAIL");
    expect(judgeLoad([warm], [cold], { ...ASKED, warmupMs: 30_000 }).verdict).toBe("PASS");
  });

  test("a warm-up of totals is refused in words", () => {
    const { warnings } = judgeLoad([totals(9_000, 0)], [totals(9_000, 0)], { ...ASKED, warmupMs: 5_000 });
    expect(warnings.map(({ code }) => code)).toEqual(["no-warmup"]);
  });

  test("files of one side add up, and a tool that hides failures never passes", () => {
    const both = judgeLoad([totals(9_000, 1), totals(9_000, 0)], [totals(18_000, 1)], ASKED);
    expect(both.metrics[0]?.baseline).toMatchObject({ observations: 18_000 });
    expect(both.metrics[0]?.baseline.value).toBeCloseTo(100 / 18_000, 9);
    const blind = judgeLoad([totals(9_000, 0)], [{ ...totals(9_000, 0), blindFor: "it hides them" }], ASKED);
    expect(blind).toMatchObject({ verdict: "INCONCLUSIVE", reasons: [{ code: "blind", text: "it hides them" }] });
  });
});

describe("single figures", () => {
  test.each([
    ["equal", 100, 100, 0, "PASS"],
    ["a hair worse", 100, 100.01, 0, "FAIL"],
    ["just the threshold", 100, 110, 10, "PASS"],
    ["more than it", 100, 110.1, 10, "FAIL"],
    ["better", 100, 50, 0, "PASS"],
    ["nothing before", 0, 1, 50, "FAIL"],
  ])("%s", (_, before, after, thresholdPct, expected) => {
    const asked = { ...ASKED, thresholdPct };
    const lower = judgeLoad([point("latency-p99", before)], [point("latency-p99", after)], asked);
    expect(lower).toMatchObject({ verdict: expected, metrics: [{ method: "point", outcome: expected }] });
    // Turning the direction and the sign of the change round changes nothing.
    const higher = judgeLoad(
      [point("t", before, "higher-is-better")],
      [point("t", 2 * before - after, "higher-is-better")],
      asked,
    );
    expect(higher.verdict).toBe(expected);
  });

  test("of different things, or of several files, are not compared", () => {
    expect(judgeLoad([point("a", 1)], [point("b", 1)], ASKED)).toMatchObject({ verdict: "INCONCLUSIVE", metrics: [] });
    const several = judgeLoad([point("a", 1), point("a", 2)], [point("a", 1)], ASKED);
    expect(several).toMatchObject({ verdict: "INCONCLUSIVE", warnings: [{ code: "several-points" }] });
  });

  test("never make up for a worse error rate", () => {
    const bad: LoadResult = {
      ...totals(9_000, 900),
      points: [{ id: "p", value: 1, unit: "ms", direction: "lower-is-better" }],
    };
    const good: LoadResult = {
      ...totals(9_000, 0),
      points: [{ id: "p", value: 9, unit: "ms", direction: "lower-is-better" }],
    };
    expect(judgeLoad([good], [bad], ASKED).verdict).toBe("FAIL");
  });
});

describe("laws", () => {
  const counts = fc.array(fc.record({ requests: fc.integer({ min: 0, max: 500 }), failed: fc.nat(40) }), {
    minLength: 1,
    maxLength: 20,
  });
  const asLoad = (rows: { requests: number; failed: number }[]): LoadResult => ({
    tool: "test",
    points: [],
    windows: rows.map(({ requests, failed }, index) => ({
      fromMs: index * 10_000,
      toMs: (index + 1) * 10_000,
      requests,
      failed: Math.min(failed, requests),
    })),
  });

  test("a load never fails against itself", () => {
    fc.assert(
      fc.property(counts, (rows) => judgeLoad([asLoad(rows)], [asLoad(rows)], ASKED).verdict !== "FAIL"),
      { numRuns: 100 },
    );
  });

  test("a side without its windows is never a pass", () => {
    const nothing: LoadResult = { tool: "test", points: [], windows: [] };
    fc.assert(
      fc.property(counts, (rows) => judgeLoad([asLoad(rows)], [nothing], ASKED).verdict !== "PASS"),
      { numRuns: 50 },
    );
  });

  test("the order of files and of metrics changes nothing", () => {
    fc.assert(
      fc.property(counts, counts, (one, two) => {
        const [a, b] = [asLoad(one), asLoad(two)];
        expect(judgeLoad([a, b], [b], ASKED)).toEqual(judgeLoad([b, a], [b], ASKED));
      }),
      { numRuns: 50 },
    );
  });
});
