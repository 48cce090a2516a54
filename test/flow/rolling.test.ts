import "./without-reports.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchesOf, sharePct, updatedAt } from "../../mcp-server/flow/rolling-plan.ts";
import type { Pool } from "../../mcp-server/vocab/index.ts";
import { SMOKE_FAIL } from "./fake-hands.ts";
import { broken, busy, type Call } from "./fake-platform.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";
import { weightsTold } from "./invariants.ts";
import { eventsOf } from "./scripts.ts";

/** Ten instances, two per batch: 1, 3, 5, 7, 9, 10. */
const ROLLING: WorldOptions = {
  parameters: { strategy: "rolling" },
  config: { instances: 10, rolling: { batch: 2, pause: "60s", minRequests: 50 } },
};

const size = (pools: readonly Pool[] | undefined, version: string) =>
  pools?.find((pool) => pool.version === version)?.instances ?? 0;
const applies = (world: FakeWorld) =>
  world.platform.calls.filter((call) => call.op === "apply" && call.env === "production");
const bad = (world: FakeWorld) => world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 });
const serving = (world: FakeWorld) =>
  world.platform
    .pools("production")
    .filter(({ weightPct }) => weightPct > 0)
    .map(({ version, instances, weightPct }) => [version, instances, weightPct]);

describe("batches", () => {
  test.each([
    { instances: 1, batch: 1, min: 1, counts: [1] },
    { instances: 2, batch: 1, min: 1, counts: [1, 2] },
    { instances: 3, batch: 1, min: 1, counts: [1, 2, 3] },
    { instances: 10, batch: 2, min: 1, counts: [1, 3, 5, 7, 9, 10] },
    { instances: 12, batch: 3, min: 1, counts: [1, 4, 7, 10, 12] },
    { instances: 100, batch: 25, min: 1, counts: [1, 26, 51, 76, 100] },
    { instances: 8, batch: 2, min: 20, counts: [2, 4, 6, 8] },
    { instances: 8, batch: 2, min: 0, counts: [1, 3, 5, 7, 8] },
  ])("of $batch over $instances instances, with shares of at least $min %", ({ instances, batch, min, counts }) => {
    expect(batchesOf(instances, batch, min)).toEqual(counts);
  });

  test("rise to all instances, in steps of at most a batch or the least share, never leaving a smaller one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 0, max: 20 }),
        (instances, batch, min) => {
          const counts = batchesOf(instances, batch, min);
          const least = Math.max(1, Math.ceil((instances * min) / 100));
          expect(counts.at(-1)).toBe(instances);
          for (const [index, updated] of counts.entries()) {
            const before = counts[index - 1] ?? 0;
            expect(updated).toBeGreaterThan(before);
            if (index > 0) expect(updated - before).toBeLessThanOrEqual(Math.max(batch, least));
            if (updated < instances) expect(instances - updated).toBeGreaterThanOrEqual(least);
          }
        },
      ),
    );
  });

  test("are found again from their share", () => {
    for (let instances = 1; instances <= 1000; instances += 1) {
      for (let updated = 1; updated <= instances; updated += 1) {
        if (updatedAt({ instances }, sharePct(updated, instances)) !== updated) {
          expect([updated, instances]).toBe("found again");
        }
      }
    }
  });
});

describe("a rolling deployment", () => {
  test("replaces one instance after the other, never with fewer than all, watching each batch", async () => {
    const world = fakeWorld(ROLLING);
    await world.live();
    expect(world.state().outcome?.outcome, JSON.stringify(world.state().outcome)).toBe("SUCCESS");
    expect(weightsTold(world)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect(applies(world).map(({ pools }) => [size(pools, OLD), size(pools, NEW)])).toEqual([
      [10, 1], // ready, checked, without traffic
      [9, 1],
      ...[8, 7, 6, 5, 4, 3, 2, 1, 0].map((old) => [old, 10 - old]),
    ]);
    const watched = eventsOf(world, "watch-started").map(({ key, watch }) => [key, watch.text, watch.weightPct]);
    expect(watched).toEqual([
      ["stage-1/watch", `batch 1 of 6: 1 of 10 instances on ${NEW}`, 10],
      ["stage-2/watch", `batch 2 of 6: 3 of 10 instances on ${NEW}`, 30],
      ["stage-3/watch", `batch 3 of 6: 5 of 10 instances on ${NEW}`, 50],
      ["stage-4/watch", `batch 4 of 6: 7 of 10 instances on ${NEW}`, 70],
      ["stage-5/watch", `batch 5 of 6: 9 of 10 instances on ${NEW}`, 90],
      ["stage-6/watch", `observe ${NEW} at 100 %`, 100],
    ]);
    expect(eventsOf(world, "gate").filter(({ gate }) => gate.gate === "stage")).toHaveLength(5);
    expect(serving(world)).toEqual([[NEW, 10, 100]]);
    expect(world.state().intents.has("finish/retire")).toBe(false);
  });

  test("of a first instance that fails its checks exposes nobody", async () => {
    const world = fakeWorld(ROLLING);
    const well = world.senses.smoke;
    world.senses.smoke = (mode, version) => (mode === "pre-cutover" ? [SMOKE_FAIL] : well(mode, version));
    await world.live();
    expect(world.state()).toMatchObject({ exposed: false, outcome: { outcome: "ABORTED" } });
    expect(world.platform.pools("production").map(({ version, instances }) => [version, instances])).toEqual([
      [OLD, 10],
    ]);
  });

  test("of the very first version exposes it at once", async () => {
    const world = fakeWorld({
      ...ROLLING,
      serving: undefined,
      parameters: { strategy: "rolling", firstDeploy: true },
      config: { ...ROLLING.config, tests: { candidate: { reports: ["reports/{version}.xml"] } } },
    });
    await world.live();
    expect(world.plan.stages.map(({ weightPct }) => weightPct)).toEqual([100]);
    expect(world.state().outcome?.outcome, JSON.stringify(world.state().outcome)).toBe("SUCCESS");
    expect(serving(world)).toEqual([[NEW, 10, 100]]);
  });
});

/** From the third batch on, five of ten instances, the new version fails. */
function failsAtHalf(world: FakeWorld): void {
  world.when(
    ({ event }) => event.event === "watch-started" && event.key === "stage-3/watch",
    () => void bad(world),
  );
}

/** The old version cannot have more than so many instances, for the first `times` attempts. */
function startsOnly(world: FakeWorld, most: number, error: () => Error, times = Infinity): void {
  let left = times;
  world.platform.fault = (call: Call, moment) => {
    const isTooMany = call.op === "apply" && moment === "before" && size(call.pools, OLD) > most;
    if (!isTooMany || world.state().latched === undefined || left <= 0) return undefined;
    left -= 1;
    return error();
  };
}

describe("the rollback of a rolling deployment", () => {
  test("starts the old instances again before traffic moves, and stops the new ones after", async () => {
    const world = fakeWorld(ROLLING);
    failsAtHalf(world);
    await world.live();
    expect(world.state().outcome?.outcome, JSON.stringify(world.state().outcome)).toBe("ROLLED_BACK");
    const back = applies(world).slice(-3);
    expect(back.map(({ pools }) => pools?.map((pool) => [pool.version, pool.instances, pool.weightPct]))).toEqual([
      [
        [OLD, 10, 50],
        [NEW, 5, 50],
      ],
      [
        [OLD, 10, 100],
        [NEW, 5, 0],
      ],
      [[OLD, 10, 100]],
    ]);
    const pool = world.platform.pools("production")[0];
    expect(pool?.digest).toBe(world.plan.previous?.digest);
  });

  test("moves all traffic when enough instances of the old version start, and says how many", async () => {
    const world = fakeWorld(ROLLING);
    failsAtHalf(world);
    startsOnly(world, 8, broken);
    await world.live();
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
    expect(serving(world)).toEqual([[OLD, 8, 100]]);
    expect(world.state().notices.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^8 of 10 instances of 1\.0\.0 run and take all traffic; the others did not start: /),
    );
  });

  test("moves as much traffic as there are instances for, and fails honestly when there are too few", async () => {
    const world = fakeWorld({ ...ROLLING, config: { ...ROLLING.config, waits: { rollbackTraffic: "20s" } } });
    failsAtHalf(world);
    startsOnly(world, 6, broken);
    await world.live();
    expect(world.state().outcome).toMatchObject({ outcome: "ROLLBACK_FAILED" });
    expect(JSON.stringify(world.state().outcome)).toContain("6 of 10 instances of 1.0.0 run, too few for all traffic");
    expect(serving(world)).toEqual([
      [OLD, 6, 60],
      [NEW, 5, 40],
    ]);
  });

  test("is tried again until the instances start", async () => {
    const world = fakeWorld(ROLLING);
    failsAtHalf(world);
    startsOnly(world, 5, busy, 12);
    await world.live();
    expect(world.state().outcome?.outcome, JSON.stringify(world.state().outcome)).toBe("ROLLED_BACK");
    expect(serving(world)).toEqual([[OLD, 10, 100]]);
  });
});

describe("a rolling deployment on a target that counts replicas", () => {
  const BY_REPLICA: WorldOptions = {
    ...ROLLING,
    routing: "by-replica",
    config: { ...ROLLING.config, metrics: undefined, rolling: { batch: 2, pause: "60s", minRequests: 0 } },
  };

  test("holds no instance without traffic: weights follow the instances", async () => {
    const world = fakeWorld(BY_REPLICA);
    await world.live();
    expect(world.state().outcome?.outcome, JSON.stringify(world.state().outcome)).toBe("SUCCESS");
    for (const { pools = [] } of applies(world)) {
      const all = pools.reduce((sum, pool) => sum + pool.instances, 0);
      for (const pool of pools) expect(pool.weightPct).toBeCloseTo((100 * pool.instances) / all, 1);
    }
    expect(applies(world).map(({ pools }) => size(pools, OLD))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  });

  test("goes back by starting the old instances and then removing the new ones", async () => {
    const world = fakeWorld(BY_REPLICA);
    world.when(
      ({ event }) => event.event === "watch-started" && event.key === "stage-3/watch",
      () => void world.ask({ kind: "rollback", reason: "support calls" }),
    );
    await world.live();
    expect(world.state().outcome?.outcome, JSON.stringify(world.state().outcome)).toBe("ROLLED_BACK");
    expect(
      applies(world)
        .slice(-3)
        .map(({ pools }) => [size(pools, OLD), size(pools, NEW)]),
    ).toEqual([
      [10, 5],
      [10, 0],
      [10, 0],
    ]);
  });

  test("is refused while it judges metrics whose dispersion nobody calibrated", () => {
    expect(() => fakeWorld({ ...ROLLING, routing: "by-replica" })).toThrow(/cannot be judged on this target/);
  });
});
