import type { Ports } from "../../ports/index.ts";
import type { Env, Fence, LiveState, Pool } from "../../vocab/index.ts";
import type { SandboxConfig } from "../config.ts";
import { TargetError } from "../target.ts";
import { unlessAborted } from "./deferred.ts";
import { openEntry } from "./entry.ts";
import { type Supervised, superviseInstance } from "./instance.ts";
import { admitFence, checkPools, samePool, supersededBy } from "./pools.ts";
import { HOST } from "./proxy.ts";
import { drainTimeoutMs, startTimeoutMs } from "./service.ts";
import type { EnvironmentState, StateFile } from "./state.ts";
import { type ProxyStats, sharesPct } from "./tally.ts";

export interface EnvironmentOptions {
  readonly root: string;
  readonly env: Env;
  readonly config: SandboxConfig;
  readonly ports: Ports;
  readonly state: StateFile;
}

/** One environment of the sandbox: a proxy and the instances behind it. */
export interface Environment {
  /** Makes the environment be these pools. A later call supersedes an earlier one that is still under way. */
  apply(desired: readonly Pool[], fence: Fence, config: SandboxConfig): Promise<LiveState>;
  observe(): LiveState;
  stats(): ProxyStats;
  /** Something runs here, or shall. */
  inUse(): boolean;
  /** Lets requests finish, ends everything; what shall run stays on record. */
  close(): Promise<void>;
}

/** Opens the entry on its known port and brings back the pools that are on record. */
export async function openEnvironment(o: EnvironmentOptions): Promise<Environment> {
  const { env, ports, state } = o;
  const proxy = await openEntry(o);
  const kept = (): EnvironmentState =>
    state.read().environments[env] ?? { port: proxy.port, pools: [], config: o.config };
  const keep = (change: Partial<EnvironmentState>) =>
    state.update((all) => ({ ...all, environments: { ...all.environments, [env]: { ...kept(), ...change } } }));
  /** Everything that runs, and those of it that belong to the pools on record. */
  const instances = new Set<Supervised>();
  let members = new Set<Supervised>();
  let current = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();

  const start = (pool: Pool, config: SandboxConfig, onFailedStart: "fail" | "retry"): Supervised => {
    const id = `${pool.version}-${ports.ids.hex(3)}`;
    const instance = superviseInstance({
      spec: { id, env, version: pool.version, digest: pool.digest, root: o.root, config },
      ports,
      onFailedStart,
      onProcess: (identity) =>
        state.update((all) => ({
          ...all,
          processes: [
            ...all.processes.filter((known) => known.instanceId !== id),
            ...(identity ? [{ instanceId: id, ...identity }] : []),
          ],
        })),
      onGone: () => instances.delete(instance),
    });
    instances.add(instance);
    return instance;
  };

  /** The instances of a pool: those that there are, the serving ones first, and new ones for what is missing. */
  const staff = (pool: Pool, config: SandboxConfig): Supervised[] => {
    const present = [...instances]
      .filter((instance) => samePool(instance, pool) && instance.state !== "draining" && instance.state !== "stopped")
      .sort((a, b) => rank(b, members) - rank(a, members))
      .slice(0, pool.instances);
    const missing = Array.from({ length: pool.instances - present.length }, () => start(pool, config, "fail"));
    return [...present, ...missing];
  };

  const route = (pools: readonly Pool[]) =>
    proxy.route(
      pools.map((pool) => ({
        version: pool.version,
        weightPct: pool.weightPct,
        backends: [...members].filter((instance) => samePool(instance, pool)),
      })),
    );

  const retireOthers = () =>
    Promise.all([...instances].filter((instance) => !members.has(instance)).map((instance) => instance.retire()));

  const converge = async (desired: readonly Pool[], config: SandboxConfig, signal: AbortSignal): Promise<void> => {
    try {
      checkPools(desired);
      const wanted = desired.flatMap((pool) => staff(pool, config));
      await unlessAborted(Promise.all(wanted.filter((one) => one.mustStart).map((one) => one.started)), signal);
      await carried(desired, wanted, config, signal);
      members = new Set(wanted);
      if (JSON.stringify(desired) !== JSON.stringify(kept().pools)) keep({ pools: [...desired], config });
      route(desired);
    } finally {
      // After a failure this removes what was started for nothing; what serves is untouched. A superseding call
      // goes on with whatever is there.
      if (!signal.aborted) await unlessAborted(retireOthers(), signal);
    }
  };

  /** Waits until every version that shall get traffic has an instance that can take it. */
  const carried = async (
    desired: readonly Pool[],
    wanted: readonly Supervised[],
    config: SandboxConfig,
    signal: AbortSignal,
  ): Promise<void> => {
    const until = ports.clock.mono() + startTimeoutMs(config);
    for (const pool of desired.filter((one) => one.weightPct > 0)) {
      const staffed = wanted.filter((instance) => samePool(instance, pool));
      while (!staffed.some((instance) => instance.alive)) {
        signal.throwIfAborted();
        if (ports.clock.mono() > until) {
          throw new TargetError(`no instance of version ${pool.version} in ${env} answers`, {
            retryable: true,
            next: `read the logs in .aiwg/sandbox/logs; nothing was changed`,
          });
        }
        await ports.clock.sleep(25, signal);
      }
    }
  };

  const observe = (): LiveState => {
    const { routedByVersion } = proxy.stats();
    return {
      pools: kept().pools,
      instances: [...instances].map((instance) => instance.view()),
      measuredSharePct: sharesPct(routedByVersion),
      measuredRequests: Object.values(routedByVersion).reduce((sum, count) => sum + count, 0),
      entryUrl: `http://${HOST}:${proxy.port}`,
      readAt: ports.clock.wall(),
    };
  };

  const { pools, config } = kept();
  members = new Set(
    pools.flatMap((pool) => Array.from({ length: pool.instances }, () => start(pool, config, "retry"))),
  );
  route(pools);

  return {
    observe,
    stats: () => proxy.stats(),
    inUse: () => instances.size > 0 || kept().pools.length > 0,
    apply: async (desired, fence, wantedConfig) => {
      const before = kept().fence;
      if (admitFence(env, before, fence)) keep({ fence });
      current.abort(supersededBy(env, fence));
      const mine = new AbortController();
      current = mine;
      const done = turn.then(() => {
        mine.signal.throwIfAborted();
        return converge(desired, wantedConfig, mine.signal);
      });
      turn = done.catch(() => {});
      await done;
      return observe();
    },
    close: async () => {
      current.abort(
        new TargetError("the sandbox is shutting down", { retryable: true, next: "call again to start it anew" }),
      );
      await turn;
      await proxy.close(drainTimeoutMs(kept().config));
      members = new Set();
      await retireOthers();
    },
  };
}

/** Serving members are kept before others. */
function rank(instance: Supervised, members: ReadonlySet<Supervised>): number {
  return (members.has(instance) ? 2 : 0) + (instance.alive ? 1 : 0);
}
