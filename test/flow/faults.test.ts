import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { readHeld } from "../../mcp-server/record/held.ts";
import type { RunOutcome } from "../../mcp-server/vocab/index.ts";
import { broken, busy, type Call } from "./fake-platform.ts";
import { type FakeWorld, fakeWorld, NEW, OLD } from "./fake-world.ts";
import { weightsTold } from "./invariants.ts";

const weightOf = ({ pools }: Call) => pools?.find((pool) => pool.version === NEW)?.weightPct;
const isPrepare = (call: Call) => call.env === "production" && weightOf(call) === 0 && call.pools?.length === 2;
const isExpose = (weight: number) => (call: Call) => weightOf(call) === weight;
const bad = (world: FakeWorld) => world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 });
const serving = (world: FakeWorld) =>
  world.platform.pools("production").flatMap(({ version, weightPct }) => (weightPct > 0 ? [version] : []));

/** The first `times` calls that match fail. */
function failing(world: FakeWorld, matches: (call: Call) => boolean, error: () => Error, times = Infinity): void {
  let left = times;
  world.platform.fault = (call, moment) => {
    if (moment !== "before" || call.op !== "apply" || !matches(call) || left <= 0) return undefined;
    left -= 1;
    return error();
  };
}

interface Failure {
  readonly name: string;
  readonly matches: (call: Call) => boolean;
  readonly error: () => Error;
  readonly times?: number;
  readonly outcome: RunOutcome;
  readonly serves: string;
}

describe("a platform that fails", () => {
  test.each<Failure>([
    { name: "twice at the first change", matches: isPrepare, error: busy, times: 2, outcome: "SUCCESS", serves: NEW },
    {
      name: "for good at the first change",
      matches: isPrepare,
      error: broken,
      times: 1,
      outcome: "ABORTED",
      serves: OLD,
    },
    {
      name: "too often at the first change",
      matches: isPrepare,
      error: busy,
      times: 3,
      outcome: "ABORTED",
      serves: OLD,
    },
    {
      name: "twice at the first exposure",
      matches: isExpose(20),
      error: busy,
      times: 2,
      outcome: "SUCCESS",
      serves: NEW,
    },
    {
      name: "for good at the first exposure",
      matches: isExpose(20),
      error: broken,
      outcome: "ROLLED_BACK",
      serves: OLD,
    },
    {
      name: "twice at the last exposure",
      matches: isExpose(100),
      error: busy,
      times: 2,
      outcome: "SUCCESS",
      serves: NEW,
    },
    {
      name: "for good at the last exposure",
      matches: isExpose(100),
      error: broken,
      outcome: "ROLLED_BACK",
      serves: OLD,
    },
    {
      name: "with an unknown error at the last exposure",
      matches: isExpose(100),
      error: () => new Error("?"),
      outcome: "ROLLED_BACK",
      serves: OLD,
    },
  ])("$name: $outcome", async ({ matches, error, times, outcome, serves }) => {
    const world = fakeWorld();
    failing(world, matches, error, times);
    await world.live();
    expect(world.state().outcome?.outcome).toBe(outcome);
    expect(serving(world)).toEqual([serves]);
    expect(readHeld(world.disk(), world.project.paths.lock)).toBeUndefined();
  });

  test.each([
    { name: "for good", error: broken, times: 1 },
    { name: "too often", error: busy, times: 3 },
  ])("$name in staging: the run ends before any check, and production is not touched", async ({ error, times }) => {
    const world = fakeWorld({ config: { staging: { observe: "30s", rehearse: false } } });
    failing(world, ({ env }) => env === "staging", error, times);
    await world.live();
    expect(world.state().outcome).toMatchObject({
      outcome: expect.stringMatching(/^(BLOCKED|ABORTED)$/),
      runningVersion: OLD,
    });
    expect(world.state().smokes.size).toBe(0);
    expect(world.state().results.has("staging/tests")).toBe(false);
    expect(world.platform.calls.some(({ op, env }) => op === "apply" && env === "production")).toBe(false);
  });

  test("before the cutover of a blue-green release: nobody meets it", async () => {
    const world = fakeWorld({ config: { strategy: "blue-green" } });
    failing(world, isPrepare, broken);
    await world.live();
    expect(world.state().outcome?.outcome).toBe("ABORTED");
    expect(world.state().exposed).toBe(false);
    expect(serving(world)).toEqual([OLD]);
  });

  test.each([
    { name: "a retryable failure that passes", error: busy, times: 2, outcome: "ROLLED_BACK" as const },
    { name: "a failure that stays", error: broken, times: Infinity, outcome: "ROLLBACK_FAILED" as const },
  ])("while going back, $name: $outcome", async ({ error, times, outcome }) => {
    const world = fakeWorld();
    bad(world);
    world.when(
      ({ event }) => event.event === "watch-started",
      () => failing(world, isPrepare, error, times),
    );
    await world.live();
    expect(world.state().outcome?.outcome).toBe(outcome);
    const held = readHeld(world.disk(), world.project.paths.lock);
    expect(held !== undefined).toBe(outcome === "ROLLBACK_FAILED");
  });

  test("traffic goes back also when production cannot be read at that moment", async () => {
    const world = fakeWorld();
    bad(world);
    world.platform.fault = ({ op }) => {
      const { latched, results } = world.state();
      return op === "observe" && latched && !results.has("rollback/traffic") ? new Error("no answer") : undefined;
    };
    await world.live();
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("an instance that no longer starts is not started again on the way back", async () => {
    const world = fakeWorld();
    bad(world);
    world.when(
      ({ event }) => event.event === "watch-started",
      () => {
        world.platform.place(
          "production",
          world.platform.pools("production").map((pool) => (pool.version === NEW ? { ...pool, instances: 0 } : pool)),
        );
        failing(
          world,
          ({ pools }) => pools?.some((pool) => pool.version === NEW && pool.instances > 0) ?? false,
          broken,
        );
      },
    );
    await world.live();
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("a failed rollback holds the project before it is archived", async () => {
    const world = fakeWorld();
    bad(world);
    world.when(
      ({ event }) => event.event === "watch-started",
      () => failing(world, isPrepare, broken),
    );
    const whole = await world.live();
    const again = fakeWorld();
    bad(again);
    again.when(
      ({ event }) => event.event === "watch-started",
      () => failing(again, isPrepare, broken),
    );
    await again.live({ at: "append", n: whole.appends });
    expect(again.events().at(-1)?.event.event).toBe("archiving");
    expect(readHeld(again.disk(), again.project.paths.lock)).toMatchObject({
      reason: expect.stringMatching(/traffic/),
    });
  });
});

describe("a disk without space", () => {
  const full = (world: FakeWorld) => {
    const disk = world.disk();
    disk.faults.failFrom = { operation: disk.operations() + 1, code: "ENOSPC" };
  };
  const freed = (world: FakeWorld) => {
    delete world.disk().faults.failFrom;
  };

  test.each(["watch-started", "poll", "smoke", "watch-ended", "gate"])(
    "after a %s while users are exposed sends them back first, and the run ends when there is space again",
    async (kind) => {
      const world = fakeWorld();
      world.when(
        ({ event }) => event.event === kind && world.state().exposed,
        () => full(world),
      );
      let back: number | undefined;
      const watchman = (async () => {
        for (let minute = 0; minute < 30; minute += 1) {
          await world.clock.sleep(60_000);
          if (world.disk().faults.failFrom && back === undefined) back = weightsAt(world);
        }
        freed(world);
      })();
      await Promise.all([world.live(), watchman]);
      expect(back).toBe(0);
      expect(world.state().outcome).toMatchObject({ outcome: "ROLLED_BACK", runningVersion: OLD });
      expect(serving(world)).toEqual([OLD]);
    },
  );

  test("right after the decision to go back does not keep anybody on the new version", async () => {
    const world = fakeWorld();
    bad(world);
    world.when(
      ({ event }) => event.event === "rollback-latched",
      () => full(world),
    );
    const watchman = (async () => {
      await world.clock.sleep(10 * 60_000);
      const weight = weightsAt(world);
      freed(world);
      return weight;
    })();
    const [, weight] = await Promise.all([world.live(), watchman]);
    expect(weight).toBe(0);
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("and a platform that is busy at first: moving back is tried until it works", async () => {
    const world = fakeWorld();
    world.when(
      ({ event }) => event.event === "poll",
      () => {
        full(world);
        failing(world, isPrepare, busy, 5);
      },
    );
    const watchman = (async () => {
      await world.clock.sleep(10 * 60_000);
      const weight = weightsAt(world);
      freed(world);
      return weight;
    })();
    const [, weight] = await Promise.all([world.live(), watchman]);
    expect(weight).toBe(0);
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("before anybody is exposed leaves the run to whoever takes it up later", async () => {
    const world = fakeWorld();
    world.when(
      ({ event }) => event.event === "approval",
      () => full(world),
    );
    const life = await world.live();
    expect(life.ended).toBe("failed");
    expect(weightsTold(world)).toEqual([]);
    freed(world);
    await world.live();
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });

  const weightsAt = (world: FakeWorld) =>
    world.platform.pools("production").find(({ version }) => version === NEW)?.weightPct ?? 0;
});
