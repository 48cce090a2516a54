import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRun, statusOf } from "../../mcp-server/flow/api.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { ownerLives } from "../../mcp-server/flow/owner.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { journalProblems } from "../flow/invariants.ts";
import { bundleEntry } from "./bundle-entry.ts";
import { lostRequests, unexplainedTraffic } from "./traffic.ts";
import { makeWorld, servingNow, type World } from "./world.ts";

const ACTOR = { kind: "person", name: "test" } as const;
const VERSIONS = ["3.0.0", "3.0.1"];

/** Deploys `version` with a runner that dies right after its `dieAfter`th journal event; true when it lived to the end. */
async function startAndDie(world: World, version: string, strategy: string, dieAfter: number): Promise<boolean> {
  process.env.DIE_AFTER_APPEND = String(dieAfter);
  try {
    await startRun(world.project, RunParameters.parse({ version, strategy }), { unattended: true, actor: ACTOR });
  } catch (error) {
    // A runner that dies while it starts is a failed start to whoever started it.
    if (!/did not start/.test((error as Error).message)) throw error;
  } finally {
    delete process.env.DIE_AFTER_APPEND;
  }
  while (ownerLives(world.project)) await world.project.ports.clock.sleep(25);
  return world.project.ports.disk.stat(world.project.paths.archivedMark) !== undefined;
}

describe.each(["canary", "blue-green"])("a %s deployment whose runner is killed at every journal event", (strategy) => {
  let world: World;
  const recorded: (readonly Stamped<FlowEvent>[])[] = [];

  beforeAll(async () => {
    world = await makeWorld({
      entry: [process.execPath, await bundleEntry("dying-entry")],
      seconds: 1_500,
      // What is shown here is durability: a busy machine may be slow meanwhile.
      edits: [
        [["regressionThreshold"], 50],
        [["triggers", "latencyP99Pct"], 900],
        [["slo", "latencyP99Ms"], 2_400],
      ],
    });
  });
  afterAll(() => world.close());

  test("is announced, taken up again and ends right, with every event kept and no request lost", async () => {
    for (let dieAfter = Number(process.env.KILL_FROM ?? 1); ; dieAfter += 1) {
      const version = VERSIONS[dieAfter % 2] ?? "3.0.0";
      if (await startAndDie(world, version, strategy, dieAfter)) {
        // Fewer events than that: the run came to its end alive, so every event had its turn.
        expect(dieAfter).toBeGreaterThan(30);
        recorded.push(world.events());
        break;
      }
      const atDeath = world.events();
      expect(atDeath).toHaveLength(dieAfter);
      const announced = await statusOf(world.project);
      expect(announced.runner.restarted, `killed at event ${dieAfter}`).toMatch(/was dead and has been started again/);
      const status = await world.ended();
      const events = world.events();
      expect(status.outcome, `killed at event ${dieAfter}: ${JSON.stringify([status.latched, status.reasons])}`).toBe(
        "SUCCESS",
      );
      expect(events.slice(0, dieAfter)).toEqual(atDeath);
      expect(journalProblems(events), `killed at event ${dieAfter}`).toEqual([]);
      expect((await servingNow(world.project)).filter((pool) => pool.weightPct > 0)).toMatchObject([
        { version, weightPct: 100 },
      ]);
      recorded.push(events);
    }
    expect(lostRequests(world.load.records)).toEqual([]);
    expect(world.load.records.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect(unexplainedTraffic(world.load.records, recorded, "1.9.0")).toEqual([]);
  }, 1_200_000);
});
