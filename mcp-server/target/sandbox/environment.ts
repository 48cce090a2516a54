import type { Ports } from "../../ports/index.ts";
import type { Env, Fence, LiveState, Pool } from "../../vocab/index.ts";
import type { SandboxConfig } from "../config.ts";
import { admitFence, checkPools, samePool, supersededBy } from "../pools.ts";
import { TargetError } from "../target.ts";
import { unlessAborted } from "./deferred.ts";
import { openEntry } from "./entry.ts";
import type { Supervised } from "./instance.ts";
import { createMigrations } from "./migrations.ts";
import { type EntryProxy, HOST } from "./proxy.ts";
import { createRoster, type Roster } from "./roster.ts";
import { drainTimeoutMs, startTimeoutMs } from "./service.ts";
import type { EnvironmentState, StateFile } from "./state.ts";
import { shuttingDown } from "./stopping.ts";
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
  /** Applies a migration once; a call for one that is under way waits for it. */
  migrate(id: string, fence: Fence, config: SandboxConfig): Promise<void>;
  observe(): LiveState;
  stats(): ProxyStats;
  /** Something runs here, or shall. */
  inUse(): boolean;
  /** Lets requests finish, ends everything; what shall run stays on record. */
  close(): Promise<void>;
}

/** What the parts of an open environment share. */
interface Site {
  readonly o: EnvironmentOptions;
  readonly proxy: EntryProxy;
  readonly roster: Roster;
}

/** Opens the entry on its known port and brings back the pools that are on record. */
export async function openEnvironment(o: EnvironmentOptions): Promise<Environment> {
  const site: Site = { o, proxy: await openEntry(o), roster: createRoster(o) };
  const { pools, config } = onRecord(site);
  site.roster.appoint(pools.flatMap((pool) => site.roster.restore(pool, config)));
  route(site, pools);
  let current = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  const migrations = createMigrations({
    ...o,
    onRecord: () => onRecord(site),
    record: (change) => record(site, change),
  });
  return {
    observe: () => observe(site),
    stats: () => site.proxy.stats(),
    migrate: async (id, fence, wantedConfig) => {
      if (admitFence(o.env, onRecord(site).fence, fence)) record(site, { fence });
      await migrations.apply(id, fence, wantedConfig);
    },
    inUse: () => migrations.underWay() || site.roster.all().length > 0 || onRecord(site).pools.length > 0,
    apply: async (desired, fence, wantedConfig) => {
      if (admitFence(o.env, onRecord(site).fence, fence)) record(site, { fence });
      current.abort(supersededBy(o.env, fence));
      const mine = new AbortController();
      current = mine;
      const done = turn.then(() => {
        mine.signal.throwIfAborted();
        return converge(site, desired, wantedConfig, mine.signal);
      });
      turn = done.catch(() => {});
      await done;
      return observe(site);
    },
    close: async () => {
      current.abort(shuttingDown());
      await turn;
      // Half a migration is worse than a late end.
      await migrations.settled();
      await site.proxy.close(drainTimeoutMs(onRecord(site).config));
      site.roster.appoint([]);
      await site.roster.retireOthers();
    },
  };
}

function onRecord(site: Site): EnvironmentState {
  const { env, config, state } = site.o;
  return state.read().environments[env] ?? { port: site.proxy.port, pools: [], config, migrations: [] };
}

function record(site: Site, change: Partial<EnvironmentState>): void {
  const entry = { ...onRecord(site), ...change };
  site.o.state.update((all) => ({ ...all, environments: { ...all.environments, [site.o.env]: entry } }));
}

/** New instances become ready, then traffic switches, then what is not wanted any more drains and ends. */
async function converge(
  site: Site,
  desired: readonly Pool[],
  config: SandboxConfig,
  signal: AbortSignal,
): Promise<void> {
  const { roster } = site;
  try {
    checkPools(desired);
    const wanted = desired.flatMap((pool) => roster.staff(pool, config));
    await unlessAborted(Promise.all(wanted.filter((one) => one.mustStart).map((one) => one.started)), signal);
    await everyPoolServes(site, desired, wanted, config, signal);
    if (JSON.stringify(desired) !== JSON.stringify(onRecord(site).pools)) record(site, { pools: [...desired], config });
    roster.appoint(wanted);
    route(site, desired);
  } finally {
    // After a failure this removes what was started for nothing; what serves is untouched. A superseding call goes on
    // with whatever is there.
    if (!signal.aborted) await unlessAborted(roster.retireOthers(), signal);
  }
}

function route(site: Site, pools: readonly Pool[]): void {
  site.proxy.route(
    pools.map((pool) => ({
      version: pool.version,
      weightPct: pool.weightPct,
      backends: site.roster.membersOf(pool),
    })),
  );
}

/** Waits until every version that shall get traffic has an instance that can take it. */
async function everyPoolServes(
  site: Site,
  desired: readonly Pool[],
  wanted: readonly Supervised[],
  config: SandboxConfig,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = site.o.ports;
  const until = clock.mono() + startTimeoutMs(config);
  for (const pool of desired.filter((one) => one.weightPct > 0)) {
    const staffed = wanted.filter((instance) => samePool(instance, pool));
    while (!staffed.some((instance) => instance.alive)) {
      signal.throwIfAborted();
      if (clock.mono() > until) {
        throw new TargetError(`no instance of version ${pool.version} in ${site.o.env} answers`, {
          retryable: true,
          next: "read the logs in .aiwg/sandbox/logs; traffic was not changed",
        });
      }
      await clock.sleep(25, signal);
    }
  }
}

function observe(site: Site): LiveState {
  const { routedByVersion } = site.proxy.stats();
  return {
    pools: onRecord(site).pools,
    instances: site.roster.all().map((instance) => instance.view()),
    measuredSharePct: sharesPct(routedByVersion),
    measuredRequests: Object.values(routedByVersion).reduce((sum, count) => sum + count, 0),
    entryUrl: `http://${HOST}:${site.proxy.port}`,
    readAt: site.o.ports.clock.wall(),
  };
}
