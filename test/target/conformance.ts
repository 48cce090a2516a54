import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TargetError } from "../../mcp-server/target/index.ts";
import type { Env, Fence, LiveState, Pool, RunId, Version } from "../../mcp-server/vocab/index.ts";
import { startLoad } from "./load.ts";
import type { TargetWorld } from "./world.ts";

const V1 = "1.0.0" as Version;
const V2 = "2.0.0" as Version;
const PRODUCTION: Env = "production";

/** A fence of some epoch. */
export function fence(epoch: number): Fence {
  return { runId: `dpl-20260131T120000Z-00000${epoch % 10}` as RunId, epoch };
}

const never = () => new AbortController().signal;

async function pool(world: TargetWorld, version: Version, instances: number, weightPct: number): Promise<Pool> {
  return { version, digest: await world.target.resolve(version, never()), instances, weightPct };
}

/** States of a version's instances, sorted. */
function statesOf(live: LiveState, version: Version): string[] {
  return live.instances
    .filter((instance) => instance.version === version)
    .map((instance) => instance.state)
    .sort();
}

async function rejection(promise: Promise<unknown>): Promise<TargetError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TargetError);
  return error as TargetError;
}

/** Polls until something holds; what was seen last is the message when it never does. */
export async function eventually<T>(
  read: () => Promise<T>,
  holds: (value: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() > until) throw new Error(`never came true, last seen: ${JSON.stringify(value)}`);
    await delay(50);
  }
}

/** What every target has to do, whatever it is made of. */
export function targetConformance(name: string, makeWorld: () => Promise<TargetWorld>): void {
  describe(`${name} is a target`, () => {
    let world: TargetWorld;
    beforeEach(async () => {
      world = await makeWorld();
      world.publish(V1);
      world.publish(V2);
    });
    afterEach(() => world.close());

    const apply = (pools: readonly Pool[], epoch = 1, signal = never()) =>
      world.target.apply(PRODUCTION, pools, fence(epoch), signal);
    const observe = () => world.target.observe(PRODUCTION, never());

    test("an environment in which nothing was deployed is empty", async () => {
      const live = await observe();
      expect(live).toMatchObject({ pools: [], instances: [], measuredSharePct: {}, measuredRequests: 0 });
    });

    test("a digest names the bytes of a version: the same again, another for another version", async () => {
      const first = await world.target.resolve(V1, never());
      expect(await world.target.resolve(V1, never())).toBe(first);
      world.publish(V1, { readyAfterMs: 1 });
      expect(await world.target.resolve(V1, never())).not.toBe(first);
    });

    test("apply makes ready instances, and the same again leaves them as they are", async () => {
      const pools = [await pool(world, V1, 2, 100)];
      const first = await apply(pools);
      expect(first.pools).toEqual(pools);
      expect(statesOf(first, V1)).toEqual(["ready", "ready"]);
      const again = await apply(pools);
      expect(again.instances.map((instance) => instance.id)).toEqual(first.instances.map((instance) => instance.id));
      expect(await request(`${first.entryUrl}/whoami`).then((answer) => answer.body.json())).toMatchObject({
        version: V1,
        env: PRODUCTION,
      });
      for (const instance of first.instances) {
        const own = await request(`${instance.url}/whoami`).then((answer) => answer.body.json());
        expect(own).toMatchObject({ version: V1 });
      }
    });

    test("environments do not touch each other", async () => {
      await world.target.apply("staging", [await pool(world, V2, 1, 100)], fence(1), never());
      expect((await observe()).pools).toEqual([]);
    });

    test("a version with weight 0 runs and gets no request", async () => {
      const live = await apply([await pool(world, V1, 1, 100), await pool(world, V2, 1, 0)]);
      expect(statesOf(live, V2)).toEqual(["ready"]);
      const load = startLoad(live.entryUrl, { rps: 300 });
      await delay(700);
      const result = await load.stop();
      expect(Object.keys(result.byVersion)).toEqual([V1]);
      expect(result.lost).toBe(0);
    });

    test("requests are shared by weight, and the shares are measured", async () => {
      const weightPct = 20;
      const live = await apply([await pool(world, V1, 2, 100 - weightPct), await pool(world, V2, 1, weightPct)]);
      const load = startLoad(live.entryUrl, { rps: 500 });
      await delay(3_000);
      const result = await load.stop();
      const n = result.sent;
      const hits = result.byVersion[V2] ?? 0;
      // Five and a half standard deviations of a binomial count: wrong by chance once in 26 million runs.
      const bound = 5.5 * Math.sqrt(n * (weightPct / 100) * (1 - weightPct / 100));
      expect(Math.abs(hits - (n * weightPct) / 100)).toBeLessThan(bound);
      const after = await observe();
      expect(after.measuredRequests).toBe(n);
      expect(after.measuredSharePct[V2]).toBeCloseTo((100 * hits) / n, 6);
    });

    test("cutover and rollback under load lose no request", async () => {
      const [old, next] = [await pool(world, V1, 2, 100), await pool(world, V2, 2, 0)];
      const live = await apply([old]);
      const load = startLoad(live.entryUrl, { rps: 200, postShare: 0.3 });
      await apply([old, next]);
      await apply([
        { ...old, weightPct: 0 },
        { ...next, weightPct: 100 },
      ]);
      await apply([{ ...next, weightPct: 100 }]);
      await apply([
        { ...next, weightPct: 100 },
        { ...old, weightPct: 0 },
      ]);
      await apply([old, next]);
      const back = await apply([old]);
      const result = await load.stop();
      expect(result).toMatchObject({ lost: 0, lostWhy: [], byStatus: { 200: result.sent } });
      expect(result.byVersion[V2]).toBeGreaterThan(0);
      expect(back.instances.map((instance) => instance.version)).toEqual([V1, V1]);
    });

    test("instances replaced in place under load, there and back, lose no request and never leave fewer ready", async () => {
      const all = 3;
      const [old, next] = [await pool(world, V1, all, 100), await pool(world, V2, all, 100)];
      const replaced = (updated: number): Pool[] =>
        [
          { ...old, instances: all - updated, weightPct: (100 * (all - updated)) / all },
          { ...next, instances: updated, weightPct: (100 * updated) / all },
        ].filter(({ instances }) => instances > 0);
      const live = await apply([old]);
      const load = startLoad(live.entryUrl, { rps: 200, postShare: 0.3 });
      const ready: number[] = [];
      const looking = new AbortController();
      const looks = (async () => {
        while (!looking.signal.aborted) {
          ready.push((await observe()).instances.filter(({ state }) => state === "ready").length);
          await delay(20);
        }
      })();
      for (const updated of [1, 2, 3]) await apply(replaced(updated));
      // Back: the old ones are ready again before traffic moves, and only then the new ones go.
      await apply([
        { ...old, weightPct: 0 },
        { ...next, weightPct: 100 },
      ]);
      await apply([old, { ...next, weightPct: 0 }]);
      const back = await apply([old]);
      looking.abort();
      await looks;
      const result = await load.stop();
      expect(result).toMatchObject({ lost: 0, lostWhy: [], byStatus: { 200: result.sent } });
      expect(result.byVersion[V2]).toBeGreaterThan(0);
      expect(Math.min(...ready)).toBe(all);
      expect(statesOf(back, V1)).toEqual(["ready", "ready", "ready"]);
    });

    test("instances that go finish what they serve", async () => {
      const live = await apply([await pool(world, V1, 1, 100)]);
      const slow = request(`${live.entryUrl}/slow?ms=1500`).then(async (answer) => [
        answer.statusCode,
        await answer.body.text(),
      ]);
      await delay(100);
      await apply([await pool(world, V2, 1, 100)]);
      expect(await slow).toEqual([200, "slow"]);
      const after = await eventually(observe, (seen) => seen.instances.length === 1);
      expect(after.instances[0]?.version).toBe(V2);
    });

    test("a lower epoch is refused and changes nothing, a higher one takes over", async () => {
      const first = [await pool(world, V1, 1, 100)];
      const second = [await pool(world, V2, 1, 100)];
      await apply(first, 3);
      const refused = await rejection(apply(second, 2));
      expect(refused.retryable).toBe(false);
      expect((await observe()).pools).toEqual(first);
      expect((await apply(second, 4)).pools).toEqual(second);
      await rejection(apply(first, 3));
      expect((await observe()).pools).toEqual(second);
    });

    test("a version without an artifact is an error and changes nothing", async () => {
      const pools = [await pool(world, V1, 1, 100)];
      const before = await apply(pools);
      await rejection(world.target.resolve("9.9.9" as Version, never()));
      const missing: Pool = {
        version: "9.9.9" as Version,
        digest: pools[0]?.digest as Pool["digest"],
        instances: 1,
        weightPct: 0,
      };
      await rejection(apply([...pools, missing]));
      const after = await observe();
      expect(after.pools).toEqual(pools);
      expect(after.instances.map((instance) => instance.id)).toEqual(before.instances.map((instance) => instance.id));
    });

    test("an artifact that is not the planned one is not started", async () => {
      const planned = await pool(world, V2, 1, 100);
      await apply([await pool(world, V1, 1, 100)]);
      world.publish(V2, { readyAfterMs: 5 });
      const refused = await rejection(apply([planned]));
      expect(refused.message).toContain("changed");
      expect((await observe()).instances.map((instance) => instance.version)).toEqual([V1]);
    });

    test("a version that was built anew replaces the instances of its old build", async () => {
      const old = await pool(world, V1, 1, 100);
      const before = await apply([old]);
      world.publish(V1, { readyAfterMs: 5 });
      const rebuilt = await pool(world, V1, 1, 100);
      const after = await apply([rebuilt]);
      expect(after.instances.map((instance) => instance.digest)).toEqual([rebuilt.digest]);
      expect(after.instances[0]?.id).not.toBe(before.instances[0]?.id);
    });

    test("a version that does not start is an error; traffic stays where it is", async () => {
      world.publish(V2, { crashOnStart: true });
      const pools = [await pool(world, V1, 1, 100)];
      const live = await apply(pools);
      const load = startLoad(live.entryUrl, { rps: 100 });
      const failed = await rejection(apply([{ ...(pools[0] as Pool), weightPct: 50 }, await pool(world, V2, 2, 50)]));
      const result = await load.stop();
      expect(failed.message).toContain("payment provider");
      expect(result.lost).toBe(0);
      expect(Object.keys(result.byVersion)).toEqual([V1]);
      const after = await observe();
      expect(after.pools).toEqual(pools);
      expect(after.instances).toHaveLength(1);
    });

    test.each([
      ["weights that do not add up", [60, 30]],
      ["more than everything", [100, 10]],
    ])("%s are refused", async (_name, [a = 0, b = 0]) => {
      await rejection(apply([await pool(world, V1, 1, a), await pool(world, V2, 1, b)]));
      expect((await observe()).pools).toEqual([]);
    });

    test("an apply that was aborted in the middle converges when it is repeated", async () => {
      world.publish(V2, { readyAfterMs: 800 });
      await apply([await pool(world, V1, 1, 100)]);
      const wanted = [await pool(world, V2, 2, 100)];
      const stop = new AbortController();
      const aborted = apply(wanted, 1, stop.signal);
      await delay(200);
      stop.abort();
      await expect(aborted).rejects.toThrow();
      const live = await apply(wanted);
      expect(live.pools).toEqual(wanted);
      expect(statesOf(live, V2)).toEqual(["ready", "ready"]);
      const settled = await eventually(observe, (seen) => seen.instances.length === 2);
      expect(statesOf(settled, V2)).toEqual(["ready", "ready"]);
    });

    test("a later apply supersedes one that is under way", async () => {
      world.publish(V2, { readyAfterMs: 3_000 });
      const old = [await pool(world, V1, 1, 100)];
      await apply(old);
      const slow = rejection(apply([await pool(world, V2, 1, 100)]));
      await delay(200);
      const live = await apply(old);
      expect((await slow).retryable).toBe(true);
      expect(live.instances.map((instance) => instance.version)).toEqual([V1]);
    });

    test("a client killed in the middle of an apply: the next one converges", async () => {
      world.publish(V2, { readyAfterMs: 1_000 });
      const old = await pool(world, V1, 1, 100);
      const live = await apply([old]);
      const wanted = [await pool(world, V2, 2, 100)];
      const load = startLoad(live.entryUrl, { rps: 100 });
      const elsewhere = world.applyElsewhere(PRODUCTION, wanted, fence(2));
      await eventually(observe, (seen) => seen.instances.some((instance) => instance.version === V2));
      elsewhere.kill("SIGKILL");
      await once(elsewhere, "exit");
      const after = await apply(wanted, 3);
      const result = await load.stop();
      expect(after.pools).toEqual(wanted);
      expect(statesOf(after, V2)).toEqual(["ready", "ready"]);
      expect(result.lost).toBe(0);
    });

    describe("migrations, where the target runs them", () => {
      const migrate = (id: string, epoch = 1, env: Env = PRODUCTION, signal = never()) =>
        world.target.migrate?.(env, id, fence(epoch), signal) ?? Promise.resolve();
      const ledger = (env: Env = PRODUCTION) => (world.target.migrate ? world.migrated?.(env) : undefined);

      test("one takes effect once, however often it is asked for", async () => {
        await migrate("add-email");
        await migrate("add-email");
        await migrate("add-phone", 2);
        await migrate("add-email", 2);
        if (world.target.migrate) expect(ledger()).toEqual(["add-email", "add-phone"]);
      });

      test("environments have migrations of their own", async () => {
        await migrate("add-email", 1, "staging");
        if (!world.target.migrate) return;
        expect([ledger("staging"), ledger()]).toEqual([["add-email"], []]);
      });

      test("asked for again while it is under way, it still takes effect once", async () => {
        const stop = new AbortController();
        const left = migrate("slow-index", 1, PRODUCTION, stop.signal);
        await delay(300);
        stop.abort();
        if (world.target.migrate) await expect(left).rejects.toThrow();
        await Promise.all([migrate("slow-index", 2), migrate("slow-index", 2)]);
        if (world.target.migrate) expect(ledger()).toEqual(["slow-index"]);
      });

      test("one that fails is an error that says why, and can be asked for again", async () => {
        if (!world.target.migrate) return;
        const failed = await rejection(migrate("broken-email"));
        expect(failed).toMatchObject({ retryable: false, message: expect.stringContaining("email exists already") });
        await rejection(migrate("broken-email"));
        expect(ledger()).toEqual([]);
      });

      test("a lower epoch is refused and runs nothing", async () => {
        if (!world.target.migrate) return;
        await migrate("add-email", 3);
        await rejection(migrate("add-phone", 2));
        expect(ledger()).toEqual(["add-email"]);
      });
    });

    test("nothing desired ends everything", async () => {
      await apply([await pool(world, V1, 1, 100)]);
      const live = await apply([]);
      expect(live.pools).toEqual([]);
      expect(live.instances).toEqual([]);
    });
  });
}
