import { describe, expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { userImpact } from "../../../mcp-server/flow/views/user-impact.ts";
import {
  aborted,
  approve,
  baseline,
  blocked,
  firstDeployment,
  goBack,
  observe,
  prepare,
  rollbackFailed,
  rolledBack,
  STAGE1,
  stageOne,
  staging,
  success,
  unproven,
} from "./journals.ts";
import { end, NEW, OLD, type Scribe, scribe } from "./scribe.ts";
import { type Conduct, smokeRun, watch } from "./watches.ts";

const record = (s: Scribe) => recordOf(s.plan, s.events);

function textOf(s: Scribe, name: string): string {
  const file = artifactFiles(record(s)).find(({ path }) => path.includes(name));
  if (!file) throw new Error(`${name} is not due`);
  return file.text;
}

const notice = (s: Scribe) => textOf(s, "stakeholder-notification");
const external = (s: Scribe) => notice(s).split("## External")[1] ?? "";
const runbook = (s: Scribe) => textOf(s, "deployment-runbook-updates");

/** A canary that behaves so and is rolled back by a trigger of that kind. */
function wentBack(kind: string, conduct: Conduct = {}): Scribe {
  const s = scribe();
  staging(s);
  approve(s);
  baseline(s);
  prepare(s);
  stageOne(s, { polls: 4, conduct, end: "none" });
  s.add({ event: "rollback-latched", trigger: { kind, reasons: [{ code: kind, text: "it was so" }] } }, 5);
  goBack(s);
  return end(s, "ROLLED_BACK", OLD);
}

describe("what users noticed", () => {
  test.each([
    ["nobody was exposed", aborted, "None", "no production request was sent to 2.1.0"],
    ["nobody was exposed", blocked, "None", "no production request"],
    ["no worsening", success, "None", "0 of them failed"],
    ["too few requests", unproven, "None", "0 of them failed"],
    ["nothing measured", firstDeployment, "Unknown", "were not measured"],
    ["30 % of a fifth of all requests", rolledBack, "Severe", "6.0 % of all 3,000 requests in that time (measured)"],
    ["a rollback that is not verified", rollbackFailed, "Unknown", "the old state is not shown to be restored"],
    ["a fault that no counter shows", () => wentBack("smoke"), "Unknown", "is not visible in these counts"],
    ["a person saw something", () => wentBack("manual"), "Unknown", "is not visible in these counts"],
    ["one in five hundred", () => wentBack("slo", { failed: 0.01 }), "Moderate", "0.20 % of all"],
    ["one in a thousand", () => wentBack("slo", { failed: 0.005 }), "Moderate", "0.10 % of all"],
    ["metrics pages that do not answer", () => wentBack("data", { silent: true }), "Unknown", "were not measured"],
  ])("%s: %#", (_what, journal, category, basis) => {
    const impact = userImpact(record(journal()));
    expect(impact).toMatchObject({ category });
    expect(impact.basis).toContain(basis);
  });
});

describe("the notification", () => {
  test.each([
    [success, "| Subject | SUCCESS: shop 2.1.0 to production |", "Version 2.1.0 of shop has been in use since"],
    [unproven, "| Subject | UNPROVEN: shop", "We go on watching it closely."],
    [blocked, "| Subject | BLOCKED: shop", "was stopped before it was put into use. shop goes on with version 2.0.0."],
    [aborted, "| Subject | ABORTED: shop", "No effect on users was measured."],
    [rolledBack, "| Subject | ROLLED\\_BACK: shop", "shop runs version 2.0.0 again."],
    [rollbackFailed, "| Subject | ROLLBACK\\_FAILED: shop", "the state before is not yet restored."],
  ] as const)("is drafted for every outcome, case %#", (journal, internal, outside) => {
    const text = notice(journal());
    expect(text).toContain('status: "draft"');
    expect(text.replaceAll("\\", "")).toContain(internal.replaceAll("\\", ""));
    expect(external(journal())).toContain(outside);
  });

  test("names attempted and running version, and never calls a rollback a success", () => {
    const text = notice(rolledBack());
    expect(text).toContain("| Version attempted | `2.1.0` |");
    expect(text).toContain("| Version running now | `2.0.0` |");
    expect(text).toContain("| User impact | **Severe**: ");
    expect(external(rolledBack())).not.toMatch(/success/i);
  });

  test("for the outside says nothing that programs, people or the inside said", () => {
    const secret = "builder-7.internal said CVE-2026-1 on 10.0.0.7";
    const s = scribe();
    staging(s, { failing: 3, message: secret });
    s.add({ event: "notice", level: "warning", text: secret });
    s.add({
      event: "request",
      id: "r",
      taken: true,
      request: { kind: "advice", step: "report", role: "x", text: secret },
    });
    const text = external(end(s, "BLOCKED", OLD, [{ code: "x", text: secret }])).split("## Remarks")[0] ?? "";
    expect(text).toContain("shop");
    expect(text).not.toMatch(/builder|CVE|10\.0|sha256|[0-9a-f]{12}|\.aiwg|canary|approve/i);
  });
});

describe("proposals for runbooks", () => {
  test("follow from what was measured", () => {
    const text = runbook(rolledBack());
    for (const fact of [
      "| Smoke checks | add a check of what failed: the present ones did not see it | 3 of 3 smoke checks passed while: service level broken",
      "| Staging | make load and data of staging more like production | the staging gate passed, then:",
      "changes of thresholds and times: they need at least 3 runs, and 1 is known",
    ]) {
      expect(text).toContain(fact);
    }
    expect(runbook(blocked())).toContain("run the suites checkout, pricing before a version becomes a candidate");
  });

  test("say so where nothing asks for a change", () => {
    expect(runbook(aborted())).toContain("No measured fact of this run asks for a change.");
  });

  const earlier = (outcome: string, count: number, more: object = {}) =>
    Array.from({ length: count }, (_, index) => ({ runId: `r${index}`, version: "1.0.0", outcome, ...more }));

  test.each([1, 2])("loosen nothing on %i earlier runs with accepted regressions", (count) => {
    const s = success();
    s.add({ event: "background", commit: null, earlier: earlier("SUCCESS_RISK_ACCEPTED", count) });
    expect(runbook(s)).not.toContain("loosens");
  });

  test("loosen a threshold only where people accepted three times, and only as a proposal", () => {
    const s = success();
    s.add({ event: "background", commit: null, earlier: earlier("SUCCESS_RISK_ACCEPTED", 3) });
    expect(runbook(s)).toContain("people accepted a regression in 3 of the last 4 runs | loosens | 3 |");
    expect(runbook(s)).toContain("no limit was changed: a person decides");
  });

  test("tighten where three proven runs leave room", () => {
    const s = success();
    const quiet = { errorRatePct: 0.01, latencyP99AtMostMs: 100 };
    s.add({ event: "background", commit: null, earlier: earlier("SUCCESS", 2, quiet) });
    expect(runbook(s)).toContain(
      "tighten the target of the latency p99 (now 500 ms) | at most 100 ms in 3 proven runs",
    );
    expect(runbook(s)).toContain("tighten the target of the error rate (now 0.10 %)");
  });

  test("are the same bytes from the same journal, whatever the history became meanwhile", () => {
    const s = success();
    s.add({ event: "background", commit: null, earlier: earlier("SUCCESS", 5, { latencyP99AtMostMs: 90 }) });
    const text = runbook(s);
    s.add({ event: "artifact", path: "x", sha256: "0".repeat(64) });
    expect(runbook(s)).toBe(text);
  });
});

test("a stage that served its time is not cut short by the impact of a later one", () => {
  const s = scribe();
  staging(s);
  approve(s);
  baseline(s);
  prepare(s);
  watch(s, "stage-1/watch", STAGE1, { polls: 13, mode: "production", smoke: smokeRun("production", NEW) });
  observe(s, { conduct: { failed: 0.02 }, end: "none" });
  expect(userImpact(record(s)).category).not.toBe("None");
});
