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

/**
 * A run is killed again and again, each time after so many events; the next run begins one event later. So every event
 * has its turn, without a whole deployment for each.
 */
const STRIDE = 10;

type Events = readonly Stamped<FlowEvent>[];
type Death = { DIE_AFTER_APPEND: string } | { DIE_AFTER_EVENT: string };

/** What an event is: its kind, and what it is about where it says so. */
function nameOf({ event }: Stamped<FlowEvent>): string {
  return `${event.event} ${"key" in event ? event.key : ""}`.trim();
}

/** Calls with an environment in which the runner that is started by it dies; true when the run came to its end alive. */
async function untilDeath(world: World, death: Death, call: () => Promise<unknown>): Promise<boolean> {
  const { clock, disk } = world.project.ports;
  const isOver = () => disk.stat(world.project.paths.archivedMark) !== undefined;
  Object.assign(process.env, death);
  try {
    await call();
  } catch (error) {
    // A runner that dies while it starts is a failed start to whoever started it.
    if (!/did not start/.test((error as Error).message)) throw error;
  } finally {
    for (const name of Object.keys(death)) delete process.env[name];
  }
  while (ownerLives(world.project)) await clock.sleep(25);
  return isOver();
}

describe.each(["canary", "blue-green"])("a %s deployment whose runner is killed at every journal event", (strategy) => {
  let world: World;
  const recorded: Events[] = [];
  const killedAt = new Set<string>();
  let deployments = 0;

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

  /** Deploys the other version with a runner that dies first so, and then after each stride until it is over. */
  async function deployDying(first: Death, then: Death | undefined): Promise<void> {
    const version = VERSIONS[deployments % 2] ?? "3.0.0";
    deployments += 1;
    const parameters = RunParameters.parse({ version, strategy });
    let isOver = await untilDeath(world, first, () =>
      startRun(world.project, parameters, { unattended: true, actor: ACTOR }),
    );
    while (!isOver) {
      const atDeath = world.events();
      const last = atDeath.at(-1);
      if (last) killedAt.add(nameOf(last));
      const announced = async () => {
        const { runner } = await statusOf(world.project);
        expect(runner.restarted, last && nameOf(last)).toMatch(/was dead and has been started again/);
      };
      if (then) isOver = await untilDeath(world, then, announced);
      else {
        await announced();
        isOver = true;
      }
      expect(world.events().slice(0, atDeath.length)).toEqual(atDeath);
    }
    const status = await world.ended();
    const events = world.events();
    expect(status.outcome, JSON.stringify([status.latched, status.reasons])).toBe("SUCCESS");
    expect(journalProblems(events)).toEqual([]);
    expect((await servingNow(world.project)).filter((pool) => pool.weightPct > 0)).toMatchObject([
      { version, weightPct: 100 },
    ]);
    recorded.push(events);
  }

  test("is announced, taken up again and ends right, with every event kept", async () => {
    for (let first = 1; first <= STRIDE; first += 1) {
      // The first event of a runner that takes a run up says just that.
      await deployDying({ DIE_AFTER_APPEND: String(first) }, { DIE_AFTER_APPEND: String(STRIDE + 1) });
    }
    expect(killedAt.size).toBeGreaterThan(30);
  }, 1_200_000);

  test("whichever event it is: those that the strides passed by, one by one", async () => {
    await deployDying({ DIE_AFTER_APPEND: "1000000" }, undefined);
    const undisturbed = new Set(recorded.at(-1)?.map(nameOf));
    for (const name of undisturbed) {
      if (!killedAt.has(name)) await deployDying({ DIE_AFTER_EVENT: name }, undefined);
    }
    expect([...undisturbed].filter((name) => !killedAt.has(name))).toEqual([]);
  }, 1_200_000);

  test("and no request was lost, and no traffic is unexplained", () => {
    expect(lostRequests(world.load.records)).toEqual([]);
    expect(world.load.records.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect(unexplainedTraffic(world.load.records, recorded, "1.9.0")).toEqual([]);
  });
});
