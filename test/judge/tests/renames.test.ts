import { describe, expect, test } from "vitest";
import type { TestRow } from "../../../mcp-server/judge/tests/index.ts";
import { similarity } from "../../../mcp-server/judge/tests/renames.ts";
import { judged, row, rows } from "./rows.ts";

const at = (suite: string, name: string, more: Partial<TestRow> = {}): TestRow => ({
  status: "passed",
  suite: [suite],
  classname: suite,
  name,
  ...more,
});
const fixed = rows(5);

describe("a missing test is excused by a rename", () => {
  test.each([
    ["a new name in the same suite", [at("Cart", "adds item")], [at("Cart", "adds an item")], "renamed"],
    [
      "the same class in another suite",
      [at("Cart", "adds item")],
      [{ ...at("Cart", "adds item"), suite: ["New"] }],
      "moved",
    ],
    ["the same name in another class", [at("Cart", "adds item")], [at("Basket", "adds item")], "moved"],
    [
      "the same name in another file",
      [at("Cart", "a", { file: "x.ts" })],
      [at("Cart", "a", { file: "y.ts" })],
      "moved",
    ],
  ])("%s", (_, missing, added, kind) => {
    const verdict = judged([...fixed, ...missing], [...fixed, ...added]);
    expect(verdict).toMatchObject({ verdict: "PASS", regressionRate: 0 });
    expect(verdict.tests.renamed.map((pair) => pair.kind)).toEqual([kind]);
    expect(verdict.tests.totals).toMatchObject({ renamed: 1, missing: 0, lost: 0, added: 0 });
    expect([...verdict.tests.missing, ...verdict.tests.added]).toEqual([]);
    expect(verdict.warnings.map((warning) => warning.code)).toEqual(["renamed"]);
  });

  test("a suite renamed as a whole keeps its tests", () => {
    const suite = (name: string) => ["adds", "removes", "counts"].map((title) => at(name, title));
    expect(judged(suite("Cart"), suite("Basket")).tests.totals).toMatchObject({ lost: 0, renamed: 3 });
  });
});

describe("it is not excused", () => {
  test.each<[string, TestRow[], TestRow[]]>([
    ["when it is P0", [row("pays", "passed", "P0")], [row("pays up")]],
    ["when it is P1", [row("pays", "passed", "P1")], [row("pays up", "passed", "P1")]],
    ["when the new test fails", [row("adds item")], [row("adds an item", "failed")]],
    [
      "when two new tests have its name and one of them fails",
      [at("A", "works")],
      [at("B", "works"), at("C", "works", { status: "failed" })],
    ],
    ["when the new test is skipped", [row("adds item")], [row("adds an item", "skipped")]],
    ["when the names have nothing in common", [row("adds item")], [row("refuses a bad card")]],
    ["when only a number differs", [row("case 12")], [row("case 112")]],
    ["when two new tests have the missing one's name", [at("A", "works")], [at("B", "works"), at("C", "works")]],
    ["when two missing tests have the new one's name", [at("A", "works"), at("B", "works")], [at("C", "works")]],
    ["when a similar test was there before", [row("adds item"), row("adds an item")], [row("adds an item")]],
  ])("%s", (_, missing, added) => {
    const verdict = judged([...fixed, ...missing], [...fixed, ...added]);
    expect(verdict.verdict).toBe("FAIL");
    expect(verdict.tests.renamed).toEqual([]);
  });

  test("one new test excuses one missing test, not two", () => {
    const verdict = judged([...fixed, row("adds item"), row("adds items")], [...fixed, row("adds an item")]);
    expect(verdict.tests.totals).toMatchObject({ renamed: 1, missing: 1, lost: 1 });
    expect(verdict.verdict).toBe("FAIL");
  });

  test("when too many are missing to tell, and that is said", () => {
    const gone = rows(5_001, "passed", "gone");
    const verdict = judged([...fixed, ...gone, at("A", "moves")], [...fixed, at("B", "moves")], 100);
    expect(verdict.tests.totals).toMatchObject({ renamed: 0, missing: 5_002 });
    expect(verdict.warnings.map((warning) => warning.code)).toContain("renames-not-examined");
  });
});

test.each([
  ["adds item", "adds an item", true],
  ["addsItem", "adds_item", true],
  ["", "", false],
  ["a", "b", false],
  ["case 1", "case 2", false],
  ["adds item", "removes user", false],
])("similar(%j, %j) is %s", (a, b, similar) => {
  expect(similarity(a, b) >= 0.5).toBe(similar);
  expect(similarity(a, b)).toBe(similarity(b, a));
});
