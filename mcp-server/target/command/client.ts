import type { Ports } from "../../ports/index.ts";
import {
  type Digest,
  durationMs,
  type Env,
  type Fence,
  type LiveState,
  type Ms,
  type Pool,
  type Version,
} from "../../vocab/index.ts";
import { capabilitiesOf } from "../capabilities.ts";
import { checkPools, samePool, supersededBy } from "../pools.ts";
import { type Target, TargetError } from "../target.ts";
import { type Call, callVerb } from "./call.ts";
import type { CommandConfig } from "./config.ts";
import { readObserve, readResolve } from "./contract.ts";
import { admit, commandFolder, stillAdmitted } from "./fence.ts";
import { shortfall } from "./readback.ts";
import { isWorking, type Turn, takeTurn } from "./turn.ts";

export interface CommandOptions {
  /** Folder of deploy.yaml. */
  readonly root: string;
  readonly config: CommandConfig;
  readonly ports: Ports;
  /** How long the platform may take to show what a finished `apply` has done; default 30 s. */
  readonly settleMs?: Ms;
}

const SETTLE_MS: Ms = 30_000;
const LOOK_EVERY_MS: Ms = 250;

/** A platform behind the project's own commands; docs/targets.md has the contract. */
export function openCommandTarget(o: CommandOptions): Target {
  const { config } = o;
  const { migrate, unlock } = config;
  return {
    kind: "command",
    capabilities: capabilitiesOf(config),
    resolve: (version, signal) => resolve(o, version, signal),
    observe: (env, signal) => observe(o, env, signal),
    apply: (env, desired, fence, signal) => apply(o, env, desired, fence, signal),
    ...(migrate && {
      migrate: async (env: Env, id: string, fence: Fence, signal: AbortSignal) => {
        const folder = commandFolder(o.root, env);
        admit(o.ports.disk, folder, env, fence);
        if (isWorking(o.ports, folder, "migrate")) throw stillWorks("migrate", env);
        const values = { ...fenceValues(env, fence), migration: id };
        await change(o, { verb: "migrate", config: migrate, values, env, fence }, signal);
      },
    }),
    ...(unlock && {
      unlock: async (env: Env, fence: Fence, signal: AbortSignal) => {
        const folder = commandFolder(o.root, env);
        admit(o.ports.disk, folder, env, fence);
        // What still works on the environment works under this claim.
        for (const verb of ["apply", "migrate"] as const) {
          if (isWorking(o.ports, folder, verb)) throw stillWorks(verb, env);
        }
        await callVerb(o, { verb: "unlock", config: unlock, values: fenceValues(env, fence), env, fence }, signal);
      },
    }),
  };
}

async function resolve(o: CommandOptions, version: Version, signal: AbortSignal): Promise<Digest> {
  return readResolve(await callVerb(o, { verb: "resolve", config: o.config.resolve, values: { version } }, signal));
}

async function observe(o: CommandOptions, env: Env, signal: AbortSignal): Promise<LiveState> {
  // What it prints is at least as new as the moment before it was asked.
  const readAt = o.ports.clock.wall();
  const stdout = await callVerb(o, { verb: "observe", config: o.config.observe, values: { env }, env }, signal);
  return readObserve(stdout, o.config, readAt);
}

/** Checks, fences, lets the command do it, and believes only what is read back. */
async function apply(
  o: CommandOptions,
  env: Env,
  desired: readonly Pool[],
  fence: Fence,
  signal: AbortSignal,
): Promise<LiveState> {
  checkPools(desired);
  admit(o.ports.disk, commandFolder(o.root, env), env, fence);
  const stdin = `${JSON.stringify({ env, pools: desired })}\n`;
  const call = { verb: "apply", config: o.config.apply, values: fenceValues(env, fence), env, fence, stdin } as const;
  let found: LiveState | undefined;
  return change(o, call, signal, {
    before: async () => {
      found = await refuseChangedArtifacts(o, env, desired, signal);
    },
    after: (turn) => readBack(o, env, { desired, found }, fence, turn, signal),
  });
}

type Change = Call & { readonly verb: "apply" | "migrate"; readonly env: Env; readonly fence: Fence };

/** One fenced change: alone in its environment, and ended with its whole process group when a later one begins. */
async function change<T>(
  o: CommandOptions,
  call: Change,
  signal: AbortSignal,
  around?: { before: () => Promise<void>; after: (turn: Turn) => Promise<T> },
): Promise<T> {
  const { env, fence } = call;
  const folder = commandFolder(o.root, env);
  const turn = await takeTurn(o.ports, folder, call.verb);
  const orSuperseded = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      const result = await work();
      if (turn.superseded()) throw supersededBy(env, fence);
      return result;
    } catch (error) {
      if (turn.superseded() && !signal.aborted) throw supersededBy(env, fence);
      throw error;
    }
  };
  try {
    await orSuperseded(async () => around?.before());
    if (o.config.lock) {
      const lock = { verb: "lock", config: o.config.lock, values: fenceValues(env, fence), env, fence } as const;
      await orSuperseded(() => callVerb(o, lock, signal));
    }
    stillAdmitted(o.ports.disk, folder, env, fence);
    await orSuperseded(() => callVerb(o, { ...call, turn: turn.mark, onStart: turn.started }, signal));
    return await orSuperseded(async () => around?.after(turn) as Promise<T>);
  } finally {
    turn.end();
  }
}

/**
 * The artifact of every version that does not run yet must still be the planned one. What runs is known by its digest,
 * so going back needs no registry. Where nobody can look first, the command is trusted with the digest and the
 * reading back decides. Returns what was found.
 */
async function refuseChangedArtifacts(
  o: CommandOptions,
  env: Env,
  desired: readonly Pool[],
  signal: AbortSignal,
): Promise<LiveState | undefined> {
  const live = await observe(o, env, signal).catch(() => undefined);
  signal.throwIfAborted();
  if (!live) return undefined;
  for (const pool of desired) {
    if (pool.instances === 0 || live.pools.some((one) => one.instances > 0 && samePool(one, pool))) continue;
    const digest = await resolve(o, pool.version, signal);
    if (digest === pool.digest) continue;
    throw new TargetError(
      `the artifact of version ${pool.version} has changed: ${pool.digest} was planned, ${digest} is there`,
      { retryable: false, next: "restore the planned artifact, or make a new plan for the changed one" },
    );
  }
  return live;
}

/** Waits until the platform shows what was asked for: exit code 0 alone is not believed. */
async function readBack(
  o: CommandOptions,
  env: Env,
  { desired, found }: { desired: readonly Pool[]; found: LiveState | undefined },
  fence: Fence,
  turn: Turn,
  signal: AbortSignal,
): Promise<LiveState> {
  const { clock } = o.ports;
  const until = clock.mono() + Math.min(o.settleMs ?? SETTLE_MS, durationMs(o.config.apply.timeout));
  for (;;) {
    const live = await observe(o, env, signal);
    const short = shortfall(desired, live, found);
    if (!short) return live;
    if (turn.superseded()) throw supersededBy(env, fence);
    if (clock.mono() >= until) {
      throw new TargetError(
        `the apply command ended with code 0, but ${env} is not what was asked for: ${short.text}`,
        {
          retryable: !short.final,
          next: "let target.apply.command wait until it is done, and compare with what target.observe.command prints",
        },
      );
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

function stillWorks(verb: "apply" | "migrate", env: Env): TargetError {
  const what = verb === "migrate" ? "a migration" : "an apply command";
  return new TargetError(`${what} of an earlier runner still works on ${env}`, {
    retryable: true,
    next: "wait until it has ended",
  });
}

function fenceValues(env: Env, fence: Fence): Record<string, string> {
  return { env, run: fence.runId, epoch: String(fence.epoch) };
}
