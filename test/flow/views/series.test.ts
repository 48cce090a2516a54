import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { trafficRows } from "../../../mcp-server/flow/views/metric-rows.ts";
import { observationOf, recordOf, watchesOf } from "../../../mcp-server/flow/views/record.ts";
import { armTotals, intervalRows, pollsOf, quantileEdge } from "../../../mcp-server/flow/views/series.ts";
import { sloView } from "../../../mcp-server/flow/views/slo.ts";
import { approve, baseline, prepare, rolledBack, stageOne, staging, success } from "./journals.ts";
import { scribe } from "./scribe.ts";

const le = (edge: number | null, count: number) => ({ le: edge, count });

describe("the edge of the bucket that holds a quantile", () => {
  test.each([
    ["nothing was counted", [], 0.99, null],
    ["only empty buckets", [le(50, 0), le(null, 0)], 0.99, null],
    ["all in one bucket", [le(50, 10), le(100, 0), le(null, 0)], 0.99, 50],
    ["exactly at the edge", [le(50, 99), le(100, 1), le(null, 0)], 0.99, 50],
    ["just over the edge", [le(50, 98), le(100, 2), le(null, 0)], 0.99, 100],
    ["beyond the last edge", [le(50, 90), le(null, 10)], 0.99, null],
  ])("%s", (_what, buckets, quantile, edge) => {
    expect(quantileEdge(buckets, quantile)).toBe(edge);
  });

  test("at least the asked share lies at or below it, and less below the edge before", () => {
    const counts = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 0.999, noNaN: true }), (list, quantile) => {
        const buckets = list.map((count, index) => le(10 * (index + 1), count));
        const total = list.reduce((sum, count) => sum + count, 0);
        const edge = quantileEdge(buckets, quantile);
        if (total === 0) return edge === null;
        const upTo = (limit: number) => list.slice(0, limit).reduce((sum, count) => sum + count, 0);
        const index = (edge ?? 0) / 10;
        return upTo(index) >= quantile * total && upTo(index - 1) < quantile * total;
      }),
    );
  });
});

describe("a watch over time", () => {
  const started = (o: Parameters<typeof stageOne>[1]) => {
    const s = scribe();
    staging(s);
    approve(s);
    baseline(s);
    prepare(s);
    stageOne(s, o);
    return recordOf(s.plan, s.events);
  };
  const rowsOf = (record: ReturnType<typeof started>) => {
    const [watched] = watchesOf(record, "production");
    if (!watched) throw new Error("there is no watch");
    return intervalRows(record, watched);
  };

  test("a short watch has a row per poll, a long one a row per five minutes", () => {
    const s = success();
    const record = recordOf(s.plan, s.events);
    expect(rowsOf(record)).toHaveLength(13);
    const observed = observationOf(record);
    const rows = observed ? intervalRows(record, observed) : [];
    expect(rows.map(({ requests }) => requests)).toEqual([30_000, 30_000, 12_000]);
  });

  test("says which figures are of probe traffic, per row and in all", () => {
    const record = started({ polls: 13, probes: { baseline: 30, candidate: 10 } });
    expect(rowsOf(record)[1]?.status).toBe("measured; 40 of it probe traffic");
    const [watched] = watchesOf(record, "production");
    const [throughput] = watched ? trafficRows(record, watched) : [];
    expect(throughput?.status).toBe("shown; 480 of it probe traffic");
    expect(watched && sloView(record, watched).gaps).toContain("not all of it is of users: 480 of it probe traffic");
    expect(rowsOf(started({ polls: 13 }))[1]?.status).toBe("measured");
  });

  test("never more than thirty rows, and no request is left out", () => {
    const record = started({ polls: 200, end: "none" });
    const rows = rowsOf(record);
    expect(rows.length).toBeLessThanOrEqual(30);
    const { requests } = armTotals(pollsOf(record, "stage-1/watch"), "candidate");
    expect(rows.reduce((sum, row) => sum + (row.requests ?? 0), 0)).toBe(requests);
    expect(requests).toBe(199 * 200);
  });

  test("error rate and p99 of both arms stand side by side", () => {
    const rows = rowsOf(started({ polls: 3, conduct: { failed: 0.3, slow: 0.5 }, end: "none" }));
    expect(rows[1]).toMatchObject({ weightPct: 20, requests: 200, errorRatePct: 30, baselineErrorRatePct: 0 });
    expect(rows[1]).toMatchObject({ p99Ms: 750, baselineP99Ms: 100, status: "measured" });
  });

  test("the first reading, silence and a breach are told apart", () => {
    const silent = rowsOf(started({ polls: 3, conduct: { silent: true }, end: "none" }));
    expect(silent.map(({ status }) => status)).toEqual(["not measured", "not measured", "not measured"]);
    expect(silent.at(-1)).toMatchObject({ requests: null, errorRatePct: null, p99Ms: null });
    const back = rolledBack();
    const broken = rowsOf(recordOf(back.plan, back.events));
    expect(broken.map(({ status }) => status)).toEqual(["first reading", "measured", "measured", "BREACH"]);
  });
});
