import type { Digest, Env, Fence, Pool, Version } from "../vocab/index.ts";
import { TargetError } from "./target.ts";

/** Whether something belongs to a pool: the same version built from the same bytes. */
export function samePool(
  a: { readonly version: Version; readonly digest: Digest },
  b: { readonly version: Version; readonly digest: Digest },
): boolean {
  return a.version === b.version && a.digest === b.digest;
}

/** Refuses pools that cannot be: a version twice, weights that do not add up to 100 or 0, weight without instances. */
export function checkPools(desired: readonly Pool[]): void {
  const versions = new Set(desired.map((pool) => pool.version));
  if (versions.size !== desired.length) throw impossible("a version stands in it twice");
  const total = desired.reduce((sum, pool) => sum + pool.weightPct, 0);
  if (Math.abs(total) > 1e-6 && Math.abs(total - 100) > 1e-6) {
    throw impossible(`the weights add up to ${total}, not to 100 or 0`);
  }
  const empty = desired.find((pool) => pool.weightPct > 0 && pool.instances === 0);
  if (empty) throw impossible(`version ${empty.version} shall get traffic without an instance`);
}

function impossible(why: string): TargetError {
  return new TargetError(`these pools cannot be: ${why}`, { retryable: false, next: "ask for pools that add up" });
}

/** Whether the fence is news to be kept. Throws when a higher epoch has shut it out. */
export function admitFence(env: Env, highest: Fence | undefined, fence: Fence): boolean {
  if (highest === undefined) return true;
  if (fence.epoch < highest.epoch) throw shutOut(env, highest, fence);
  return fence.epoch > highest.epoch || fence.runId !== highest.runId;
}

/** Why a lower epoch is refused. */
export function shutOut(
  env: Env,
  owner: { readonly runId: string; readonly epoch: number },
  fence: Fence,
): TargetError {
  return new TargetError(
    `epoch ${fence.epoch} of run ${fence.runId} is shut out of ${env}: run ${owner.runId} owns it with epoch ${owner.epoch}`,
    { retryable: false, next: "stop: another runner has taken over" },
  );
}

/** Why an apply ended before it was through. */
export function supersededBy(env: Env, fence: Fence): TargetError {
  return new TargetError(
    `a later call of run ${fence.runId}, epoch ${fence.epoch}, has superseded this one in ${env}`,
    {
      retryable: true,
      next: "observe the environment before doing anything else",
    },
  );
}
