import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { SmokeResult } from "../../mcp-server/judge/index.ts";
import { readHeld } from "../../mcp-server/record/held.ts";
import { SMOKE_FAIL, SMOKE_PASS } from "./fake-hands.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";
import { bad, eventsOf } from "./scripts.ts";

/** Table F of the specification over whole runs, a row a case, by its row names. */

describe("table F: what a rollback comes to", () => {
  const back = (o: WorldOptions = {}) => {
    const world = fakeWorld({
      ...o,
      config: { waits: { rollbackVerify: "60s", rollbackTraffic: "20s" }, ...o.config },
    });
    bad(world, 0.3);
    return world;
  };
  const gate = (world: FakeWorld) => world.state().gates.get("rollback/gate") as { result?: string } | undefined;
  const outcomeOf = (world: FakeWorld) => ({ result: gate(world)?.result, outcome: world.state().outcome?.outcome });
  const isHeld = (world: FakeWorld) => readHeld(world.disk(), world.project.paths.lock) !== undefined;
  const astrayOnce = (world: FakeWorld, times: number) => {
    let left = times;
    const half = () => {
      left -= 1;
      const [old] = world.platform.pools("production").filter(({ version }) => version === OLD);
      const [own] = world.platform.pools("production").filter(({ version }) => version === NEW);
      if (old && own) {
        world.platform.place("production", [
          { ...old, weightPct: 50 },
          { ...own, weightPct: 50 },
        ]);
      }
    };
    const place = world.platform.target.apply;
    Object.assign(world.platform.target, {
      apply: async (...args: Parameters<typeof place>) => {
        const live = await place(...args);
        if (world.state().latched && left > 0) half();
        return live;
      },
    });
  };

  test("F1: traffic that is not back is sent back once more", async () => {
    const world = back();
    astrayOnce(world, 1);
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "SUCCESS", outcome: "ROLLED_BACK" });
    expect(world.state().results.has("rollback/traffic-again")).toBe(true);
    expect(isHeld(world)).toBe(false);
  });

  test("F1: traffic that will not go back: FAILED, and the project is held", async () => {
    const world = back();
    astrayOnce(world, Infinity);
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "FAILED", outcome: "ROLLBACK_FAILED" });
    const told = world.platform.calls.filter(({ op, env }) => op === "apply" && env === "production");
    // Prepare, expose, back, back again.
    expect(told).toHaveLength(4);
    expect(isHeld(world)).toBe(true);
  });

  const afterwards = (world: FakeWorld, rounds: (round: number) => SmokeResult[] | Error) => {
    const well = world.senses.smoke;
    let round = 0;
    world.senses.smoke = (mode, version) => {
      if (mode !== "post-rollback") return well(mode, version);
      round += 1;
      return rounds(round);
    };
    return () => round;
  };
  const pass = [{ ...SMOKE_PASS, versionObserved: OLD }];

  test("F2: checks that fail until the deadline: FAILED", async () => {
    const world = back();
    afterwards(world, () => [SMOKE_FAIL]);
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "FAILED", outcome: "ROLLBACK_FAILED" });
    expect(isHeld(world)).toBe(true);
  });

  test("F2: checks that fail at first are asked again until the deadline", async () => {
    const world = back();
    afterwards(world, (round) => (round < 2 ? [SMOKE_FAIL] : pass));
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "SUCCESS", outcome: "ROLLED_BACK" });
  });

  const errors: SmokeResult[] = [{ ...SMOKE_PASS, outcome: "error", attempts: 0, message: "EMFILE" }];

  test("F4: checks that give no answer are repeated twice, and no more", async () => {
    const world = back({ config: { waits: { rollbackVerify: "5m", rollbackTraffic: "20s" } } });
    const rounds = afterwards(world, () => errors);
    await world.live();
    expect(rounds()).toBe(3);
    expect(outcomeOf(world)).toEqual({ result: "PARTIAL", outcome: "ROLLBACK_FAILED" });
    expect(isHeld(world)).toBe(true);
  });

  test("F4: a repetition that answers counts", async () => {
    const world = back();
    afterwards(world, (round) => (round < 2 ? errors : pass));
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "SUCCESS", outcome: "ROLLED_BACK" });
  });

  const whenBack = (world: FakeWorld, act: () => void | Promise<void>) =>
    world.when(({ event }) => event.event === "result" && event.key === "rollback/read-back", act);

  test("F3: an old version that is unhealthy too: FAILED", async () => {
    const world = back();
    whenBack(world, () => {
      for (const instance of world.platform.instances("production", OLD)) instance.state = "unhealthy";
    });
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "FAILED", outcome: "ROLLBACK_FAILED" });
  });

  test("F5: metrics that stay silent until the deadline: PARTIAL, and held", async () => {
    const world = back();
    whenBack(world, () => {
      world.senses.metricsDead = true;
    });
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "PARTIAL", outcome: "ROLLBACK_FAILED" });
    expect(isHeld(world)).toBe(true);
  });

  test("F5: metrics that come back before the deadline: watched on until it is shown", async () => {
    const world = back();
    whenBack(world, async () => {
      world.senses.metricsDead = true;
      await world.clock.sleep(70_000);
      world.senses.metricsDead = false;
    });
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "SUCCESS", outcome: "ROLLED_BACK" });
  });

  test("F6: an environment that stays degraded until the deadline: PARTIAL, and held", async () => {
    const world = back({ config: { instances: 4, waits: { rollbackVerify: "60s", rollbackTraffic: "20s" } } });
    whenBack(world, () => {
      const [one] = world.platform.instances("production", OLD);
      if (one) one.state = "unhealthy";
    });
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "PARTIAL", outcome: "ROLLBACK_FAILED" });
  });

  test("F7: what was wrong is still wrong on the old version: not a success", async () => {
    const world = back();
    whenBack(world, () => void world.platform.conduct.set(OLD, { failed: 0.3, slow: 0 }));
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "PARTIAL", outcome: "ROLLBACK_FAILED" });
    expect(isHeld(world)).toBe(true);
  });

  test("F8: too little traffic to tell at the deadline: back, with a warning", async () => {
    const world = back();
    whenBack(world, () => {
      world.platform.rps.production = 0.05;
    });
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "PARTIAL", outcome: "ROLLED_BACK" });
    expect(eventsOf(world, "notice").some(({ text }) => text.includes("more could not be proven"))).toBe(true);
  });

  test("F9: all well: ROLLED_BACK", async () => {
    const world = back();
    await world.live();
    expect(outcomeOf(world)).toEqual({ result: "SUCCESS", outcome: "ROLLED_BACK" });
    expect(isHeld(world)).toBe(false);
  });
});
