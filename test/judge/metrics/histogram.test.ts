import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Histogram } from "../../../mcp-server/judge/index.ts";
import {
  checkHistogram,
  edgeAtLeast,
  edgeNearQuantile,
  exceedances,
  mergeHistograms,
  quantileOf,
  totalOf,
} from "../../../mcp-server/judge/metrics/histogram.ts";

const buckets: Histogram = [
  { le: 100, count: 90 },
  { le: 250, count: 8 },
  { le: 500, count: 1 },
  { le: null, count: 1 },
];

describe("histograms", () => {
  it.each([
    [100, 10],
    [250, 2],
    [500, 1],
  ])("count what lies above edge %d: %d", (edge, events) => {
    expect(exceedances(buckets, edge)).toEqual({ exposure: 100, events });
  });

  it.each([
    [0.5, 100],
    [0.95, 250],
    [0.99, 500],
    [0.999, 500],
  ])("name the edge nearest to quantile %d: %d", (quantile, edge) => {
    expect(edgeNearQuantile(buckets, quantile)).toBe(edge);
  });

  it.each([
    [100, 100],
    [100.000000001, 100],
    [120, 250],
    [500.1, undefined],
  ])("find the smallest edge at or above %d: %s", (value, edge) => {
    expect(edgeAtLeast(buckets, value)).toBe(edge);
  });

  it("estimate a quantile for people inside its bucket, and stop at the last finite edge", () => {
    expect(quantileOf(buckets, 0.94)).toBeCloseTo(175, 9);
    expect(quantileOf(buckets, 0.999)).toBe(500);
    expect(quantileOf([], 0.5)).toBeUndefined();
    expect(edgeNearQuantile([{ le: null, count: 5 }], 0.5)).toBeUndefined();
  });

  it("add up edge by edge, also when the edges differ, and lose nothing", () => {
    const edges = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 8 });
    const histogram = edges.chain((found) =>
      fc.array(fc.nat(50), { minLength: found.length + 1, maxLength: found.length + 1 }).map((counts): Histogram => {
        const sorted = [...found].sort((a, b) => a - b);
        return [...sorted, null].map((le, i) => ({ le, count: counts[i] ?? 0 }));
      }),
    );
    fc.assert(
      fc.property(histogram, histogram, (a, b) => {
        const merged = mergeHistograms(a, b);
        checkHistogram(merged, "a merge");
        expect(totalOf(merged)).toBe(totalOf(a) + totalOf(b));
        expect(merged).toEqual(mergeHistograms(b, a));
      }),
    );
  });

  it("fade the past by a factor", () => {
    expect(totalOf(mergeHistograms(buckets, buckets, 0.5))).toBe(150);
  });

  it.each([
    [
      "descending edges",
      [
        { le: 5, count: 1 },
        { le: 2, count: 1 },
      ],
    ],
    [
      "a bucket after +Inf",
      [
        { le: null, count: 1 },
        { le: 2, count: 1 },
      ],
    ],
    ["a negative count", [{ le: 5, count: -1 }]],
    ["a count that is no number", [{ le: 5, count: Number.NaN }]],
  ])("are refused with %s", (_, bad) => {
    expect(() => checkHistogram(bad, "latency")).toThrow(/cannot come from a measurement/);
  });
});
