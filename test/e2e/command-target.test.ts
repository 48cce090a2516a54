import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { startRun, verifyArchive } from "../../mcp-server/flow/api.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import type { RunStatus } from "../../mcp-server/flow/status.ts";
import { journalProblems } from "../flow/invariants.ts";
import { platformBundle, platformVerbs, removePlatformBundle } from "../target/command-world.ts";
import { lostRequests, unexplainedTraffic } from "./traffic.ts";
import { editConfig, makeWorld, servingNow, type World } from "./world.ts";

const ACTOR = { kind: "person", name: "test" } as const;

/** The world of the other tests, but everything between the flow and the services goes through commands. */
async function makeCommandProject(): Promise<World> {
  const world = await makeWorld({
    edits: [
      [["regressionThreshold"], 5],
      [["canary", "stageDuration"], "2s"],
      [["observe"], "3s"],
      [["metrics", "poll"], "300ms"],
    ],
  });
  const { root } = world.project;
  const { target } = parse(readFileSync(join(root, "deploy.yaml"), "utf8"));
  writeFileSync(join(root, "platform.json"), JSON.stringify(target));
  const section = {
    kind: "command",
    production: false,
    routing: "per-request",
    measuresTraffic: true,
    ...platformVerbs(await platformBundle(), root),
  };
  editConfig(root, [[["target"], section]]);
  return world;
}

describe("deployments of the shop to a platform behind commands, under load", () => {
  let world: World;
  const runs: ReturnType<World["events"]>[] = [];
  beforeAll(async () => {
    world = await makeCommandProject();
  });
  afterAll(async () => {
    await world.close();
    await removePlatformBundle();
  });

  const carried = async (version: string): Promise<RunStatus> => {
    await startRun(world.project, RunParameters.parse({ version }), { unattended: true, actor: ACTOR });
    const status = await world.ended();
    runs.push(world.events());
    return status;
  };
  const versionsServing = async () =>
    (await servingNow(world.project)).filter((pool) => pool.weightPct > 0).map((pool) => pool.version);

  test("a healthy version succeeds", async () => {
    const status = await carried("2.0.0");
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
    expect(await versionsServing()).toEqual(["2.0.0"]);
    expect(await verifyArchive(world.project, status.archive ?? "")).toMatchObject({ ok: true, differences: [] });
  });

  test("one that fails under production traffic is rolled back", async () => {
    const status = await carried("2.2.0");
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("ROLLED_BACK");
    expect(await versionsServing()).toEqual(["2.0.0"]);
    expect(await verifyArchive(world.project, status.archive ?? "")).toMatchObject({ ok: true, differences: [] });
  });

  test("no request was lost, no journal is odd, no traffic is unexplained", () => {
    expect(lostRequests(world.load.records)).toEqual([]);
    for (const events of runs) expect(journalProblems(events)).toEqual([]);
    expect(unexplainedTraffic(world.load.records, runs, "1.9.0")).toEqual([]);
  });
});
