import { describe, expect, test } from "vitest";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { recognise } from "../../../mcp-server/evidence/tests/registry.ts";
import { trxReader } from "../../../mcp-server/evidence/tests/trx.ts";
import { readWith } from "./sources.ts";

const trx = (results: string, { outcome = "Completed", total = 0, more = "" } = {}) =>
  `\ufeff<?xml version="1.0" encoding="utf-8"?>
<TestRun id="1" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
  <Results>${results}</Results>
  <TestDefinitions><UnitTest name="A" id="t1"><TestCategory><TestCategoryItem TestCategory="P0" /></TestCategory>
    <TestMethod className="Shop.Cart, Shop, Version=1.0" name="A" /></UnitTest></TestDefinitions>
  <ResultSummary outcome="${outcome}"><Counters total="${total}" />${more}</ResultSummary>
</TestRun>`;
const result = (outcome: string, inner = "", name = "A") =>
  `<UnitTestResult testId="t1" testName="${name}" outcome="${outcome}" duration="00:01:02.5000000">${inner}</UnitTestResult>`;
const read = async (data: string) => (await readWith(trxReader, data)).rows;

test("class, category, duration and message", async () => {
  const inner = "<Output><StdOut>noise</StdOut><ErrorInfo><Message>no</Message></ErrorInfo></Output>";
  const data = trx(result("Failed", inner), { outcome: "Failed", total: 1 });
  expect(recognise(Buffer.from(data))).toBe(trxReader);
  expect(await read(data)).toEqual([
    {
      status: "failed",
      suite: [],
      name: "A",
      classname: "Shop.Cart",
      priority: "P0",
      durationMs: 62_500,
      message: "no",
    },
  ]);
});

test.each([
  ["Passed", "passed"],
  ["Failed", "failed"],
  ["NotExecuted", "skipped"],
  ["Inconclusive", "skipped"],
  ["Timeout", "errored"],
  ["Aborted", "errored"],
  ["", "errored"],
  ["__proto__", "errored"],
])("%s is %s", async (outcome, status) => {
  expect((await read(trx(result(outcome))))[0]?.status).toBe(status);
});

test("data rows are the leaves; a test that failed by itself is one too", async () => {
  const rows = (...outcomes: string[]) =>
    `<InnerResults>${outcomes.map((outcome, i) => result(outcome, "", `A(${i})`)).join("")}</InnerResults>`;
  const names = async (data: string) => (await read(data)).map((row) => `${row.name} ${row.status}`);
  expect(await names(trx(result("Failed", rows("Passed", "Failed"))))).toEqual(["A(0) passed", "A(1) failed"]);
  expect(await names(trx(result("Failed", rows("Passed"))))).toEqual(["A(0) passed", "A failed"]);
});

describe("a run that failed outside of its tests has a failing row", () => {
  test.each([
    ["failed", trx(result("Passed"), { outcome: "Failed" })],
    ["aborted", trx(result("Passed"), { outcome: "Aborted" })],
    ["an error of the run", trx(result("Passed"), { more: '<RunInfos><RunInfo outcome="Error" /></RunInfos>' })],
  ])("%s", async (_, data) => {
    expect((await read(data)).map((row) => row.status)).toEqual(["passed", "errored"]);
  });
});

test("fewer results than counted, another root, and a file cut anywhere are refused", async () => {
  const whole = trx(result("Passed"), { total: 1 });
  await expect(read(trx(result("Passed"), { total: 2 }))).rejects.toBeInstanceOf(ReportDamage);
  await expect(read("<x/>")).rejects.toBeInstanceOf(ReportDamage);
  for (let cut = 0; cut < whole.length; cut += 5) {
    await expect(read(whole.slice(0, cut)), `cut at ${cut}`).rejects.toBeInstanceOf(ReportDamage);
  }
});
