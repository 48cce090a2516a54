import { describe, expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { readFrontMatter } from "../../../mcp-server/record/artifacts.ts";
import {
  aborted,
  blocked,
  firstDeployment,
  notReady,
  rollbackFailed,
  rolledBack,
  success,
  unproven,
} from "./journals.ts";
import { end, NEW, RUN_ID, type Scribe, scribe } from "./scribe.ts";

const W = ".aiwg/working/deployment";
const D = ".aiwg/deployment";

function files(s: Scribe): Map<string, string> {
  return new Map(artifactFiles(recordOf(s.plan, s.events)).map(({ path, text }) => [path, text]));
}

function textOf(s: Scribe, path: string): string {
  const text = files(s).get(path);
  if (text === undefined) throw new Error(`${path} is not due`);
  return text;
}

const PLANS = [`${W}/strategy-recommendation.md`, `${D}/deployment-plan-2.1.0.md`, `${D}/rollback-plan-2.1.0.md`];
const READINESS = [
  `${W}/gate-validation-report.md`,
  `${W}/environment-health-report.md`,
  `${W}/rollback-validation-report.md`,
  `${D}/deployment-readiness-report.md`,
];
const STAGING = [...READINESS, `${W}/staging-deployment-log.md`, `${D}/regression-gate-staging.md`];
const BASELINE = [`${W}/production-baseline-snapshot.md`, `${W}/production-baseline-snapshot.json`];
const STAGE1 = [
  `${W}/execution-log-canary-stage1.md`,
  `${W}/slo-monitoring-canary-stage1.md`,
  `${W}/smoke-test-results-green.md`,
  `${W}/smoke-test-results-production.md`,
  `${W}/infrastructure-health-report.md`,
  `${D}/deployment-execution-log.md`,
];
const OBSERVED = [
  `${W}/execution-log-canary-stage2.md`,
  `${D}/slo-monitoring-report.md`,
  `${D}/regression-gate-production.md`,
];
const BACK = [
  `${D}/rollback-execution-log.md`,
  `${D}/regression-verification-post-rollback.md`,
  `${D}/rollback-report-2.1.0.md`,
  `${W}/rollback-verification.md`,
  `${W}/smoke-test-results-post-rollback.md`,
];
const REPORT = [
  ".aiwg/reports/deployment-report-2.1.0.md",
  `${W}/stakeholder-notification-2.1.0.md`,
  `${D}/deployment-runbook-updates-2.1.0.md`,
];

const PLOT = [".aiwg/reports/deployment-report-2.1.0.svg"];

describe("what is due for each outcome", () => {
  test.each([
    ["nothing but the plan", scribe, PLANS],
    ["SUCCESS", success, [...PLANS, ...STAGING, ...BASELINE, ...STAGE1, ...OBSERVED, ...REPORT, ...PLOT]],
    ["UNPROVEN", unproven, [...PLANS, ...STAGING, ...BASELINE, ...STAGE1, ...OBSERVED, ...REPORT, ...PLOT]],
    ["BLOCKED", blocked, [...PLANS, ...STAGING, `${D}/regression-impact-assessment-staging.md`, ...REPORT, ...PLOT]],
    ["BLOCKED by readiness", () => notReady(), [...PLANS, ...READINESS, ...REPORT]],
    ["ABORTED", aborted, [...PLANS, ...STAGING, ...REPORT, ...PLOT]],
    ["ROLLBACK_FAILED", rollbackFailed, [...PLANS, ...STAGING, ...BASELINE, ...STAGE1, ...BACK, ...REPORT, ...PLOT]],
    ["ROLLED_BACK", rolledBack, [...PLANS, ...STAGING, ...BASELINE, ...STAGE1, ...BACK, ...REPORT, ...PLOT]],
  ] as const)("%s", (_outcome, journal, due) => {
    expect([...files(journal()).keys()].sort()).toEqual([...due].sort());
  });

  test("at every step, gate and decision of every journal all that is due can be rendered", () => {
    const milestones = new Set(["run-opened", "intent", "step", "watch-started", "watch-ended", "gate", "outcome"]);
    for (const journal of [success(), rolledBack(), firstDeployment()]) {
      const moments = journal.events.filter(({ event }) => milestones.has(event.event)).map(({ seq }) => seq);
      for (const seq of moments) {
        const part = recordOf(journal.plan, journal.events.slice(0, seq));
        expect(artifactFiles(part).every(({ text }) => /^(---\n|\{\n|<svg )/.test(text))).toBe(true);
      }
    }
  });

  test("the same journal gives the same bytes, whatever was journalled after the outcome", () => {
    const s = rolledBack();
    const before = [...files(s)];
    s.add({ event: "step", step: "report", state: "started" });
    s.add({ event: "ownership", reason: "resume", pid: 43, host: "builder" });
    expect([...files(s)]).toEqual(before);
  });

  test("front matter names run, version and evidence", () => {
    const { data } = readFrontMatter(textOf(blocked(), `${D}/regression-gate-staging.md`));
    expect(data).toMatchObject({ runId: RUN_ID, version: "2.1.0", kind: "regression-gate", status: "final" });
    const names = (data.evidence as { name: string }[]).map(({ name }) => name).sort();
    expect(names).toEqual(["smoke/staging/watch", "tests/baseline", "tests/candidate"]);
  });
});

describe("the staging gate of 8 % over 5 %", () => {
  const gate = () => textOf(blocked(), `${D}/regression-gate-staging.md`);

  test.each([
    "# Regression gate, staging: FAIL",
    "12 of 150 tests that passed in the baseline do not pass now",
    "| Test regression rate | 8.0 % |",
    "| Threshold | 5.0 % |",
    "| baseline | `2.0.0` | 150 | 150 | 0 | 0 | 0 | 0 |",
    "| candidate | `2.1.0` | 150 | 138 | 12 | 0 | 0 | 0 |",
    "at most 7 of 150 lost",
  ])("says %s", (fact) => {
    expect(gate()).toContain(fact);
  });

  test("the impact assessment names what is affected and leaves the cause unknown", () => {
    const text = textOf(blocked(), `${D}/regression-impact-assessment-staging.md`);
    expect(text).toContain("**severity MEDIUM**");
    expect(text).toContain("| checkout | 6 |");
    expect(text).toContain("the cause: no measurement names it");
  });
});

describe("a rollback", () => {
  test.each([
    [`${D}/rollback-report-2.1.0.md`, "**SUCCESS**, severity P1, incident UNDECLARED"],
    [`${D}/rollback-report-2.1.0.md`, "| Decision to all traffic back | 2.5 s |"],
    [`${D}/rollback-report-2.1.0.md`, "| Requests answered by the new version (measured) | 600 |"],
    [`${D}/rollback-report-2.1.0.md`, "| Failed requests among them | 180 |"],
    [`${D}/rollback-report-2.1.0.md`, "| Users affected | unknown |"],
    [`${D}/rollback-report-2.1.0.md`, "- instances unhealthy: 1 restart"],
    [`${D}/rollback-execution-log.md`, "| Traffic back | 2026-03-01 12:02:03 UTC |"],
    [`${D}/regression-verification-post-rollback.md`, "# Regression gate, post-rollback: PASS"],
    [`${W}/rollback-verification.md`, "| Regression gone | YES |"],
    [`${W}/slo-monitoring-canary-stage1.md`, "BREACH, ROLLBACK"],
    [`${W}/execution-log-canary-stage1.md`, "# Canary stage 1, 20 %: ROLLED BACK"],
    [REPORT[0] ?? "", "**ROLLED_BACK** (exit code 20). 2.1.0 was attempted and rolled back"],
    [REPORT[0] ?? "", "| Version running now | `2.0.0` |"],
    [REPORT[0] ?? "", "| No rollback | NOT MET |"],
    [REPORT[0] ?? "", "| Production regression gate | NOT REACHED |"],
  ])("%s says %s", (path, fact) => {
    expect(textOf(rolledBack(), path)).toContain(fact);
  });

  test.each([
    [`${D}/rollback-report-2.1.0.md`, "**FAILED**, severity P0"],
    [`${W}/rollback-verification.md`, "# Rollback verification: FAILED"],
    [`${W}/rollback-verification.md`, "| Stability | not shown |"],
    [`${W}/slo-monitoring-canary-stage1.md`, "STOPPED, ROLLBACK"],
    [REPORT[0] ?? "", "**ROLLBACK_FAILED** (exit code 30)"],
    [REPORT[0] ?? "", "| Version running now | unknown |"],
  ])("that fails: %s says %s", (path, fact) => {
    expect(textOf(rollbackFailed(), path)).toContain(fact);
  });

  test("a part's log ends where the part ends", () => {
    const log = textOf(rolledBack(), `${W}/staging-deployment-log.md`);
    expect(log).toContain("# Staging deployment log: PASS");
    expect(log).not.toContain("approved");
    expect(log).not.toContain("production baseline");
  });
});

describe("the deployment report", () => {
  const report = (s: Scribe) => textOf(s, REPORT[0] ?? "");

  test("of a success holds what was measured", () => {
    const text = report(success());
    for (const fact of [
      "| Version attempted | `2.1.0` |",
      "| Duration | 15 min 41 s |",
      "| Production traffic on the new version for | 14 min 13 s |",
      "72,000 against 360,000 requests",
      "| production | PASS | 0.0 % | unknown | every judged dimension passed |",
      "| Service levels for the whole observation | MET | 12 min 00 s of 12 min 00 s served, proven |",
      "| Instances ready | 2 of 2 |",
      "| Nodes | unknown |",
      "| staging regression gate | 2026-03-01 12:00:02 UTC | 1 min 10 s | PASS |",
      "| observation and production regression gate | 2026-03-01 12:03:35 UTC | 12 min 02 s | PASS |",
      "| Quality gates | PASS | with conditions: SEC-1",
      "| Rollback readiness | READY | 2.0.0 within 2 min 00 s |",
      "| error rate | 0.020 % | 0.0 % | -0.020 pp |",
      "| throughput, all versions | 100 rps | 100 rps | +0.0 % |",
      "| availability (requests that did not fail) | 99.980 % | 100.000 % | +0.020 pp |",
      "| health | 1 | 1 |\n| business | 1 | 1 |\n| monitoring | 1 | 1 |",
      "## 9. Issues\n\nNone recorded.",
      "Went well:\n\n- the staging gate passed\n- the production gate passed",
      "| Pre-deployment validation passed | MET | CONDITIONAL-GO",
      "| Strategy chosen and confirmed | MET | canary, plan",
      "| Staging regression gate | MET | PASS",
      "| Deployment carried out | MET | 2.1.0 got 100 % of production traffic |",
      "| Smoke checks in production | MET | 3 of 3 smoke checks passed |",
      "| Production regression gate | MET | PASS",
      "| No rollback | MET | none was triggered |",
      "| Deployment report | MET |",
      "| Regression results documented | MET | staging, stage, production |",
      "| Artifacts kept, drafts archived, audit trail | FOLLOWS |",
      "| Notification of stakeholders drafted | MET |",
      "| Changes to runbooks proposed | MET | 1 proposed, none applied |",
    ]) {
      expect(text).toContain(fact);
    }
  });

  test.each<[string, () => Scribe, string[]]>([
    [
      "BLOCKED in staging",
      blocked,
      [
        "| Staging regression gate | NOT MET | FAIL: tests: 12 of 150",
        "| Strategy chosen and confirmed | NOT REACHED |",
        "| Deployment carried out | NOT REACHED |",
        "| Smoke checks in production | NOT REACHED |",
        "| Service levels for the whole observation | NOT REACHED |",
        "| Production regression gate | NOT REACHED |",
        "| No rollback | NOT REACHED | nobody was exposed |",
        "| Regression results documented | MET | staging |",
      ],
    ],
    [
      "BLOCKED by readiness",
      () => notReady(),
      ["| Pre-deployment validation passed | NOT MET |", "| Regression results documented | NOT REACHED |"],
    ],
    ["rejected", aborted, ["| Strategy chosen and confirmed | NOT MET |", "| Deployment carried out | NOT REACHED |"]],
    [
      "ROLLED_BACK",
      rolledBack,
      [
        "| Deployment carried out | NOT MET | 2.1.0 got 20 % of production traffic |",
        "| Rollback verified, if one was triggered | MET | rollback SUCCESS |",
        "| I-1 | HIGH | service level broken: error-rate",
        "- the staging gate did not show what production showed",
        "| P1 | find the cause:",
      ],
    ],
    ["ROLLBACK_FAILED", rollbackFailed, ["| Rollback verified, if one was triggered | NOT MET |"]],
  ])("of a run that is %s calls nothing met that was not", (_outcome, journal, facts) => {
    const text = report(journal());
    for (const fact of facts) expect(text).toContain(fact);
  });

  test("lists what nobody measured", () => {
    const [, unknown = ""] = report(aborted()).split("## Unknown");
    expect(unknown).toContain("2.1.0 in production: it had no traffic there");
    expect(unknown).toContain("what production did before: no baseline is recorded");
    expect(unknown).toContain("readiness criteria that nobody answers: SEC-1");
  });

  test("signs nothing that no event signs", () => {
    const text = report(success());
    expect(text).toContain("| approval of the plan | ada | terminal | 2026-03-01 12:01:17 UTC |");
    for (const role of ["deployment manager", "reliability engineer", "operations lead", "release manager"]) {
      expect(text).toContain(`| ${role} | unsigned |`);
    }
    expect(report(aborted())).toContain("| approval of the plan (rejected) | unsigned |");
  });

  test("names the person who accepted a regression", () => {
    const s = scribe();
    const answer = { answer: "accept", way: "terminal", person: "grace", reason: "known and small" };
    s.add({ event: "answer", key: "stage-1/watch/question-1", ...answer });
    const text = report(end(s, "SUCCESS_RISK_ACCEPTED", NEW));
    expect(text).toContain("| acceptance of the risk | grace | terminal |");
    expect(text).toContain("a person accepted a regression");
  });

  test("of an unproven release does not call it proven", () => {
    const text = report(unproven());
    expect(text).toContain("**UNPROVEN** (exit code 13)");
    expect(text).toContain("| Production regression gate | NOT MET | INCONCLUSIVE");
    expect(text).toContain("| Service levels for the whole observation | NOT MET |");
  });
});

test("the baseline is the same for people and machines", () => {
  const s = success();
  const json = JSON.parse(textOf(s, `${W}/production-baseline-snapshot.json`));
  expect(json).toMatchObject({ runId: RUN_ID, version: "2.0.0", snapshot: { throughputRps: 100 } });
  const text = textOf(s, `${W}/production-baseline-snapshot.md`);
  expect(text).toContain("| error rate | 0.020 % | 360,000 | counted |");
  expect(text).toContain("| latency p99 | at most 100 ms | 360,000 |");
  expect(text).toContain("| throughput | 100 rps | 360,000 |");
});

test("a first deployment with next to nothing configured is reported with what it lacks", () => {
  const s = firstDeployment();
  const report = textOf(s, REPORT[0] ?? "");
  for (const fact of [
    "| Version before | `none` |",
    "| Smoke checks in production | NOT APPLICABLE | deploy.yaml has no smoke section |",
    "| Service levels for the whole observation | NOT APPLICABLE |",
    "what production did before: no baseline is recorded",
    "Not measured.",
  ]) {
    expect(report).toContain(fact);
  }
  expect(textOf(s, `${D}/rollback-plan-2.1.0.md`)).toContain("**Withdraw traffic from the new version**");
  expect(textOf(s, `${W}/production-baseline-snapshot.md`)).toContain("- metrics: first deployment");
});

test("a blue-green release has a green and a cutover log in place of stages", () => {
  const s = scribe(success({ config: { strategy: "blue-green" } }).plan);
  s.add({ event: "step", step: "execute", state: "started" });
  s.add({ event: "intent", key: "green/prepare", intent: { text: "start 2.1.0", env: "production", pools: [] } });
  s.add({ event: "result", key: "green/prepare", value: true });
  s.add({ event: "intent", key: "stage-1/expose", intent: { text: "send 100 %", env: "production", exposes: true } });
  const green = textOf(s, `${W}/execution-log-green.md`);
  expect(green).toContain(": SUCCESS");
  const cutover = textOf(s, `${W}/execution-log-cutover.md`);
  expect(cutover).toContain("# Cutover: RUNNING");
  expect([...files(s).keys()].some((path) => path.includes("canary"))).toBe(false);
});
