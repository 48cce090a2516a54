import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { giveHeldClaimBack } from "../../mcp-server/flow/claims.ts";
import type { Project } from "../../mcp-server/flow/project.ts";
import type { Exec } from "../../mcp-server/ports/index.ts";
import type { RunId, RunOutcome } from "../../mcp-server/vocab/index.ts";
import { fakeExec } from "../fakes/index.ts";
import { broken, busy } from "./fake-platform.ts";
import { type FakeWorld, fakeWorld, RUN_ID, type WorldOptions } from "./fake-world.ts";
import { journalProblems } from "./invariants.ts";
import { bad, started } from "./scripts.ts";

const STAGED: WorldOptions = { locks: true, config: { staging: { observe: "20s" } } };
const unlocked = (world: FakeWorld) => world.platform.calls.filter(({ op }) => op === "unlock").map(({ env }) => env);
const outcome = (world: FakeWorld) => world.state().outcome?.outcome;

/** Going back fails for good once users are exposed. */
const cannotGoBack = (world: FakeWorld) => {
  bad(world, 0.3);
  world.when(started("stage-1/watch"), () => {
    world.platform.fault = ({ op }) => (op === "apply" ? broken() : undefined);
  });
};

describe("the platform's lock", () => {
  test.each<[string, WorldOptions, (world: FakeWorld) => void, RunOutcome, string[]]>([
    ["after a success", STAGED, () => {}, "SUCCESS", ["staging", "production"]],
    ["after a rollback", STAGED, (world) => bad(world, 0.3), "ROLLED_BACK", ["staging", "production"]],
    [
      "of staging alone where production was not touched",
      { ...STAGED, failingTests: 5 },
      () => {},
      "BLOCKED",
      ["staging"],
    ],
    [
      "of staging alone after a failed rollback: production stays claimed",
      STAGED,
      cannotGoBack,
      "ROLLBACK_FAILED",
      ["staging"],
    ],
    ["never where the platform keeps none", {}, () => {}, "SUCCESS", []],
  ])("is given back %s", async (_name, options, script, expected, envs) => {
    const world = fakeWorld(options);
    script(world);
    expect((await world.live()).ended).toBe("archived");
    expect(outcome(world)).toBe(expected);
    expect(unlocked(world)).toEqual(envs);
    const last = world.platform.calls.findLastIndex(({ op }) => op === "apply");
    expect(world.platform.calls.findIndex(({ op }) => op === "unlock")).toBeGreaterThan(envs.length > 0 ? last : -2);
  });

  test("that cannot be given back is told, and changes no outcome", async () => {
    const world = fakeWorld({ locks: true });
    world.platform.fault = ({ op }) => (op === "unlock" ? busy() : undefined);
    expect((await world.live()).ended).toBe("archived");
    expect(outcome(world)).toBe("SUCCESS");
    expect(unlocked(world)).toEqual(["production", "production", "production"]);
    expect(
      world
        .state()
        .notices.map(({ text }) => text)
        .join(),
    ).toContain("lock of production could not be given back");
  });

  test.each(["before-call", "after-call"] as const)("is given back by the next runner when one dies %s", async (at) => {
    const whole = fakeWorld({ locks: true });
    const { calls } = await whole.live();
    const world = fakeWorld({ locks: true });
    expect((await world.live({ at, n: calls })).ended).toBe("died");
    expect((await world.live()).ended).toBe("archived");
    expect(outcome(world)).toBe("SUCCESS");
    expect(unlocked(world).length).toBe(at === "before-call" ? 1 : 2);
    expect(journalProblems(world.events())).toEqual([]);
  });
});

describe("the lock that a failed rollback kept", () => {
  const COMMANDS = {
    kind: "command",
    production: false,
    routing: "per-request",
    measuresTraffic: true,
    resolve: { command: ["resolve", "{version}"] },
    observe: { command: ["observe", "{env}"] },
    apply: { command: ["apply", "{env}"] },
    lock: { command: ["lock", "{env}", "{run}"] },
    unlock: { command: ["unlock", "{env}", "{run}"] },
  };
  const failed = async () => {
    const world = fakeWorld({ locks: true, config: { target: COMMANDS } });
    cannotGoBack(world);
    await world.live();
    expect(outcome(world)).toBe("ROLLBACK_FAILED");
    return world;
  };
  const releasing = (world: FakeWorld, exec: Exec): Project => ({
    ...world.project,
    ports: { ...world.project.ports, exec },
  });

  test("is given back when a person releases the project", async () => {
    const world = await failed();
    const exec = fakeExec();
    expect(await giveHeldClaimBack(releasing(world, exec), RUN_ID, new AbortController().signal)).toBeUndefined();
    expect(exec.calls.map(({ argv }) => argv)).toEqual([["unlock", "production", RUN_ID]]);
  });

  test("is told when it cannot be, and the lock of another run is left alone", async () => {
    const world = await failed();
    const exec = fakeExec(() => ({ code: 1, stderr: "no such lease" }));
    const project = releasing(world, exec);
    expect(await giveHeldClaimBack(project, RUN_ID, new AbortController().signal)).toContain("no such lease");
    const other = "dpl-20260301T120000Z-0000ff" as RunId;
    expect(await giveHeldClaimBack(project, other, new AbortController().signal)).toContain("by hand");
    expect(exec.calls).toHaveLength(1);
  });
});
