import { FlowError, type Outcome3, type Reason } from "../../vocab/index.ts";
import { countText, exceeds, mostAllowed, percentText, regressionRate } from "./rate.ts";
import type { ComparedTests, Severity, TestMethod, TestsReport, TestsVerdict } from "./result.ts";

export interface TestRules {
  /** Allowed share of lost tests in percent, 0 to 100. Never covers P0 and P1. */
  readonly thresholdPct: number;
}

/**
 * Judges a comparison by the project's test rule: `rate = 100 x lost / baselinePassed`, where a test is lost when it
 * passed in the baseline and does not pass in the candidate. A rate above the threshold fails, equality passes. A
 * lost or newly failing P0 or P1 test fails whatever the threshold. Nothing to compare with is INCONCLUSIVE.
 */
export function judgeTests(compared: ComparedTests, rules: TestRules): TestsVerdict {
  const threshold = checkedThreshold(rules.thresholdPct);
  const { totals, baselinePassed, critical, scope } = compared;
  const rate = regressionRate(totals.lost, baselinePassed);
  const blockers: Reason[] = [];
  for (const level of ["P0", "P1"] as const) {
    const { lost, newFailing } = critical[level];
    if (lost > 0) {
      const text = `${countText(lost, `${level} test`)} passed in the baseline and no longer ${does(lost)}; no threshold covers ${level}`;
      blockers.push({ code: `${level.toLowerCase()}-lost`, text });
    }
    if (newFailing > 0) {
      const text = `${countText(newFailing, `new failing ${level} test`)}; no threshold covers ${level}`;
      blockers.push({ code: `${level.toLowerCase()}-new-failing`, text });
    }
  }
  if (rate !== null && exceeds(totals.lost, baselinePassed, threshold)) {
    const compare = `${percentText(rate, threshold)} > ${percentText(threshold, rate)}`;
    blockers.push({ code: "over-threshold", text: `${lostText(compared)}: ${compare}` });
  }
  const gaps = [...missingEvidence(compared), ...brokenRun(compared)];
  const verdict: Outcome3 = gaps.length > 0 && compared.candidate.tests === 0 ? "INCONCLUSIVE" : decide(blockers, gaps);
  const failed = verdict === "FAIL";
  return {
    verdict,
    regressionRate: rate,
    worst: failed ? "tests" : null,
    threshold,
    scope,
    tests: reportOf(compared, "identity", rate),
    severity: verdict === "INCONCLUSIVE" ? "NONE" : severityOf(compared, failed),
    reasons: verdict === "PASS" ? [withinText(compared, rate ?? 0, threshold)] : failed ? [...blockers, ...gaps] : gaps,
    blockers: failed ? blockers : [],
    warnings: warningsOf(compared),
    wouldPassIf: verdict === "PASS" ? "" : wouldPass(compared, threshold, gaps),
  };
}

/** A first deployment has nothing to lose: its rule is that tests ran and none of them fails. */
export function judgeFirstDeployment(compared: ComparedTests): TestsVerdict {
  const { failed, errored, passed } = compared.candidate;
  const failing = failed + errored;
  const blockers: Reason[] =
    failing > 0
      ? [{ code: "failing-tests", text: `${countText(failing, "test")} failing; a first deployment allows none` }]
      : [];
  const gaps: Reason[] =
    passed === 0 ? [{ code: "no-passing-test", text: "not one test passed, so nothing is known of this version" }] : [];
  const verdict = decide(blockers, gaps);
  const { P0, P1 } = compared.critical;
  return {
    verdict,
    regressionRate: null,
    worst: verdict === "FAIL" ? "tests" : null,
    threshold: 0,
    scope: compared.scope,
    tests: { ...reportOf(compared, "no-failing-test", null), baseline: null },
    severity: verdict !== "FAIL" ? "NONE" : P0.newFailing > 0 ? "CRITICAL" : P1.newFailing > 0 ? "HIGH" : "MEDIUM",
    reasons:
      verdict === "PASS"
        ? [{ code: "no-failing-test", text: `first deployment: ${countText(passed, "test")} passed, none failed` }]
        : [...blockers, ...gaps],
    blockers,
    warnings: flakyWarning(compared),
    wouldPassIf: verdict === "PASS" ? "" : "at least one test passes and none fails",
  };
}

/** FAIL outranks INCONCLUSIVE. */
function decide(blockers: readonly Reason[], gaps: readonly Reason[]): Outcome3 {
  if (blockers.length > 0) return "FAIL";
  return gaps.length > 0 ? "INCONCLUSIVE" : "PASS";
}

/** A threshold outside 0 to 100 is a usage error, never a wide gate. */
export function checkedThreshold(thresholdPct: number): number {
  if (Number.isFinite(thresholdPct) && thresholdPct >= 0 && thresholdPct <= 100) return thresholdPct;
  throw new FlowError({
    code: "usage",
    what: "the regression threshold is not a percentage",
    expected: "a number from 0 to 100",
    found: String(thresholdPct),
    where: { key: "threshold" },
    next: "give the share of passing tests that may be lost, in percent; 0 allows none",
  });
}

function missingEvidence(compared: ComparedTests): Reason[] {
  if (compared.candidate.tests === 0) {
    return [{ code: "candidate-empty", text: "the candidate's reports hold no test" }];
  }
  if (compared.baselinePassed > 0) return [];
  switch (compared.scope) {
    case "critical":
      return [
        { code: "empty-scope", text: "no P0 or P1 test passed in the baseline, so scope critical judges nothing" },
      ];
    case "targeted":
      return [{ code: "empty-scope", text: "none of the targeted tests passed in the baseline" }];
    case "full":
      return [{ code: "no-baseline-passes", text: "no test passed in the baseline, so nothing can be lost" }];
    default: {
      const never: never = compared.scope;
      return never;
    }
  }
}

function severityOf({ critical, totals }: ComparedTests, failed: boolean): Severity {
  if (critical.P0.lost + critical.P0.newFailing > 0) return "CRITICAL";
  if (critical.P1.lost + critical.P1.newFailing > 0) return "HIGH";
  if (failed) return "MEDIUM";
  return totals.lost > 0 ? "LOW" : "NONE";
}

function lostText({ totals, baselinePassed }: ComparedTests): string {
  const parts = [
    totals.lost - totals.missing - totals.newlySkipped > 0
      ? `${totals.lost - totals.missing - totals.newlySkipped} failing`
      : "",
    totals.missing > 0 ? `${totals.missing} missing` : "",
    totals.newlySkipped > 0 ? `${totals.newlySkipped} newly skipped` : "",
  ].filter(Boolean);
  const how = parts.length > 0 ? ` (${parts.join(", ")})` : "";
  return `${totals.lost} of ${countText(baselinePassed, "test")} that passed in the baseline ${does(totals.lost)} not pass now${how}`;
}

function does(count: number): string {
  return count === 1 ? "does" : "do";
}

function withinText(compared: ComparedTests, rate: number, threshold: number): Reason {
  const limit = percentText(threshold, rate);
  return { code: "within-threshold", text: `${lostText(compared)}: ${percentText(rate, threshold)}, allowed ${limit}` };
}

function wouldPass(compared: ComparedTests, threshold: number, gaps: readonly Reason[]): string {
  const { baselinePassed, critical } = compared;
  if (gaps.some(({ code }) => code === "run-broken")) {
    return "a complete run of the candidate in which most tests that passed before pass";
  }
  if (gaps.length > 0) return "reports whose baseline has passing tests in this scope, and whose candidate has tests";
  const most = mostAllowed(baselinePassed, threshold);
  const parts = [`at most ${most} of ${baselinePassed} lost (${percentText(threshold)})`];
  const criticals = critical.P0.lost + critical.P1.lost + critical.P0.newFailing + critical.P1.newFailing;
  if (criticals > 0) parts.push("no P0 or P1 test lost or newly failing");
  return parts.join(" and ");
}

function flakyWarning({ candidate }: ComparedTests): Reason[] {
  if (candidate.flaky === 0) return [];
  return [
    {
      code: "flaky",
      text: `${countText(candidate.flaky, "test")} of the candidate passed only after a failing attempt`,
    },
  ];
}

/** From this share of lost tests on the environment is the likelier cause; a FAIL stays what it is. */
const BROKEN_RUN_SHARE = 0.8;
/** Of fewer tests no share says much. */
const BROKEN_RUN_TESTS = 10;

/** A run in which most tests fail or are absent is no measurement of the version: alone it never passes, whatever is allowed. */
function brokenRun({ totals, baselinePassed }: ComparedTests): Reason[] {
  if (baselinePassed < BROKEN_RUN_TESTS) return [];
  const of = `of ${countText(baselinePassed, "test")} that passed in the baseline`;
  const broken = (count: number, what: string): Reason[] =>
    count > BROKEN_RUN_SHARE * baselinePassed
      ? [
          {
            code: "run-broken",
            text: `run broken? ${count} ${of} ${what}: more likely the environment than so many regressions`,
          },
        ]
      : [];
  const failing = totals.lost - totals.missing - totals.newlySkipped;
  return [
    ...broken(failing, failing === 1 ? "fails" : "fail"),
    ...broken(totals.missing, totals.missing === 1 ? "is missing" : "are missing"),
    ...broken(totals.newlySkipped, totals.newlySkipped === 1 ? "is skipped" : "are skipped"),
  ];
}

function warningsOf(compared: ComparedTests): Reason[] {
  const { totals, critical } = compared;
  const warnings = flakyWarning(compared);
  const newFailing = totals.newFailing - critical.P0.newFailing - critical.P1.newFailing;
  const warn = (count: number, code: string, text: string) => {
    if (count > 0) warnings.push({ code, text });
  };
  warn(
    newFailing,
    "new-failing",
    `${countText(newFailing, "new test")} failing; not in the baseline, so not in the rate`,
  );
  warn(totals.stillFailing, "still-failing", `${countText(totals.stillFailing, "test")} failing in both runs`);
  warn(totals.renamed, "renamed", `${countText(totals.renamed, "missing test")} excused as renamed: see the list`);
  if (!compared.renamesExamined) {
    const text = `${totals.missing} missing and ${totals.added} new tests are too many to look for renames`;
    warnings.push({ code: "renames-not-examined", text });
  }
  if (compared.matched === 0 && compared.baselinePassed > 0 && compared.candidate.tests > 0) {
    const text = "the two runs have not one test in common: reports of different projects, tools or root folders?";
    warnings.push({ code: "nothing-in-common", text });
  }
  return warnings;
}

function reportOf(compared: ComparedTests, method: TestMethod, rate: number | null): TestsReport {
  const { totals, lost, failing, missing, newlySkipped, fixed, added, renamed } = compared;
  const lists = { lost, failing, missing, newlySkipped, fixed, added, renamed };
  const omitted: Record<string, number> = {};
  for (const [name, list] of Object.entries(lists)) {
    const left = totals[name as keyof typeof lists] - list.length;
    if (left > 0) omitted[name] = left;
  }
  return {
    baseline: compared.baseline,
    candidate: compared.candidate,
    method,
    baselinePassed: compared.baselinePassed,
    candidatePassed: compared.candidatePassed,
    rate,
    totals,
    ...lists,
    omitted,
  };
}
