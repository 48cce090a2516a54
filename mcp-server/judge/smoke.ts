import type { Reason } from "../vocab/index.ts";
import type { SmokeResult, SmokeRun } from "./inputs.ts";
import type { BareVerdict } from "./metrics/reading.ts";
import { JUDGE } from "./name.ts";

/** Runs of a check after which a failure counts as confirmed: the first one and one repetition. */
const CONFIRMED_ATTEMPTS = 2;

/**
 * Judges one run of smoke checks. FAIL: another version answered, or a P0/P1 check failed and failed again.
 * INCONCLUSIVE: nothing was executed, or a P0/P1 check could not be run, was skipped, or failed once only.
 * PASS: every P0/P1 check passed; P2/P3 failures are named (`minor-smoke-failure`) and do not block.
 */
export function judgeSmoke(run: SmokeRun): BareVerdict {
  const executed = run.results.filter(({ outcome }) => outcome === "pass" || outcome === "fail");
  const vital = run.results.filter(isVital);
  const failed = vital.filter(({ outcome }) => outcome === "fail");
  const failures = [
    ...wrongVersion(run),
    ...failed.filter(isConfirmed).map((result) => ({ code: "smoke-failure", text: failureText(result) })),
  ];
  if (failures.length > 0) return verdict("FAIL", failures, "every P0 and P1 check passes on the expected version");
  const open = [
    ...(executed.length === 0 ? [{ code: "no-smoke", text: "no smoke check was executed" }] : []),
    ...failed.map((result) => ({ code: "unconfirmed-failure", text: `${failureText(result)}, not repeated` })),
    ...vital.flatMap(notRun),
  ];
  if (open.length > 0) return verdict("INCONCLUSIVE", open, "every P0 and P1 check is run and passes");
  const minor = run.results.filter((result) => !isVital(result) && result.outcome !== "pass").map(minorReason);
  const passed = {
    code: "smoke-passed",
    text: `${executed.length} of ${run.results.length} checks run, every P0 and P1 passed`,
  };
  return verdict("PASS", [passed, ...minor, ...versionUnseen(run)], "");
}

/** P2 checks that ran and failed: no harm that goes back, but no clean window either. */
export function minorFailures(run: SmokeRun): SmokeResult[] {
  return run.results.filter(({ priority, outcome }) => priority === "P2" && outcome === "fail");
}

/** What changed between two runs of the same checks, by id. */
export interface SmokeComparison {
  /** Passed before, failing now. */
  readonly newlyFailing: readonly string[];
  /** Passed before, and now not run, skipped or gone: missing data, not a failure. */
  readonly newlyUnknown: readonly string[];
  /** Failing before and now. */
  readonly stillFailing: readonly string[];
  /** Failing before, passing now. */
  readonly fixed: readonly string[];
}

/** Compares two runs of smoke checks. */
export function compareSmoke(baseline: SmokeRun, candidate: SmokeRun): SmokeComparison {
  const now = new Map(candidate.results.map((result) => [result.id, result.outcome]));
  const idsOf = (before: SmokeResult["outcome"], matches: (after: SmokeResult["outcome"] | undefined) => boolean) =>
    baseline.results.filter(({ id, outcome }) => outcome === before && matches(now.get(id))).map(({ id }) => id);
  return {
    newlyFailing: idsOf("pass", (after) => after === "fail"),
    newlyUnknown: idsOf("pass", (after) => after === undefined || after === "error" || after === "skip"),
    stillFailing: idsOf("fail", (after) => after === "fail"),
    fixed: idsOf("fail", (after) => after === "pass"),
  };
}

function isVital({ priority }: SmokeResult): boolean {
  return priority === "P0" || priority === "P1";
}

function isConfirmed({ attempts }: SmokeResult): boolean {
  return attempts >= CONFIRMED_ATTEMPTS;
}

function wrongVersion(run: SmokeRun): Reason[] {
  const wrong = run.results.filter(
    ({ versionObserved }) => (versionObserved ?? run.versionExpected) !== run.versionExpected,
  );
  return wrong.map(({ id, versionObserved }) => ({
    code: "wrong-version",
    text: `${id}: version ${versionObserved} answered, expected ${run.versionExpected}`,
  }));
}

function versionUnseen(run: SmokeRun): Reason[] {
  if (run.results.some(({ versionObserved }) => versionObserved !== undefined)) return [];
  return [{ code: "version-unseen", text: `no check saw which version answered; expected ${run.versionExpected}` }];
}

function failureText({ id, priority, attempts, message }: SmokeResult): string {
  return `${id} (${priority}) failed in ${attempts} of ${attempts} attempts${message ? `: ${message}` : ""}`;
}

function notRun({ id, priority, outcome, message }: SmokeResult): Reason[] {
  if (outcome !== "error" && outcome !== "skip") return [];
  const what = outcome === "skip" ? "was skipped" : "could not be run";
  return [{ code: "smoke-not-run", text: `${id} (${priority}) ${what}${message ? `: ${message}` : ""}` }];
}

function minorReason({ id, priority, outcome, message }: SmokeResult): Reason {
  return { code: "minor-smoke-failure", text: `${id} (${priority}): ${outcome}${message ? `, ${message}` : ""}` };
}

function verdict(outcome: BareVerdict["outcome"], reasons: Reason[], wouldPassIf: string): BareVerdict {
  return { outcome, reasons, wouldPassIf, judge: JUDGE };
}
