import { describe, expect, test } from "vitest";
import { inspectReports, readReports } from "../../../mcp-server/evidence/tests/index.ts";
import type { TestCounts } from "../../../mcp-server/judge/tests/index.ts";
import { realDisk } from "../../../mcp-server/ports/index.ts";

const FOLDER = "test/fixtures/test-reports";
const cwd = process.cwd();

/**
 * Files that the tools themselves wrote. The numbers of the XML files were counted independently with Python's
 * xml.etree (forbidden characters removed first): `testcase` elements, by the children of each; those of the JSON
 * files with Python's json: `assertionResults`, plus one row for each file that could not be loaded; those of the other
 * formats are the tool's own summary. One row of CTest is an error here and a skip there: its program is missing.
 */
const SAMPLES: [file: string, format: string, tool: string | undefined, counts: TestCounts][] = [
  ["bats-junit.xml", "junit", "bats", { tests: 4, passed: 2, failed: 1, errored: 0, skipped: 1, flaky: 0 }],
  ["ctest.xml", "junit", "ctest", { tests: 6, passed: 1, failed: 2, errored: 1, skipped: 2, flaky: 0 }],
  ["jest-junit.xml", "junit", "jest-junit", { tests: 20, passed: 15, failed: 3, errored: 0, skipped: 2, flaky: 0 }],
  ["mocha-xunit.xml", "junit", "mocha", { tests: 8, passed: 4, failed: 2, errored: 0, skipped: 2, flaky: 0 }],
  ["node-junit.xml", "junit", "node:test", { tests: 11, passed: 5, failed: 3, errored: 0, skipped: 3, flaky: 0 }],
  [
    "playwright-junit.xml",
    "junit",
    "playwright",
    { tests: 18, passed: 6, failed: 4, errored: 2, skipped: 6, flaky: 0 },
  ],
  ["pytest-xunit1.xml", "junit", "pytest", { tests: 12, passed: 4, failed: 3, errored: 3, skipped: 2, flaky: 0 }],
  ["pytest-xunit2.xml", "junit", "pytest", { tests: 12, passed: 4, failed: 3, errored: 3, skipped: 2, flaky: 0 }],
  ["vitest-junit.xml", "junit", "vitest", { tests: 13, passed: 8, failed: 3, errored: 0, skipped: 2, flaky: 0 }],
  ["jest.json", "jest-json", "jest", { tests: 21, passed: 13, failed: 3, errored: 1, skipped: 4, flaky: 1 }],
  ["vitest.json", "jest-json", "vitest", { tests: 13, passed: 8, failed: 2, errored: 1, skipped: 2, flaky: 1 }],
  ["playwright-ctrf.json", "ctrf", "playwright", { tests: 18, passed: 6, failed: 6, errored: 0, skipped: 6, flaky: 2 }],
  ["go-test.json", "go-json", "go", { tests: 7, passed: 3, failed: 2, errored: 1, skipped: 1, flaky: 0 }],
  ["mocha.tap", "tap", undefined, { tests: 8, passed: 4, failed: 2, errored: 0, skipped: 2, flaky: 0 }],
  ["node.tap", "tap", undefined, { tests: 11, passed: 5, failed: 3, errored: 0, skipped: 3, flaky: 0 }],
  ["mocha.json", "mocha-json", "mocha", { tests: 8, passed: 4, failed: 2, errored: 0, skipped: 2, flaky: 1 }],
  [
    "playwright.json",
    "playwright-json",
    "playwright",
    { tests: 18, passed: 6, failed: 4, errored: 2, skipped: 6, flaky: 2 },
  ],
];

describe("reports that the tools themselves wrote", () => {
  test.each(SAMPLES)("%s", async (file, format, tool, counts) => {
    const { files, total } = await inspectReports(realDisk, [`${FOLDER}/${file}`], { cwd });
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({ format, counts });
    expect(files[0]?.tool).toBe(tool);
    expect(total).toEqual(counts);
  });

  test("a folder of them is their sum", async () => {
    const { files, total } = await inspectReports(realDisk, [FOLDER], { cwd });
    expect(files).toHaveLength(SAMPLES.length);
    expect(total.tests).toBe(SAMPLES.reduce((sum, [, , , counts]) => sum + counts.tests, 0));
  });

  const rowsOf = async (file: string) => (await readReports(realDisk, [`${FOLDER}/${file}`], { cwd })).rows;

  test("priority comes from a property, a tag in the title, or the title of the suite", async () => {
    const priorityOf = async (file: string, name: string) =>
      (await rowsOf(file)).find((row) => row.name.endsWith(name))?.priority;
    expect(await priorityOf("pytest-xunit2.xml", "test_ok")).toBe("P0");
    expect(await priorityOf("playwright-junit.xml", "fails @P1")).toBe("P1");
    expect(await priorityOf("jest-junit.xml", "param 1 + 2")).toBe("P0");
    expect(await priorityOf("jest.json", "adds item")).toBe("P0");
    expect(await priorityOf("vitest.json", "adds item")).toBeUndefined();
  });

  test("the browsers of Playwright are projects; the host name of other tools is not", async () => {
    const projects = (await rowsOf("playwright-junit.xml")).map((row) => row.project);
    expect(new Set(projects)).toEqual(new Set(["chromium", "firefox"]));
    expect((await rowsOf("bats-junit.xml")).every((row) => row.project === undefined)).toBe(true);
  });

  test("a file that failed to load is a failing row", async () => {
    for (const file of ["jest.json", "vitest.json"]) {
      const broken = (await rowsOf(file)).filter((row) => row.name === "(file failed to load)");
      expect(broken).toHaveLength(1);
      expect(broken[0]).toMatchObject({ status: "errored", suite: [] });
      expect(broken[0]?.message).toContain("suite fails to load");
    }
  });

  test("characters that XML forbids are a warning with a line, and every row is there", async () => {
    const { files } = await inspectReports(realDisk, [`${FOLDER}/jest-junit.xml`], { cwd });
    expect(files[0]?.warnings).toEqual([
      { code: "forbidden-character", line: 6, text: expect.stringContaining("(and 9 more)") },
    ]);
  });
});
