import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRun, statusOf, verifyArchive } from "../../mcp-server/flow/api.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { ownerLives } from "../../mcp-server/flow/owner.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { journalProblems } from "../flow/invariants.ts";
import { bundleEntry } from "./bundle-entry.ts";
import { lostRequests, unexplainedTraffic } from "./traffic.ts";
import { makeWorld, servingNow, type World } from "./world.ts";

const ACTOR = { kind: "person", name: "test" } as const;

type Events = readonly Stamped<FlowEvent>[];

function start(world: World, version: string) {
  return startRun(world.project, RunParameters.parse({ version, strategy: "rolling" }), {
    unattended: true,
    actor: ACTOR,
  });
}

/** Deploys with a runner that dies right after an event, such as `intent stage-2/expose`, and waits until it is dead. */
async function startAndDie(world: World, version: string, dieAfter: string): Promise<void> {
  process.env.DIE_AFTER_EVENT = dieAfter;
  try {
    await start(world, version);
  } finally {
    delete process.env.DIE_AFTER_EVENT;
  }
  while (ownerLives(world.project)) await world.project.ports.clock.sleep(25);
}

/** Events of a journal at which production is about to be changed, or just was. */
function changesOf(events: Events): string[] {
  const keys = new Set(
    events.flatMap(({ event }) =>
      event.event === "intent" && event.intent.env === "production" ? [event.key as string] : [],
    ),
  );
  return events.flatMap(({ event }) =>
    (event.event === "intent" || event.event === "result") && keys.has(event.key)
      ? [`${event.event} ${event.key}`]
      : [],
  );
}

describe("rolling deployments of the shop in a sandbox, under load", () => {
  let world: World;
  const runs: Events[] = [];

  beforeAll(async () => {
    world = await makeWorld({
      entry: [process.execPath, await bundleEntry("dying-entry")],
      // What is shown here is that nothing is lost: a busy machine may be slow meanwhile.
      edits: [
        [["instances"], 3],
        [["rolling"], { pause: "600ms", minRequests: 5 }],
        [["regressionThreshold"], 50],
        [["triggers", "latencyP99Pct"], 900],
        [["slo", "latencyP99Ms"], 2_400],
      ],
    });
  });
  afterAll(() => world.close());

  /** The version that has all instances and all traffic. */
  const whole = async () =>
    (await servingNow(world.project)).map(({ version, instances, weightPct }) => [version, instances, weightPct]);

  test("a healthy version replaces every instance", async () => {
    await start(world, "3.0.0");
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
    expect(await whole()).toEqual([["3.0.0", 3, 100]]);
    runs.push(world.events());
    expect((await verifyArchive(world.project, status.archive ?? "")).differences).toEqual([]);
  });

  test("a version that fails under production traffic is replaced back", async () => {
    await start(world, "2.2.0");
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("ROLLED_BACK");
    expect(await whole()).toEqual([["3.0.0", 3, 100]]);
    runs.push(world.events());
    expect((await verifyArchive(world.project, status.archive ?? "")).differences).toEqual([]);
  });

  test("a runner killed at every change of production is taken up again and ends right", async () => {
    const moments = changesOf(runs[0] ?? []);
    expect(moments).toHaveLength(8);
    for (const [index, dieAfter] of moments.entries()) {
      const version = index % 2 === 0 ? "3.0.1" : "3.0.0";
      await startAndDie(world, version, dieAfter);
      const announced = await statusOf(world.project);
      const last = announced.runner.restarted;
      expect(last, `killed after ${dieAfter}`).toMatch(/was dead and has been started again/);
      const status = await world.ended();
      expect(status.outcome, `killed after ${dieAfter}: ${JSON.stringify(status.reasons)}`).toBe("SUCCESS");
      expect(await whole(), `killed after ${dieAfter}`).toEqual([[version, 3, 100]]);
      runs.push(world.events());
    }
  }, 600_000);

  test("in all of this no request was lost, no journal is odd and no traffic is unexplained", () => {
    expect(lostRequests(world.load.records)).toEqual([]);
    for (const events of runs) expect(journalProblems(events)).toEqual([]);
    expect(unexplainedTraffic(world.load.records, runs, "1.9.0")).toEqual([]);
  });
});
