import type { SmokeRun } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Instant, Verdict } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { journeyRows, journeysOf } from "./journeys.ts";
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

/** The same for a document, which is also due where only user journeys were walked. */
export function checksOf(record: RunRecord, mode: SmokeRun["mode"]): SmokeRecord | undefined {
  const smoke = smokeOf(record, mode);
  const journeys = journeysOf(record, mode);
  if (smoke || !journeys) return smoke;
  const { key, run, verdict, at } = journeys;
  return { key, run: { mode, versionExpected: run.versionExpected, results: [] }, verdict, at };
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

/** `health 2/2, business 3/4`: passed of all, group by group. */
export function groupsText(run: SmokeRun): string {
  return groupRows(run)
    .map(({ group, passed, total }) => `${group} ${passed}/${total}`)
    .join(", ");
}

const TITLES: Record<SmokeRun["mode"], string> = {
  "pre-deploy": "Smoke checks before the deployment",
  staging: "Smoke checks in staging",
  "pre-cutover": "Smoke checks before traffic",
  production: "Smoke checks in production",
  "post-rollback": "Smoke checks after the rollback",
};

/** What the checks were sent to: users' own entry, or the new instances past the router. */
function askedOf(record: RunRecord, { key, run }: SmokeRecord): string {
  if (run.mode === "post-rollback" || run.mode === "pre-deploy") return "the entry of production";
  const watched = record.watches.find((watch) => watch.key === key);
  if (run.mode === "production" && (watched?.plan.final ?? true)) return "the entry of production";
  return `instances of ${run.versionExpected} in ${run.mode === "staging" ? "staging" : "production"}, past the router`;
}

/** The results of one run of the smoke checks. */
export function smokeView(record: RunRecord, smoke: SmokeRecord): ArtifactView<"smoke-test-results"> {
  const { run, verdict, at } = smoke;
  const journeys = journeysOf(record, run.mode);
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
    executed: run.results.filter(({ outcome }) => outcome === "pass" || outcome === "fail").length,
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
    journeysVerdict: journeys ? `${journeys.verdict.outcome}: ${reasonsText(journeys.verdict.reasons)}` : null,
    journeys: journeyRows(record, journeys),
    advice: run.mode === "production" ? adviceOf(record, "observe") : [],
  };
}
