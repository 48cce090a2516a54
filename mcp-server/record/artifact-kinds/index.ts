import type { z } from "zod";
import auditTrail from "../../../templates/artifacts/audit-trail.hbs";
import deploymentPlan from "../../../templates/artifacts/deployment-plan.hbs";
import deploymentReadiness from "../../../templates/artifacts/deployment-readiness-report.hbs";
import deploymentReport from "../../../templates/artifacts/deployment-report.hbs";
import environmentHealth from "../../../templates/artifacts/environment-health-report.hbs";
import executionLog from "../../../templates/artifacts/execution-log.hbs";
import gateValidation from "../../../templates/artifacts/gate-validation-report.hbs";
import baselineSnapshot from "../../../templates/artifacts/production-baseline-snapshot.hbs";
import regressionGate from "../../../templates/artifacts/regression-gate.hbs";
import rollbackLog from "../../../templates/artifacts/rollback-execution-log.hbs";
import rollbackPlan from "../../../templates/artifacts/rollback-plan.hbs";
import rollbackReport from "../../../templates/artifacts/rollback-report.hbs";
import rollbackValidation from "../../../templates/artifacts/rollback-validation-report.hbs";
import rollbackVerification from "../../../templates/artifacts/rollback-verification.hbs";
import runbookUpdates from "../../../templates/artifacts/runbook-updates.hbs";
import sloMonitoring from "../../../templates/artifacts/slo-monitoring-report.hbs";
import smokeResults from "../../../templates/artifacts/smoke-test-results.hbs";
import stakeholderNotification from "../../../templates/artifacts/stakeholder-notification.hbs";
import standAlone from "../../../templates/artifacts/stand-alone.hbs";
import strategyRecommendation from "../../../templates/artifacts/strategy-recommendation.hbs";
import blocked from "../../../templates/messages/blocked.hbs";
import environmentDegraded from "../../../templates/messages/environment-degraded.hbs";
import executionFailed from "../../../templates/messages/execution-failed.hbs";
import finalSummary from "../../../templates/messages/final-summary.hbs";
import productionRegression from "../../../templates/messages/production-regression.hbs";
import progress from "../../../templates/messages/progress.hbs";
import qualityGate from "../../../templates/messages/quality-gate.hbs";
import rollbackFailed from "../../../templates/messages/rollback-failed.hbs";
import sloBreach from "../../../templates/messages/slo-breach.hbs";
import smokeFailed from "../../../templates/messages/smoke-failed.hbs";
import stagingRegression from "../../../templates/messages/staging-regression.hbs";
import start from "../../../templates/messages/start.hbs";
import strategyMessage from "../../../templates/messages/strategy-recommendation.hbs";
import { RunbookUpdatesView, StakeholderNotificationView } from "./closing.ts";
import {
  ExecutionLogView,
  RollbackLogView,
  RollbackVerificationView,
  SloMonitoringView,
  SmokeResultsView,
} from "./execution.ts";
import { BaselineSnapshotView, RegressionGateView } from "./gates.ts";
import { BlockedView, ProblemView, ProgressView, StartView, SummaryView } from "./messages.ts";
import { DeploymentPlanView, RollbackPlanView } from "./plans.ts";
import {
  DeploymentReadinessView,
  EnvironmentHealthView,
  GateValidationView,
  RollbackValidationView,
} from "./readiness.ts";
import { AuditTrailView, DeploymentReportView, RollbackReportView, StandAloneView } from "./reports.ts";
import { StrategyRecommendationView } from "./strategy.ts";

export * from "./closing.ts";
export * from "./execution.ts";
export * from "./gates.ts";
export * from "./messages.ts";
export * from "./parts.ts";
export * from "./plans.ts";
export * from "./readiness.ts";
export * from "./reports.ts";
export * from "./strategy.ts";

/** Every kind of artifact: what its template shows, and the template. */
export const ARTIFACT_KINDS = {
  "strategy-recommendation": { view: StrategyRecommendationView, template: strategyRecommendation },
  "deployment-plan": { view: DeploymentPlanView, template: deploymentPlan },
  "rollback-plan": { view: RollbackPlanView, template: rollbackPlan },
  "gate-validation-report": { view: GateValidationView, template: gateValidation },
  "environment-health-report": { view: EnvironmentHealthView, template: environmentHealth },
  "rollback-validation-report": { view: RollbackValidationView, template: rollbackValidation },
  "deployment-readiness-report": { view: DeploymentReadinessView, template: deploymentReadiness },
  "regression-gate": { view: RegressionGateView, template: regressionGate },
  "production-baseline-snapshot": { view: BaselineSnapshotView, template: baselineSnapshot },
  "execution-log": { view: ExecutionLogView, template: executionLog },
  "slo-monitoring-report": { view: SloMonitoringView, template: sloMonitoring },
  "smoke-test-results": { view: SmokeResultsView, template: smokeResults },
  "rollback-execution-log": { view: RollbackLogView, template: rollbackLog },
  "rollback-verification": { view: RollbackVerificationView, template: rollbackVerification },
  "rollback-report": { view: RollbackReportView, template: rollbackReport },
  "deployment-report": { view: DeploymentReportView, template: deploymentReport },
  "stakeholder-notification": { view: StakeholderNotificationView, template: stakeholderNotification },
  "runbook-updates": { view: RunbookUpdatesView, template: runbookUpdates },
  "audit-trail": { view: AuditTrailView, template: auditTrail },
  "stand-alone": { view: StandAloneView, template: standAlone },
} as const satisfies Record<string, { view: z.ZodType; template: string }>;
export type ArtifactKind = keyof typeof ARTIFACT_KINDS;
/** What the flow hands over for one kind; lists that are empty may be left out. */
export type ArtifactView<K extends ArtifactKind> = z.input<(typeof ARTIFACT_KINDS)[K]["view"]>;

/** What can go wrong with a deployment, each with a message of its own. */
export const PROBLEM_KINDS = {
  "environment-degraded": { view: ProblemView, template: environmentDegraded },
  "execution-failed": { view: ProblemView, template: executionFailed },
  "production-regression": { view: ProblemView, template: productionRegression },
  "quality-gate": { view: ProblemView, template: qualityGate },
  "rollback-failed": { view: ProblemView, template: rollbackFailed },
  "slo-breach": { view: ProblemView, template: sloBreach },
  "smoke-failed": { view: ProblemView, template: smokeFailed },
  "staging-regression": { view: ProblemView, template: stagingRegression },
} as const;
export type ProblemKind = keyof typeof PROBLEM_KINDS;

/** The plain texts that a person reads of a run, from its start to its end. */
export const MESSAGE_KINDS = {
  ...PROBLEM_KINDS,
  start: { view: StartView, template: start },
  progress: { view: ProgressView, template: progress },
  "final-summary": { view: SummaryView, template: finalSummary },
  blocked: { view: BlockedView, template: blocked },
  "strategy-recommendation": { view: StrategyRecommendationView, template: strategyMessage },
} as const satisfies Record<string, { view: z.ZodType; template: string }>;
export type MessageKind = keyof typeof MESSAGE_KINDS;
export type MessageView<K extends MessageKind> = z.input<(typeof MESSAGE_KINDS)[K]["view"]>;
