import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import { exposeTo, prepare, watchStage } from "./stages.ts";

/**
 * Canary: a growing share of production requests goes to the new version. Each stage is watched and gated before
 * the next; the last one, 100 %, is the observation and belongs to the next step.
 */
export async function canary(run: Run, hands: Hands): Promise<void> {
  await prepare(run, hands, stepKey("canary", "prepare"));
  for (const [index] of run.plan.stages.slice(0, -1).entries()) {
    await exposeTo(run, hands, index);
    await watchStage(run, hands, index);
  }
  await exposeTo(run, hands, run.plan.stages.length - 1);
}
