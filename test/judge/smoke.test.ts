import { describe, expect, it } from "vitest";
import { compareSmoke, judgeSmoke, type SmokeResult, type SmokeRun } from "../../mcp-server/judge/index.ts";

const check = (change: Partial<SmokeResult> = {}): SmokeResult => ({
  id: "search",
  group: "journeys",
  priority: "P1",
  outcome: "pass",
  attempts: 1,
  durationMs: 12,
  versionObserved: "2.0.0",
  ...change,
});
const runOf = (...results: SmokeResult[]): SmokeRun => ({ mode: "production", versionExpected: "2.0.0", results });
const minor = check({ id: "banner", priority: "P3" });

describe("judgeSmoke", () => {
  it.each([
    ["nothing at all", runOf(), "INCONCLUSIVE", ["no-smoke"]],
    ["all pass", runOf(check(), minor), "PASS", ["smoke-passed"]],
    [
      "a P1 that failed twice",
      runOf(check({ outcome: "fail", attempts: 2, message: "500" }), minor),
      "FAIL",
      ["smoke-failure"],
    ],
    [
      "a P0 that failed twice",
      runOf(check({ priority: "P0", outcome: "fail", attempts: 2 })),
      "FAIL",
      ["smoke-failure"],
    ],
    ["a P1 that failed once", runOf(check({ outcome: "fail" })), "INCONCLUSIVE", ["unconfirmed-failure"]],
    ["a P1 that could not be run", runOf(check({ outcome: "error" }), minor), "INCONCLUSIVE", ["smoke-not-run"]],
    [
      "a skipped P0",
      runOf(check(), check({ id: "pay", priority: "P0", outcome: "skip" })),
      "INCONCLUSIVE",
      ["smoke-not-run"],
    ],
    ["only skipped minor checks", runOf(check({ priority: "P2", outcome: "skip" })), "INCONCLUSIVE", ["no-smoke"]],
    [
      "a failing P2",
      runOf(check(), check({ id: "mail", priority: "P2", outcome: "fail", attempts: 2 })),
      "PASS",
      ["smoke-passed", "minor-smoke-failure"],
    ],
    [
      "a P3 that could not be run",
      runOf(check(), check({ id: "ad", priority: "P3", outcome: "error" })),
      "PASS",
      ["smoke-passed", "minor-smoke-failure"],
    ],
    ["the old version behind a passing check", runOf(check({ versionObserved: "1.9.0" })), "FAIL", ["wrong-version"]],
    [
      "the old version behind a minor check",
      runOf(check(), check({ id: "ad", priority: "P3", versionObserved: "1.9.0" })),
      "FAIL",
      ["wrong-version"],
    ],
    [
      "a failure beside something not run",
      runOf(check({ outcome: "fail", attempts: 2 }), check({ outcome: "error" })),
      "FAIL",
      ["smoke-failure"],
    ],
    ["no version seen", runOf({ ...check(), versionObserved: undefined }), "PASS", ["smoke-passed", "version-unseen"]],
  ] as const)("%s", (_, run, outcome, codes) => {
    const verdict = judgeSmoke(run);
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.reasons.map(({ code }) => code)).toEqual(codes);
    expect(verdict.wouldPassIf === "").toBe(outcome === "PASS");
  });

  it("says which check failed, how often and why", () => {
    const { reasons } = judgeSmoke(runOf(check({ outcome: "fail", attempts: 2, message: "expected 200, found 503" })));
    expect(reasons[0]?.text).toBe("search (P1) failed in 2 of 2 attempts: expected 200, found 503");
  });
});

describe("compareSmoke", () => {
  it("tells newly failing from newly unknown, still failing and fixed", () => {
    const before = runOf(
      check({ id: "a" }),
      check({ id: "b" }),
      check({ id: "c" }),
      check({ id: "d", outcome: "fail" }),
      check({ id: "e", outcome: "fail" }),
      check({ id: "f" }),
    );
    const now = runOf(
      check({ id: "a", outcome: "fail" }),
      check({ id: "b", outcome: "skip" }),
      check({ id: "d", outcome: "fail" }),
      check({ id: "e" }),
      check({ id: "f" }),
      check({ id: "new", outcome: "fail" }),
    );
    expect(compareSmoke(before, now)).toEqual({
      newlyFailing: ["a"],
      newlyUnknown: ["b", "c"],
      stillFailing: ["d"],
      fixed: ["e"],
    });
  });
});
