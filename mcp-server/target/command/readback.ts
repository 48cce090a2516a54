import type { LiveState, Pool } from "../../vocab/index.ts";
import { samePool } from "../pools.ts";

/** What an environment still lacks of what was asked for, in words; `final`: waiting would not bring it. */
export interface Shortfall {
  readonly text: string;
  readonly final: boolean;
}

const WEIGHT_TOLERANCE_PCT = 0.01;

/**
 * The first difference between the pools that were asked for and the environment read back; undefined when there is
 * none. A pool without traffic that stood there before may be unwell: instances that fail must not hold up the way back.
 */
export function shortfall(desired: readonly Pool[], live: LiveState, before?: LiveState): Shortfall | undefined {
  const wanted = desired.filter((pool) => pool.instances > 0);
  const found = live.pools.filter((pool) => pool.instances > 0);
  for (const want of wanted) {
    const short = poolShortfall(
      want,
      found.find(({ version }) => version === want.version),
      live,
      want.weightPct > 0 || !before?.pools.some((pool) => pool.instances > 0 && samePool(pool, want)),
    );
    if (short) return short;
  }
  const surplus = found.find(({ version }) => !wanted.some((want) => want.version === version));
  if (surplus) return { text: `expected no instance of ${surplus.version}, found ${surplus.instances}`, final: false };
  return undefined;
}

function poolShortfall(
  want: Pool,
  have: Pool | undefined,
  live: LiveState,
  mustBeReady: boolean,
): Shortfall | undefined {
  if (!have) return { text: `expected a pool of ${want.version}, found none`, final: false };
  if (have.digest !== want.digest) {
    return { text: `expected ${want.version} with ${want.digest}, found ${have.digest}`, final: true };
  }
  if (have.instances !== want.instances) {
    return { text: `expected ${want.instances} instances of ${want.version}, found ${have.instances}`, final: false };
  }
  if (Math.abs(have.weightPct - want.weightPct) >= WEIGHT_TOLERANCE_PCT) {
    return { text: `expected ${want.weightPct} % on ${want.version}, found ${have.weightPct} %`, final: false };
  }
  return instancesShortfall(want, live, mustBeReady);
}

function instancesShortfall(want: Pool, live: LiveState, mustBeReady: boolean): Shortfall | undefined {
  const running = live.instances.filter(
    ({ version, state }) => version === want.version && state !== "draining" && state !== "stopped",
  );
  const foreign = running.find(({ digest }) => digest !== want.digest);
  if (foreign) return { text: `expected ${want.version} with ${want.digest}, found ${foreign.digest}`, final: true };
  const ready = running.filter(({ state }) => state === "ready").length;
  if (!mustBeReady || ready >= want.instances) return undefined;
  return { text: `expected ${want.instances} ready instances of ${want.version}, found ${ready}`, final: false };
}
