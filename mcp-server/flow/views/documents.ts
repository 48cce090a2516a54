import type { ArtifactKind, ArtifactView } from "../../record/artifact-kinds/index.ts";
import { artifactPath, projectPaths } from "../../record/paths.ts";
import type { EvidenceRef } from "../../vocab/index.ts";
import { baselineView } from "./baseline.ts";
import { executionLog, type Part, partLog } from "./execution.ts";
import { postRollbackGateView, productionGateView, stagingGateView } from "./gate-views.ts";
import { productionImpactView, stagingImpactView } from "./impact.ts";
import { incidentView } from "./incident.ts";
import { infrastructureView } from "./infrastructure.ts";
import { notificationView } from "./notification.ts";
import { planView } from "./plan-view.ts";
import {
  deploymentReadinessView,
  environmentHealthView,
  gateValidationView,
  rollbackValidationView,
} from "./readiness.ts";
import { gateOf, observationOf, type RunRecord, watchesOf } from "./record.ts";
import { reportView } from "./report.ts";
import { rollbackLogView, rollbackVerificationView } from "./rollback.ts";
import { rollbackPlanView } from "./rollback-plan-view.ts";
import { runbookUpdatesView } from "./runbook-updates.ts";
import { sloView } from "./slo.ts";
import { checksOf, smokeView } from "./smoke.ts";
import { stageFileName, strategyParts } from "./strategy-parts.ts";
import { strategyView } from "./strategy-view.ts";

export type Place = "working" | "deployment" | "reports";

/** One artifact of a run, ready to be rendered. */
export type Document = {
  [K in ArtifactKind]: {
    readonly place: Place;
    readonly name: string;
    readonly kind: K;
    readonly view: ArtifactView<K>;
    readonly evidence: readonly EvidenceRef[];
  };
}[ArtifactKind];

/** Every artifact that is due for where the run stands, in the order of the flow. */
export function documentsOf(record: RunRecord): Document[] {
  const parts = [
    ...plans(record),
    ...readinessDocuments(record),
    ...stagingDocuments(record),
    ...baselineDocuments(record),
    ...executionDocuments(record),
    ...observationDocuments(record),
    ...rollbackDocuments(record),
  ];
  const names = [...parts, ...closingNames(record)].map(({ place, name }) => ({
    name,
    path: documentPath(place, name),
  }));
  return [...parts, ...closingDocuments(record, names)];
}

/** Only for the places of artifacts below a project, which are the same in every one. */
const LAYOUT = projectPaths("/project");

/** Path relative to the project root, as reports name it. */
export function documentPath(place: Place, name: string): string {
  return artifactPath(LAYOUT, place, name);
}

function document<K extends ArtifactKind>(
  place: Place,
  name: string,
  kind: K,
  view: ArtifactView<K> | undefined,
  evidence: readonly EvidenceRef[] = [],
): Extract<Document, { kind: K }>[] {
  return view === undefined ? [] : [{ place, name, kind, view, evidence } as Extract<Document, { kind: K }>];
}

/** Evidence that belongs to keys beginning so. */
function evidenceOf(record: RunRecord, ...keys: string[]): EvidenceRef[] {
  return record.state.evidence.filter(({ key }) => keys.some((start) => key.startsWith(start))).map(({ ref }) => ref);
}

function plans(record: RunRecord): Document[] {
  const { version } = record.plan;
  return [
    ...document("working", "strategy-recommendation", "strategy-recommendation", strategyView(record)),
    ...document("deployment", `deployment-plan-${version}`, "deployment-plan", planView(record)),
    ...document("deployment", `rollback-plan-${version}`, "rollback-plan", rollbackPlanView(record)),
  ];
}

function readinessDocuments(record: RunRecord): Document[] {
  const evidence = evidenceOf(record, "readiness/");
  return [
    ...document("working", "gate-validation-report", "gate-validation-report", gateValidationView(record), evidence),
    ...document("working", "environment-health-report", "environment-health-report", environmentHealthView(record)),
    ...document("working", "rollback-validation-report", "rollback-validation-report", rollbackValidationView(record)),
    ...document(
      "deployment",
      "deployment-readiness-report",
      "deployment-readiness-report",
      deploymentReadinessView(record),
      evidence,
    ),
  ];
}

const STAGING: Part = { title: "Staging deployment log", keys: ["staging/", "rehearsal/"] };

function stagingDocuments(record: RunRecord): Document[] {
  const gate = gateOf(record, "staging");
  const log = document(
    "working",
    "staging-deployment-log",
    "execution-log",
    partLog(record, STAGING),
    evidenceOf(record, ...STAGING.keys),
  );
  if (!gate) return log;
  const { inputs, outcome } = gate.gate.verdict;
  const impact = outcome === "FAIL" ? stagingImpactView(record, gate) : undefined;
  return [
    ...log,
    ...document("deployment", "regression-gate-staging", "regression-gate", stagingGateView(record, gate), inputs),
    ...document("deployment", "regression-impact-assessment-staging", "stand-alone", impact, inputs),
  ];
}

function baselineDocuments(record: RunRecord): Document[] {
  const evidence = evidenceOf(record, "baseline/");
  return document(
    "working",
    "production-baseline-snapshot",
    "production-baseline-snapshot",
    baselineView(record),
    evidence,
  );
}

function executionDocuments(record: RunRecord): Document[] {
  const before = checksOf(record, "pre-cutover");
  const smoke = before && smokeView(record, before);
  const begun = record.state.steps.some(({ step }) => step === "execute");
  return [
    ...strategyParts(record.plan).flatMap(({ name, part }) =>
      document(
        "working",
        `execution-log-${name}`,
        "execution-log",
        partLog(record, part),
        evidenceOf(record, ...part.keys),
      ),
    ),
    ...watchesOf(record, "production")
      .filter((watched) => !watched.plan.final)
      .flatMap((watched) =>
        document(
          "working",
          `slo-monitoring-${stageFileName(record.plan, watched.key)}`,
          "slo-monitoring-report",
          sloView(record, watched),
        ),
      ),
    ...document("working", "smoke-test-results-green", "smoke-test-results", smoke, before?.verdict.inputs),
    ...document("deployment", "deployment-execution-log", "execution-log", begun ? executionLog(record) : undefined),
  ];
}

function observationDocuments(record: RunRecord): Document[] {
  const watched = observationOf(record);
  const gate = gateOf(record, "production");
  const smoke = checksOf(record, "production");
  const results = smoke && smokeView(record, smoke);
  return [
    ...document("deployment", "slo-monitoring-report", "slo-monitoring-report", watched && sloView(record, watched)),
    ...document(
      "deployment",
      "regression-gate-production",
      "regression-gate",
      gate && productionGateView(record, gate),
      gate?.gate.verdict.inputs,
    ),
    ...document("working", "smoke-test-results-production", "smoke-test-results", results, smoke?.verdict.inputs),
    ...document("working", "infrastructure-health-report", "stand-alone", infrastructureView(record)),
  ];
}

function rollbackDocuments(record: RunRecord): Document[] {
  const gate = gateOf(record, "rollback");
  const inputs = gate?.gate.verdict.inputs;
  const smoke = checksOf(record, "post-rollback");
  const results = smoke && smokeView(record, smoke);
  return [
    ...document(
      "deployment",
      "rollback-execution-log",
      "rollback-execution-log",
      rollbackLogView(record),
      evidenceOf(record, "rollback/"),
    ),
    ...document("working", "rollback-verification", "rollback-verification", rollbackVerificationView(record), inputs),
    ...document("working", "smoke-test-results-post-rollback", "smoke-test-results", results, smoke?.verdict.inputs),
    ...document(
      "deployment",
      "regression-verification-post-rollback",
      "regression-gate",
      gate && postRollbackGateView(record, gate),
      inputs,
    ),
    ...document("deployment", "regression-impact-assessment-production", "stand-alone", productionImpact(record)),
  ];
}

/** Due on a regression in production: found by the watch, or by the gate at its end. */
function productionImpact(record: RunRecord): ArtifactView<"stand-alone"> | undefined {
  const gate = gateOf(record, "production");
  const failed = gate?.gate.verdict.outcome === "FAIL" ? gate : undefined;
  const isRegression = record.state.latched?.kind === "regression" || failed !== undefined;
  return isRegression ? productionImpactView(record, failed) : undefined;
}

/** Documents that list all the others, and so have to be named before they are made. */
function closingNames({ plan, state }: RunRecord): { place: Place; name: string }[] {
  return [
    ...(state.latched ? [{ place: "deployment" as const, name: `rollback-report-${plan.version}` }] : []),
    ...(state.outcome
      ? [
          { place: "reports" as const, name: `deployment-report-${plan.version}` },
          { place: "working" as const, name: `stakeholder-notification-${plan.version}` },
          { place: "deployment" as const, name: `deployment-runbook-updates-${plan.version}` },
        ]
      : []),
  ];
}

function closingDocuments(record: RunRecord, references: { name: string; path: string }[]): Document[] {
  const { version } = record.plan;
  const evidence = record.state.evidence.map(({ ref }) => ref);
  return [
    ...document(
      "deployment",
      `rollback-report-${version}`,
      "rollback-report",
      incidentView(record, references),
      evidence,
    ),
    ...document(
      "reports",
      `deployment-report-${version}`,
      "deployment-report",
      reportView(record, references),
      evidence,
    ),
    // No evidence at their heads: one of them is meant to leave the house.
    ...document(
      "working",
      `stakeholder-notification-${version}`,
      "stakeholder-notification",
      notificationView(record, references),
    ),
    ...document("deployment", `deployment-runbook-updates-${version}`, "runbook-updates", runbookUpdatesView(record)),
  ];
}
