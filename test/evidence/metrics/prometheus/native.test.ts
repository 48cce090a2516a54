import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  downscale,
  exponential,
  exponentialBuckets,
  exponentialGrowth,
  sumExponential,
} from "../../../../mcp-server/evidence/metrics/prometheus/native.ts";

/** Buckets as the API lists them: index to count at a schema. */
function listed(schema: number, counts: Readonly<Record<number, number>>) {
  const base = 2 ** (2 ** -schema);
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([index, count]) => ({ lo: base ** (Number(index) - 1), hi: base ** Number(index), count }));
}

const read = (schema: number, counts: Record<number, number>) => {
  const histogram = exponential(listed(schema, counts));
  if (!histogram) throw new Error("a histogram of our own cannot be read");
  return histogram;
};
const total = (histogram: ReturnType<typeof read>) =>
  [...histogram.counts.values()].reduce((sum, count) => sum + count, histogram.zero.count);

const counts = fc.dictionary(fc.integer({ min: -60, max: 40 }).map(String), fc.integer({ min: 0, max: 1000 }));
const schema = fc.integer({ min: 0, max: 8 });

describe("native histograms", () => {
  test("keep every observation, whatever the grid that they end on", () => {
    fc.assert(
      fc.property(schema, counts, fc.constantFrom(1, 1000), (of, given, scale) => {
        const histogram = read(of, given);
        const sum = Object.values(given).reduce((all, count) => all + count, 0);
        expect(total(histogram)).toBe(sum);
        const { buckets } = exponentialBuckets(histogram, scale);
        expect(buckets.reduce((all, { count }) => all + count, 0)).toBe(sum);
        const bounds = buckets.map(({ le }) => le ?? Number.POSITIVE_INFINITY);
        expect(bounds.every((le, index) => index === 0 || le > (bounds[index - 1] ?? 0))).toBe(true);
      }),
    );
  });

  test("grow by what was added, also when the server has made its grid coarser in between", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }),
        counts,
        counts,
        fc.integer({ min: 0, max: 2 }),
        (of, before, added, coarser) => {
          const base = read(of, before);
          const now = sumExponential([base, read(of, added)]);
          if (!now) throw new Error("a sum of two is one");
          const growth = exponentialGrowth(base, downscale(now, of - coarser));
          expect(growth && total(growth)).toBe(Object.values(added).reduce((all, count) => all + count, 0));
        },
      ),
    );
  });

  test.each([
    ["a bucket that lost observations is a restart", { 3: 5, 4: 5 }, { 3: 2, 4: 9 }],
    ["so is one that vanished", { 3: 5 }, { 4: 9 }],
  ])("%s", (_, before, now) => {
    expect(exponentialGrowth(read(3, before), read(3, now))).toBeUndefined();
  });

  test("in its own unit a histogram keeps its grid, scaled it has always the same bounds", () => {
    const own = exponentialBuckets(read(3, { 8: 4 }), 1);
    expect(own).toEqual({ buckets: [{ le: 2, count: 4 }], grid: { schema: 3 } });
    const [one, other] = [exponentialBuckets(read(4, { 8: 4 }), 1000), exponentialBuckets(read(8, { 8: 4 }), 1000)];
    expect(one.grid).toBeUndefined();
    expect(one.buckets.map(({ le }) => le)).toEqual(other.buckets.map(({ le }) => le));
    // Observations are never counted as quicker than they were.
    expect(one.buckets.find(({ count }) => count > 0)?.le).toBeGreaterThan(1000 * 2 ** 0.5 - 1e-6);
  });

  test.each([
    ["bounds of another kind", [{ lo: 1, hi: 1.7, count: 1 }]],
    ["two grids", [...listed(3, { 1: 1 }), ...listed(4, { 5: 1 })]],
    ["a count that is none", [{ lo: 1, hi: 2, count: Number.NaN }]],
    ["bounds the wrong way round", [{ lo: 2, hi: 1, count: 1 }]],
  ])("%s cannot be read", (_, buckets) => {
    expect(exponential(buckets)).toBeUndefined();
  });
});
