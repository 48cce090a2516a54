import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Target, TargetError } from "../../mcp-server/target/index.ts";
import { TargetError as TargetErrorClass } from "../../mcp-server/target/index.ts";
import type { LiveState, Pool, Version } from "../../mcp-server/vocab/index.ts";
import { eventually, fence } from "./conformance.ts";
import type { Behaviour } from "./world.ts";

const V1 = "1.0.0" as Version;
const V2 = "2.0.0" as Version;
const never = () => new AbortController().signal;

/** A target over an imitated platform: versions can be published, and nobody answers a request. */
export interface QuietWorld {
  readonly target: Target;
  publish(version: Version, behaviour?: Behaviour): void;
  close(): void;
}

/** What a target over an imitation has to do: everything of the whole suite that needs no request. */
export function quietConformance(name: string, makeWorld: () => QuietWorld): void {
  describe(`${name} is a target, as far as an imitation shows`, () => {
    let world: QuietWorld;
    beforeEach(() => {
      world = makeWorld();
      world.publish(V1);
      world.publish(V2);
    });
    afterEach(() => world.close());

    const pool = async (version: Version, instances: number, weightPct: number): Promise<Pool> => ({
      version,
      digest: await world.target.resolve(version, never()),
      instances,
      weightPct,
    });
    const apply = (pools: readonly Pool[], epoch = 1, signal = never()) =>
      world.target.apply("production", pools, fence(epoch), signal);
    const observe = () => world.target.observe("production", never());
    const settled = (count: number) => eventually(observe, (live) => live.instances.length === count);
    const idsOf = (live: LiveState) => live.instances.map((instance) => instance.id).sort();
    const rejection = async (work: Promise<unknown>): Promise<TargetError> => {
      const error = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TargetErrorClass);
      return error as TargetError;
    };

    test("an environment in which nothing was deployed is empty", async () => {
      expect(await observe()).toMatchObject({ pools: [], instances: [] });
    });

    test("a digest names a version, and a version that does not exist has none", async () => {
      const first = await world.target.resolve(V1, never());
      expect(await world.target.resolve(V1, never())).toBe(first);
      expect(await world.target.resolve(V2, never())).not.toBe(first);
      await rejection(world.target.resolve("9.9.9" as Version, never()));
    });

    test("apply makes ready instances, and the same again leaves them as they are", async () => {
      const pools = [await pool(V1, 2, 100)];
      const first = await apply(pools);
      expect(first.pools).toEqual(pools);
      expect(first.instances).toHaveLength(2);
      for (const instance of first.instances) {
        expect(instance).toMatchObject({
          version: V1,
          digest: pools[0]?.digest,
          state: "ready",
          restarts: 0,
          oomKills: 0,
        });
      }
      expect(idsOf(await apply(pools))).toEqual(idsOf(first));
    });

    test("environments do not touch each other", async () => {
      await world.target.apply("staging", [await pool(V2, 1, 100)], fence(1), never());
      expect((await observe()).pools).toEqual([]);
    });

    test("a canary to the end, and a second one back", async () => {
      const [old, next] = [await pool(V1, 4, 100), await pool(V2, 1, 0)];
      const steps: Pool[][] = [
        [old],
        [old, next],
        [
          { ...old, weightPct: 80 },
          { ...next, weightPct: 20 },
        ],
        [
          { ...old, weightPct: 50 },
          { ...next, instances: 4, weightPct: 50 },
        ],
        [
          { ...old, weightPct: 0 },
          { ...next, instances: 4, weightPct: 100 },
        ],
        [old, { ...next, instances: 4, weightPct: 0 }],
        [old],
      ];
      for (const [index, pools] of steps.entries()) {
        const live = await apply(pools);
        expect(live.pools.map(({ version, weightPct }) => [version, Math.round(weightPct)])).toEqual(
          pools.map(({ version, weightPct }) => [version, weightPct]),
        );
        expect(live.instances.filter(({ state }) => state === "ready").length, `step ${index}`).toBe(
          pools.reduce((sum, { instances }) => sum + instances, 0),
        );
      }
      expect((await settled(4)).instances.every((instance) => instance.version === V1)).toBe(true);
    });

    test("a lower epoch is refused and changes nothing", async () => {
      const first = [await pool(V1, 1, 100)];
      await apply(first, 3);
      const refused = await rejection(apply([await pool(V2, 1, 100)], 2));
      expect(refused.retryable).toBe(false);
      expect((await observe()).pools).toEqual(first);
    });

    test("an artifact that is not the planned one is not started", async () => {
      const planned = await pool(V2, 1, 100);
      await apply([await pool(V1, 1, 100)]);
      world.publish(V2, { readyAfterMs: 5 });
      expect((await rejection(apply([planned]))).message).toContain("changed");
      expect((await observe()).instances.map((instance) => instance.version)).toEqual([V1]);
    });

    test("a version that was built anew replaces the instances of its old build", async () => {
      const before = await apply([await pool(V1, 1, 100)]);
      world.publish(V1, { readyAfterMs: 5 });
      const rebuilt = await pool(V1, 1, 100);
      await apply([rebuilt]);
      const after = await settled(1);
      expect(after.instances[0]?.digest).toBe(rebuilt.digest);
      expect(idsOf(after)).not.toEqual(idsOf(before));
    });

    test("a version that does not start is an error with its last words; traffic stays where it is", async () => {
      world.publish(V2, { crashOnStart: true });
      const pools = [await pool(V1, 4, 100)];
      await apply(pools);
      const failed = await rejection(apply([{ ...(pools[0] as Pool), weightPct: 80 }, await pool(V2, 1, 20)]));
      expect(failed.message).toContain("payment provider");
      expect(failed.retryable).toBe(false);
      expect((await settled(4)).pools).toEqual(pools);
    });

    test("an apply that was aborted in the middle converges when it is repeated", async () => {
      world.publish(V2, { readyAfterMs: 1_500 });
      await apply([await pool(V1, 1, 100)]);
      const wanted = [await pool(V2, 2, 100)];
      const stop = new AbortController();
      const aborted = apply(wanted, 1, stop.signal);
      await delay(800);
      stop.abort();
      await expect(aborted).rejects.toThrow();
      expect((await apply(wanted)).pools).toEqual(wanted);
      await settled(2);
    });

    test("a later apply supersedes one that is under way", async () => {
      world.publish(V2, { readyAfterMs: 30_000 });
      const old = [await pool(V1, 1, 100)];
      await apply(old);
      const slow = rejection(apply([await pool(V2, 1, 100)]));
      await delay(800);
      const live = await apply(old, 2);
      expect((await slow).retryable).toBe(true);
      expect(live.pools).toEqual(old);
      expect((await settled(1)).instances[0]?.version).toBe(V1);
    });

    test("nothing desired ends everything", async () => {
      await apply([await pool(V1, 1, 100)]);
      expect((await apply([])).pools).toEqual([]);
      await settled(0);
    });
  });
}
