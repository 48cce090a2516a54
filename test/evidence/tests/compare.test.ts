import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  compareReportFiles,
  compareRuns,
  normaliseRun,
  readReports,
  reportsSource,
  rowsSource,
  storedSource,
} from "../../../mcp-server/evidence/tests/index.ts";
import { compareTests, judgeTests, openComparison } from "../../../mcp-server/judge/tests/index.ts";
import { realDisk } from "../../../mcp-server/ports/index.ts";
import { sha256 } from "../../../mcp-server/vocab/index.ts";
import { makeJunit } from "../../bench/make-junit.ts";
import { memoryDisk } from "../../fakes/index.ts";
import { suite } from "./sources.ts";

const open = (seed: readonly [number, number]) => openComparison({ scope: "full", seed });
const cases = (count: number, broken: number[] = [], absent: number[] = []) =>
  suite(
    "Shop",
    Array.from({ length: count }, (_, i) =>
      absent.includes(i)
        ? ""
        : `<testcase classname="Shop" name="case ${i}">${broken.includes(i) ? '<failure message="boom"/>' : ""}</testcase>`,
    ).join(""),
  );

describe("comparing report files as streams", () => {
  const disk = memoryDisk({
    "/p/a.xml": cases(20),
    "/p/b.xml": cases(20, [3, 4], [7]),
    "/p/c.xml": cases(20, [3, 4], [7]),
  });
  const options = { cwd: "/p", open };

  test("names lost tests of both kinds", async () => {
    const { compared, baseline, candidate } = await compareReportFiles(disk, ["a.xml"], ["b.xml"], options);
    expect(compared.totals).toMatchObject({ lost: 3, failing: 2, missing: 1 });
    expect(compared.lost.map((test) => test.name)).toEqual(["case 3", "case 4", "case 7"]);
    expect(compared.failing[0]).toMatchObject({
      id: "Shop › case 3",
      before: "passed",
      after: "failed",
      message: "boom",
    });
    expect(compared.missing[0]).toMatchObject({ id: "Shop › case 7", before: "passed", after: "absent" });
    expect(baseline?.rawSha256).toBe(sha256(disk.read("/p/a.xml")));
    expect(candidate.facts?.files[0]?.file).toBe("/p/b.xml");
    expect(candidate.storedSha256).toBeUndefined();
  });

  test("gives what comparing in memory gives, from reports, rows and stored forms", async () => {
    const before = await readReports(disk, ["a.xml"], { cwd: "/p" });
    const after = await readReports(disk, ["b.xml"], { cwd: "/p" });
    const expected = compareTests(before.rows, after.rows, { scope: "full" });
    const stored = normaliseRun(before, (text) => text);
    for (const source of [
      reportsSource(disk, ["a.xml"], { cwd: "/p" }),
      rowsSource(before.rows, before.rawSha256),
      storedSource(() => [stored.stored], "label"),
    ]) {
      const { compared, baseline } = await compareRuns(source, rowsSource(after.rows, after.rawSha256), { open });
      expect(compared).toEqual(expected);
      expect(baseline?.rawSha256).toBe(before.rawSha256);
    }
  });

  test("without a baseline everything is new", async () => {
    const { compared, baseline } = await compareReportFiles(disk, undefined, ["a.xml"], options);
    expect(baseline).toBeUndefined();
    expect(compared.totals.added).toBe(20);
  });

  test("the stored forms can be compared again, with the same result", async () => {
    const parts = { baseline: [] as Uint8Array[], candidate: [] as Uint8Array[] };
    const redact = (text: string) => text.replaceAll("case 3", "case *");
    const store = { redact, write: (side: "baseline" | "candidate", bytes: Uint8Array) => parts[side].push(bytes) };
    const first = await compareReportFiles(disk, ["a.xml"], ["b.xml"], { ...options, store });
    expect(first.candidate.storedSha256).toBe(sha256(Buffer.concat(parts.candidate)));
    expect(first.compared.lost[0]?.name).toBe("case *");
    const again = await compareRuns(
      storedSource(() => parts.baseline, "a"),
      storedSource(() => parts.candidate, "b"),
      { open },
    );
    expect(again.compared).toEqual(first.compared);
  });

  test("a stored side with masked names still matches reports when told how it was masked", async () => {
    const redact = (text: string) => text.replaceAll("case 3", "case *");
    const { stored } = normaliseRun(await readReports(disk, ["a.xml"], { cwd: "/p" }), redact);
    const after = reportsSource(disk, ["a.xml"], { cwd: "/p" });
    const { compared } = await compareRuns(
      storedSource(() => [stored], "production"),
      after,
      { open, redact },
    );
    expect(compared.totals).toMatchObject({ lost: 0, added: 0 });
    expect(compared.matched).toBe(20);
  });

  test("a baseline that changes between its two readings is refused", async () => {
    const changing = memoryDisk({ "/p/a.xml": cases(20), "/p/b.xml": cases(20, [], [7]) });
    const source = reportsSource(changing, ["a.xml"], { cwd: "/p" });
    let readings = 0;
    const meddled = {
      ...source,
      each: (onRow: Parameters<typeof source.each>[0]) => {
        readings += 1;
        if (readings === 2) changing.writeAtomic("/p/a.xml", cases(19));
        return source.each(onRow);
      },
    };
    const comparing = compareRuns(meddled, reportsSource(changing, ["b.xml"], { cwd: "/p" }), { open });
    await expect(comparing).rejects.toMatchObject({ code: "unreadable" });
  });
});

test("splitting a run into files changes nothing", async () => {
  const parts = [0, 1, 2, 3].map((part) =>
    suite(
      `S${part}`,
      Array.from(
        { length: 10 },
        (_, i) => `<testcase name="t${i}">${(i + part) % 5 ? "" : "<failure/>"}</testcase>`,
      ).join(""),
    ),
  );
  const inner = (xml: string) => xml.slice(xml.indexOf("<testsuite "), xml.indexOf("</testsuites>"));
  const whole = memoryDisk({ "/p/a.xml": `<testsuites>${parts.map(inner).join("")}</testsuites>` });
  const split = memoryDisk(Object.fromEntries(parts.map((xml, i) => [`/p/${9 - i}.xml`, xml])));
  const baseline = memoryDisk({ "/p/a.xml": parts[0] ?? "", "/p/b.xml": parts[1] ?? "" });
  const against = async (disk: typeof whole) => {
    const rows = (await readReports(disk, ["."], { cwd: "/p" })).rows;
    const before = (await readReports(baseline, ["."], { cwd: "/p" })).rows;
    return compareTests(before, rows, { scope: "full" });
  };
  expect(await against(split)).toEqual(await against(whole));
});

test("a hundred thousand generated cases: every broken and dropped one is found", async () => {
  const folder = mkdtempSync(join(tmpdir(), "junit-"));
  try {
    await makeJunit(join(folder, "a.xml"), { cases: 100_000 });
    await makeJunit(join(folder, "b.xml"), { cases: 100_000, breakEvery: 1000, dropEvery: 2000 });
    const { compared } = await compareReportFiles(realDisk, ["a.xml"], ["b.xml"], { cwd: folder, open });
    // By the generator's own rule: case i is not passing in the baseline when its kind is below 33.
    const passes = (i: number) => (Math.imul(i, 2654435761) >>> 0) % 1000 >= 33;
    const numbers = Array.from({ length: 100_000 }, (_, i) => i).filter(passes);
    const broken = numbers.filter((i) => i % 1000 === 3).length;
    const dropped = numbers.filter((i) => i % 2000 === 7).length;
    expect(compared.baselinePassed).toBe(numbers.length);
    expect(compared.totals).toMatchObject({ lost: broken + dropped, missing: dropped, added: 0 });
    const verdict = judgeTests(compared, { thresholdPct: 0 });
    expect(verdict.verdict).toBe("FAIL");
    expect(verdict.regressionRate).toBe((100 * (broken + dropped)) / numbers.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
