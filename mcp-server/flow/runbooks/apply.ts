import { abortAfter } from "../../ports/index.ts";
import type { Env, Ms, Pool, StepKey } from "../../vocab/index.ts";
import type { Run } from "../engine.ts";
import { poolsReached } from "./pools.ts";

/** What is applied on the way to the wanted pools, from where the environment stands. */
export type Via = (signal: AbortSignal) => Promise<Pool[][]>;

/** Makes an environment be these pools: journalled, idempotent, reconciled after a crash by looking. */
export async function applyPools(
  run: Run,
  key: StepKey,
  o: { env: Env; pools: Pool[]; text: string; exposes?: boolean; limitMs?: Ms; via?: Via },
): Promise<void> {
  await run.act(
    key,
    { text: o.text, env: o.env, pools: o.pools, ...(o.exposes ? { exposes: true } : {}) },
    async (fence, signal) => {
      const limited = o.limitMs === undefined ? signal : AbortSignal.any([signal, abortAfter(o.limitMs)]);
      for (const pools of (await o.via?.(limited)) ?? []) await run.target.apply(o.env, pools, fence, limited);
      await run.target.apply(o.env, o.pools, fence, limited);
      return true;
    },
    (live) => (poolsReached(o.pools, live) ? true : undefined),
  );
}

/** `100 % 2.3.1`, `95 % 2.3.1 + 5 % 2.4.0`. */
export function poolsText(pools: readonly Pool[]): string {
  const serving = pools.filter((pool) => pool.weightPct > 0);
  return serving.map((pool) => `${pool.weightPct} % ${pool.version}`).join(" + ") || "no traffic to any version";
}
