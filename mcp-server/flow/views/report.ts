import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { EXIT, OUTCOME_EXIT } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { criteria } from "./criteria.ts";
import { decidedBy } from "./gate-views.ts";
import { infrastructureFacts } from "./infrastructure.ts";
import { type JourneysRecord, journeyFailures, journeyRows, journeysOf } from "./journeys.ts";
import { improvements, issues, wentWell } from "./lessons.ts";
import { outcomeText, runningVersion } from "./outcome-words.ts";
import { plotName, sparkRows } from "./plot.ts";
import type { RunRecord } from "./record.ts";
import { executionRows, preDeploymentRows, sloRows, timelineRows } from "./report-rows.ts";
import { rollbackResult } from "./rollback.ts";
import { signOffs } from "./sign-offs.ts";
import { failureLines, groupRows, type SmokeRecord, smokeOf } from "./smoke.ts";
import { gateStage } from "./strategy-parts.ts";
import { testsOf } from "./tests.ts";
import { durationMs, exposedMs } from "./times.ts";
import { unknowns } from "./unknowns.ts";
import { triggerText } from "./words.ts";

type View = ArtifactView<"deployment-report">;

/** The report of a run that has ended, whatever its outcome; undefined before. */
export function reportView(record: RunRecord, references: { name: string; path: string }[]): View | undefined {
  const { plan, state } = record;
  const { outcome } = state;
  if (!outcome) return undefined;
  const smoke = lastSmoke(record);
  const journeys = lastJourneys(record);
  return {
    outcome: outcome.outcome,
    exitCode: OUTCOME_EXIT[outcome.outcome] ?? EXIT.internal,
    summary: outcomeText(record),
    project: plan.service,
    service: plan.service,
    environment: `production (${plan.target.kind}${plan.production ? "" : ", no real users"})`,
    version: plan.version,
    digest: plan.digest,
    previousVersion: plan.previous?.version ?? "none",
    runningVersion: runningVersion(record),
    strategy: plan.strategy,
    startedAt: record.openedAt,
    endedAt: outcome.at,
    durationMs: durationMs(state) ?? null,
    exposedMs: state.exposed ? (exposedMs(state) ?? null) : 0,
    timeline: timelineRows(record),
    preDeployment: preDeploymentRows(record),
    gates: gateRows(record),
    rollbackTriggered: state.latched
      ? `YES: ${triggerText(state.latched)}; ${rollbackResult(record) ?? "not verified"}`
      : "NO",
    execution: executionRows(record),
    slo: sloRows(record),
    plot: plotLines(record),
    smoke: smoke ? smokeRows(smoke) : [],
    smokeFailures: [...(smoke ? failureLines(smoke.run) : []), ...(journeys ? journeyFailures(journeys.run) : [])],
    journeys: journeyRows(record, journeys),
    infrastructure: infrastructureFacts(record),
    issues: issues(record),
    wentWell: wentWell(record),
    improve: improvements(record),
    signOffs: signOffs(state),
    criteria: criteria(record),
    references,
    unknowns: unknowns(record),
    advice: adviceOf(record, "report"),
  };
}

/** What users meet now: after a rollback the old version's checks, else those in production, else the ones before traffic. */
function lastSmoke(record: RunRecord): SmokeRecord | undefined {
  const modes = ["post-rollback", "production", "pre-cutover", "staging"] as const;
  return modes.map((mode) => smokeOf(record, mode)).find((smoke) => smoke !== undefined);
}

function lastJourneys(record: RunRecord): JourneysRecord | undefined {
  const modes = ["post-rollback", "production", "pre-cutover", "staging"] as const;
  return modes.map((mode) => journeysOf(record, mode)).find((journeys) => journeys !== undefined);
}

function smokeRows({ run }: SmokeRecord): NonNullable<View["smoke"]> {
  if (run.mode === "production") return groupRows(run);
  return groupRows(run).map((row) => ({ ...row, group: `${row.group} (${run.mode})` }));
}

/** The picture's file lies beside the report, so that the archive's copy shows its own. */
function plotLines(record: RunRecord): View["plot"] {
  const lines = sparkRows(record);
  if (lines.length === 0) return null;
  const file = `${plotName(record)}.svg`;
  return { file, alt: "Error rate and latency p99 of both versions over time, with the stages", lines };
}

function gateRows(record: RunRecord): NonNullable<View["gates"]> {
  return record.gates.map(({ key, gate }) => ({
    gate: gate.gate === "stage" ? `stage (${gateStage(record.plan, key)})` : gate.gate,
    verdict: gate.verdict.outcome,
    thresholdPct: record.plan.regressionThreshold,
    ratePct: gate.gate === "staging" ? (testsOf(record.state)?.regressionRate ?? null) : null,
    decidedBy: decidedBy(gate),
  }));
}
