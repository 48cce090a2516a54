import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ctrfReader } from "../../../mcp-server/evidence/tests/ctrf.ts";
import { mochaJsonReader } from "../../../mcp-server/evidence/tests/mocha-json.ts";
import { playwrightJsonReader } from "../../../mcp-server/evidence/tests/playwright-json.ts";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { recognise } from "../../../mcp-server/evidence/tests/registry.ts";
import { readWith } from "./sources.ts";

const READERS = [
  ["playwright-ctrf.json", ctrfReader],
  ["mocha.json", mochaJsonReader],
  ["playwright.json", playwrightJsonReader],
] as const;
const sample = (file: string) => readFileSync(`test/fixtures/test-reports/${file}`);

describe.each(READERS)("%s", (file, reader) => {
  test("is recognised, and read the same in small pieces", async () => {
    const data = sample(file);
    expect(recognise(data.subarray(0, 64 * 1024))).toBe(reader);
    expect((await readWith(reader, data, {}, 7)).rows).toEqual((await readWith(reader, data)).rows);
  });

  test("cut anywhere it is refused", async () => {
    const data = sample(file);
    const complete = data.lastIndexOf("}") + 1;
    for (let cut = 0; cut < complete; cut += Math.ceil(complete / 97)) {
      await expect(readWith(reader, data.subarray(0, cut)), `cut at ${cut}`).rejects.toBeInstanceOf(ReportDamage);
    }
  });

  test("a value of a wrong type is refused, or its row is as before", async () => {
    const text = sample(file).toString();
    const before = (await readWith(reader, text)).rows.filter((row) => row.status === "passed").length;
    for (const key of ["status", "tests", "title", "name", "passes", "suites", "results"]) {
      for (const wrong of ["7", "null", '"x"', "[7]", '{"__proto__":{"status":"passed"}}']) {
        const damaged = text.replace(new RegExp(`"${key}": (?:"[^"]*"|\\d+|\\[|\\{)`), (found) =>
          /[[{]$/.test(found) ? `"${key}": ${wrong}, "rest": ${found.slice(-1)}` : `"${key}": ${wrong}`,
        );
        const read = await readWith(reader, damaged).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toBeInstanceOf(ReportDamage);
        else {
          const { rows } = read as Awaited<ReturnType<typeof readWith>>;
          expect(rows.filter((row) => row.status === "passed").length).toBeLessThanOrEqual(before);
        }
      }
    }
    expect(Object.hasOwn(Object.prototype, "status")).toBe(false);
  });

  test("limits on rows, names and size", async () => {
    for (const limits of [{ maxRows: 2 }, { maxNameChars: 3 }, { maxWholeFileBytes: 100 }]) {
      await expect(readWith(reader, sample(file), limits)).rejects.toBeInstanceOf(ReportDamage);
    }
  });
});

describe("CTRF", () => {
  const report = (tests: Record<string, unknown>[], summary = {}) =>
    JSON.stringify({
      results: { tool: { name: "x" }, summary: { tests: tests.length, failed: 0, ...summary }, tests },
    });
  const row = async (test: Record<string, unknown>) =>
    (await readWith(ctrfReader, report([{ name: "a", status: "passed", duration: 1, ...test }]))).rows[0];

  test.each([
    [{ status: "passed" }, "passed", undefined],
    [{ status: "passed", flaky: true }, "passed", true],
    [{ status: "passed", retry: 1 }, "passed", true],
    [{ status: "passed", retries: 1, retryAttempts: [{ status: "failed" }] }, "passed", true],
    [{ status: "passed", flaky: true, retryAttempts: [{ status: "passed" }] }, "failed", undefined],
    [{ status: "failed", flaky: true }, "failed", undefined],
    [{ status: "failed", rawStatus: "broken" }, "errored", undefined],
    [{ status: "pending" }, "skipped", undefined],
    [{ status: "skipped" }, "skipped", undefined],
    [{ status: "other" }, "errored", undefined],
    [{ status: "__proto__" }, "errored", undefined],
  ])("%j is %s", async (test, status, flaky) => {
    expect(await row(test)).toMatchObject({ status });
    expect((await row(test))?.flaky).toBe(flaky);
  });

  test("suites as text and as list, parameters, labels, tags and browsers", async () => {
    expect((await row({ suite: "a > b" }))?.suite).toEqual(["a", "b"]);
    expect((await row({ suite: ["a > b"] }))?.suite).toEqual(["a > b"]);
    const names = await Promise.all(
      [{ x: 1, y: 2 }, { y: 2, x: 1 }, { x: 2 }].map((parameters) => row({ parameters })),
    );
    expect(names[0]?.name).toBe(names[1]?.name);
    expect(names[0]?.name).not.toBe(names[2]?.name);
    expect((await row({ labels: { priority: "P1" } }))?.priority).toBe("P1");
    expect((await row({ tags: ["@P0"] }))?.priority).toBe("P0");
    expect((await row({ browser: "firefox" }))?.project).toBe("firefox");
  });

  test("a summary with more tests is damage, with more failures a failing row", async () => {
    const tests = [{ name: "a", status: "passed" }];
    await expect(readWith(ctrfReader, report(tests, { tests: 2 }))).rejects.toBeInstanceOf(ReportDamage);
    const { rows } = await readWith(ctrfReader, report(tests, { failed: 1 }));
    expect(rows.map(({ status }) => status)).toEqual(["passed", "errored"]);
  });
});

describe("Mocha", () => {
  test("text before the document is a warning", async () => {
    const noisy = `server listening on 3000\n${sample("mocha.json")}`;
    expect(recognise(Buffer.from(noisy))).toBe(mochaJsonReader);
    const { rows, warnings } = await readWith(mochaJsonReader, noisy);
    expect(rows).toHaveLength(8);
    expect(warnings.map(({ code }) => code)).toEqual(["leading-noise"]);
  });

  test("a failed hook fails, and a test that began without an end is an error", async () => {
    const report = JSON.parse(sample("mocha.json").toString());
    const { rows } = await readWith(mochaJsonReader, JSON.stringify(report));
    expect(rows.find((row) => row.name.startsWith('"before all" hook'))?.status).toBe("failed");
    report.tests.push({ title: "z", fullTitle: "Cart z", currentRetry: 0, err: {} });
    const more = await readWith(mochaJsonReader, JSON.stringify(report));
    expect(more.rows.at(-1)).toMatchObject({ name: "z", suite: ["Cart"], status: "errored" });
  });
});

describe("Playwright", () => {
  const report = (test: Record<string, unknown>, more = {}) =>
    JSON.stringify({
      config: { rootDir: "/p", projects: [] },
      suites: [{ title: "a.ts", file: "a.ts", specs: [{ title: "t", file: "a.ts", tests: [test] }] }],
      ...more,
    });
  test.each([
    ["expected", "passed", ["passed"], "passed", undefined],
    ["expected", "failed", ["failed"], "passed", undefined],
    ["expected", "passed", [], "errored", undefined],
    ["expected", "passed", ["interrupted"], "errored", undefined],
    ["flaky", "passed", ["failed", "passed"], "passed", true],
    ["skipped", "skipped", ["skipped"], "skipped", undefined],
    ["skipped", "passed", ["interrupted"], "errored", undefined],
    ["unexpected", "passed", ["failed"], "failed", undefined],
    ["unexpected", "failed", ["passed"], "failed", undefined],
    ["unexpected", "passed", ["timedOut"], "errored", undefined],
    ["constructor", "passed", ["passed"], "errored", undefined],
  ])("%s, expected to be %s, %j: %s", async (status, expectedStatus, results, expected, flaky) => {
    const test = { status, expectedStatus, results: results.map((result) => ({ status: result })) };
    const { rows } = await readWith(playwrightJsonReader, report(test));
    expect(rows[0]).toMatchObject({ status: expected, suite: [], file: "a.ts" });
    expect(rows[0]?.flaky).toBe(flaky);
  });

  test("an error outside of the tests is a failing row", async () => {
    const test = { status: "expected", expectedStatus: "passed", results: [{ status: "passed" }] };
    const { rows } = await readWith(playwrightJsonReader, report(test, { errors: [{ message: "no such module" }] }));
    expect(rows[1]).toMatchObject({ status: "errored", message: "no such module" });
  });

  test("suites too deep to be real are refused", async () => {
    let suite: unknown = { title: "x", suites: [] };
    for (let i = 0; i < 1_001; i++) suite = { title: "x", suites: [suite] };
    await expect(readWith(playwrightJsonReader, report({}, { suites: [suite] }))).rejects.toThrow(/nested suites/);
  });
});
