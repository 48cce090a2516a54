import type { Pool, StepKey } from "../../vocab/index.ts";
import { isNoTargetFailure, type Run, stepKey } from "../engine.ts";
import type { Plan } from "../plan.ts";
import { quoted } from "../quoted.ts";
import { sharePct } from "../rolling-plan.ts";
import { applyPools } from "./apply.ts";
import { poolsBetween } from "./pools.ts";

/** Where a rollback of replaced instances stands. */
interface Standing {
  readonly old: number;
  readonly oldPct: number;
  readonly new: number;
}

/** Starting together may take this part of the time for the traffic; then they are started one by one. */
const TOGETHER_SHARE = 1 / 3;

/**
 * The old version's instances are started again before any traffic moves to them: all together, and when that fails one
 * by one, each taking its share of the traffic as it comes. Returns how many there are: all, or at least `enough` to
 * carry everything. Throws the failure when there are fewer; called again, it goes on from what runs.
 */
export async function restartOld(run: Run, enough: number): Promise<number> {
  const { plan } = run;
  const stands = await standing(run);
  if (stands.old >= plan.instances) return plan.instances;
  try {
    await start(run, stepKey("rollback", "restart"), { ...stands, old: plan.instances }, "all instances");
    return plan.instances;
  } catch (error) {
    if (isNoTargetFailure(error)) throw error;
    const old = await oneByOne(run, await standing(run));
    if (old >= plan.instances) return old;
    const some = `${old} of ${plan.instances} instances of ${plan.previous?.version ?? "the old version"} run`;
    const why = `the others did not start: ${quoted(error)}`;
    if (old < enough) throw new Error(`${some}, too few for all traffic; ${why}`, { cause: error });
    run.append({ event: "notice", level: "warning", text: `${some} and take all traffic; ${why}` });
    return old;
  }
}

/** Adds instances until one does not start; each that does takes its part of the traffic at once. */
async function oneByOne(run: Run, from: Standing): Promise<number> {
  const { instances } = run.plan;
  let { old } = from;
  while (old < instances) {
    const oldPct = Math.max(from.oldPct, sharePct(old + 1, instances));
    try {
      await start(run, partKey(run), { old: old + 1, oldPct, new: from.new }, `${old + 1} of ${instances} instances`);
    } catch (error) {
      if (isNoTargetFailure(error)) throw error;
      return old;
    }
    old += 1;
  }
  return old;
}

function start(run: Run, key: StepKey, at: Standing, what: string): Promise<void> {
  return applyPools(run, key, {
    env: "production",
    pools: poolsBetween(run.plan, at),
    text: `start ${what} of ${run.plan.previous?.version ?? "the old version"} again`,
    limitMs: Math.ceil(run.plan.waits.rollbackTrafficMs * TOGETHER_SHARE),
  });
}

/** A part that was begun and not finished goes on under its own key; every further one has a new key. */
function partKey(run: Run): StepKey {
  const done = [...run.state().results.keys()].filter((key) => key.startsWith("rollback/restart-part-")).length;
  return stepKey("rollback", `restart-part-${done + 1}`);
}

/** What runs now; where nobody can see it, what the journal says was last brought about. */
async function standing(run: Run): Promise<Standing> {
  const live = await run.target.observe("production", AbortSignal.timeout(30_000)).catch(() => undefined);
  if (!live) return standingOf(run.plan, lastPools(run));
  const { previous } = run.plan;
  const ready = live.instances.filter(({ version, state }) => version === previous?.version && state === "ready");
  const told = standingOf(run.plan, live.pools);
  return { ...told, old: Math.min(told.old, ready.length) };
}

function standingOf(plan: Plan, pools: readonly Pool[]): Standing {
  const old = pools.find(({ version }) => version === plan.previous?.version);
  const candidate = pools.find(({ version }) => version === plan.version);
  return { old: old?.instances ?? 0, oldPct: old?.weightPct ?? 0, new: candidate?.instances ?? 0 };
}

function lastPools(run: Run): readonly Pool[] {
  const { intents, results } = run.state();
  const done = [...intents].findLast(([key, intent]) => intent.env === "production" && results.has(key));
  return done?.[1].pools ?? [];
}
