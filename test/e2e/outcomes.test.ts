import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRequest, startRun, statusOf, verifyArchive } from "../../mcp-server/flow/api.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import type { RunStatus } from "../../mcp-server/flow/status.ts";
import { filesBelow } from "../../mcp-server/record/archive.ts";
import { journalProblems } from "../flow/invariants.ts";
import { lostRequests, unexplainedTraffic } from "./traffic.ts";
import { makeWorld, servingNow, type World } from "./world.ts";

const ACTOR = { kind: "person", name: "test" } as const;

function start(world: World, version: string, more: Record<string, unknown> = {}) {
  return startRun(world.project, RunParameters.parse({ version, ...more }), { unattended: true, actor: ACTOR });
}

/** Waits until the run says so; fails when it ends first. */
async function until(world: World, wanted: (status: RunStatus) => boolean): Promise<RunStatus> {
  for (;;) {
    const status = await statusOf(world.project);
    if (wanted(status)) return status;
    if (status.state === "finished") throw new Error(`the run ended before: ${JSON.stringify(status.outcome)}`);
    await world.project.ports.clock.sleep(20);
  }
}

async function versionsServing(world: World) {
  return (await servingNow(world.project)).filter((pool) => pool.weightPct > 0).map((pool) => pool.version);
}

describe("deployments of the shop in a sandbox, under load", () => {
  let world: World;
  const runs: ReturnType<World["events"]>[] = [];

  beforeAll(async () => {
    world = await makeWorld({ edits: [[["regressionThreshold"], 5]] });
  });
  afterAll(() => world.close());

  test("a healthy version succeeds; its archive verifies, and one changed byte anywhere is found and named", async () => {
    await start(world, "2.0.0");
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
    expect(await versionsServing(world)).toEqual(["2.0.0"]);
    runs.push(world.events());
    await expectVerified(world, status);
    await expectEveryByteGuarded(world, status);
  });

  test("a version that loses 8 % of its tests is blocked at staging with production untouched", async () => {
    const before = await servingNow(world.project);
    await start(world, "2.1.0");
    const status = await world.ended();
    expect(status).toMatchObject({ outcome: "BLOCKED", exitCode: 10, runningVersion: "2.0.0" });
    expect(JSON.stringify(status.reasons)).toContain("8.0 % > 5.0 %");
    expect(await servingNow(world.project)).toEqual(before);
    runs.push(world.events());
    await expectVerified(world, status);
  });

  test("a version that fails under production traffic is rolled back from the canary", async () => {
    await start(world, "2.2.0");
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("ROLLED_BACK");
    expect(await versionsServing(world)).toEqual(["2.0.0"]);
    runs.push(world.events());
    await expectVerified(world, status);
  });

  test("a rollback on request in the middle of a stage goes back", async () => {
    await start(world, "3.0.0");
    await until(world, (status) => status.weightPct !== undefined && status.weightPct >= 50);
    const rolled = await sendRequest(world.project, { kind: "rollback", reason: "the customer called" }, ACTOR);
    expect(rolled.taken).toBe(true);
    const status = await world.ended();
    expect(status).toMatchObject({ outcome: "ROLLED_BACK", runningVersion: "2.0.0" });
    expect(JSON.stringify(status.reasons)).toContain("the customer called");
    runs.push(world.events());
    await expectVerified(world, status);
  });

  test("of two starts at once one proceeds and the other is refused, naming the run that holds the project", async () => {
    const both = await Promise.allSettled([start(world, "3.0.0"), start(world, "3.0.1")]);
    const started = both.filter((result) => result.status === "fulfilled");
    const refused = both.filter((result) => result.status === "rejected");
    expect([started.length, refused.length]).toEqual([1, 1]);
    const message = String((refused[0] as PromiseRejectedResult).reason);
    expect(message).toContain((started[0] as PromiseFulfilledResult<{ runId: string }>).value.runId);
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
    runs.push(world.events());
    await expect(start(world, status.version ?? "")).rejects.toThrow(/is what production runs already/);
  });

  test("in all of this no request was lost, no journal is odd and no traffic is unexplained", () => {
    expect(lostRequests(world.load.records)).toEqual([]);
    for (const events of runs) expect(journalProblems(events)).toEqual([]);
    expect(unexplainedTraffic(world.load.records, runs, "1.9.0")).toEqual([]);
  });
});

async function expectVerified(world: World, status: RunStatus): Promise<void> {
  const result = await verifyArchive(world.project, status.archive ?? "");
  expect(result.differences).toEqual([]);
  expect(result).toMatchObject({ ok: true, outcome: status.outcome, runId: status.runId });
  expect(result.checked.gates).toBeGreaterThan(0);
}

/** Flips one byte in the middle of every archived file in turn: each time `verify` has to name that very file. */
async function expectEveryByteGuarded(world: World, status: RunStatus): Promise<void> {
  const folder = join(world.project.root, status.archive ?? "");
  const files = filesBelow(world.project.ports.disk, folder);
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const path = join(folder, file);
    const original = readFileSync(path);
    if (original.length === 0) continue;
    const changed = Buffer.from(original);
    const middle = Math.floor(changed.length / 2);
    changed[middle] = (changed[middle] ?? 0) ^ 1;
    writeFileSync(path, changed);
    const result = await verifyArchive(world.project, status.archive ?? "");
    writeFileSync(path, original);
    expect(result.ok, file).toBe(false);
    expect(
      result.differences.map((difference) => difference.file),
      file,
    ).toContain(file);
  }
}
