import type { Ports } from "../../ports/index.ts";
import type { Env, Pool } from "../../vocab/index.ts";
import type { SandboxConfig } from "../config.ts";
import { samePool } from "../pools.ts";
import { type Supervised, superviseInstance } from "./instance.ts";
import type { StateFile } from "./state.ts";

export interface RosterOptions {
  readonly root: string;
  readonly env: Env;
  readonly ports: Ports;
  readonly state: StateFile;
}

/** The instances of one environment: everything that runs, and the members, which belong to the pools on record. */
export interface Roster {
  all(): readonly Supervised[];
  /** Members of one pool. */
  membersOf(pool: Pool): readonly Supervised[];
  /** Enough instances for a pool: those that there are, serving ones first, and new ones for what is missing. */
  staff(pool: Pool, config: SandboxConfig): readonly Supervised[];
  /** Starts instances that are tried again until they run: those of a pool that has been proven before. */
  restore(pool: Pool, config: SandboxConfig): readonly Supervised[];
  /** From now on these are the members. */
  appoint(members: readonly Supervised[]): void;
  /** Drains and ends everything that is no member. */
  retireOthers(): Promise<void>;
}

export function createRoster(o: RosterOptions): Roster {
  const instances = new Set<Supervised>();
  let members: ReadonlySet<Supervised> = new Set();

  const start = (pool: Pool, config: SandboxConfig, onFailedStart: "fail" | "retry"): Supervised => {
    const id = `${pool.version}-${o.ports.ids.hex(3)}`;
    const instance = superviseInstance({
      spec: { id, env: o.env, version: pool.version, digest: pool.digest, root: o.root, config },
      ports: o.ports,
      onFailedStart,
      onProcess: (identity) =>
        o.state.update((all) => {
          const others = all.processes.filter((known) => known.instanceId !== id);
          return { ...all, processes: identity ? [...others, { instanceId: id, ...identity }] : others };
        }),
      onGone: () => instances.delete(instance),
    });
    instances.add(instance);
    return instance;
  };
  const startMany = (n: number, pool: Pool, config: SandboxConfig, onFailedStart: "fail" | "retry") =>
    Array.from({ length: n }, () => start(pool, config, onFailedStart));
  /** Serving members are kept before others. */
  const rank = (instance: Supervised) => (members.has(instance) ? 2 : 0) + (instance.alive ? 1 : 0);

  return {
    all: () => [...instances],
    membersOf: (pool) => [...members].filter((instance) => samePool(instance, pool)),
    staff: (pool, config) => {
      const present = [...instances]
        .filter((one) => samePool(one, pool) && one.state !== "draining" && one.state !== "stopped")
        .sort((a, b) => rank(b) - rank(a))
        .slice(0, pool.instances);
      return [...present, ...startMany(pool.instances - present.length, pool, config, "fail")];
    },
    restore: (pool, config) => startMany(pool.instances, pool, config, "retry"),
    appoint: (next) => {
      members = new Set(next);
    },
    retireOthers: async () => {
      await Promise.all([...instances].filter((one) => !members.has(one)).map((one) => one.retire()));
    },
  };
}
