import { describe, expect, test } from "vitest";
import { CONFIRMING_RUNS, confirmRuns, testId } from "../../../mcp-server/judge/tests/index.ts";
import { row } from "./rows.ts";

const names = (rows: readonly { name: string }[]) => rows.map((one) => one.name);

describe("a failure of a suite that we run counts once it is confirmed", () => {
  test.each([
    ["no rerun yet", [], { undecided: ["a"] }],
    ["failed again once", [["failed"]], { undecided: ["a"] }],
    ["failed three times", [["failed"], ["errored"]], { confirmed: ["a"] }],
    ["passed when run again", [["passed"]], { flakyObserved: ["a"] }],
    ["failed, then passed", [["failed"], ["passed"]], { flakyObserved: ["a"] }],
    ["absent from the reruns", [[], []], { undecided: ["a"] }],
    ["skipped in the reruns", [["skipped"], ["skipped"]], { undecided: ["a"] }],
    ["passed and failed in one rerun", [["passed", "failed"], ["failed"]], { confirmed: ["a"] }],
  ] as const)("%s", (_, reruns, expected) => {
    const again = reruns.map((statuses) => [row("ok"), ...statuses.map((status) => row("a", status))]);
    const result = confirmRuns([row("ok"), row("a", "failed")], again);
    const found = {
      confirmed: names(result.confirmed),
      undecided: names(result.undecided),
      flakyObserved: names(result.flakyObserved),
    };
    expect(found).toEqual({ confirmed: [], undecided: [], flakyObserved: [], ...expected });
    const merged = result.rows.find((one) => one.name === "a");
    expect(merged).toMatchObject(
      "flakyObserved" in expected ? { status: "passed", flaky: true } : { status: "failed" },
    );
    expect(result.rows).toHaveLength(2);
  });

  test("it takes three runs", () => {
    expect(CONFIRMING_RUNS).toBe(3);
  });

  test("what passed first is not made worse by a rerun", () => {
    expect(confirmRuns([row("a")], [[row("a", "failed")]]).rows).toEqual([row("a")]);
  });
});

test.each([
  [{ suite: ["com.x.T"], classname: "com.x.T", name: "works" }, "com.x.T › works"],
  [{ suite: ["a.spec.js"], classname: "a.spec.js", name: "Cart > adds" }, "a.spec.js › Cart > adds"],
  [{ suite: ["Cart"], classname: "Cart adds item", name: "Cart adds item" }, "Cart adds item"],
  [{ suite: ["Cart", "nested"], file: "a.test.ts", name: "deep" }, "a.test.ts › Cart › nested › deep"],
  [{ suite: ["a.spec.js"], classname: "a.spec.js", name: "t", project: "firefox" }, "[firefox] a.spec.js › t"],
  [{ suite: [], name: "" }, "(unnamed test)"],
])("the id of %j", (parts, id) => {
  expect(testId({ status: "passed", ...parts })).toBe(id);
});
