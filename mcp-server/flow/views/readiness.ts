import { CRITERIA, type CriterionGate, type CriterionResult, type ReadinessReport } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { spanText } from "../../vocab/index.ts";
import { conditionsNow, lastReport, stoppedByReadiness } from "../readiness-state.ts";
import { adviceOf } from "./advice.ts";
import { rollbackCommunication } from "./contacts.ts";
import type { RunRecord } from "./record.ts";

type Row = NonNullable<ArtifactView<"deployment-readiness-report">["checklist"]>[number];

/** The last look at readiness; undefined before the first. */
export function readinessReportOf(record: RunRecord): ReadinessReport | undefined {
  return lastReport(record.state);
}

/** `GO`, `CONDITIONAL-GO` or `NO-GO`, as printed texts say it. */
export function decisionText({ decision }: Pick<ReadinessReport, "decision">): DecisionText {
  return PRINTED[decision];
}

type DecisionText = ArtifactView<"deployment-readiness-report">["decision"];
const PRINTED: Record<ReadinessReport["decision"], DecisionText> = {
  GO: "GO",
  CONDITIONAL_GO: "CONDITIONAL-GO",
  NO_GO: "NO-GO",
};

/** How a criterion stands, in a word. */
export function statusText({ status, pending }: Pick<CriterionResult, "status" | "pending">): string {
  if (pending) return pending === "staging" ? "PENDING_STAGING" : "PENDING_APPROVAL";
  return status.toUpperCase().replaceAll("-", "_");
}

/** Whether the checks of some gates passed; what nobody knows and nobody needs is no failure. */
export function gatesStatus(report: ReadinessReport, gates: readonly CriterionGate[]): "PASS" | "FAIL" {
  return report.gaps.some(({ criterion }) => gates.includes(CRITERIA[criterion].gate)) ? "FAIL" : "PASS";
}

/** Gates that the gate validation speaks of; environment, artifact and rollback have reports of their own. */
export const QUALITY_GATES: readonly CriterionGate[] = [
  "run",
  "security",
  "reliability",
  "test",
  "approval",
  "operations",
];

/** Rows of the deployment report. */
export function readinessRows(record: RunRecord): { name: string; status: string; detail: string }[] {
  const report = readinessReportOf(record);
  if (!report) return [{ name: "Readiness", status: "not judged", detail: "the run ended before" }];
  const texts = (gates: readonly CriterionGate[]) =>
    report.gaps
      .filter(({ criterion }) => gates.includes(CRITERIA[criterion].gate))
      .map(({ criterion, text }) => `${criterion}: ${text}`)
      .join("; ");
  const conditions = report.conditions.map(({ criterion }) => criterion).join(", ");
  return [
    { name: "Readiness", status: decisionText(report), detail: rationale(report) },
    {
      name: "Quality gates",
      status: gatesStatus(report, QUALITY_GATES),
      detail: texts(QUALITY_GATES) || (conditions ? `with conditions: ${conditions}` : "nothing mandatory is open"),
    },
    { name: "Environment", status: report.environment, detail: texts(["environment"]) || "nothing failed" },
    { name: "Rollback readiness", status: report.rollback, detail: texts(["rollback"]) || wayBack(record) },
  ];
}

/** Why it is this decision, in one sentence. */
export function rationale(report: ReadinessReport): string {
  const because = REASON[report.row];
  const ids = (entries: readonly { criterion: string }[]) => entries.map(({ criterion }) => criterion).join(", ");
  const gaps = report.gaps.length > 0 ? `: ${ids(report.gaps)}` : "";
  const conditions = report.conditions.length > 0 ? `; conditions: ${ids(report.conditions)}` : "";
  const open = report.pending.length > 0 ? `; answered later: ${report.pending.join(", ")}` : "";
  return `${because}${gaps}${conditions}${open}`;
}

const REASON: Record<ReadinessReport["row"], string> = {
  A1: "the run itself is not in order",
  A2: "a mandatory criterion fails",
  A3: "a mandatory criterion is not known to be met, and unknown is no pass",
  A4: "production is not healthy",
  A5: "the way back is not ready",
  A6: "the way to staging is free; production is looked at again",
  A7: "everything mandatory is met, under conditions",
  A8: "everything is met",
};

/** How production would go back, and within which time. */
export function wayBack({ plan }: RunRecord): string {
  const within = spanText(plan.waits.rollbackTrafficMs);
  return plan.previous ? `${plan.previous.version} within ${within}` : `traffic is withdrawn within ${within}`;
}

function rowsOf(record: RunRecord, report: ReadinessReport, gates?: readonly CriterionGate[]): Row[] {
  return report.results
    .filter(({ criterion }) => gates?.includes(CRITERIA[criterion].gate) ?? true)
    .map((result) => ({
      id: result.criterion,
      gate: CRITERIA[result.criterion].gate,
      criterion: CRITERIA[result.criterion].title,
      needed: result.mandatory ? "mandatory" : "advisory",
      status: statusText(result),
      detail: result.text,
      by: byText(record, result),
    }));
}

function byText({ plan }: RunRecord, { criterion, by }: CriterionResult): string {
  if (by !== "nobody") return by;
  const planned = plan.readiness.criteria.find(({ id }) => id === criterion)?.answeredBy ?? [];
  return planned.length > 0 ? `nobody (planned: ${planned.join(", ")})` : "nobody";
}

function gapsOf(report: ReadinessReport, gates?: readonly CriterionGate[]) {
  return report.gaps
    .filter(({ criterion }) => gates?.includes(CRITERIA[criterion].gate) ?? true)
    .map(({ criterion, text, todo }) => ({ criterion, found: text, todo }));
}

const head = (record: RunRecord, report: ReadinessReport) => ({
  service: record.plan.service,
  version: record.plan.version,
  decision: decisionText(report),
  profile: report.profile,
  judgedAt: report.at,
});

/** Quality gates before the deployment. */
export function gateValidationView(record: RunRecord): ArtifactView<"gate-validation-report"> | undefined {
  const report = readinessReportOf(record);
  if (!report) return undefined;
  return {
    ...head(record, report),
    status: gatesStatus(report, QUALITY_GATES),
    gates: QUALITY_GATES.map((gate) => ({
      name: gate,
      status: gatesStatus(report, [gate]),
      detail: report.results
        .filter(({ criterion }) => CRITERIA[criterion].gate === gate)
        .map((result) => `${result.criterion} ${statusText(result)}`)
        .join(", "),
    })),
    criteria: rowsOf(record, report, QUALITY_GATES),
    gaps: gapsOf(report, QUALITY_GATES),
    advice: adviceOf(record, "readiness"),
  };
}

/** Production and the artifact before the deployment. */
export function environmentHealthView(record: RunRecord): ArtifactView<"environment-health-report"> | undefined {
  const report = readinessReportOf(record);
  if (!report) return undefined;
  const gates = ["environment", "artifact"] as const;
  return {
    ...head(record, report),
    status: report.environment,
    artifact: report.artifact,
    digest: record.plan.digest,
    criteria: rowsOf(record, report, gates),
    gaps: gapsOf(report, gates),
    unknowns: ["nodes of the platform", "alerts of a monitoring system"],
    advice: adviceOf(record, "readiness"),
  };
}

/** The way back before the deployment. */
export function rollbackValidationView(record: RunRecord): ArtifactView<"rollback-validation-report"> | undefined {
  const report = readinessReportOf(record);
  if (!report) return undefined;
  const { plan } = record;
  return {
    ...head(record, report),
    status: report.rollback,
    strategy: STRATEGY[plan.strategy],
    toVersion: plan.previous?.version ?? null,
    withinMs: plan.waits.rollbackTrafficMs,
    automation: "built in: one rollback per run, decided by the triggers of the rollback plan",
    communication: rollbackCommunication(plan),
    criteria: rowsOf(record, report, ["rollback"]),
    gaps: gapsOf(report, ["rollback"]),
    advice: adviceOf(record, "readiness"),
  };
}

const STRATEGY: Record<RunRecord["plan"]["strategy"], string> = {
  canary: "canary: the share of the new version goes to zero at once",
  "blue-green": "blue-green: one change of weights back to the old version",
  rolling: "rolling: the batches are undone",
};

/** Everything together, with the decision. */
export function deploymentReadinessView(record: RunRecord): ArtifactView<"deployment-readiness-report"> | undefined {
  const report = readinessReportOf(record);
  if (!report) return undefined;
  return {
    ...head(record, report),
    validUntil: report.validUntil,
    row: report.row,
    gates: gatesStatus(report, QUALITY_GATES),
    environment: report.environment,
    artifact: report.artifact,
    rollback: report.rollback,
    wayBack: wayBack(record),
    checklist: rowsOf(record, report),
    rationale: rationale(report),
    stopped: stoppedByReadiness(record.state),
    gaps: gapsOf(report),
    conditions: conditionsNow(record.state, report).map(({ acknowledgedBy, ...condition }) => ({
      ...condition,
      acknowledgedBy: acknowledgedBy === "plan" ? "the approval of the plan" : acknowledgedBy,
    })),
    looks: [...record.state.readiness].map(([key, look]) => ({
      name: look.full ? `everything (${key})` : `before the first change of production (${key})`,
      at: look.report.at,
      decision: decisionText(look.report),
      detail: rationale(look.report),
    })),
    advice: adviceOf(record, "readiness"),
  };
}
