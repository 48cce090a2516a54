import { between, type LiveState, spanText } from "../../vocab/index.ts";
import { type Run, RunStopped } from "../engine.ts";
import type { Hands } from "../hands.ts";
import { planHash } from "../plan.ts";
import { refuseFrozenChange } from "./freeze.ts";
import { poolsReached } from "./pools.ts";
import { recheckReadiness } from "./readiness.ts";
import { refuseOtherProduction } from "./stages.ts";

/**
 * Right before production is changed for the first time the world is looked at again; later it would only be in the way.
 * An intent that a dead runner left without its effect is no change: days may lie between the two.
 */
export async function firstChange(run: Run, hands: Hands): Promise<void> {
  if (await isChanged(run)) return;
  await refuseFrozenChange(run);
  const { plan } = run;
  // What the first change looks at itself, it looks at before its intent: here that is over, or comes too late.
  if (plan.migrations.length > 0 || intended(run).length > 0) await refuseOtherProduction(run);
  await recheckReadiness(run, hands);
  refuseExpiredApproval(run);
}

const LOOK_MS = 30_000;

/** Something of this run has taken effect in production, by the journal or, where only an intent stands, by looking. */
async function isChanged(run: Run): Promise<boolean> {
  const keys = intended(run);
  const { intents, results } = run.state();
  if (keys.length === 0) return false;
  if (keys.some((key) => results.has(key))) return true;
  const limit = AbortSignal.any([AbortSignal.timeout(LOOK_MS), run.interrupted]);
  const live = await run.target.observe("production", limit).catch(() => undefined);
  run.checkpoint();
  // What cannot be seen is not known to be done: the checks cost less than a change that nobody allowed.
  return live !== undefined && (hasTraffic(run, live) || keys.some((key) => isReached(intents.get(key)?.pools, live)));
}

function intended(run: Run): string[] {
  return [...run.state().intents].flatMap(([key, { env }]) => (env === "production" ? [key] : []));
}

function isReached(pools: Parameters<typeof poolsReached>[0] | undefined, live: LiveState): boolean {
  return pools !== undefined && poolsReached(pools, live);
}

/** Users are on it already: they are looked after by the watch, and stopping to ask would leave them alone. */
function hasTraffic({ plan }: Run, live: LiveState): boolean {
  const serving = live.pools.filter(({ weightPct, instances }) => weightPct > 0 && instances > 0);
  return plan.digest !== plan.previous?.digest && serving.some(({ digest }) => digest === plan.digest);
}

/** An approval is of this very plan and for now: one of long ago knew another world. By the wall clock, as people do. */
export function refuseExpiredApproval(run: Run): void {
  const { approval, approvalAt } = run.state();
  const { approvalValidMs } = run.plan.waits;
  if (approval?.decision !== "approve" || approval.planHash !== planHash(run.plan) || !approvalAt) {
    throw new RunStopped({
      outcome: "ABORTED",
      reasons: [{ code: "not-approved", text: "the plan that is about to change production is not approved" }],
    });
  }
  if (between(approvalAt, run.now()) <= approvalValidMs) return;
  const text = `the approval of ${approvalAt} is older than ${spanText(approvalValidMs)}`;
  throw new RunStopped({ outcome: "ABORTED", reasons: [{ code: "approval-expired", text }] });
}
