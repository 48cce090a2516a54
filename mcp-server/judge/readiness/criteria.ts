import { z } from "zod";

/** What has to be known before a deployment. The letters name the gate, the number the question. */
export const CriterionId = z.enum([
  "PLAN",
  "LOCK",
  "FREEZE",
  "SEC-1",
  "SEC-2",
  "REL-1",
  "REL-2",
  "REL-3",
  "TST-1",
  "TST-2",
  "TST-3",
  "APR-1",
  "APR-2",
  "ENV-1",
  "ENV-2",
  "ENV-3",
  "ART-1",
  "RBK-1",
  "RBK-2",
  "REHEARSAL",
  "OPS-1",
]);
export type CriterionId = z.infer<typeof CriterionId>;

export const ReadinessProfile = z.enum(["basic", "strict"]);
export type ReadinessProfile = z.infer<typeof ReadinessProfile>;

export const CriterionGate = z.enum([
  "run",
  "security",
  "reliability",
  "test",
  "approval",
  "environment",
  "artifact",
  "rollback",
  "operations",
]);
export type CriterionGate = z.infer<typeof CriterionGate>;

/** A criterion as it is defined, the same in every project. */
export interface Criterion {
  readonly gate: CriterionGate;
  /** What has to be so. */
  readonly title: string;
  /** What to do when it is not, or not known. */
  readonly todo: string;
  /** Profile `basic` does not go without it; `strict` goes without none. */
  readonly basicMandatory: boolean;
  /** Asked again right before the first change of production. */
  readonly recheck: boolean;
}

const RUN = { gate: "run", basicMandatory: true, recheck: true } as const;
const advisory = (gate: CriterionGate, title: string, todo: string, recheck = false): Criterion => ({
  gate,
  title,
  todo,
  basicMandatory: false,
  recheck,
});
const mandatory = (gate: CriterionGate, title: string, todo: string, recheck = false): Criterion => ({
  gate,
  title,
  todo,
  basicMandatory: true,
  recheck,
});

/** Every criterion, in the order in which reports show them. */
export const CRITERIA: Readonly<Record<CriterionId, Criterion>> = {
  PLAN: { ...RUN, title: "the plan is the one that the run was opened with", todo: "make a new plan and start again" },
  LOCK: { ...RUN, title: "this run holds the project's lock", todo: "wait until the other run has ended" },
  FREEZE: { ...RUN, title: "no freeze window is open", todo: "deploy after the window, or have it overridden by name" },
  "SEC-1": advisory(
    "security",
    "no open critical vulnerability; no high one without a named, unexpired acceptance",
    "scan this version (check of kind sarif or npm-audit), mend what it finds, or list the acceptance",
  ),
  "SEC-2": advisory(
    "security",
    "no secrets in the release; signature and provenance verified",
    "add a command that verifies them",
  ),
  "REL-1": advisory(
    "reliability",
    "service levels met in staging by this very artifact",
    "configure staging with a load, so that the staging gate measures it",
  ),
  "REL-2": advisory(
    "reliability",
    "error budget is left and production is inside its service levels",
    "add a metric condition, or bring production back inside its targets first",
  ),
  "REL-3": advisory(
    "reliability",
    "dashboards, alerts and on-call people are confirmed",
    "have a person attest it, or check a file that your on-call tool writes",
  ),
  "TST-1": mandatory(
    "test",
    "the tests of this version were run and pass",
    "run the tests of this version and mend what fails",
  ),
  "TST-2": advisory(
    "test",
    "regression tests and smoke checks exist, the important ones marked P0 or P1",
    "fill the tests and smoke sections of deploy.yaml",
  ),
  "TST-3": advisory("test", "no open P0 defect, no P1 defect that is not waived", "close them, or check your tracker"),
  "APR-1": mandatory("approval", "a person approved this very plan", "have a person read and approve the plan", true),
  "APR-2": advisory(
    "approval",
    "further sign-offs that your rules ask for",
    "obtain them and have them attested",
    true,
  ),
  "ENV-1": mandatory(
    "environment",
    "production answers, every serving instance is ready, none is in a crash loop",
    "bring production into a healthy state first",
    true,
  ),
  "ENV-2": advisory(
    "environment",
    "no active P0 or P1 incident on the service or what it depends on",
    "end the incident first, or deploy its fix with --fixes",
    true,
  ),
  "ENV-3": advisory(
    "environment",
    "databases, integrations and monitoring answer; there is room for the strategy",
    "add probes of what the service depends on, and mend what does not answer",
    true,
  ),
  "ART-1": mandatory(
    "artifact",
    "the artifact is there and has the digest of the plan",
    "make a new plan for the artifact that is there now",
    true,
  ),
  "RBK-1": mandatory(
    "rollback",
    "the version that runs now can be put back, within a stated time",
    "restore the artifact of the running version before replacing it",
    true,
  ),
  "RBK-2": advisory(
    "rollback",
    "migrations are reversible or only add; backup and its restoration are tested",
    "split the migration, or prove its way back",
  ),
  REHEARSAL: advisory(
    "rollback",
    "going back was rehearsed in staging within the last 7 days",
    "let staging rehearse it",
  ),
  "OPS-1": advisory("operations", "release notes, support briefing and notices are drafted", "draft them"),
};

/** All ids in that order. */
export const CRITERION_IDS: readonly CriterionId[] = CriterionId.options;

/** What only a real incident's fix may go without; the reason is a person's, in the plan. */
export const WAIVED_BY_FIX: ReadonlySet<CriterionId> = new Set(["ENV-2", "REL-2"]);

/** Whether a profile goes without a criterion. */
export function isMandatory(id: CriterionId, profile: ReadinessProfile): boolean {
  return profile === "strict" || CRITERIA[id].basicMandatory;
}
