import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { inspectReports, readReports } from "../../../mcp-server/evidence/tests/index.ts";
import type { TestCounts } from "../../../mcp-server/judge/tests/index.ts";
import { realDisk } from "../../../mcp-server/ports/index.ts";
import { memoryDisk } from "../../fakes/index.ts";

const FOLDER = "test/fixtures/tool-runs";
const cwd = process.cwd();

type Counted = Omit<TestCounts, "flaky">;
/** Counted with Python, by a program that knows nothing of our readers: see the README of the folder. */
const COUNTED: Readonly<Record<string, Counted>> = JSON.parse(readFileSync(`${FOLDER}/counts.json`, "utf8"));

/** Format and tool of each file, and how many of its tests are flaky. */
const FILES: [file: string, format: string, tool: string | undefined, flaky?: number][] = [
  ["bats-exit.xml", "junit", "bats"],
  ["bats-setup.xml", "junit", "bats"],
  ["bats-shop.tap", "tap", undefined],
  ["bats-shop.xml", "junit", "bats"],
  ["ctest.xml", "junit", "ctest"],
  ["cucumber-js.json", "cucumber-json", "cucumber"],
  ["cucumber-ruby.json", "cucumber-json", "cucumber"],
  ["go-killed.json", "go-json", "go"],
  ["go.json", "go-json", "go"],
  ["gotestsum-rerun.json", "go-json", "go", 1],
  ["gotestsum-rerun.xml", "junit", undefined],
  ["gotestsum.xml", "junit", undefined],
  ["jest-ctrf.json", "ctrf", "jest", 1],
  ["jest-junit-load-reported.xml", "junit", "jest-junit"],
  ["jest-junit-load.xml", "junit", "jest-junit"],
  ["jest-junit.xml", "junit", "jest-junit"],
  ["jest-load.json", "jest-json", "jest"],
  ["jest-worker.json", "jest-json", "jest"],
  ["jest.json", "jest-json", "jest", 1],
  ["junit-platform.xml", "junit", "junit-platform"],
  ["mocha-xunit.xml", "junit", "mocha"],
  ["mocha.json", "mocha-json", "mocha", 1],
  ["mocha.tap", "tap", undefined],
  ["mochawesome-bail.json", "mochawesome", "mocha"],
  ["mochawesome.json", "mochawesome", "mocha"],
  ["node-junit.xml", "junit", "node:test"],
  ["node-killed.tap", "tap", undefined],
  ["node-killed.xml", "junit", "node:test"],
  ["node.tap", "tap", undefined],
  ["nunit2.xml", "nunit", "nunit"],
  ["phpunit.xml", "junit", undefined],
  ["playwright-load.json", "playwright-json", "playwright"],
  ["playwright-retries.xml", "junit", "playwright", 1],
  ["playwright-stopped.json", "playwright-json", "playwright"],
  ["playwright-worker.json", "playwright-json", "playwright"],
  ["playwright-worker.xml", "junit", "playwright"],
  ["pytest-interrupted.xml", "junit", "pytest"],
  ["pytest-load.xml", "junit", "pytest"],
  ["pytest.xml", "junit", "pytest"],
  ["rspec-interrupted.json", "rspec-json", "rspec"],
  ["rspec-junit.xml", "junit", "rspec"],
  ["rspec-load.json", "rspec-json", "rspec"],
  ["rspec-terminated.json", "rspec-json", "rspec"],
  ["rspec.json", "rspec-json", "rspec"],
  ["surefire/TEST-BrokenLoadTest.xml", "junit", "surefire"],
  ["surefire/TEST-BrokenSetUpTest.xml", "junit", "surefire"],
  ["surefire/TEST-BrokenTearDownTest.xml", "junit", "surefire"],
  ["surefire/TEST-ShopTest.xml", "junit", "surefire", 2],
  ["surefire/TEST-SumsTest.xml", "junit", "surefire"],
  ["tape.tap", "tap", undefined],
  ["testng.xml", "testng", "testng"],
  ["vitest-junit-load.xml", "junit", "vitest"],
  ["vitest-junit-worker.xml", "junit", "vitest"],
  ["vitest-junit.xml", "junit", "vitest"],
  ["vitest-load.json", "jest-json", "vitest"],
  ["vitest-worker.json", "jest-json", "vitest"],
  ["vitest.json", "jest-json", "vitest", 1],
];

/** Where we see more than the rows of tests say, and why. */
const MORE: Readonly<Record<string, [difference: Partial<Counted>, why: string]>> = {
  "bats-exit.xml": [{ tests: 1, errored: 1 }, "a killed test is written as a pass; the suite counts two of three"],
  "ctest.xml": [{ errored: 2, skipped: -2 }, "a missing program and a failed fixture fail the run"],
  "go-killed.json": [{ tests: 1, errored: 1 }, "a package that did not end"],
  "go.json": [{ tests: 2, errored: 2 }, "a package that did not build, and one whose TestMain failed"],
  "gotestsum.xml": [{ tests: 1, errored: 1 }, "a package that did not build is counted and not shown"],
  "jest-load.json": [{ tests: 1, errored: 1 }, "a file that failed to load"],
  "jest-worker.json": [{ tests: 1, errored: 1 }, "a file whose worker died"],
  "jest.json": [{ tests: 2, errored: 2 }, "a file that failed to load, and one without tests"],
  "mochawesome.json": [{ tests: 3, failed: 3 }, "failed hooks"],
  "nunit2.xml": [{ tests: 1, errored: 1 }, "a tear-down that failed"],
  "playwright-load.json": [{ tests: 1, errored: 1 }, "a file that failed to load"],
  "playwright-stopped.json": [{ tests: 1, errored: 1 }, "stopped after the first failure"],
  "pytest-interrupted.xml": [{ errored: 1, passed: -1 }, "the interrupted test has no name and no result"],
  "rspec-load.json": [{ tests: 1, errored: 1 }, "a file that failed to load"],
  "rspec-terminated.json": [{ errored: 1, skipped: -1 }, "the test that was running has no status that is known"],
  "rspec.json": [{ tests: 1, errored: 1 }, "a tear-down that failed"],
  "testng.xml": [{ tests: 2, errored: 2 }, "a set-up and a tear-down that failed"],
  "vitest-junit-worker.xml": [{ errored: 3, passed: -3 }, "tests of a dead worker are written as passes"],
  "vitest-load.json": [{ tests: 1, errored: 1 }, "a file that failed to load"],
  "vitest-worker.json": [{ errored: 3, skipped: -3 }, "tests of a dead worker are written as pending"],
  "vitest.json": [{ tests: 1, errored: 1 }, "a file that failed to load"],
};

const at = (file: string) => `${FOLDER}/${file}`;

describe("reports of runs that fail in all ways agree with a count by another reader", () => {
  test.each(FILES)("%s", async (file, format, tool, flaky = 0) => {
    const { files } = await inspectReports(realDisk, [at(file)], { cwd });
    const counted = COUNTED[file];
    if (counted === undefined) throw new Error(`${file} is not in counts.json`);
    const expected: TestCounts = { ...counted, flaky };
    for (const [key, more] of Object.entries(MORE[file]?.[0] ?? {})) expected[key as keyof Counted] += more;
    expect(files[0]).toMatchObject({ format, counts: expected });
    expect(files[0]?.tool).toBe(tool);
  });

  test.each([
    [
      "bats, whose second test killed itself",
      "1..3\nok 1 first\nok 3 last\n# bats warning: Executed 2 of 3\n",
      /a plan of 3/,
    ],
    ["Mocha, killed in its first test", "ok 1 first\n", /it has no plan/],
  ])("the TAP of %s is refused", async (_, text, reason) => {
    const read = inspectReports(memoryDisk({ "/p/a.tap": text }), ["a.tap"], { cwd: "/p" });
    await expect(read).rejects.toThrow(reason);
    await expect(read).rejects.toMatchObject({ exit: 65 });
  });

  test("every file is in the table or is of Allure", () => {
    const known = FILES.map(([file]) => file);
    expect(Object.keys(COUNTED).filter((file) => !file.startsWith("allure/"))).toEqual([...known].sort());
  });

  test("a folder of Allure results is one run: failed hooks and failed attempts are rows of their own", async () => {
    const { total, warnings } = await inspectReports(realDisk, [at("allure")], { cwd });
    const written = Object.entries(COUNTED).filter(([file]) => file.startsWith("allure/"));
    const results = written.reduce((sum, [, { tests }]) => sum + tests, 0);
    // Two broken hooks in files of groups of tests, three in files of what went wrong outside of all tests.
    expect(total).toEqual({ tests: results + 5, passed: 5, failed: 4, errored: 2 + 5, skipped: 2, flaky: 0 });
    expect(warnings).toEqual([]);
  });
});

describe("what only a real run shows", () => {
  const rowsOf = async (file: string) => (await readReports(realDisk, [at(file)], { cwd })).rows;
  const statusesOf = async (file: string, name: string) =>
    (await rowsOf(file)).filter((row) => row.name === name).map((row) => row.status);

  test("a rerun of surefire is flaky, and one that never passes is one failure", async () => {
    const rows = await rowsOf("surefire/TEST-ShopTest.xml");
    expect(rows.filter((row) => row.flaky).map((row) => row.name)).toEqual(["flaky", "flakyError"]);
    expect(await statusesOf("surefire/TEST-ShopTest.xml", "fails")).toEqual(["failed"]);
  });

  test("scenarios take the failure of their background and hooks; rules and examples tell them apart", async () => {
    expect(await statusesOf("cucumber-ruby.json", "never reached")).toEqual(["failed"]);
    expect(await statusesOf("cucumber-js.json", "with a broken hook after it")).toEqual(["failed"]);
    expect(await statusesOf("cucumber-ruby.json", "same name [;3]")).toEqual(["failed"]);
    const same = (await rowsOf("cucumber-js.json")).filter((row) => row.name === "adds an item");
    expect(same.map((row) => row.suite)).toEqual([["cart"], ["cart", "of-money"]]);
    expect(same.map((row) => row.priority)).toEqual(["P0", "P1"]);
  });

  test("NUnit and TestNG give classes, parameters and priorities by category", async () => {
    const nunit = await rowsOf("nunit2.xml");
    expect(nunit.find((row) => row.name.endsWith("AddsItem"))?.priority).toBe("P0");
    expect(nunit.find((row) => row.name.endsWith("HasPriority"))?.priority).toBe("P1");
    expect(await statusesOf("nunit2.xml", "BrokenTearDown (suite failed)")).toEqual(["errored"]);
    const testng = await rowsOf("testng.xml");
    expect(testng.find((row) => row.name === "addsItem")).toMatchObject({ classname: "ShopTest", priority: "P0" });
    expect(await statusesOf("testng.xml", "adds(2, 2, 5)")).toEqual(["failed"]);
  });

  test("a folder that a tool names as a suite is the project, wherever that is", async () => {
    const inFolder = { cwd, roots: ["/home/ci/shop/phpunit"] };
    const { rows } = await readReports(realDisk, [at("phpunit.xml")], inFolder);
    expect(rows.at(-1)).toMatchObject({ suite: [".", "ShopTest"], file: "ShopTest.php" });
  });
});
