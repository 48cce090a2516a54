import type { z } from "zod";
import auditTrail from "../../../templates/artifacts/audit-trail.hbs";
import deploymentPlan from "../../../templates/artifacts/deployment-plan.hbs";
import deploymentReport from "../../../templates/artifacts/deployment-report.hbs";
import executionLog from "../../../templates/artifacts/execution-log.hbs";
import baselineSnapshot from "../../../templates/artifacts/production-baseline-snapshot.hbs";
import regressionGate from "../../../templates/artifacts/regression-gate.hbs";
import rollbackLog from "../../../templates/artifacts/rollback-execution-log.hbs";
import rollbackPlan from "../../../templates/artifacts/rollback-plan.hbs";
import rollbackReport from "../../../templates/artifacts/rollback-report.hbs";
import rollbackVerification from "../../../templates/artifacts/rollback-verification.hbs";
import runbookUpdates from "../../../templates/artifacts/runbook-updates.hbs";
import sloMonitoring from "../../../templates/artifacts/slo-monitoring-report.hbs";
import smokeResults from "../../../templates/artifacts/smoke-test-results.hbs";
import stakeholderNotification from "../../../templates/artifacts/stakeholder-notification.hbs";
import standAlone from "../../../templates/artifacts/stand-alone.hbs";
import strategyRecommendation from "../../../templates/artifacts/strategy-recommendation.hbs";
import blocked from "../../../templates/messages/blocked.hbs";
import finalSummary from "../../../templates/messages/final-summary.hbs";
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
import { BlockedView, SummaryView } from "./messages.ts";
import { DeploymentPlanView, RollbackPlanView } from "./plans.ts";
import { AuditTrailView, DeploymentReportView, RollbackReportView, StandAloneView } from "./reports.ts";
import { StrategyRecommendationView } from "./strategy.ts";

export * from "./closing.ts";
export * from "./execution.ts";
export * from "./gates.ts";
export * from "./messages.ts";
export * from "./parts.ts";
export * from "./plans.ts";
export * from "./reports.ts";
export * from "./strategy.ts";

/** Every kind of artifact: what its template shows, and the template. */
export const ARTIFACT_KINDS = {
  "strategy-recommendation": { view: StrategyRecommendationView, template: strategyRecommendation },
  "deployment-plan": { view: DeploymentPlanView, template: deploymentPlan },
  "rollback-plan": { view: RollbackPlanView, template: rollbackPlan },
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

/** The plain texts that a person reads at the end of a run. */
export const MESSAGE_KINDS = {
  "final-summary": { view: SummaryView, template: finalSummary },
  blocked: { view: BlockedView, template: blocked },
  "strategy-recommendation": { view: StrategyRecommendationView, template: strategyMessage },
} as const satisfies Record<string, { view: z.ZodType; template: string }>;
export type MessageKind = keyof typeof MESSAGE_KINDS;
export type MessageView<K extends MessageKind> = z.input<(typeof MESSAGE_KINDS)[K]["view"]>;
