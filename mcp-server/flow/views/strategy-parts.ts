import type { Plan } from "../plan.ts";
import { updatedAt } from "../rolling-plan.ts";
import type { Part } from "./execution.ts";

/** The parts of a strategy that have an execution log of their own, by the end of its name. */
export function strategyParts(plan: Plan): { name: string; part: Part }[] {
  switch (plan.strategy) {
    case "blue-green":
      return [
        { name: "green", part: { title: "Green: the new version without traffic", keys: ["green/prepare"] } },
        { name: "cutover", part: { title: "Cutover", keys: ["stage-1/expose"] } },
      ];
    case "rolling":
      return [
        { name: "rolling", part: { title: "Rolling: instances replaced in place", keys: ["rolling/", "stage-"] } },
      ];
    case "canary":
      return plan.stages.map(({ weightPct }, index) => ({
        name: `canary-stage${index + 1}`,
        part: {
          title: `Canary stage ${index + 1}, ${weightPct} %`,
          keys: [`stage-${index + 1}/`, ...(index === 0 ? ["canary/prepare"] : [])],
        },
      }));
    default:
      return plan.strategy satisfies never;
  }
}

/** `canary-stage2`, `rolling-batch2`: the end of a document's name for the stage that a key belongs to. */
export function stageFileName(plan: Plan, key: string): string {
  return key.replace(/^stage-(\d+)\/.*$/, plan.rolling ? "rolling-batch$1" : "canary-stage$1");
}

/** `stage 2`, `batch 2`; the last one is the observation. */
export function stageName(plan: Plan, index: number): string {
  if (index === plan.stages.length - 1) return "observation";
  return `${plan.rolling ? "batch" : "stage"} ${index + 1}`;
}

/** `stage-2`, `batch 2` for a key of a gate. */
export function gateStage(plan: Plan, key: string): string {
  const stage = key.split("/")[0] ?? key;
  return plan.rolling ? stage.replace(/^stage-/, "batch ") : stage;
}

/** What one stage does to production, for the plan: `send 25 % to 2.4.0`, `replace instances until 3 of 10 run 2.4.0`. */
export function stageAction(plan: Plan, weightPct: number): string {
  if (!plan.rolling) return `send ${weightPct} % to ${plan.version}`;
  return `replace instances until ${updatedAt(plan, weightPct)} of ${plan.instances} run ${plan.version}`;
}
