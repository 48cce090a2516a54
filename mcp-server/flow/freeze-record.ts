import { FreezeState, freezeAt } from "../judge/index.ts";
import { canonicalJson, type Json } from "../vocab/index.ts";
import type { Plan } from "./plan.ts";
import type { RunState } from "./run-state.ts";

/** What the run found when it last looked for a freeze; undefined when the plan names none. */
export function freezeFound({ results }: Pick<RunState, "results">): FreezeState | undefined {
  const found = [...results].findLast(([key]) => isFreezeKey(key))?.[1];
  return FreezeState.safeParse(found).data;
}

/** The run was stopped by a freeze that nobody overrode. */
export function stoppedByFreeze(state: Pick<RunState, "results" | "plan">): boolean {
  return freezeFound(state)?.state === "frozen" && state.plan.freeze.override === null;
}

export function isFreezeKey(key: string): boolean {
  return key.startsWith("freeze/");
}

/** A recorded look at the calendar, judged again by the rules of the plan; the difference, if there is one. */
export function freezeDifference(plan: Plan, key: string, recorded: Json): string | undefined {
  const found = FreezeState.safeParse(recorded);
  if (!found.success) return `${key}: not a look at the freeze windows`;
  const again = freezeAt(plan.freeze, found.data.at);
  return canonicalJson(again) === canonicalJson(found.data)
    ? undefined
    : `${key} recorded ${found.data.state} at ${found.data.at}, the windows of the plan give ${again.state} or another end`;
}
