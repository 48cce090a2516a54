import { num } from "../record/figures.ts";
import type { Plan } from "./plan.ts";
import { updatedAt } from "./rolling-plan.ts";

/** A stage as people call it: `stage 2 of 4: 25 % on 2.4.0`; for rolling `batch 2 of 10: 2 of 10 instances on 2.4.0`. */
export function stageText(plan: Plan, index: number): string {
  const weightPct = plan.stages[index]?.weightPct ?? 100;
  const place = `${index + 1} of ${plan.stages.length}`;
  if (!plan.rolling) return `stage ${place}: ${weightPct} % on ${plan.version}`;
  return `batch ${place}: ${num(updatedAt(plan, weightPct))} of ${num(plan.instances)} instances on ${plan.version}`;
}
