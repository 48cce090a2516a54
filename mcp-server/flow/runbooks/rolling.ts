import type { LiveState, Pool } from "../../vocab/index.ts";
import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import type { Plan } from "../plan.ts";
import { updatedAt } from "../rolling-plan.ts";
import type { Via } from "./apply.ts";
import { poolsReplaced } from "./pools.ts";
import { exposeTo, prepare, refuseOtherProduction, watchStage } from "./stages.ts";

/**
 * Rolling: instances are replaced in place, batch by batch, each batch watched and gated before the next. Inside a
 * batch one new instance is ready before one old one goes, so capacity never falls below that of all instances and
 * never exceeds it by more than one. The last batch is followed by the observation, which belongs to the next step.
 */
export async function rolling(run: Run, hands: Hands): Promise<void> {
  await firstInstance(run, hands);
  const last = run.plan.stages.length - 1;
  for (const [index] of run.plan.stages.entries()) {
    await exposeTo(run, hands, index, run.plan.rolling && oneByOne(run, index));
    if (index < last) await watchStage(run, hands, index);
  }
}

/** One instance is checked before users reach it, except where every ready instance gets its share of them at once. */
async function firstInstance(run: Run, hands: Hands): Promise<void> {
  if (!run.plan.rolling?.byReplica) return prepare(run, hands, stepKey("rolling", "prepare"));
  if (!run.state().exposed) await refuseOtherProduction(run);
}

/** The pools between the batch before and this one, from where production really stands: a killed batch goes on. */
function oneByOne(run: Run, index: number): Via {
  const { plan } = run;
  const before = index === 0 ? 0 : updatedAt(plan, plan.stages[index - 1]?.weightPct ?? 0);
  const wanted = updatedAt(plan, plan.stages[index]?.weightPct ?? 100);
  return async (signal) => {
    // Unseen, the batch begins anew, which a declarative target takes as going back and forth by a few instances.
    const live = await run.target.observe("production", signal).catch(() => undefined);
    const from = Math.max(before, live ? withTraffic(plan, live) : 0);
    const between = Array.from({ length: Math.max(0, wanted - from - 1) }, (_, step) => from + 1 + step);
    return between.map((updated) => poolsReplaced(plan, updated)).filter((pools) => isRoutable(run, pools));
  };
}

/** Instances of the new version, unless they are only held ready. */
function withTraffic(plan: Plan, live: LiveState): number {
  const pool = live.pools.find(({ version }) => version === plan.version);
  return pool && pool.weightPct > 0 ? pool.instances : 0;
}

function isRoutable(run: Run, pools: readonly Pool[]): boolean {
  const { minWeightPct } = run.target.capabilities;
  return run.plan.rolling?.byReplica === true || pools.every(({ weightPct }) => weightPct >= minWeightPct);
}
