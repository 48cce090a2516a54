import { describe, expect, test } from "vitest";
import {
  judgeFirstSuites,
  judgeSuites,
  type SuitePair,
  type SuiteRun,
  type TestRow,
} from "../../../mcp-server/judge/tests/index.ts";
import { row } from "./rows.ts";

const THRESHOLD = { thresholdPct: 50 };
const rows = (...all: readonly TestRow[]): SuiteRun => ({ rows: all });
const pay = row("pay", "passed", "P1");
const search = row("search", "passed", "P0");
const failing = (of: TestRow): TestRow => ({ ...of, status: "failed" });
const gone: SuiteRun = { problem: "the test command ran longer than 5m" };
const pair = (before: SuiteRun, after: SuiteRun, id = "checkout"): SuitePair => ({ id, before, after });
const other = (after: SuiteRun) => pair(rows({ ...pay, suite: ["other"] }), after, "other");
const otherPass = other(rows({ ...pay, suite: ["other"] }));

type Case = readonly [what: string, pairs: SuitePair[], outcome: string, reason: RegExp];

const CASES: Case[] = [
  ["everything passes as before", [pair(rows(pay, search), rows(pay, search))], "PASS", /0 of 2 tests/],
  [
    "a P1 test is lost, whatever the threshold",
    [pair(rows(pay, search), rows(failing(pay), search))],
    "FAIL",
    /1 P1 test/,
  ],
  ["a P0 test is skipped now", [pair(rows(search), rows({ ...search, status: "skipped" }))], "FAIL", /1 P0 test/],
  ["a P1 test is missing now", [pair(rows(pay, search), rows(search))], "FAIL", /1 P1 test/],
  ["a new P1 test fails", [pair(rows(search), rows(search, failing(pay)))], "FAIL", /1 new failing P1 test/],
  [
    "a test that failed before fails still",
    [pair(rows(failing(pay), search), rows(failing(pay), search))],
    "PASS",
    /failing in both/,
  ],
  [
    "a P2 test is lost",
    [pair(rows(search, { ...pay, priority: "P2" }), rows(search, failing({ ...pay, priority: "P2" })))],
    "PASS",
    /0 of 1 test/,
  ],
  [
    "a suite gave no answer about the new version",
    [pair(rows(pay), gone)],
    "INCONCLUSIVE",
    /suite checkout against the new version: .*longer than 5m/,
  ],
  [
    "a suite gave no answer about the version before",
    [pair(gone, rows(pay))],
    "INCONCLUSIVE",
    /suite checkout against the version before/,
  ],
  [
    "no answer of one suite beside the pass of another",
    [pair(rows(pay), gone), otherPass],
    "INCONCLUSIVE",
    /suite checkout/,
  ],
  [
    "no answer of one suite beside the loss of another",
    [pair(rows(pay), gone), other(rows(failing({ ...pay, suite: ["other"] })))],
    "FAIL",
    /1 P1 test[\s\S]*suite checkout/,
  ],
  [
    "no test passed before",
    [pair(rows(failing(pay)), rows(failing(pay)))],
    "INCONCLUSIVE",
    /suite checkout: no P0 or P1 test passed/,
  ],
  [
    "a suite with nothing to compare beside one that passes",
    [pair(rows({ ...pay, priority: "P3" }), rows({ ...pay, priority: "P3" })), otherPass],
    "INCONCLUSIVE",
    /suite checkout: no P0 or P1/,
  ],
  [
    "the report of the new version holds no test",
    [pair(rows(pay), rows()), otherPass],
    "INCONCLUSIVE",
    /suite checkout: the candidate's reports hold no test/,
  ],
  ["no suite at all", [], "INCONCLUSIVE", /^$/],
];

describe("suites in production, against the version before", () => {
  test.each(CASES)("%s", (_what, pairs, outcome, reason) => {
    const { dimension } = judgeSuites(pairs, THRESHOLD, "judge/1");
    expect(dimension.outcome).toBe(outcome);
    expect(dimension.reasons.map(({ text }) => text).join("\n")).toMatch(reason);
    expect(dimension.wouldPassIf === "").toBe(outcome === "PASS");
  });

  test("keep the comparison of what could be compared, in scope critical", () => {
    const { check } = judgeSuites(
      [pair(rows(pay, search), rows(failing(pay), search)), pair(rows(pay), gone, "x")],
      THRESHOLD,
      "j",
    );
    expect(check).toMatchObject({ scope: "critical", regressionRate: 50, severity: "HIGH" });
    expect(check?.tests.lost.map(({ name }) => name)).toEqual(["pay"]);
    expect(judgeSuites([pair(gone, gone)], THRESHOLD, "j").check).toBeNull();
  });

  test("a suite without an answer never makes the tests of the version before count as lost", () => {
    const { dimension, check } = judgeSuites([pair(rows(pay), gone), otherPass], THRESHOLD, "j");
    expect(dimension.outcome).toBe("INCONCLUSIVE");
    expect(check?.tests.totals.lost).toBe(0);
  });
});

describe("suites in production, in a first deployment", () => {
  test.each<readonly [what: string, after: SuiteRun, outcome: string]>([
    ["every critical test passes", rows(pay, search), "PASS"],
    ["a critical test fails", rows(pay, failing(search)), "FAIL"],
    ["a test fails that is not critical", rows(pay, failing({ ...search, priority: "P2" })), "PASS"],
    ["none is critical", rows({ ...pay, priority: "P3" }), "INCONCLUSIVE"],
    ["no answer", gone, "INCONCLUSIVE"],
  ])("%s", (_what, after, outcome) => {
    expect(judgeFirstSuites([{ id: "checkout", after }], "j").dimension.outcome).toBe(outcome);
  });
});
