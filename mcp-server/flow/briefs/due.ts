import type { StepName } from "../events.ts";
import type { Plan } from "../plan.ts";
import type { RunState } from "../run-state.ts";
import { BRIEFS, type BriefSpec } from "./table.ts";

/** Steps at which the runner waits for what agents find: nobody meets the new version then, or nothing is left to decide. */
export const AWAITED: ReadonlySet<StepName> = new Set<StepName>(["readiness", "report"]);

/** The briefs that nobody has answered yet at the point that the run has reached. None where nobody is asked. Pure. */
export function briefsDue(plan: Plan, state: RunState): BriefSpec[] {
  if (state.adviceMs === 0 || plan.depth === "minimal") return [];
  const step = stepNow(state);
  if (step === undefined) return [];
  return BRIEFS.filter(
    (brief) =>
      (plan.depth === "thorough" || brief.depth === "standard") &&
      (brief.step === step || (step === "report" && brief.isLate(state))) &&
      brief.applies(plan) &&
      !isAnswered(brief, state),
  );
}

/** Whether the role has handed in anything for the step. */
export function isAnswered({ step, role }: Pick<BriefSpec, "step" | "role">, state: RunState): boolean {
  return state.advice.some((one) => one.step === step && one.role === role);
}

/** The step that is under way; with the outcome known, the report. */
function stepNow(state: RunState): StepName | undefined {
  if (state.outcome) return state.archiveDir === undefined ? "report" : undefined;
  return state.steps.findLast(({ endedAt }) => endedAt === undefined)?.step;
}
