import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRun, verifyArchive } from "../../mcp-server/flow/api.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import { makeWorld, type World } from "./world.ts";

const BUY = {
  id: "buy-tea",
  priority: "P0",
  timeout: "3s",
  steps: [
    {
      method: "POST",
      path: "/login",
      headers: { "content-type": "application/json" },
      body: '{"user":"smoke","password":"smoke"}',
      expect: { bodyContains: "token", jsonVersion: "version" },
      remember: { token: "token" },
    },
    { path: "/search?q=green%20tea", expect: { bodyContains: "TEA-GREEN" } },
    {
      method: "POST",
      path: "/checkout",
      headers: { "content-type": "application/json", authorization: "Bearer {token}" },
      body: '{"items":[{"sku":"TEA-GREEN","quantity":1}]}',
      expect: { status: 201, headerVersion: "x-version" },
    },
  ],
};
const PROBED = [
  [["journeys"], [BUY]],
  [["probes"], { ratePerSecond: 20, recordFor: "2s" }],
  [["canary", "stageDuration"], "2s"],
  [["observe"], "2s"],
] as const;

async function deployed(world: World, version: string) {
  await startRun(world.project, RunParameters.parse({ version }), {
    unattended: true,
    actor: { kind: "person", name: "test" },
  });
  const status = await world.ended();
  const events = world.events();
  const { differences } = await verifyArchive(world.project, status.archive ?? "");
  expect(differences).toEqual([]);
  const probed = events.flatMap(({ event }) => (event.event === "poll" && event.probes ? [event.probes] : []));
  return { status, events, probed };
}

describe("a service without a metrics page, measured by probes", () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld({
      rate: 1,
      edits: [...PROBED, [["metrics", "source"], "probes"], [["metrics", "path"], "/none"]],
    });
  });
  afterAll(() => world.close());

  test("a healthy version succeeds, proven by probes alone", async () => {
    const { status, events, probed } = await deployed(world, "2.0.0");
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
    expect(probed.some(({ baseline, candidate }) => baseline > 0 && candidate > 0)).toBe(true);
    expect(events.some(({ event }) => event.event === "journeys" && event.run.mode === "pre-deploy")).toBe(true);
  });

  test("one that breaks when it is used is rolled back", async () => {
    const { status } = await deployed(world, "2.2.0");
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("ROLLED_BACK");
    expect(status.runningVersion).toBe("2.0.0");
  });
});

describe("a service with one request a second", () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld({ rate: 1, edits: [...PROBED, [["canary", "minRequests"], 20]] });
  });
  afterAll(() => world.close());

  test("gets probes once its evidence is too thin, and they count as exposure", async () => {
    const { status, events, probed } = await deployed(world, "2.0.0");
    expect(["SUCCESS", "UNPROVEN"], JSON.stringify(status.reasons)).toContain(status.outcome);
    const extended = events.findIndex(({ event }) => event.event === "extended");
    expect(extended).toBeGreaterThan(0);
    const before = events.slice(0, extended).filter(({ event }) => event.event === "poll" && event.probes);
    expect(before).toEqual([]);
    expect(probed.reduce((sum, { candidate }) => sum + candidate, 0)).toBeGreaterThan(20);
    const stage = events.find(({ event }) => event.event === "gate" && event.key === "stage-1/watch")?.event;
    expect(stage?.event === "gate" && stage.gate.verdict.outcome, JSON.stringify(stage)).toBe("PASS");
    expect(events.some(({ event }) => event.event === "question")).toBe(status.outcome === "UNPROVEN");
  });
});
