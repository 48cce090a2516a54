import { describe, expect, it } from "vitest";
import { type JourneyResult, type JourneysRun, judgeJourneys } from "../../mcp-server/judge/index.ts";

const journey = (change: Partial<JourneyResult> = {}): JourneyResult => ({
  id: "buy",
  priority: "P1",
  outcome: "pass",
  attempts: 1,
  completionPct: 100,
  steps: 3,
  stepsDone: 3,
  durationMs: 40,
  versionObserved: "2.0.0",
  ...change,
});
const failing = (change: Partial<JourneyResult> = {}) =>
  journey({ outcome: "fail", attempts: 2, completionPct: 0, stepsDone: 1, failedStep: "2 POST /pay", ...change });
const runOf = (results: JourneyResult[], mode: JourneysRun["mode"] = "production"): JourneysRun => ({
  mode,
  versionExpected: "2.0.0",
  results,
});
const recorded = (...results: JourneyResult[]): JourneysRun => ({
  ...runOf(results, "pre-deploy"),
  versionExpected: "1.9.0",
});

describe("judgeJourneys", () => {
  it.each<[string, JourneysRun, JourneysRun | undefined, string, string[]]>([
    ["nothing at all", runOf([]), undefined, "INCONCLUSIVE", ["no-journeys"]],
    ["all complete", runOf([journey()]), undefined, "PASS", ["journeys-passed"]],
    ["a P1 that failed twice", runOf([failing()]), undefined, "FAIL", ["journey-failure"]],
    ["a P0 that failed twice", runOf([failing({ priority: "P0" })]), recorded(journey()), "FAIL", ["journey-failure"]],
    [
      "a P1 that failed once only",
      runOf([failing({ attempts: 1 })]),
      undefined,
      "INCONCLUSIVE",
      ["unconfirmed-failure"],
    ],
    ["as broken as before is no pass", runOf([failing()]), recorded(failing()), "FAIL", ["journey-failure"]],
    [
      "a P1 that could not be walked",
      runOf([journey({ outcome: "error" })]),
      undefined,
      "INCONCLUSIVE",
      ["no-journeys", "journey-not-run"],
    ],
    [
      "a P0 that was left out",
      runOf([journey(), journey({ id: "pay", priority: "P0", outcome: "skip" })]),
      undefined,
      "INCONCLUSIVE",
      ["journey-not-run"],
    ],
    [
      "a P1 that completed before and is gone",
      runOf([journey({ id: "other" })]),
      recorded(journey()),
      "INCONCLUSIVE",
      ["journey-gone"],
    ],
    [
      "a P1 that failed before and is gone",
      runOf([journey({ id: "other" })]),
      recorded(failing()),
      "PASS",
      ["journeys-passed"],
    ],
    [
      "a P2 that fails",
      runOf([journey(), failing({ id: "banner", priority: "P2" })]),
      undefined,
      "PASS",
      ["journeys-passed", "minor-journey-failure"],
    ],
    [
      "only a P3, which could not be walked",
      runOf([journey({ priority: "P3", outcome: "error" })]),
      undefined,
      "INCONCLUSIVE",
      ["no-journeys"],
    ],
    ["another version answered", runOf([journey({ versionObserved: "1.9.0" })]), undefined, "FAIL", ["wrong-version"]],
    [
      "another version answered a P3",
      runOf([journey(), journey({ id: "x", priority: "P3", versionObserved: "1.9.0" })]),
      undefined,
      "FAIL",
      ["wrong-version"],
    ],
    [
      "completed on repetition only",
      runOf([journey({ attempts: 2, completionPct: 50 })]),
      recorded(journey()),
      "PASS",
      ["journeys-passed", "completion-fell"],
    ],
    [
      "after a rollback, failing as before",
      runOf([journey(), failing({ id: "new" })], "post-rollback"),
      recorded(failing({ id: "new" })),
      "PASS",
      ["journeys-passed", "failing-as-before"],
    ],
    [
      "after a rollback, newly failing",
      runOf([failing()], "post-rollback"),
      recorded(journey()),
      "FAIL",
      ["journey-failure"],
    ],
    [
      "after a rollback, nothing known of before",
      runOf([failing()], "post-rollback"),
      undefined,
      "FAIL",
      ["journey-failure"],
    ],
    [
      "a failure outranks what is missing",
      runOf([failing(), journey({ id: "y", outcome: "error" })]),
      undefined,
      "FAIL",
      ["journey-failure"],
    ],
  ])("%s", (_name, run, baseline, outcome, codes) => {
    const verdict = judgeJourneys(run, baseline);
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.reasons.map(({ code }) => code)).toEqual(codes);
    expect(verdict.wouldPassIf === "").toBe(outcome === "PASS");
  });

  it("says whether a failing journey completed before the deployment", () => {
    expect(judgeJourneys(runOf([failing()]), recorded(journey())).reasons[0]?.text).toContain("completed before");
    expect(judgeJourneys(runOf([failing()]), recorded(failing())).reasons[0]?.text).toContain("failed before");
  });
});
