import type { CriterionId } from "../../judge/index.ts";
import type { StepName } from "../events.ts";
import type { Plan } from "../plan.ts";
import type { RunState } from "../run-state.ts";

/** What one agent is asked at one step. The template of the same id holds the words. */
export interface BriefSpec {
  /** `step-role`. */
  readonly id: string;
  readonly step: StepName;
  readonly role: string;
  /** Asked from this depth on; `minimal` asks nobody. */
  readonly depth: "standard" | "thorough";
  /** Criteria of readiness that the role may speak to. */
  readonly criteria: readonly CriterionId[];
  /** The plan has what it is about. */
  readonly applies: (plan: Plan) => boolean;
  /** The step was over too soon to ask, so it is asked once the outcome is known. */
  readonly isLate: (state: RunState) => boolean;
}

function brief(step: StepName, role: string, over: Partial<BriefSpec> = {}): BriefSpec {
  const id = `${step}-${role}`;
  return { id, step, role, depth: "thorough", criteria: [], applies: () => true, isLate: () => false, ...over };
}

const STANDARD = { depth: "standard" } as const;

/** A gate before production said no: the run ends at once, and what it found is explained afterwards. */
const stagingFailed = (state: RunState) =>
  [...state.gates.values()].some(({ gate, verdict }) => gate === "staging" && verdict.outcome !== "PASS");

/** Going back takes seconds; nobody waits for anybody then. */
const wentBack = (state: RunState) => state.latched !== undefined;

const hasChecks = (plan: Plan) => plan.smoke !== null || plan.journeys !== null;
const hasMetrics = (plan: Plan) => plan.metrics !== null;

/** Every brief, in the order of the flow. What the flow describes as several launches of one role in one step is one. */
export const BRIEFS: readonly BriefSpec[] = [
  brief("readiness", "deployment-manager"),
  brief("readiness", "project-manager", { ...STANDARD, criteria: ["SEC-1", "SEC-2", "REL-3", "TST-3"] }),
  brief("readiness", "devops-engineer", { ...STANDARD, criteria: ["ENV-3"] }),
  brief("readiness", "reliability-engineer", { ...STANDARD, criteria: ["REL-2", "ENV-2", "RBK-2", "OPS-1"] }),
  brief("staging", "devops-engineer", { applies: (plan) => plan.staging !== null }),
  brief("staging", "regression-analyst", { ...STANDARD, isLate: stagingFailed }),
  brief("baseline", "reliability-engineer", { applies: (plan) => plan.previous !== null }),
  brief("execute", "devops-engineer"),
  brief("execute", "qa-engineer", { applies: hasChecks }),
  brief("execute", "reliability-engineer", { applies: hasMetrics }),
  brief("observe", "reliability-engineer", { applies: hasMetrics }),
  brief("observe", "qa-engineer", { applies: hasChecks }),
  brief("observe", "devops-engineer"),
  brief("observe", "regression-analyst"),
  brief("rollback", "devops-engineer", { isLate: wentBack }),
  brief("rollback", "reliability-engineer", { isLate: wentBack }),
  brief("rollback", "regression-analyst", { ...STANDARD, isLate: wentBack }),
  brief("rollback", "incident-commander", { ...STANDARD, isLate: wentBack }),
  brief("report", "deployment-manager", STANDARD),
  brief("report", "support-lead", STANDARD),
];
