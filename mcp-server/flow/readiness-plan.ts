import { CRITERION_IDS, type CriterionId, isMandatory } from "../judge/index.ts";
import { durationMs, FlowError } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import type { Plan } from "./plan.ts";

/** What the parts of a plan say about who answers which criterion without being configured. */
type Known = Pick<
  Plan,
  "previous" | "tests" | "smoke" | "staging" | "metrics" | "notApplicable" | "rehearsal" | "migrations"
>;

/** Which criteria are asked, by whom they are answered, and for how long the answer holds. */
export function readinessPlan({ readiness: config }: DeployConfig, known: Known): Plan["readiness"] {
  if (config.profile === "strict" && !known.staging) throw strictWithoutStaging();
  const criteria = CRITERION_IDS.map((id) => ({
    id,
    mandatory: isMandatory(id, config.profile) || config.require.includes(id),
    answeredBy: [
      ...builtIn(id, known),
      ...config.checks.filter(({ criterion }) => criterion === id).map(({ id: check, kind }) => `${check} (${kind})`),
    ],
  }));
  return {
    profile: config.profile,
    criteria,
    checks: config.checks,
    validMs: durationMs(config.validFor),
    answerMs: durationMs(config.answerWithin),
  };
}

function builtIn(id: CriterionId, known: Known): string[] {
  switch (id) {
    case "PLAN":
    case "LOCK":
      return ["the run"];
    case "FREEZE":
      return ["the calendar of the plan"];
    case "TST-1":
      return [known.tests ? "the staging gate" : "the plan: no tests are configured"];
    case "TST-2":
      return suitesExist(known) ? ["the plan"] : [];
    case "REL-1":
      return staged(known) ? ["the staging gate"] : [];
    case "APR-1":
      return ["a person"];
    case "APR-2":
      return ["the plan: no further sign-off is configured"];
    case "ENV-1":
    case "ART-1":
      return ["the target"];
    case "RBK-1":
      return [known.previous ? "the target" : "the plan: a first deployment"];
    case "RBK-2":
      return [known.migrations.length > 0 ? "the plan" : "the plan: no migration"];
    case "REHEARSAL":
      return rehearsedBy(known);
    default:
      return [];
  }
}

function rehearsedBy({ previous, rehearsal }: Known): string[] {
  if (!previous) return ["the plan: a first deployment"];
  if (rehearsal.planned) return ["the staging gate"];
  return rehearsal.earlier.length > 0 ? ["earlier runs"] : [];
}

/** Tests and smoke checks are there, and at least one smoke check is marked as important. */
export function suitesExist({ tests, smoke }: Pick<Known, "tests" | "smoke">): boolean {
  const important = smoke?.checks.some(({ priority }) => priority === "P0" || priority === "P1") ?? false;
  return tests !== null && important;
}

/** The staging gate judges service levels. */
function staged({ staging, metrics, notApplicable }: Known): boolean {
  return staging !== null && metrics !== null && notApplicable["staging.metrics"] === undefined;
}

/** The advisory criteria that nobody answers, in one line; approving the plan acknowledges them. */
export function unansweredText({ criteria }: Plan["readiness"]): string[] {
  const open = criteria.filter(({ mandatory, answeredBy }) => !mandatory && answeredBy.length === 0);
  return open.length === 0 ? [] : [`readiness criteria that nobody answers: ${open.map(({ id }) => id).join(", ")}`];
}

function strictWithoutStaging(): FlowError {
  return new FlowError({
    code: "config",
    what: "the profile strict does not go without staging",
    expected: "a staging section",
    found: "none",
    where: { file: "deploy.yaml", key: "readiness.profile" },
    next: "add a staging section, or use the profile basic",
  });
}
