import { describe, expect, test } from "vitest";
import { allureReader } from "../../../mcp-server/evidence/tests/allure.ts";
import { cucumberJsonReader } from "../../../mcp-server/evidence/tests/cucumber-json.ts";
import { dartJsonReader } from "../../../mcp-server/evidence/tests/dart-json.ts";
import { mochawesomeReader } from "../../../mcp-server/evidence/tests/mochawesome.ts";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { recognise } from "../../../mcp-server/evidence/tests/registry.ts";
import { rspecJsonReader } from "../../../mcp-server/evidence/tests/rspec-json.ts";
import type { TestRow } from "../../../mcp-server/judge/tests/row.ts";
import { readWith } from "./sources.ts";

const told = (rows: readonly TestRow[]) => rows.map((row) => `${row.name}: ${row.status}${row.flaky ? ", flaky" : ""}`);

describe("Cucumber JSON", () => {
  const steps = (...statuses: (string | undefined)[]) =>
    statuses.map((status) => ({
      keyword: "Given ",
      name: "x",
      ...(status ? { result: { status, duration: 1_500_000 } } : {}),
    }));
  const scenario = (more: object) => ({ type: "scenario", keyword: "Scenario", name: "A", id: "cart;a", ...more });
  const feature = (...elements: object[]) =>
    JSON.stringify([{ uri: "f/cart.feature", keyword: "Feature", name: "cart", elements }]);
  const read = async (data: string) => (await readWith(cucumberJsonReader, data)).rows;

  test.each([
    [["passed", "passed"], "passed"],
    [["passed", "failed", "skipped"], "failed"],
    [["skipped"], "skipped"],
    [["passed", "pending"], "skipped"],
    [["undefined", "skipped"], "errored"],
    [["ambiguous"], "errored"],
    [["unknown"], "errored"],
    [["failed", "undefined"], "failed"],
    [["passed", undefined], "errored"],
    [[], "skipped"],
  ] as [(string | undefined)[], string][])("steps %j", async (statuses, expected) => {
    const data = feature(scenario({ steps: steps(...statuses) }));
    expect(recognise(Buffer.from(data))).toBe(cucumberJsonReader);
    expect((await read(data))[0]).toMatchObject({
      status: expected,
      file: "f/cart.feature",
      suite: ["cart"],
      name: "A",
    });
  });

  test("hooks of a scenario and of its steps count", async () => {
    const failed = [{ result: { status: "failed", error_message: "boom" } }];
    const step = { ...steps("passed")[0], after: failed };
    for (const hooked of [{ before: failed }, { after: failed }, { steps: [step] }]) {
      const rows = await read(feature(scenario({ steps: steps("passed"), ...hooked })));
      expect(rows).toMatchObject([{ status: "failed", message: "boom" }]);
    }
  });

  test("a background belongs to the scenario after it; one without a scenario is an error", async () => {
    const background = { type: "background", keyword: "Background", name: "", steps: steps("failed") };
    const rows = await read(
      feature(background, scenario({ steps: steps("skipped") }), scenario({ name: "B", steps: steps("passed") })),
    );
    expect(told(rows)).toEqual(["A: failed", "B: passed"]);
    expect(told(await read(feature(background)))).toEqual(["(scenario did not start): errored"]);
  });

  test("nanoseconds are milliseconds, tags are priorities", async () => {
    const tagged = scenario({ steps: steps("passed", "passed"), tags: [{ name: "@smoke" }, { name: "@P1" }] });
    expect(await read(feature(tagged))).toMatchObject([{ durationMs: 3, priority: "P1" }]);
  });
});

describe("mochawesome", () => {
  const stats = (more: object) => ({
    suites: 1,
    tests: 1,
    passes: 1,
    pending: 0,
    failures: 0,
    testsRegistered: 1,
    ...more,
  });
  const t = (title: string, more: object) => ({
    title,
    duration: 2,
    pass: false,
    fail: false,
    pending: false,
    skipped: false,
    ...more,
  });
  const report = (suite: object, counted: object = {}) =>
    JSON.stringify({ stats: stats(counted), results: [{ title: "", file: "/t/a.js", tests: [], suites: [suite] }] });
  const read = async (data: string) => (await readWith(mochawesomeReader, data)).rows;

  test("statuses, suites and files", async () => {
    const tests = [
      t("a", { pass: true }),
      t("b @P0", { fail: true }),
      t("c", { pending: true }),
      t("d", { skipped: true }),
      t("e", {}),
    ];
    const data = report({ title: "cart", tests }, { testsRegistered: 5, failures: 1 });
    expect(recognise(Buffer.from(data))).toBe(mochawesomeReader);
    const rows = await read(data);
    expect(told(rows)).toEqual(["a: passed", "b @P0: failed", "c: skipped", "d: skipped", "e: errored"]);
    expect(rows[1]).toMatchObject({ suite: ["cart"], file: "t/a.js", priority: "P0" });
  });

  test("a failed hook is a row and no test; fewer tests than registered are damage", async () => {
    const hooks = { beforeHooks: [t("hook", { fail: true })], afterHooks: [t("other", { pass: true })] };
    const rows = await read(report({ title: "cart", tests: [t("a", { skipped: true })], ...hooks }, { failures: 1 }));
    expect(told(rows)).toEqual(["hook: failed", "a: skipped"]);
    await expect(read(report({ title: "cart", tests: [], ...hooks }))).rejects.toBeInstanceOf(ReportDamage);
  });

  test("more failures than it shows are an error", async () => {
    const rows = await read(report({ title: "cart", tests: [t("a", { pass: true })] }, { failures: 1 }));
    expect(told(rows).at(-1)).toBe("(summary counts more failures than the tests): errored");
  });
});

describe("Allure", () => {
  const result = (more: object) =>
    JSON.stringify({
      uuid: "u",
      historyId: "h",
      fullName: "t/a.js: cart > a",
      name: "a",
      status: "passed",
      stage: "finished",
      ...more,
    });
  const read = async (data: string) => (await readWith(allureReader, data)).rows;

  test.each([
    ["passed", "passed"],
    ["failed", "failed"],
    ["broken", "errored"],
    ["skipped", "skipped"],
    ["unknown", "errored"],
    [undefined, "errored"],
  ])("%s", async (status, expected) => {
    expect((await read(result({ status })))[0]?.status).toBe(expected);
  });

  test("labels are suites and priorities, parameters are part of the name, the full name is the class", async () => {
    const data = result({
      labels: [
        { name: "subSuite", value: "items" },
        { name: "suite", value: "cart" },
        { name: "tag", value: "P1" },
      ],
      parameters: [
        { name: "b", value: "2" },
        { name: "a", value: "1" },
        { name: "time", value: "now", excluded: true },
      ],
      statusDetails: { flaky: true },
      start: 1_000,
      stop: 1_250,
    });
    expect(recognise(Buffer.from(data))).toBe(allureReader);
    expect(await read(data)).toEqual([
      {
        status: "passed",
        suite: ["cart", "items"],
        name: 'a [["a","1"],["b","2"]]',
        classname: "t/a.js: cart > a",
        priority: "P1",
        flaky: true,
        durationMs: 250,
      },
    ]);
  });

  test("a group is no test unless its set-up or tear-down broke", async () => {
    const group = (status: string) =>
      JSON.stringify({ uuid: "u", name: "all", children: ["v"], befores: [{ name: "start", status }], afters: [] });
    expect(recognise(Buffer.from(group("passed")))).toBe(allureReader);
    expect(await read(group("passed"))).toEqual([]);
    expect(told(await read(group("broken")))).toEqual(["start (set-up or tear-down): errored"]);
  });
});

describe("RSpec JSON", () => {
  const report = (statuses: string[], summary: object = {}) =>
    JSON.stringify({
      version: "3.12.0",
      examples: statuses.map((status, i) => ({
        id: `${i}`,
        description: `e${i}`,
        full_description: `cart e${i}`,
        status,
        file_path: "./spec/a_spec.rb",
        run_time: 0.002,
      })),
      summary: {
        example_count: statuses.length,
        failure_count: statuses.filter((s) => s === "failed").length,
        ...summary,
      },
    });
  const read = async (data: string) => (await readWith(rspecJsonReader, data)).rows;

  test("statuses, suites, files and durations, also behind lines of the runner", async () => {
    const data = report(["passed", "failed", "pending", "running"]);
    expect(recognise(Buffer.from(data))).toBe(rspecJsonReader);
    const rows = await read(`Run options: include {:focus=>true}\n${data}`);
    expect(told(rows)).toEqual(["e0: passed", "e1: failed", "e2: skipped", "e3: errored"]);
    expect(rows[0]).toMatchObject({ suite: ["cart"], file: "spec/a_spec.rb", durationMs: 2 });
  });

  test("what it counts and does not show is damage or an error", async () => {
    await expect(read(report(["passed"], { example_count: 2 }))).rejects.toBeInstanceOf(ReportDamage);
    for (const more of [{ failure_count: 1 }, { errors_outside_of_examples_count: 1 }]) {
      expect(told(await read(report(["passed"], more)))).toEqual([
        "e0: passed",
        "(run failed outside of its tests): errored",
      ]);
    }
  });
});

describe("Dart JSON", () => {
  const start = { protocolVersion: "0.1.1", runnerVersion: "1.24.0", pid: 7, type: "start", time: 0 };
  const suite = { suite: { id: 0, platform: "vm", path: "test/a_test.dart" }, type: "suite", time: 0 };
  const begin = (id: number, name: string) => ({ test: { id, name, suiteID: 0 }, type: "testStart", time: 100 });
  const end = (testID: number, result: string, more: object = {}) => ({
    testID,
    result,
    skipped: false,
    hidden: false,
    type: "testDone",
    time: 150,
    ...more,
  });
  const done = (success: boolean | null) => ({ success, type: "done", time: 200 });
  const lines = (...events: object[]) =>
    `${[start, suite, ...events].map((event) => JSON.stringify(event)).join("\n")}\n`;
  const read = async (data: string) => (await readWith(dartJsonReader, data)).rows;

  test("results, hidden loading, files, durations and messages", async () => {
    const data = lines(
      begin(1, "loading test/a_test.dart"),
      end(1, "success", { hidden: true }),
      begin(2, "a"),
      end(2, "success"),
      begin(3, "b"),
      { testID: 3, error: "Expected: 2", isFailure: true, type: "error", time: 120 },
      end(3, "failure"),
      begin(4, "c"),
      end(4, "error"),
      begin(5, "d"),
      end(5, "success", { skipped: true }),
      done(false),
    );
    expect(recognise(Buffer.from(data))).toBe(dartJsonReader);
    const rows = await read(data);
    expect(told(rows)).toEqual(["a: passed", "b: failed", "c: errored", "d: skipped"]);
    expect(rows[1]).toMatchObject({ file: "test/a_test.dart", durationMs: 50, message: "Expected: 2" });
  });

  test.each([
    [
      "a file that cannot be loaded",
      lines(begin(1, "loading x"), end(1, "error"), done(false)),
      ["loading x: errored"],
    ],
    ["a test without an end", lines(begin(1, "a"), done(false)), ["a: errored"]],
    [
      "interrupted between tests",
      lines(begin(1, "a"), end(1, "success"), done(null)),
      ["a: passed", "(run failed outside of its tests): errored"],
    ],
  ])("%s", async (_, data, expected) => {
    expect(told(await read(data))).toEqual(expected);
  });

  test("without its last event it is refused, wherever it was cut", async () => {
    const data = lines(begin(1, "a"), end(1, "success"), done(true));
    for (let cut = 0; cut < data.length - 1; cut += 3) {
      await expect(read(data.slice(0, cut)), `cut at ${cut}`).rejects.toBeInstanceOf(ReportDamage);
    }
  });
});
