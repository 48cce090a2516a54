import { describe, expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { plotOf, sparkRows } from "../../../mcp-server/flow/views/plot.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { aborted, blocked, firstDeployment, rolledBack, success } from "./journals.ts";
import { type Scribe, scribe } from "./scribe.ts";

const record = (s: Scribe) => recordOf(s.plan, s.events);
const valuesOf = (s: Scribe, panel: number, arm: string) =>
  (plotOf(record(s))?.panels[panel]?.series.find((own) => own.arm === arm)?.points ?? []).flatMap(({ value }) =>
    value === null ? [] : [value],
  );

describe("error rate and p99 over time", () => {
  test("of a rollback: the new version up to it, the old one also after it", () => {
    const chart = plotOf(record(rolledBack()));
    expect(chart?.title).toBe("shop 2.1.0: ROLLED_BACK");
    expect(chart?.bands.map(({ label }) => label)).toEqual(["20 % on the new version", "after the rollback"]);
    expect(chart?.marks.map(({ label }) => label)).toEqual(["rollback decided"]);
    expect(new Set(valuesOf(rolledBack(), 0, "new"))).toEqual(new Set([30]));
    expect(new Set(valuesOf(rolledBack(), 1, "new"))).toEqual(new Set([750]));
    expect(new Set(valuesOf(rolledBack(), 0, "old"))).toEqual(new Set([0]));
    const last = chart?.panels[0]?.series.find(({ arm }) => arm === "old")?.points.at(-1);
    expect(last?.ms).toBeGreaterThan(chart?.marks[0]?.ms ?? Number.POSITIVE_INFINITY);
  });

  test("of a success: every stage, no mark", () => {
    const chart = plotOf(record(success()));
    expect(chart?.bands.map(({ short }) => short)).toEqual(["20 %", "100 %"]);
    expect(chart?.marks).toEqual([]);
    expect(chart?.panels.map(({ limits }) => limits[0]?.value)).toEqual([0.1, 500]);
  });

  test("of a release that staging stopped: staging", () => {
    expect(plotOf(record(blocked()))?.subtitle).toContain("staging");
    expect(plotOf(record(aborted()))?.subtitle).toContain("staging");
  });

  test.each([
    ["nothing is measured", firstDeployment],
    ["nothing has begun", scribe],
  ])("is left out where %s", (_why, journal) => {
    expect(plotOf(record(journal()))).toBeUndefined();
    expect(sparkRows(record(journal()))).toEqual([]);
    expect(artifactFiles(record(journal())).some(({ path }) => path.endsWith(".svg"))).toBe(false);
  });

  test("the report shows the file beside it, which is the same bytes every time", () => {
    const files = new Map(artifactFiles(record(rolledBack())).map(({ path, text }) => [path, text]));
    const report = files.get(".aiwg/reports/deployment-report-2.1.0.md") ?? "";
    expect(report).toContain("](deployment-report-2.1.0.svg)");
    expect(report).toContain("| new: 2.1.0 | `·███······ 0 to 30.0 %` |");
    const again = artifactFiles(record(rolledBack())).find(({ path }) => path.endsWith(".svg"));
    expect(again?.text).toBe(files.get(".aiwg/reports/deployment-report-2.1.0.svg"));
  });
});
