import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { jestJsonReader } from "../../../mcp-server/evidence/tests/jest-json.ts";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { recognise } from "../../../mcp-server/evidence/tests/registry.ts";
import { readWith } from "./sources.ts";

const assertion = (title: string, more: Record<string, unknown> = {}) => ({
  ancestorTitles: ["Cart"],
  title,
  status: "passed",
  duration: 1.5,
  failureMessages: [],
  ...more,
});
const report = (tests: unknown[], more: Record<string, unknown> = {}, file: Record<string, unknown> = {}) =>
  JSON.stringify({
    success: true,
    numTotalTestSuites: 1,
    numTotalTests: tests.length,
    testResults: [{ name: "/p/a.test.ts", status: "passed", message: "", assertionResults: tests, ...file }],
    ...more,
  });
const read = (data: string | Uint8Array, limits = {}) => readWith(jestJsonReader, data, limits);
const jest = { numRuntimeErrorTestSuites: 0 };

describe("statuses", () => {
  test.each([
    ["passed", "passed"],
    ["failed", "failed"],
    ["pending", "skipped"],
    ["skipped", "skipped"],
    ["todo", "skipped"],
    ["disabled", "skipped"],
    ["focused", "errored"],
    ["", "errored"],
  ])("%j", async (status, expected) => {
    const { rows } = await read(report([assertion("a", { status })], { success: expected !== "failed", ...jest }));
    expect(rows[0]?.status).toBe(expected);
  });

  test("what Vitest calls pending did not end", async () => {
    const { rows } = await read(report([assertion("a", { status: "pending" })]));
    expect(rows[0]?.status).toBe("errored");
  });

  test("Jest: a pass after several invocations is flaky; Vitest: a pass with failure messages", async () => {
    const twice = assertion("a", { invocations: 2 });
    const failedFirst = assertion("a", { failureMessages: ["first"] });
    const flaky = async (test: unknown, more = {}) => (await read(report([test], more))).rows[0]?.flaky;
    expect(await flaky(twice, jest)).toBe(true);
    expect(await flaky(failedFirst)).toBe(true);
    expect(await flaky(twice)).toBeUndefined();
    expect(await flaky(assertion("a", { invocations: 1 }), jest)).toBeUndefined();
  });
});

describe("a run that failed outside of its tests has a failing row", () => {
  test.each([
    [
      "a file that does not load",
      report([], { success: false }, { status: "failed", message: "boom" }),
      "(file failed to load)",
    ],
    [
      "a hook after all tests",
      report([assertion("a")], { success: false }, { status: "failed", message: "afterAll" }),
      "(file failed outside of its tests)",
    ],
    ["no success without a reason", report([assertion("a")], { success: false }), "(run failed)"],
    ["interrupted", report([assertion("a")], { wasInterrupted: true }), "(run interrupted)"],
  ])("%s", async (_, data, name) => {
    const { rows } = await read(data);
    expect(rows.filter((row) => row.status === "errored").map((row) => row.name)).toEqual([name]);
  });
});

test("tags and titles of suites give priorities", async () => {
  const { rows } = await read(
    report([assertion("a", { tags: ["smoke", "P1"] }), assertion("b", { ancestorTitles: ["x [P0]"] })]),
  );
  expect(rows.map((row) => row.priority)).toEqual(["P1", "P0"]);
});

describe("damage", () => {
  test.each([
    ["fewer tests than counted", report([assertion("a")], { numTotalTests: 2 })],
    ["another shape", JSON.stringify({ success: true, numTotalTests: 0, testResults: [{}] })],
    ["a list", "[]"],
    ["nothing", ""],
  ])("%s", async (_, data) => {
    await expect(read(data)).rejects.toBeInstanceOf(ReportDamage);
  });

  test.each(["jest.json", "vitest.json"])("%s, cut anywhere", async (file) => {
    const data = readFileSync(`test/fixtures/test-reports/${file}`);
    const complete = data.lastIndexOf("}") + 1;
    for (let cut = 0; cut < complete; cut += 97) {
      await expect(read(data.subarray(0, cut)), `cut at ${cut}`).rejects.toBeInstanceOf(ReportDamage);
    }
  });

  test("too large to hold in memory", async () => {
    await expect(read(report([assertion("a")]), { maxWholeFileBytes: 100 })).rejects.toThrow(/write JUnit XML/);
  });
});

describe("recognition by content", () => {
  test.each([
    [report([assertion("a")]), "jest-json"],
    ['<?xml version="1.0"?>\n<!-- c --><testsuites>', "junit"],
    ["\ufeff<testsuite name='x'>", "junit"],
    ["npm warn old\n<testsuites tests='1'>", "junit"],
    ['{"name":"a-package","version":"1.0.0"}', undefined],
    ["<coverage/>", undefined],
    ["# Title\nsome text", undefined],
    ["", undefined],
  ])("%j", (head, format) => {
    expect(recognise(Buffer.from(head))?.format).toBe(format);
  });

  test("UTF-16", () => {
    expect(recognise(Buffer.from("\ufeff<testsuites>", "utf16le"))?.format).toBe("junit");
  });
});
