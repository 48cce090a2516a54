import { describe, expect, it } from "vitest";
import { type MetricRule, MetricsReading, weightShares } from "../../../mcp-server/judge/index.ts";
import type { MetricId } from "../../../mcp-server/vocab/index.ts";
import { normal, poisson, uniform } from "../sequential/random.ts";
import { judged, ruleOf, type Shown, shown, times } from "./series.ts";
import { errorRule, latencyRule } from "./traffic.ts";

/** A canary of a tenth, counted: `rate` events per exposure of each arm. */
function counted(
  rule: MetricRule,
  o: { exposure: number; share?: number; rateB: number; rateC: number; polls?: number; seed?: number },
) {
  const random = uniform(o.seed ?? 1);
  const share = o.share ?? 0.1;
  const arm = (exposure: number, rate: number): Shown => ({
    exposure,
    events: Math.min(
      rule.kind === "throughput" || rule.kind === "rate" ? Number.POSITIVE_INFINITY : exposure,
      poisson(exposure * rate, random),
    ),
  });
  return judged(
    [rule],
    times(o.polls ?? 60, (i) =>
      shown(rule, i, {
        baseline: arm(Math.round(o.exposure * (1 - share)), o.rateB),
        candidate: arm(Math.round(o.exposure * share), o.rateC),
      }),
    ),
  );
}

describe("kinds of metrics on counts", () => {
  const availability = ruleOf({ kind: "availability", trigger: 2, tolerance: 0.1 });
  const throughput = ruleOf({ kind: "throughput", unit: "rps", trigger: 30 });
  const conversions = ruleOf({ kind: "ratio", id: "conversion" as MetricId, direction: "higher-is-better" });
  const refunds = ruleOf({ kind: "ratio", id: "refunds" as MetricId });
  const consents = ruleOf({
    kind: "ratio",
    id: "consents" as MetricId,
    direction: "higher-is-better",
    margin: "points",
    trigger: 5,
    tolerance: 0.5,
  });
  const retries = ruleOf({ kind: "rate", id: "retries" as MetricId, unit: "per s" });
  const orders = ruleOf({ kind: "rate", id: "orders" as MetricId, unit: "per min", direction: "higher-is-better" });

  it.each([
    ["availability falls", availability, { exposure: 1000, rateB: 0.002, rateC: 0.03 }, { value: 97, change: -2.8 }],
    ["throughput per share falls", throughput, { exposure: 10, rateB: 100, rateC: 50 }, { value: 50, change: -50 }],
    ["a success ratio falls", conversions, { exposure: 2000, rateB: 0.2, rateC: 0.12 }, { value: 12, change: -40 }],
    ["a failure ratio rises", refunds, { exposure: 2000, rateB: 0.05, rateC: 0.09 }, { value: 9, change: 80 }],
    [
      "a success ratio in points falls",
      consents,
      { exposure: 1000, rateB: 0.9, rateC: 0.8 },
      { value: 80, change: -10 },
    ],
    ["a rate rises", retries, { exposure: 100, rateB: 2, rateC: 3 }, { value: 3, change: 50 }],
    ["a business rate falls", orders, { exposure: 100, rateB: 5, rateC: 3 }, { value: 3, change: -40 }],
  ])("%s: FAIL, with both arms and the change as it is", (_, rule, traffic, { value, change }) => {
    const { reading } = counted(rule, traffic);
    const [metric] = reading.metrics;
    expect(reading.regression.outcome).toBe("FAIL");
    expect(reading.blame).toEqual([rule.id]);
    expect(metric?.candidate.value).toBeCloseTo(value, value > 20 ? -1 : 0);
    expect(Math.abs((metric?.change ?? 0) / change - 1)).toBeLessThan(0.25);
    const { lower = Number.NEGATIVE_INFINITY, upper = Number.POSITIVE_INFINITY } = metric?.interval ?? {};
    expect(lower).toBeLessThanOrEqual(change);
    expect(upper).toBeGreaterThanOrEqual(change);
    expect(change > 0 ? lower : -upper).toBeGreaterThan(0);
    expect(MetricsReading.parse(reading)).toEqual(reading);
  });

  it.each([
    ["availability", availability, { exposure: 1000, rateB: 0.002, rateC: 0.002 }],
    ["throughput", throughput, { exposure: 10, rateB: 100, rateC: 100 }],
    ["a success ratio", conversions, { exposure: 2000, rateB: 0.2, rateC: 0.2 }],
    ["a ratio in points", consents, { exposure: 1000, rateB: 0.9, rateC: 0.9 }],
    ["a rate", retries, { exposure: 100, rateB: 2, rateC: 2 }],
    ["a business rate that rises", orders, { exposure: 100, rateB: 5, rateC: 8 }],
  ])("%s that is not worse is proven, marked with how large a worsening is excluded", (_, rule, traffic) => {
    const { reading } = counted(rule, { ...traffic, polls: 180 });
    expect(reading.regression.outcome).toBe("PASS");
    expect(reading.metrics[0]?.excludedAbove).toBeLessThanOrEqual(rule.trigger);
  });

  it("the same events in the direction that is better never fail", () => {
    expect(counted(conversions, { exposure: 2000, rateB: 0.12, rateC: 0.2 }).firstFail).toBeUndefined();
    expect(counted(retries, { exposure: 100, rateB: 3, rateC: 2 }).firstFail).toBeUndefined();
    expect(counted(throughput, { exposure: 10, rateB: 50, rateC: 100 }).firstFail).toBeUndefined();
  });

  it("throughput is never held to less than its tolerance, because a share is never quite the configured one", () => {
    const { reading, firstFail } = counted(throughput, { exposure: 10, rateB: 1000, rateC: 970, polls: 180 });
    expect(firstFail).toBeUndefined();
    expect(reading.regression.outcome).toBe("PASS");
  });

  it.each([
    [
      "availability below its target",
      { ...availability, sloTarget: 99.5, threshold: 10, trigger: 20 },
      { exposure: 1000, rateB: 0.001, rateC: 0.03 },
      /target at least 99.5 %/,
    ],
    [
      "throughput below its target",
      { ...throughput, sloTarget: 90, threshold: 80, trigger: 90 },
      { exposure: 10, rateB: 100, rateC: 60 },
      /target at least 90 rps/,
    ],
    [
      "a rate above its target",
      { ...retries, sloTarget: 2.5, threshold: 300, trigger: 400 },
      { exposure: 100, rateB: 2, rateC: 5 },
      /target at most 2.5 per s/,
    ],
    [
      "a ratio above its target",
      { ...refunds, sloTarget: 6, threshold: 300, trigger: 400 },
      { exposure: 2000, rateB: 0.04, rateC: 0.09 },
      /target at most 6 %/,
    ],
  ])("%s breaks the service level", (_, rule, traffic, text) => {
    const { reading } = counted(rule, traffic);
    expect(reading.regression.outcome).not.toBe("FAIL");
    expect(reading.slo.reasons[0]).toMatchObject({ code: "slo-target", text: expect.stringMatching(text) });
    expect(reading.slo.outcome).toBe("FAIL");
  });

  it("a throughput without a concurrent arm is not compared with another time", () => {
    const snapshot = {
      from: "2026-01-05T11:00:00Z",
      to: "2026-01-05T12:00:00Z",
      version: "1.0.0",
      series: [{ metric: throughput.series, exposure: 3600, events: 360_000 }],
      throughputRps: 100,
    } as never;
    const polls = times(30, (i) => shown(throughput, i, { candidate: { exposure: 10, events: 400 } }));
    const { reading } = judged([throughput], polls, { baseline: { kind: "frozen", snapshot } });
    expect(reading.regression).toMatchObject({ outcome: "INCONCLUSIVE", reasons: [{ code: "no-baseline" }, {}] });
  });
});

describe("bare values", () => {
  const gauge = ruleOf({ kind: "gauge", id: "queue" as MetricId, unit: "jobs" });
  const basket = ruleOf({ kind: "gauge", id: "basket" as MetricId, unit: "EUR", direction: "higher-is-better" });
  const p99 = { ...latencyRule, required: true };

  const valued = (
    rule: MetricRule,
    o: { factor: number; polls?: number; exposures?: readonly [number, number]; noise?: number; seed?: number },
  ) => {
    const random = uniform(o.seed ?? 3);
    const [nB, nC] = o.exposures ?? [0, 0];
    const value = (level: number) => level * Math.exp((o.noise ?? 0.1) * normal(random));
    return judged(
      [rule],
      times(o.polls ?? 180, (i) =>
        shown(rule, i, {
          baseline: { exposure: nB, value: value(100) },
          candidate: { exposure: nC, value: value(100 * o.factor) },
        }),
      ),
    );
  };

  it("a gauge that is worse fails, one that is better or the same does not", () => {
    expect(valued(gauge, { factor: 1.3 }).reading.regression.outcome).toBe("FAIL");
    expect(valued(basket, { factor: 0.7 }).reading.regression.outcome).toBe("FAIL");
    expect(valued(gauge, { factor: 0.7 }).reading.regression.outcome).toBe("PASS");
    const same = valued(gauge, { factor: 1 }).reading;
    expect(same.regression.outcome).toBe("PASS");
    expect(same.metrics[0]).toMatchObject({ method: "points", candidate: { exposure: 180 } });
    expect(same.metrics[0]?.interval?.upper).toBeLessThan(15);
  });

  it("needs some minutes, whatever the size of the difference", () => {
    expect(valued(gauge, { factor: 50, polls: 30 }).firstFail).toBeUndefined();
    expect(valued(gauge, { factor: 50 }).firstFail).toBeLessThan(80);
  });

  it("a gauge beyond its target breaks the service level", () => {
    const { reading } = valued({ ...gauge, sloTarget: 150, threshold: 200, trigger: 300 }, { factor: 2 });
    expect(reading.slo.outcome).toBe("FAIL");
    expect(reading.slo.reasons[0]?.text).toMatch(/target at most 150 jobs/);
  });

  it("quantiles of arms of the same size can fail and pass", () => {
    const alike = { exposures: [500, 500] } as const;
    expect(valued(p99, { factor: 1.3, ...alike }).reading.regression.outcome).toBe("FAIL");
    expect(valued(p99, { factor: 1, ...alike }).reading.regression.outcome).toBe("PASS");
  });

  it("quantiles of a smaller candidate can accuse it, never clear it", () => {
    const smaller = { exposures: [900, 100] } as const;
    expect(valued(p99, { factor: 1.3, ...smaller }).reading.regression.outcome).toBe("FAIL");
    const { reading } = valued(p99, { factor: 0.9, ...smaller });
    expect(reading.regression).toMatchObject({ outcome: "INCONCLUSIVE", reasons: [{ code: "resolution" }] });
    expect(reading.regression.reasons[0]?.text).toMatch(/arms of different size/);
  });

  it.each([
    ["a larger candidate, which looks slower than it is", [100, 900] as const],
    ["arms of unknown size", [0, 0] as const],
  ])("quantiles of %s do neither", (_, exposures) => {
    const { reading } = valued(p99, { factor: 1.4, exposures });
    expect(reading.regression.outcome).toBe("INCONCLUSIVE");
  });

  it("values that have no logarithm, and a source that changes its ways, are no evidence", () => {
    const polls = times(60, (i) => shown(gauge, i, { baseline: { value: 0 }, candidate: { value: 100 } }));
    expect(judged([gauge], polls).reading.regression.outcome).toBe("INCONCLUSIVE");
    const buckets = [
      { le: 100, count: 90 },
      { le: null, count: 10 },
    ];
    const mixed = times(2, (i) =>
      shown(p99, i, {
        baseline: i === 0 ? { exposure: 100, buckets } : { exposure: 100, value: 10 },
        candidate: i === 0 ? { exposure: 100, buckets } : { exposure: 100, value: 900 },
      }),
    );
    const { state } = judged([p99], mixed);
    expect(state.missedStreak).toBe(1);
    expect(state.rules[0]?.probes.some(({ points }) => points !== undefined)).toBe(false);
  });

  it("a first deployment is judged by the target alone", () => {
    const rule = { ...gauge, sloTarget: 150 };
    const first = (value: number) =>
      judged(
        [rule],
        times(60, (i) => shown(rule, i, { candidate: { value } })),
        { baseline: { kind: "none" } },
      ).reading;
    expect(first(100).regression.outcome).toBe("PASS");
    expect(first(200).slo.outcome).toBe("FAIL");
  });
});

describe("distributions", () => {
  const p99 = { ...latencyRule, required: true };
  const sampled = (o: {
    factor: number;
    grid: "exact" | { schema: number } | undefined;
    polls?: number;
    rule?: MetricRule;
    seed?: number;
  }) => {
    const random = uniform(o.seed ?? 5);
    const rule = o.rule ?? p99;
    const arm = (count: number, factor: number): Shown => {
      const counts = new Map<number, number>();
      for (let i = 0; i < count; i += 1) {
        const value = 100 * factor * Math.exp(0.5 * normal(random));
        const bound =
          o.grid === "exact" || !o.grid
            ? value
            : 2 ** (Math.ceil(Math.log2(value) * 2 ** o.grid.schema) / 2 ** o.grid.schema);
        counts.set(bound, (counts.get(bound) ?? 0) + 1);
      }
      const buckets = [...counts].sort(([a], [b]) => a - b).map(([le, n]) => ({ le, count: n }));
      return { exposure: count, buckets, ...(o.grid ? { grid: o.grid } : {}) };
    };
    return judged(
      [rule],
      times(o.polls ?? 60, (i) => shown(rule, i, { baseline: arm(500, 1), candidate: arm(500, o.factor) })),
    );
  };

  it.each([
    ["raw samples", "exact" as const],
    ["native buckets of schema 3", { schema: 3 }],
  ])("from %s: a slower version fails, an identical one is proven", (_, grid) => {
    const slow = sampled({ factor: 1.4, grid });
    expect(slow.reading.regression.outcome).toBe("FAIL");
    expect(slow.firstFail).toBeLessThan(20);
    const { lower = 0 } = slow.reading.metrics[0]?.interval ?? {};
    expect(lower).toBeGreaterThan(5);
    const same = sampled({ factor: 1, grid, polls: 120 });
    expect(same.reading.regression.outcome).toBe("PASS");
    const [metric] = same.reading.metrics;
    expect(metric?.excludedAbove).toBeLessThanOrEqual(32);
    expect(metric?.interval?.upper).toBeGreaterThan(0);
    // The p99 of a lognormal with median 100 and sigma 0.5.
    expect(Math.abs((metric?.candidate.value ?? 0) / 320 - 1)).toBeLessThan(0.12);
  });

  it("from native buckets that are coarse: says so instead of passing", () => {
    const { reading } = sampled({ factor: 1, grid: { schema: 0 } });
    expect(reading.regression).toMatchObject({ outcome: "INCONCLUSIVE", reasons: [{ code: "resolution" }] });
  });

  it("of a median fail and pass like those of a p99", () => {
    const rule = { ...p99, id: "latency-p50" as MetricId, quantile: 0.5 };
    expect(sampled({ factor: 1.3, grid: "exact", rule }).reading.regression.outcome).toBe("FAIL");
    expect(sampled({ factor: 1, grid: "exact", rule }).reading.regression.outcome).toBe("PASS");
  });

  it("are primed by what the baseline did before the first change", () => {
    const before = {
      from: "2026-01-05T11:00:00Z",
      to: "2026-01-05T12:00:00Z",
      version: "1.0.0",
      throughputRps: 50,
      series: [
        {
          metric: p99.series,
          exposure: 36_000,
          events: 0,
          buckets: [
            { le: 256, count: 35_000 },
            { le: 512, count: 1000 },
          ],
        },
      ],
    } as never;
    const poll = shown(p99, 0, {
      baseline: {
        exposure: 500,
        buckets: [
          { le: 256, count: 495 },
          { le: 512, count: 5 },
        ],
        grid: { schema: 0 },
      },
      candidate: {
        exposure: 500,
        buckets: [
          { le: 256, count: 300 },
          { le: 512, count: 200 },
        ],
        grid: { schema: 0 },
      },
    });
    const polls = (of: number) => judged([p99], [poll], of ? { baseline: { kind: "concurrent", before } } : {});
    expect(polls(0).state.rules[0]?.probes[0]?.concurrent?.stake.polls).toBe(0);
    expect(polls(1).state.rules[0]?.probes[0]?.concurrent?.stake.polls).toBe(1);
  });
});

describe("weights", () => {
  const of = (rules: readonly MetricRule[]) => Object.fromEntries(weightShares(rules));
  const quantiles = ["p50", "p95", "p99"].map((id) => ({ ...latencyRule, id: id as MetricId, weight: 1 }));

  it("give failed requests at least half", () => {
    expect(
      of([
        { ...errorRule, weight: 1 },
        { ...latencyRule, weight: 9 },
      ]),
    ).toEqual({ "error-rate": 0.5, "latency-p99": 0.5 });
    expect(of([errorRule, latencyRule])["error-rate"]).toBeCloseTo(2 / 3, 12);
    expect(of([latencyRule])).toEqual({ "latency-p99": 1 });
  });

  it("count quantiles of one latency as one metric", () => {
    const shares = of([{ ...errorRule, weight: 1 }, ...quantiles]);
    expect(shares["error-rate"]).toBe(0.5);
    expect(shares.p50).toBeCloseTo(1 / 6, 12);
  });

  it("do not count failures twice when they are shown as availability too", () => {
    const availability = ruleOf({ kind: "availability", series: errorRule.series, weight: 1 });
    const shares = of([{ ...errorRule, weight: 1 }, availability, { ...latencyRule, weight: 1 }]);
    expect(shares["error-rate"]).toBeCloseTo(0.25, 12);
    expect(shares["latency-p99"]).toBeCloseTo(0.5, 12);
  });
});
