/**
 * Which documents a run leaves, by how it ended. Paths are relative to the project; `{version}` is the release. A document
 * of the working folder lies at the top of the archive, all others below `artifacts/`.
 */
const WORKING = ".aiwg/working/deployment";
const DEPLOYMENT = ".aiwg/deployment";
const REPORTS = ".aiwg/reports";

const PLANNED = [
  `${WORKING}/strategy-recommendation.md`,
  `${DEPLOYMENT}/deployment-plan-{version}.md`,
  `${DEPLOYMENT}/rollback-plan-{version}.md`,
];
const READINESS = [
  `${WORKING}/gate-validation-report.md`,
  `${WORKING}/environment-health-report.md`,
  `${WORKING}/rollback-validation-report.md`,
  `${DEPLOYMENT}/deployment-readiness-report.md`,
];
const STAGING = [`${WORKING}/staging-deployment-log.md`, `${DEPLOYMENT}/regression-gate-staging.md`];
const BASELINE = [`${WORKING}/production-baseline-snapshot.md`, `${WORKING}/production-baseline-snapshot.json`];
const CHANGED = [`${DEPLOYMENT}/deployment-execution-log.md`, `${WORKING}/smoke-test-results-green.md`];
const OBSERVED = [
  `${DEPLOYMENT}/slo-monitoring-report.md`,
  `${DEPLOYMENT}/regression-gate-production.md`,
  `${WORKING}/smoke-test-results-production.md`,
  `${WORKING}/infrastructure-health-report.md`,
];
const ROLLBACK = [
  `${DEPLOYMENT}/rollback-execution-log.md`,
  `${DEPLOYMENT}/regression-verification-post-rollback.md`,
  `${DEPLOYMENT}/rollback-report-{version}.md`,
  `${WORKING}/rollback-verification.md`,
  `${WORKING}/smoke-test-results-post-rollback.md`,
];
const CLOSING = [
  `${REPORTS}/deployment-report-{version}.md`,
  `${WORKING}/stakeholder-notification-{version}.md`,
  `${DEPLOYMENT}/deployment-runbook-updates-{version}.md`,
];

/** Where a run stopped, where its outcome alone does not tell which documents are due. */
export const ARTIFACTS_OF = {
  SUCCESS: [...PLANNED, ...READINESS, ...STAGING, ...BASELINE, ...CHANGED, ...OBSERVED, ...CLOSING],
  SUCCESS_RISK_ACCEPTED: [...PLANNED, ...READINESS, ...STAGING, ...BASELINE, ...CHANGED, ...OBSERVED, ...CLOSING],
  UNPROVEN: [...PLANNED, ...READINESS, ...STAGING, ...BASELINE, ...CHANGED, ...OBSERVED, ...CLOSING],
  "BLOCKED by a freeze": [...PLANNED, ...CLOSING],
  "BLOCKED by readiness": [...PLANNED, ...READINESS, ...CLOSING],
  "BLOCKED at staging": [
    ...PLANNED,
    ...READINESS,
    ...STAGING,
    `${DEPLOYMENT}/regression-impact-assessment-staging.md`,
    ...CLOSING,
  ],
  "ABORTED at approval": [...PLANNED, ...READINESS, ...STAGING, ...CLOSING],
  "ABORTED before traffic": [...PLANNED, ...READINESS, ...STAGING, ...BASELINE, ...CHANGED, ...CLOSING],
  ROLLED_BACK: [...PLANNED, ...READINESS, ...STAGING, ...BASELINE, ...CHANGED, ...ROLLBACK, ...CLOSING],
  ROLLBACK_FAILED: [...PLANNED, ...READINESS, ...STAGING, ...BASELINE, ...CHANGED, ...ROLLBACK, ...CLOSING],
} as const satisfies Record<string, readonly string[]>;
export type Ending = keyof typeof ARTIFACTS_OF;

/** What the first exposure of each strategy leaves besides. */
export const ARTIFACTS_OF_STRATEGY = {
  canary: [`${WORKING}/execution-log-canary-stage1.md`, `${WORKING}/slo-monitoring-canary-stage1.md`],
  "blue-green": [`${WORKING}/execution-log-green.md`, `${WORKING}/execution-log-cutover.md`],
  rolling: [`${WORKING}/execution-log-rolling.md`],
} as const;

/** Due where a regression in production was the cause. */
export const ARTIFACTS_ON_REGRESSION = [`${DEPLOYMENT}/regression-impact-assessment-production.md`];

/** Due only where there is a version to compare with, or to go back to. */
export const ARTIFACTS_WITH_PREVIOUS: readonly string[] = [
  ...BASELINE,
  `${WORKING}/smoke-test-results-post-rollback.md`,
];

/** Due only where a stage comes before the observation: a first deployment has none. */
export const ARTIFACTS_OF_STAGES: readonly string[] = [`${WORKING}/slo-monitoring-canary-stage1.md`];

/** Further documents that a run may leave, by how far it came before it ended. */
export const MAY_BE_THERE = [
  ...OBSERVED,
  `${REPORTS}/deployment-report-{version}.svg`,
  `${WORKING}/smoke-test-results-green.md`,
  ...BASELINE,
  ...Object.values(ARTIFACTS_OF_STRATEGY).flat(),
  ...[2, 3, 4].map((stage) => `${WORKING}/execution-log-canary-stage${stage}.md`),
  ...[2, 3, 4].map((stage) => `${WORKING}/slo-monitoring-canary-stage${stage}.md`),
  ...[1, 2, 3, 4].map((batch) => `${WORKING}/slo-monitoring-rolling-batch${batch}.md`),
  ...ARTIFACTS_ON_REGRESSION,
];

/** What every archive holds beside the documents. */
export const ARCHIVE_FILES = ["audit-trail.md", "metrics.json", "journal.jsonl", "plan.json", "manifest.json"];
