import { afterAll, beforeAll, expect, test } from "vitest";
import { startRun } from "../../mcp-server/flow/api.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import { makeWorld, type World } from "./world.ts";

const DEPLOYMENTS = 20;

/** Default limits of the demo: threshold 0, +2 pp, +20 %, 0.1 % errors, 500 ms, alpha 0.01. Only the times are short. */
let world: World;
beforeAll(async () => {
  world = await makeWorld({
    rate: 200,
    seconds: 900,
    edits: [
      [
        ["canary", "stages"],
        [10, 50, 100],
      ],
      [["canary", "stageDuration"], "2s"],
      [["canary", "minRequests"], 20],
      [["observe"], "4s"],
      [["metrics", "poll"], "250ms"],
      [["judge", "warmupPolls"], 2],
      [["triggers", "errorRatePp"], 2],
    ],
  });
});
afterAll(() => world.close());

test(`${DEPLOYMENTS} canary deployments of a version that only differs in name: none rolled back, all SUCCESS in the planned time`, async () => {
  const ends: { version: string; outcome: string | undefined; extended: number; why: string }[] = [];
  for (let count = 0; count < DEPLOYMENTS; count += 1) {
    const version = count % 2 === 0 ? "3.0.0" : "3.0.1";
    await startRun(world.project, RunParameters.parse({ version }), {
      unattended: true,
      actor: { kind: "person", name: "test" },
    });
    const status = await world.ended();
    const extended = world.events().filter(({ event }) => event.event === "extended").length;
    const why = status.outcome === "SUCCESS" ? "" : JSON.stringify([status.latched, status.reasons]);
    ends.push({ version, outcome: status.outcome, extended, why });
  }
  expect(ends.filter(({ outcome, extended }) => outcome !== "SUCCESS" || extended > 0)).toEqual([]);
  expect(world.load.records.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
}, 900_000);
