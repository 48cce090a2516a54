import { describe, expect, test } from "vitest";
import { finalSummary } from "../../../mcp-server/flow/views/summary.ts";
import { aborted, blocked, rollbackFailed, rolledBack, success, unproven } from "./journals.ts";

describe("the last words on a run", () => {
  test("a success tells the measured values", () => {
    const text = finalSummary(success());
    for (const line of [
      "Deployment SUCCESS: shop 2.1.0",
      "Version:   2.1.0 (running now: 2.1.0)",
      "Duration:  15 min 41 s",
      "- Staging regression gate: PASS, regression 0.0 %",
      "✓ production: PASS (threshold 0.0 %)",
      "✓ error rate: 0.0 % (target at most 0.10 %",
      "✓ throughput, all versions: 100 rps (before: 100 rps)",
      "✓ production: 3 of 3 smoke checks passed",
      "Infrastructure: HEALTHY, 2 of 2 instances ready, 0 restarts",
      "- deployment-report-2.1.0: .aiwg/reports/deployment-report-2.1.0.md",
    ]) {
      expect(text).toContain(line);
    }
  });

  test("a blocked release tells rate, threshold, counts and what to do", () => {
    const text = finalSummary(blocked());
    for (const line of [
      "Deployment BLOCKED: shop 2.1.0",
      "Version:   2.1.0 (running now: 2.0.0)",
      "Detected:  regression 8.0 % > threshold 5.0 %",
      "❌ tests: FAIL, 12 of 150 tests",
      "- 12 of 150 tests that passed before do not pass now",
      "- Severity: MEDIUM",
      "- Cause: unknown",
      "- would have passed: tests: at most 7 of 150 lost (5.0 %)",
      "production was not touched",
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toContain("deployment-execution-log");
  });

  test("a rollback tells attempted and running version, trigger and seconds", () => {
    const text = finalSummary(rolledBack());
    for (const line of [
      "Deployment ROLLED_BACK: shop 2.1.0",
      "Version:   2.1.0 (running now: 2.0.0)",
      "all traffic back 2.5 s after the decision",
      "❌ stage 1 of 2: 20 % on 2.1.0: BREACH",
      "✓ rollback: SUCCESS",
      "❌ 2.1.0: error rate: 30.0 %",
      "✓ 2.0.0 again: error rate: 0.0 %",
      "service level broken: error-rate: candidate 30.00 %",
      "exposed for 35.1 s",
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toContain("SUCCESS: shop");
  });

  test.each([
    ["UNPROVEN", unproven, "⚠️ unproven: error-rate: too few requests to tell"],
    ["UNPROVEN", unproven, "⚠️ production: INCONCLUSIVE"],
    ["ABORTED", aborted, "Approval: rejected"],
    ["ABORTED", aborted, "the plan was not approved (reject by ada)"],
    ["ABORTED", aborted, "Infrastructure: not observed"],
  ] as const)("%s says %s", (outcome, journal, fact) => {
    const text = finalSummary(journal());
    expect(text).toContain(`Deployment ${outcome}: shop 2.1.0`);
    expect(text).toContain(fact);
  });

  test("after a failed rollback nobody claims to know what runs", () => {
    const text = finalSummary(rollbackFailed());
    for (const line of [
      "Deployment ROLLBACK_FAILED: shop 2.1.0",
      "(running now: unknown)",
      "❌ rollback: FAILED",
      "on request: ada: customers complain",
      "deploy-flow release-lock",
    ]) {
      expect(text).toContain(line);
    }
  });

  test("the archive is named once it is there", () => {
    const s = success();
    expect(finalSummary(s)).not.toContain("archive:");
    s.add({ event: "archiving", dir: ".aiwg/archive/2026-03-01/deployment-2.1.0" });
    expect(finalSummary(s)).toContain("- archive: .aiwg/archive/2026-03-01/deployment-2.1.0");
  });
});
