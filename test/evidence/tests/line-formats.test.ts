import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { goJsonReader } from "../../../mcp-server/evidence/tests/go-json.ts";
import { ReportDamage } from "../../../mcp-server/evidence/tests/reader.ts";
import { recognise } from "../../../mcp-server/evidence/tests/registry.ts";
import { tapReader } from "../../../mcp-server/evidence/tests/tap.ts";
import { readWith } from "./sources.ts";

const FILES = [
  ["go-test.json", goJsonReader],
  ["node.tap", tapReader],
  ["mocha.tap", tapReader],
] as const;

describe.each(FILES)("%s", (file, reader) => {
  const data = readFileSync(`test/fixtures/test-reports/${file}`);

  test("is recognised, and read the same in small pieces", async () => {
    expect(recognise(data.subarray(0, 64 * 1024))).toBe(reader);
    expect((await readWith(reader, data, {}, 7)).rows).toEqual((await readWith(reader, data)).rows);
  });

  test("cut anywhere it is refused, has an error of its own, or lost no test that ended", async () => {
    const whole = (await readWith(reader, data)).rows;
    const passed = new Set(whole.filter((row) => row.status === "passed").map((row) => row.name));
    for (let cut = 0; cut < data.length - 1; cut += 41) {
      const read = await readWith(reader, data.subarray(0, cut)).catch((error: unknown) => error);
      if (read instanceof Error) expect(read).toBeInstanceOf(ReportDamage);
      else {
        const { rows } = read as Awaited<ReturnType<typeof readWith>>;
        const complete = rows.length >= whole.length - 1;
        const broken = rows.some((row) => row.status === "errored");
        expect(rows.length === 0 || complete || broken, `cut at ${cut}`).toBe(true);
        for (const row of rows) if (row.status === "passed") expect(passed.has(row.name) || broken).toBe(true);
      }
    }
  });
});

const go = (...events: (string | [action: string, test?: string])[]) =>
  events
    .map((event) =>
      typeof event === "string" ? event : JSON.stringify({ Action: event[0], Package: "p", Test: event[1] }),
    )
    .join("\n");
const outcomes = async (data: string) =>
  (await readWith(goJsonReader, data)).rows.map((row) => `${row.name}: ${row.status}${row.flaky ? ", flaky" : ""}`);

describe("go test -json", () => {
  test("says that it has no end, unless its packages are listed", async () => {
    const codes = async (data: string) => (await readWith(goJsonReader, data)).warnings.map(({ code }) => code);
    const run = go(["run", "A"], ["pass", "A"], ["pass"]);
    expect(await codes(run)).toEqual(["no-end-mark"]);
    expect(await codes(`${go(["expected"])}\n${run}`)).toEqual([]);
  });

  test.each([
    ["a pass", go(["run", "A"], ["pass", "A"], ["pass"]), ["A: passed"]],
    ["no end of a test", go(["run", "A"], ["fail"]), ["A: errored"]],
    ["no end of the package", go(["run", "A"], ["pass", "A"]), ["A: passed", "(package did not end): errored"]],
    [
      "a failing TestMain",
      go(["run", "A"], ["pass", "A"], ["fail"]),
      ["A: passed", "(package failed outside of its tests): errored"],
    ],
    ["a build that failed", "FAIL\tq [build failed]\n", ["(package failed outside of its tests): errored"]],
    ["-count, worst of it", go(["run", "A"], ["fail", "A"], ["run", "A"], ["pass", "A"], ["fail"]), ["A: failed"]],
    [
      "a repeated package",
      go(["run", "A"], ["fail", "A"], ["fail"], ["run", "A"], ["pass", "A"], ["pass"]),
      ["A: passed, flaky"],
    ],
    [
      "killed in the repetition",
      go(["run", "A"], ["pass", "A"], ["run", "A"]),
      ["A: errored", "(package did not end): errored"],
    ],
    ["a subtest", go(["run", "A"], ["run", "A/b"], ["fail", "A/b"], ["fail", "A"], ["fail"]), ["A/b: failed"]],
    [
      "a parent by itself",
      go(["run", "A"], ["run", "A/b"], ["pass", "A/b"], ["fail", "A"], ["fail"]),
      ["A: failed", "A/b: passed"],
    ],
    [
      "a package that was expected and never began",
      go(["expected"], ["run", "A"], ["pass", "A"], ["pass"]) +
        `\n${JSON.stringify({ Action: "expected", Package: "q" })}\n`,
      ["A: passed", "(package did not end): errored"],
    ],
    ["a package that started and never ended", go(["start"]), ["(package did not end): errored"]],
    ["special names", go(["run", "__proto__"], ["pass", "__proto__"], ["pass"]), ["__proto__: passed"]],
  ])("%s", async (_, data, expected) => {
    expect(await outcomes(data)).toEqual(expected);
  });

  test.each([
    ["half an event", '{"Action":"pa'],
    ["a wrong type", '{"Action":7}'],
  ])("%s is damage with its line", async (_, line) => {
    const read = readWith(goJsonReader, `${go(["run", "A"])}\n${line}\n`);
    await expect(read).rejects.toMatchObject({ name: "ReportDamage", line: 2 });
  });
});

describe("TAP", () => {
  const tap = async (data: string) => (await readWith(tapReader, data)).rows;
  test("directives, escapes, times and diagnostics", async () => {
    const rows = await tap(
      "TAP version 14\n1..5\nok 1 - a \\# b # time=5ms\nnot ok 2 - c # TODO later\nok 3 - d # SKIP\nnot ok 4 - e\n  ---\n  message: 'bad'\n  not ok 9 - text\n  ...\nok 5 - g #7\n",
    );
    expect(rows).toEqual([
      { status: "passed", suite: [], name: "a # b", durationMs: 5 },
      { status: "skipped", suite: [], name: "c" },
      { status: "skipped", suite: [], name: "d" },
      { status: "failed", suite: [], name: "e", message: "bad" },
      { status: "passed", suite: [], name: "g #7" },
    ]);
  });

  test.each([
    ["no plan", "ok 1 - a\n"],
    ["too few", "1..2\nok 1 - a\n"],
    ["too many", "1..1\nok 1 - a\nok 2 - b\n"],
    ["a bail-out", "1..1\nok 1 - a\nBail out! no database\n"],
    ["two documents", "TAP version 13\n1..1\nok 1 - a\nTAP version 13\n1..1\nok 1 - a\n"],
    ["two plans", "1..1\nok 1 - a\n1..1\n"],
    ["half a line", "1..1\nok 1 - a # SK"],
    ["a subtest without a result", "1..1\nok 1 - a\n    ok 1 - b\n"],
    ["a short plan in a subtest", "    ok 1 - b\n    1..2\nok 1 - a\n1..1\n"],
  ])("%s is damage", async (_, data) => {
    await expect(tap(data)).rejects.toBeInstanceOf(ReportDamage);
  });
});
