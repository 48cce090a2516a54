import type { SmokeRun } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Instant, Verdict } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import type { RunRecord } from "./record.ts";
import { reasonsText } from "./words.ts";

/** One run of the smoke checks with its verdict. */
export interface SmokeRecord {
  readonly key: string;
  readonly run: SmokeRun;
  readonly verdict: Verdict;
  readonly at: Instant;
}

/** The last smoke checks of a kind; undefined when none were run. */
export function smokeOf(record: RunRecord, mode: SmokeRun["mode"]): SmokeRecord | undefined {
  const found = [...record.state.smokes].findLast(([, smoke]) => smoke.run.mode === mode);
  return found && { key: found[0], ...found[1] };
}

/** Checks that passed, of those there are. */
export function smokeCounts(run: SmokeRun): { passed: number; total: number } {
  return { passed: run.results.filter(({ outcome }) => outcome === "pass").length, total: run.results.length };
}

/** `7 of 7 smoke checks passed`. */
export function smokeText(run: SmokeRun): string {
  const { passed, total } = smokeCounts(run);
  return `${passed} of ${total} smoke checks passed`;
}

/** Passed and total per group, in the order in which the groups were run. */
export function groupRows(run: SmokeRun): { group: string; passed: number; total: number }[] {
  const groups = [...new Set(run.results.map(({ group }) => group))];
  return groups.map((group) => {
    const own = run.results.filter((result) => result.group === group);
    return { group, passed: own.filter(({ outcome }) => outcome === "pass").length, total: own.length };
  });
}

/** One line per check that did not pass. */
export function failureLines(run: SmokeRun): string[] {
  return run.results
    .filter(({ outcome }) => outcome !== "pass")
    .map(({ id, priority, outcome, message }) => `${id} (${priority}): ${outcome}${message ? `, ${message}` : ""}`);
}

const TITLES: Record<SmokeRun["mode"], string> = {
  staging: "Smoke checks in staging",
  "pre-cutover": "Smoke checks before traffic",
  production: "Smoke checks in production",
  "post-rollback": "Smoke checks after the rollback",
};

/** What the checks were sent to: users' own entry, or the new instances past the router. */
function askedOf(record: RunRecord, { key, run }: SmokeRecord): string {
  if (run.mode === "post-rollback") return "the entry of production";
  const watched = record.watches.find((watch) => watch.key === key);
  if (run.mode === "production" && (watched?.plan.final ?? true)) return "the entry of production";
  return `instances of ${run.versionExpected} in ${run.mode === "staging" ? "staging" : "production"}, past the router`;
}

/** The results of one run of the smoke checks. */
export function smokeView(record: RunRecord, smoke: SmokeRecord): ArtifactView<"smoke-test-results"> {
  const { run, verdict, at } = smoke;
  return {
    title: TITLES[run.mode],
    url: askedOf(record, smoke),
    mode: run.mode,
    verdict: verdict.outcome,
    summary: reasonsText(verdict.reasons),
    versionExpected: run.versionExpected,
    at,
    durationMs: run.results.reduce((sum, result) => sum + result.durationMs, 0),
    ...smokeCounts(run),
    groups: groupRows(run),
    results: run.results.map(({ id, priority, outcome, attempts, durationMs, versionObserved, message }) => ({
      id,
      priority,
      outcome,
      attempts,
      durationMs,
      versionObserved: versionObserved ?? "not said",
      message: message ?? "–",
    })),
    advice: run.mode === "production" ? adviceOf(record, "observe") : [],
  };
}
