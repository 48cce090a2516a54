import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import { exposeTo, prepare } from "./stages.ts";

/**
 * Blue-green: the new version stands beside the old one at full size, is checked without users, and then gets all
 * of them at once. The old version stays at full size, one weight change away.
 */
export async function blueGreen(run: Run, hands: Hands): Promise<void> {
  await prepare(run, hands, stepKey("green", "prepare"));
  await exposeTo(run, hands, run.plan.stages.length - 1);
}
