import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { schemaGenerationOf } from "../../mcp-server/flow/plan-rehearsal.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import { readHistory } from "../../mcp-server/record/history.ts";
import { SMOKE_FAIL } from "./fake-hands.ts";
import { broken } from "./fake-platform.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";

const STAGING = { staging: { observe: "30s" } };

async function ended(o: WorldOptions, script?: (world: FakeWorld) => void): Promise<FakeWorld> {
  const world = fakeWorld(o);
  script?.(world);
  const life = await world.live();
  if (life.error) throw life.error;
  expect((await verifyArchive(world.project, world.state().archiveDir ?? "")).differences).toEqual([]);
  return world;
}

const dimensionOf = (world: FakeWorld) => world.state().gates.get("staging/gate")?.dimensions.rehearsal;
const recordOf = (world: FakeWorld) =>
  readHistory(world.project.ports.disk, world.project.paths.history).entries[0]?.rehearsal;
const inStaging = (world: FakeWorld) =>
  world.platform.calls.flatMap(({ op, env, pools, id }) => {
    if (env !== "staging" || op === "observe") return [];
    return op === "migrate" ? [`migrate ${id}`] : [(pools ?? []).map((p) => `${p.version} ${p.weightPct}`).join(", ")];
  });

describe("a rehearsal", () => {
  test("deploys, goes back and deploys again, on the migrated schema, and is kept for later runs", async () => {
    const world = await ended({ config: { ...STAGING, migrations: [{ id: "m1", kind: "expand", reversible: true }] } });
    expect(inStaging(world)).toEqual([
      `${OLD} 100`,
      "migrate m1",
      `${OLD} 0, ${NEW} 100`,
      `${OLD} 100, ${NEW} 0`,
      `${OLD} 100`,
      `${NEW} 100`,
    ]);
    expect(dimensionOf(world)).toMatchObject({ outcome: "PASS" });
    expect(recordOf(world)).toMatchObject({
      outcome: "PASS",
      fromVersion: NEW,
      toVersion: OLD,
      strategy: "canary",
      schemaGeneration: schemaGenerationOf(["m1"]),
      backMs: 1_500,
    });
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });

  test("replaces instances where the strategy does", async () => {
    const world = await ended({
      parameters: { strategy: "rolling" },
      config: { ...STAGING, instances: 8, observe: "40s", rolling: { batch: 2, pause: "20s", minRequests: 20 } },
    });
    expect(inStaging(world).slice(0, 3)).toEqual([`${OLD} 100`, `${NEW} 100`, `${OLD} 100`]);
    expect(dimensionOf(world)).toMatchObject({ outcome: "PASS" });
  });

  test("that cannot go back blocks the release, with production untouched", async () => {
    const world = await ended({ config: STAGING }, (w) => {
      w.platform.fault = ({ env, pools }) =>
        env === "staging" && pools?.[0]?.weightPct === 100 && pools.length === 2 ? broken() : undefined;
    });
    expect(world.state().outcome?.outcome).toBe("BLOCKED");
    expect(dimensionOf(world)).toMatchObject({ outcome: "FAIL", reasons: [{ code: "rehearsal-failed" }] });
    expect(recordOf(world)?.outcome).toBe("FAIL");
    expect(world.platform.calls.some(({ op, env }) => op === "apply" && env === "production")).toBe(false);
  });

  test("after which the old version is not well blocks the release", async () => {
    const world = await ended({ config: STAGING }, (w) => {
      const well = w.senses.smoke;
      w.senses.smoke = (mode, version) => (version === OLD ? [SMOKE_FAIL] : well(mode, version));
    });
    expect(world.state().outcome?.outcome).toBe("BLOCKED");
    expect(dimensionOf(world)).toMatchObject({ outcome: "FAIL", reasons: [{ code: "rehearsal-smoke" }, {}] });
  });

  test("is left out where it is switched off, and where there is nothing to go back to", async () => {
    const off = await ended({ config: { staging: { observe: "30s", rehearse: false } } });
    expect(inStaging(off)).toEqual([`${NEW} 100`]);
    expect([dimensionOf(off), recordOf(off)]).toEqual([undefined, undefined]);
    expect(off.plan.rehearsal).toMatchObject({ planned: false, reason: "staging.rehearse is off" });
    const first = { serving: undefined, parameters: { firstDeploy: true }, config: { ...STAGING, tests: undefined } };
    expect(fakeWorld(first).plan.rehearsal.planned).toBe(false);
  });

  test("is of one state of the schema, whatever the order of its migrations", () => {
    expect(schemaGenerationOf(["b", "a", "a"])).toBe(schemaGenerationOf(["a", "b"]));
    expect(schemaGenerationOf(["a"])).not.toBe(schemaGenerationOf([]));
  });
});
