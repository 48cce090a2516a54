import { capabilitiesOf } from "../../target/index.ts";
import type { LiveState, Pool } from "../../vocab/index.ts";
import type { Run } from "../engine.ts";
import type { Plan } from "../plan.ts";
import { sharePct, updatedAt } from "../rolling-plan.ts";
import { replicasFor } from "../target-limits.ts";

/** Instances of the new version that carry its share of the traffic; never fewer than one. */
export function instancesFor(plan: Plan, weightPct: number): number {
  const shared = plan.strategy === "canary" && plan.previous !== null && weightPct < 100;
  if (shared && capabilitiesOf(plan.target).routing === "by-replica") return replicasFor(plan.instances, weightPct);
  return Math.max(1, Math.ceil((plan.instances * weightPct) / 100));
}

/**
 * Production at one point of the rollout. The old version stays at full size until the run is over, so that going back
 * needs no start; in a rolling plan it gives up one instance for each that the new version has with traffic.
 */
export function poolsAt(plan: Plan, weightPct: number, candidateInstances = instancesFor(plan, weightPct)): Pool[] {
  if (plan.rolling && weightPct > 0) return poolsReplaced(plan, updatedAt(plan, weightPct));
  const candidate: Pool = { version: plan.version, digest: plan.digest, instances: candidateInstances, weightPct };
  if (!plan.previous) return [candidate];
  return [{ ...plan.previous, instances: plan.instances, weightPct: 100 - weightPct }, candidate];
}

/** So many instances are on the new version, the others on the old one: each has the same share. */
export function poolsReplaced(plan: Plan, updated: number): Pool[] {
  const weightPct = sharePct(updated, plan.instances);
  const kept = plan.instances - updated;
  const old = plan.previous && { ...plan.previous, instances: kept, weightPct: rest(weightPct) };
  const candidate: Pool = { version: plan.version, digest: plan.digest, instances: updated, weightPct };
  return [...(old && kept > 0 ? [old] : []), ...(updated > 0 ? [candidate] : [])];
}

/** The other share; shares are hundredths of a percent. */
function rest(weightPct: number): number {
  return Math.round(10_000 - 100 * weightPct) / 100;
}

/** Two pools in the middle of a rollback: the old version has so many instances and so much of the traffic. */
export function poolsBetween(plan: Plan, at: { old: number; oldPct: number; new: number }): Pool[] {
  if (!plan.previous) return [];
  const oldPct = plan.rolling?.byReplica || at.new === 0 ? sharePct(at.old, at.old + at.new) : at.oldPct;
  const candidate: Pool = { version: plan.version, digest: plan.digest, instances: at.new, weightPct: rest(oldPct) };
  return [{ ...plan.previous, instances: at.old, weightPct: oldPct }, ...(at.new > 0 ? [candidate] : [])];
}

/**
 * All traffic back on the old version, by what the journal knows. The new version keeps the instances that it was last
 * given; none is started, because starting what fails could keep the traffic from moving. Where traffic follows the
 * instances, the new ones have to go with it.
 */
export function poolsBack(
  run: Pick<Run, "plan" | "state">,
  running = instancesGiven(run),
  old = run.plan.instances,
): Pool[] {
  const { plan } = run;
  if (!plan.previous) return [];
  return poolsBetween(plan, { old, oldPct: 100, new: plan.rolling?.byReplica ? 0 : running });
}

function instancesGiven({ plan, state }: Pick<Run, "plan" | "state">): number {
  const { intents, results } = state();
  const done = [...intents].findLast(([key, intent]) => intent.env === "production" && results.has(key));
  return done?.[1].pools?.find((pool) => pool.version === plan.version)?.instances ?? 0;
}

/** Only the old version, or nothing when there was none. */
export function previousOnly(plan: Plan, instances = plan.instances): Pool[] {
  return plan.previous ? [{ ...plan.previous, instances, weightPct: 100 }] : [];
}

/** True when the environment has been read back as exactly these pools with enough ready instances. */
export function poolsReached(desired: readonly Pool[], live: LiveState): boolean {
  const wanted = desired.filter((pool) => pool.instances > 0);
  const found = live.pools.filter((pool) => pool.instances > 0);
  return (
    wanted.length === found.length &&
    wanted.every((want) => {
      const have = found.find((pool) => pool.version === want.version && pool.digest === want.digest);
      const ready = live.instances.filter(
        (instance) => instance.version === want.version && instance.state === "ready",
      );
      return (
        have !== undefined &&
        have.instances === want.instances &&
        Math.abs(have.weightPct - want.weightPct) < 0.01 &&
        ready.length >= want.instances
      );
    })
  );
}
