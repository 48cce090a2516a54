import { type Target, type TargetCapabilities, TargetError } from "../../mcp-server/target/target.ts";
import type {
  Digest,
  Env,
  Fence,
  Instance,
  Instant,
  LiveState,
  Ms,
  Pool,
  Version,
} from "../../mcp-server/vocab/index.ts";
import { digestOf, sha256 } from "../../mcp-server/vocab/index.ts";
import type { FakeClock } from "../fakes/index.ts";

/** How a version answers: the share of its requests that fail and that take longer than 500 ms. */
export interface Conduct {
  readonly failed: number;
  readonly slow: number;
  /** Never answered, and so never counted. */
  readonly lost?: number;
}

/** What the instances of one version have counted in one environment. */
export interface Tally {
  readonly requests: number;
  readonly failed: number;
  readonly slow: number;
}

export interface Call {
  readonly op: "observe" | "apply" | "migrate" | "unlock";
  readonly env: Env;
  readonly pools?: readonly Pool[];
  readonly epoch?: number;
  /** Of a migration. */
  readonly id?: string;
}

/** Machines, proxy and users. They outlive every runner, so a test keeps one platform across crashes. */
export interface FakePlatform {
  readonly calls: Call[];
  readonly target: Target;
  /** Makes a call fail when it returns an error; `after`: the call took effect, only its answer is lost. */
  fault: (call: Call, moment: "before" | "after") => Error | undefined;
  /** How each version answers; unnamed ones answer well. */
  readonly conduct: Map<string, Conduct>;
  /** Requests per second of each environment. */
  readonly rps: Record<Env, number>;
  pools(env: Env): readonly Pool[];
  /** Instances of one version, to be changed at will. */
  instances(env: Env, version: string): Mutable<Instance>[];
  tally(env: Env, version: string): Tally;
  /** Puts pools there by hand, as somebody outside the flow would. */
  /** Migrations in the order in which they took effect. A real one would do harm when it took effect twice. */
  readonly migrated: Record<Env, string[]>;
  place(env: Env, pools: readonly Pool[]): void;
  digest(version: string): Digest;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Site {
  pools: readonly Pool[];
  instances: Mutable<Instance>[];
  tallies: Map<string, { requests: number; failed: number; slow: number }>;
  /** Requests per version since the weights last changed. */
  routed: Map<string, number>;
  epoch: number;
}

const WELL: Conduct = { failed: 0, slow: 0 };

/** How long a change of pools takes. */
const APPLY_MS: Ms = 1_500;

const CAPABILITIES: Omit<TargetCapabilities, "production"> = {
  routing: "per-request",
  minWeightPct: 1,
  parallelPools: true,
  remoteLock: false,
  instanceUrls: true,
  versionUrls: false,
  measuresTraffic: true,
};

/** A retryable failure of the platform. */
export const busy = () => new TargetError("the platform is busy", { retryable: true, next: "try again" });
/** A failure that no repetition mends. */
export const broken = () => new TargetError("the platform refuses", { retryable: false, next: "ask its owner" });

export function fakePlatform(
  clock: FakeClock,
  o: { production?: boolean; locks?: boolean; digests?: ReadonlyMap<string, Digest> } = {},
): FakePlatform {
  const sites: Record<Env, Site> = { staging: emptySite(), production: emptySite() };
  let last = clock.mono();

  /** Users send requests all the time; they are counted whenever somebody looks. */
  const tick = () => {
    const seconds = (clock.mono() - last) / 1000;
    last = clock.mono();
    for (const [env, site] of Object.entries(sites)) {
      for (const pool of site.pools) serve(site, pool, (platform.rps[env as Env] * pool.weightPct * seconds) / 100);
    }
  };
  const serve = (site: Site, pool: Pool, requests: number) => {
    const { failed, slow, lost = 0 } = platform.conduct.get(pool.version) ?? WELL;
    const answered = requests * (1 - lost);
    const tally = site.tallies.get(pool.version) ?? { requests: 0, failed: 0, slow: 0 };
    tally.requests += answered;
    tally.failed += answered * failed;
    tally.slow += answered * slow;
    site.tallies.set(pool.version, tally);
    site.routed.set(pool.version, (site.routed.get(pool.version) ?? 0) + requests);
  };
  const place = (env: Env, pools: readonly Pool[]) => {
    tick();
    const site = sites[env];
    if (weightsOf(site.pools) !== weightsOf(pools)) site.routed.clear();
    site.pools = pools.map((pool) => ({ ...pool }));
    site.instances = pools.flatMap((pool) => staff(env, pool, site.instances, clock.wall()));
  };
  const check = (call: Call, moment: "before" | "after") => {
    const error = platform.fault(call, moment);
    if (error) throw error;
  };

  const platform: FakePlatform = {
    calls: [],
    migrated: { staging: [], production: [] },
    conduct: new Map(),
    rps: { staging: 50, production: 50 },
    fault: () => undefined,
    pools: (env) => sites[env].pools,
    instances: (env, version) => sites[env].instances.filter((instance) => instance.version === version),
    tally: (env, version) => {
      tick();
      return { ...(sites[env].tallies.get(version) ?? { requests: 0, failed: 0, slow: 0 }) };
    },
    place,
    digest: (version) => o.digests?.get(version) ?? digestOf(sha256(`artifact ${version}`)),
    target: {
      kind: "sandbox",
      capabilities: { ...CAPABILITIES, production: o.production ?? false },
      resolve: async (version) => platform.digest(version),
      observe: async (env) => {
        const call: Call = { op: "observe", env };
        platform.calls.push(call);
        check(call, "before");
        tick();
        return liveState(sites[env], clock.wall());
      },
      apply: async (env, pools, fence, signal) => {
        const call: Call = { op: "apply", env, pools, epoch: fence.epoch };
        platform.calls.push(call);
        check(call, "before");
        await clock.sleep(APPLY_MS, signal);
        signal.throwIfAborted();
        refuseOldFence(sites[env], fence);
        place(env, pools);
        check(call, "after");
        return liveState(sites[env], clock.wall());
      },
      migrate: async (env, id, fence, signal) => {
        const call: Call = { op: "migrate", env, id, epoch: fence.epoch };
        platform.calls.push(call);
        check(call, "before");
        await clock.sleep(APPLY_MS, signal);
        signal.throwIfAborted();
        refuseOldFence(sites[env], fence);
        if (!platform.migrated[env].includes(id)) platform.migrated[env].push(id);
        check(call, "after");
      },
      ...(o.locks && {
        unlock: async (env: Env, fence: Fence) => {
          const call: Call = { op: "unlock", env, epoch: fence.epoch };
          platform.calls.push(call);
          check(call, "before");
          refuseOldFence(sites[env], fence);
          check(call, "after");
        },
      }),
    },
  };
  return platform;
}

function emptySite(): Site {
  return { pools: [], instances: [], tallies: new Map(), routed: new Map(), epoch: 0 };
}

function refuseOldFence(site: Site, fence: Fence): void {
  if (fence.epoch < site.epoch) {
    throw new TargetError("a newer owner has the target", { retryable: false, next: "stop" });
  }
  site.epoch = fence.epoch;
}

function weightsOf(pools: readonly Pool[]): string {
  return JSON.stringify(
    pools.filter((pool) => pool.weightPct > 0).map(({ version, weightPct }) => [version, weightPct]),
  );
}

/** Running instances are kept, missing ones started. */
function staff(env: Env, pool: Pool, running: Mutable<Instance>[], at: Instant): Mutable<Instance>[] {
  return Array.from({ length: pool.instances }, (_, index) => {
    const id = `${env}-${pool.version}-${index + 1}`;
    const known = running.find((instance) => instance.id === id);
    if (known) return known;
    const { version, digest } = pool;
    const url = `http://${id}.test`;
    return { id, version, digest, url, state: "ready", startedAt: at, restarts: 0, oomKills: 0, crashes: 0 };
  });
}

function liveState(site: Site, at: Instant): LiveState {
  const total = [...site.routed.values()].reduce((sum, requests) => sum + requests, 0);
  const shares = [...site.routed].map(([version, requests]) => [version, (100 * requests) / total] as const);
  return {
    pools: site.pools.map((pool) => ({ ...pool })),
    instances: site.instances.map((instance) => ({ ...instance })),
    measuredSharePct: total > 0 ? Object.fromEntries(shares) : {},
    measuredRequests: Math.round(total),
    entryUrl: "http://entry.test",
    readAt: at,
  };
}

/** One pool with everything, for `place`. */
export function whole(platform: FakePlatform, version: string, instances = 2): Pool[] {
  return [{ version: version as Version, digest: platform.digest(version), instances, weightPct: 100 }];
}
