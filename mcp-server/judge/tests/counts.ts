import type { Reason } from "../../vocab/index.ts";
import { countText, exceeds, mostAllowed, percentText, regressionRate } from "./rate.ts";
import { checkedThreshold, type TestRules } from "./regression.ts";
import type { TestsVerdict } from "./result.ts";

/** All that is known of a run when its reports are not at hand. */
export interface BareCounts {
  readonly passed: number;
}

/**
 * The count formula for where only totals are known: `rate = 100 x (baseline passed - candidate passed) / baseline
 * passed`, never below zero. Counts cannot see a lost test that a new one makes up for, nor which tests are P0 or
 * P1, and the verdict says so.
 */
export function judgeCounts(baseline: BareCounts, candidate: BareCounts, rules: TestRules): TestsVerdict {
  const threshold = checkedThreshold(rules.thresholdPct);
  const known = [baseline.passed, candidate.passed].every((count) => Number.isSafeInteger(count) && count >= 0);
  const lost = known ? Math.max(0, baseline.passed - candidate.passed) : 0;
  const rate = known ? regressionRate(lost, baseline.passed) : null;
  const summary = `${candidate.passed} tests pass against ${baseline.passed} in the baseline`;
  const limited: Reason = {
    code: "count-formula",
    text: "judged by counts alone: swaps of tests and priorities are unseen",
  };
  const shared = {
    regressionRate: rate,
    threshold,
    scope: "full" as const,
    tests: emptyReport(baseline, candidate, known, lost, rate),
    warnings: [limited],
  };
  if (rate === null) {
    const text = known ? "no test passed in the baseline, so nothing can be lost" : "the counts are not whole numbers";
    const reasons = [{ code: known ? "no-baseline-passes" : "bad-counts", text }];
    const wouldPassIf = "a baseline with passing tests";
    return { ...shared, verdict: "INCONCLUSIVE", worst: null, severity: "NONE", reasons, blockers: [], wouldPassIf };
  }
  if (exceeds(lost, baseline.passed, threshold)) {
    const text = `${summary}: ${percentText(rate, threshold)} > ${percentText(threshold, rate)}`;
    const blockers = [{ code: "over-threshold", text }];
    const most = mostAllowed(baseline.passed, threshold);
    const wouldPassIf = `at least ${baseline.passed - most} tests pass (at most ${countText(most, "test")} fewer)`;
    return { ...shared, verdict: "FAIL", worst: "tests", severity: "MEDIUM", reasons: blockers, blockers, wouldPassIf };
  }
  const text = `${summary}: ${percentText(rate, threshold)}, allowed ${percentText(threshold, rate)}`;
  const severity = lost > 0 ? "LOW" : "NONE";
  const reasons = [{ code: "within-threshold", text }];
  return { ...shared, verdict: "PASS", worst: null, severity, reasons, blockers: [], wouldPassIf: "" };
}

function emptyReport(
  baseline: BareCounts,
  candidate: BareCounts,
  known: boolean,
  lost: number,
  rate: number | null,
): TestsVerdict["tests"] {
  const zero = { failing: 0, missing: 0, newlySkipped: 0, newFailing: 0, stillFailing: 0, fixed: 0, added: 0 };
  return {
    baseline: null,
    candidate: null,
    method: "counts",
    baselinePassed: known ? baseline.passed : 0,
    candidatePassed: known ? candidate.passed : 0,
    rate,
    totals: { ...zero, lost, renamed: 0, gone: 0 },
    lost: [],
    failing: [],
    missing: [],
    newlySkipped: [],
    fixed: [],
    added: [],
    renamed: [],
    omitted: lost > 0 ? { lost } : {},
  };
}
