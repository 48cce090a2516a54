import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { EXIT, OUTCOME_EXIT, spanText } from "../../vocab/index.ts";
import { planHash } from "../plan.ts";
import { adviceOf } from "./advice.ts";
import { criteria } from "./criteria.ts";
import { decidedBy } from "./gate-views.ts";
import { incidentActions } from "./incident.ts";
import { infrastructureFacts } from "./infrastructure.ts";
import { type JourneysRecord, journeyFailures, journeyRows, journeysOf } from "./journeys.ts";
import { improvements, issues, wentWell } from "./lessons.ts";
import { outcomeText, runningVersion } from "./outcome-words.ts";
import { plotName, sparkRows } from "./plot.ts";
import { gateOf, type RunRecord } from "./record.ts";
import { executionRows, preDeploymentRows, sloRows, timelineRows } from "./report-rows.ts";
import { rollbackResult } from "./rollback.ts";
import { proposalsOf } from "./runbook-updates.ts";
import { incidentSeverity } from "./severity.ts";
import { signOffs } from "./sign-offs.ts";
import { failureLines, groupRows, type SmokeRecord, smokeOf, smokeText } from "./smoke.ts";
import { gateStage } from "./strategy-parts.ts";
import { comparedIn } from "./tests.ts";
import { durationMs, exposedMs, restoreMs, rollbackMs } from "./times.ts";
import { unknowns } from "./unknowns.ts";
import { userImpact } from "./user-impact.ts";
import { known, triggerText } from "./words.ts";

type View = ArtifactView<"deployment-report">;

/** The report of a run that has ended, whatever its outcome; undefined before. */
export function reportView(record: RunRecord, references: { name: string; path: string }[]): View | undefined {
  const { plan, state } = record;
  const { outcome } = state;
  if (!outcome) return undefined;
  const smoke = lastSmoke(record);
  const journeys = lastJourneys(record);
  return {
    runId: record.runId,
    planHash: planHash(plan),
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
    userImpact: impactText(record),
    startedAt: record.openedAt,
    endedAt: outcome.at,
    durationMs: durationMs(state) ?? null,
    exposedMs: state.exposedAt ? (exposedMs(state) ?? null) : 0,
    timeline: timelineRows(record),
    preDeployment: preDeploymentRows(record),
    gates: gateRows(record),
    rollbackTriggered: state.latched
      ? `YES: ${triggerText(state.latched)}; ${rollbackResult(record) ?? "not verified"}`
      : "NO",
    rollback: rollbackFacts(record),
    execution: executionRows(record),
    slo: sloRows(record),
    plot: plotLines(record),
    smoke: smoke ? smokeRows(smoke) : [],
    smokeFailures: [...(smoke ? failureLines(smoke.run) : []), ...(journeys ? journeyFailures(journeys.run) : [])],
    journeys: journeyRows(record, journeys),
    infrastructure: infrastructureFacts(record),
    issues: issues(record).map((issue, index) => ({ id: `I-${index + 1}`, ...issue })),
    wentWell: wentWell(record),
    improve: improvements(record),
    actions: actionsOf(record),
    runbookChanges: proposalsOf(record).map(({ area, proposal }) => ({ name: area, value: proposal })),
    signOffs: signOffs(state),
    criteria: criteria(record),
    references,
    unknowns: unknowns(record),
    advice: adviceOf(record, "report"),
  };
}

function impactText(record: RunRecord): string {
  const { category, basis } = userImpact(record);
  return `${category}: ${basis}`;
}

/** The rollback in a table of its own; empty where none was triggered. */
function rollbackFacts(record: RunRecord): NonNullable<View["rollback"]> {
  const { state, plan } = record;
  if (!state.latched) return [];
  const smoke = smokeOf(record, "post-rollback");
  return [
    { name: "Severity", value: incidentSeverity(record)?.severity ?? null },
    {
      name: "Way",
      value: `${plan.strategy}: ${plan.previous ? `all traffic to ${plan.previous.version}` : "traffic withdrawn"}`,
    },
    { name: "Decided", value: state.latchedAt ?? null },
    { name: "Traffic back after", value: known(restoreMs(state), spanText) },
    { name: "Verified after", value: known(rollbackMs(state, gateOf(record, "rollback")?.at), spanText) },
    { name: "Result", value: rollbackResult(record) ?? null },
    { name: "Smoke checks after it", value: known(smoke, ({ run }) => smokeText(run)) },
  ];
}

/** What is to be done now, by outcome. Nobody is named and no day is set for anybody. */
function actionsOf(record: RunRecord): NonNullable<View["actions"]> {
  const open = (priority: string, action: string, kind: string) => ({ priority, action, kind, owner: null, due: null });
  const outcome = record.state.outcome?.outcome;
  switch (outcome) {
    case "ROLLED_BACK":
    case "ROLLBACK_FAILED":
      return incidentActions(record);
    case "BLOCKED":
      return [open("P2", "mend what the gate names, then deploy again: it is judged anew", "prevents")];
    case "ABORTED":
      return [open("P2", "clear the reason, then deploy again", "prevents")];
    case "SUCCESS_RISK_ACCEPTED":
      return [open("P1", "mend the accepted regression", "mitigates")];
    case "UNPROVEN":
      return [open("P1", "watch the version until it is proven, or go back", "detects")];
    default:
      return [];
  }
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
    ratePct: comparedIn(record, gate)?.regressionRate ?? null,
    decidedBy: decidedBy(gate),
  }));
}
