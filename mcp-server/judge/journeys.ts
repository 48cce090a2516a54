import type { Reason } from "../vocab/index.ts";
import type { JourneyResult, JourneysRun } from "./inputs.ts";
import type { BareVerdict } from "./metrics/reading.ts";
import { JUDGE } from "./name.ts";
import { valueText } from "./wording.ts";

/** Walks after which a failure counts as confirmed: the first one and one repetition. */
const CONFIRMED_ATTEMPTS = 2;

/**
 * Judges one run of the user journeys, on its own and against the run before the deployment where there is one.
 * FAIL: another version answered, or a P0/P1 journey failed and failed again, also when it failed before the deployment:
 * matching a broken baseline is no pass. INCONCLUSIVE: nothing was walked, or a P0/P1 journey could not be walked, was
 * left out, failed once only, or completed before and is gone. P2/P3 failures and fallen completion rates are named and
 * do not block. After a rollback a journey that the old version never completed is not held against it.
 */
export function judgeJourneys(run: JourneysRun, baseline?: JourneysRun): BareVerdict {
  const before = new Map((baseline?.results ?? []).map((result) => [result.id, result]));
  const vital = run.results.filter((result) => isVital(result) && !isExcused(run, result, before));
  const failed = vital.filter(({ outcome }) => outcome === "fail");
  const failures = [
    ...wrongVersion(run),
    ...failed
      .filter(({ attempts }) => attempts >= CONFIRMED_ATTEMPTS)
      .map((result) => ({ code: "journey-failure", text: failureText(result, before.get(result.id)) })),
  ];
  if (failures.length > 0)
    return verdict("FAIL", failures, "every P0 and P1 journey completes on the expected version");
  const walked = run.results.filter(({ outcome }) => outcome === "pass" || outcome === "fail");
  const open = [
    ...(walked.length === 0 ? [{ code: "no-journeys", text: "no journey was walked" }] : []),
    ...failed.map((result) => ({
      code: "unconfirmed-failure",
      text: `${failureText(result, before.get(result.id))}, not repeated`,
    })),
    ...vital.flatMap(notWalked),
    ...gone(run, before),
  ];
  if (open.length > 0) return verdict("INCONCLUSIVE", open, "every P0 and P1 journey is walked and completes");
  const completed = run.results.filter(({ outcome }) => outcome === "pass").length;
  const passed = {
    code: "journeys-passed",
    text: `${completed} of ${run.results.length} journeys completed, every P0 and P1 that counts among them`,
  };
  const minor = run.results.flatMap((result) => minorReasons(run, result, before));
  return verdict("PASS", [passed, ...minor], "");
}

/** How a journey compares with the run before the deployment. */
export type JourneyChange = "completes" | "newly failing" | "still failing" | "fixed" | "unknown";

/** Names the change of one journey; for tables. */
export function journeyChange(result: JourneyResult, before: JourneyResult | undefined): JourneyChange {
  if (result.outcome === "pass") return before?.outcome === "fail" ? "fixed" : "completes";
  if (result.outcome === "fail") return before?.outcome === "fail" ? "still failing" : "newly failing";
  return "unknown";
}

type Before = ReadonlyMap<string, JourneyResult>;

function isVital({ priority }: JourneyResult): boolean {
  return priority === "P0" || priority === "P1";
}

/** The old version cannot be asked for what it never could; the rollback is not to blame for that. */
function isExcused(run: JourneysRun, result: JourneyResult, before: Before): boolean {
  return run.mode === "post-rollback" && result.outcome === "fail" && before.get(result.id)?.outcome === "fail";
}

function wrongVersion(run: JourneysRun): Reason[] {
  return run.results
    .filter(({ versionObserved }) => (versionObserved ?? run.versionExpected) !== run.versionExpected)
    .map(({ id, versionObserved }) => ({
      code: "wrong-version",
      text: `journey ${id}: version ${versionObserved} answered, expected ${run.versionExpected}`,
    }));
}

function failureText(result: JourneyResult, before: JourneyResult | undefined): string {
  const { id, priority, attempts, message } = result;
  const then =
    before === undefined
      ? ""
      : before.outcome === "pass"
        ? ", completed before the deployment"
        : ", failed before the deployment too";
  return `journey ${id} (${priority}) failed in ${attempts} of ${attempts} walks${then}${message ? `: ${message}` : ""}`;
}

function notWalked({ id, priority, outcome, message }: JourneyResult): Reason[] {
  if (outcome !== "error" && outcome !== "skip") return [];
  const what = outcome === "skip" ? "was left out" : "could not be walked";
  return [{ code: "journey-not-run", text: `journey ${id} (${priority}) ${what}${message ? `: ${message}` : ""}` }];
}

/** A journey that completed before and is not among the results now is lost evidence. */
function gone(run: JourneysRun, before: Before): Reason[] {
  const now = new Set(run.results.map(({ id }) => id));
  return [...before.values()]
    .filter((result) => isVital(result) && result.outcome === "pass" && !now.has(result.id))
    .map(({ id, priority }) => ({
      code: "journey-gone",
      text: `journey ${id} (${priority}) completed before the deployment and was not walked now`,
    }));
}

function minorReasons(run: JourneysRun, result: JourneyResult, before: Before): Reason[] {
  const { id, priority, outcome, completionPct, message } = result;
  const then = before.get(id);
  if (isExcused(run, result, before)) {
    return [{ code: "failing-as-before", text: `journey ${id} (${priority}) fails as it did before the deployment` }];
  }
  if (outcome !== "pass") {
    const text = `journey ${id} (${priority}): ${journeyChange(result, then)}${message ? `, ${message}` : ""}`;
    return [{ code: "minor-journey-failure", text }];
  }
  const fell = completionPct !== null && typeof then?.completionPct === "number" && completionPct < then.completionPct;
  if (!fell) return [];
  const text = `journey ${id} (${priority}) completed in ${valueText(completionPct)} % of its walks, ${valueText(then.completionPct ?? 0)} % before the deployment`;
  return [{ code: "completion-fell", text }];
}

function verdict(outcome: BareVerdict["outcome"], reasons: Reason[], wouldPassIf: string): BareVerdict {
  return { outcome, reasons, wouldPassIf, judge: JUDGE };
}
