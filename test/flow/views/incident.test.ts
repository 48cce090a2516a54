import { describe, expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { firstBadAt } from "../../../mcp-server/flow/views/first-bad.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { incidentSeverity } from "../../../mcp-server/flow/views/severity.ts";
import { exampleRolledBack } from "./example-runs.ts";
import { aborted, blocked, rollbackFailed, rolledBack, success } from "./journals.ts";
import type { Scribe } from "./scribe.ts";

const record = (s: Scribe) => recordOf(s.plan, s.events);

function textOf(s: Scribe, name: string): string {
  const file = artifactFiles(record(s)).find(({ path }) => path.includes(name));
  if (!file) throw new Error(`${name} is not due`);
  return file.text;
}

test.each([
  ["SUCCESS", success, undefined, undefined],
  ["BLOCKED", blocked, "P2", null],
  ["ABORTED", aborted, "P2", null],
  ["ROLLED_BACK", rolledBack, "P1", 48],
  ["ROLLBACK_FAILED", rollbackFailed, "P0", 24],
] as const)("severity of %s", (_outcome, journal, severity, reviewHours) => {
  const own = incidentSeverity(record(journal()));
  expect(own?.severity).toBe(severity);
  expect(own?.reviewHours).toBe(reviewHours);
});

describe("when the bad stretch began", () => {
  test("is the first of the unbroken bad polls, not the first of the stage", () => {
    const s = exampleRolledBack();
    const stage = s.events.find(({ event }) => event.event === "watch-started" && event.key === "stage-2/watch")?.at;
    const began = firstBadAt(record(s));
    expect(Date.parse(began ?? "")).toBeGreaterThan(Date.parse(stage ?? "") + 120_000);
    expect(began && s.state.latchedAt && began < s.state.latchedAt).toBe(true);
  });

  test("is unknown where the polls show nothing bad, and without a rollback", () => {
    expect(firstBadAt(record(rollbackFailed()))).toBeUndefined();
    expect(firstBadAt(record(success()))).toBeUndefined();
  });
});

describe("the rollback report", () => {
  test.each([
    "Severity: users were exposed and the rollback succeeded, user impact Severe.",
    "| Decided by | slo-trigger |",
    "| First bad poll to detection |",
    "| The old version has all traffic, measured and by digest | PASS |",
    "| The regression is gone | PASS |",
    "## Preserved evidence",
    "`evidence/smoke.json`",
    "No hypothesis has been recorded.",
    "- staging had shown nothing of it",
    "within 48 hours, that is by 2026-03-03T12:03:10.",
    "proposed, not booked",
  ])("says %s", (fact) => expect(textOf(rolledBack(), "rollback-report")).toContain(fact));
});

describe("the impact of what staging stopped", () => {
  test.each([
    "| User impact | None now; what it would be in production is unknown |",
    "## By kind",
    "| tests | FAIL | 12 of 150 tests",
    "## Remediation",
    "at most 7 of 150 lost",
  ])("says %s", (fact) => expect(textOf(blocked(), "regression-impact-assessment-staging")).toContain(fact));
});
