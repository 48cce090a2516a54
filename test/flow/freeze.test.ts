import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { freezeDifference } from "../../mcp-server/flow/freeze-record.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import { FlowError } from "../../mcp-server/vocab/index.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";
import { bad, eventsOf, started } from "./scripts.ts";

/** The fake clock starts at some moment; a freeze is placed around it. */
const NOW = Date.parse(fakeWorld().clock.wall());
const MINUTE = 60_000;
const local = (ms: number) => new Date(ms).toISOString().slice(0, 16);
const freeze = (fromMin: number, toMin: number) => ({
  name: "sale",
  from: local(NOW + fromMin * MINUTE),
  to: local(NOW + toMin * MINUTE),
  timeZone: "UTC",
  reason: "black friday",
});

async function ended(o: WorldOptions, script?: (world: FakeWorld) => void): Promise<FakeWorld> {
  const world = fakeWorld(o);
  script?.(world);
  const life = await world.live();
  if (life.error) throw life.error;
  return world;
}

const changes = (world: FakeWorld) => world.platform.calls.filter(({ op }) => op === "apply");
const FLOORS = {
  canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
  observe: "15m",
  metrics: { poll: "60s" },
  approvals: { accept: ["terminal"] },
};
const approve = (world: FakeWorld) =>
  ({ kind: "approve", decision: "approve", planHash: planHash(world.plan), way: "terminal", person: "ada" }) as const;

describe("a freeze", () => {
  test("in force at the start: BLOCKED, and nothing was changed anywhere", async () => {
    const world = await ended({ config: { staging: { observe: "30s" }, freeze: [freeze(-10, 90)] } });
    expect(world.state().outcome).toMatchObject({
      outcome: "BLOCKED",
      runningVersion: OLD,
      reasons: [{ code: "frozen", text: expect.stringContaining("sale: black friday") }],
    });
    expect(changes(world)).toEqual([]);
    expect((await verifyArchive(world.project, world.state().archiveDir ?? "")).differences).toEqual([]);
  });

  test("over before the start changes nothing", async () => {
    const world = await ended({ config: { freeze: [freeze(-90, -1)] } });
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });

  test("that begins while a person is asked: looked at again before production is changed", async () => {
    const world = await ended({ production: true, config: { ...FLOORS, freeze: [freeze(5, 90)] } }, (w) =>
      w.when(
        ({ event }) => event.event === "question",
        () => w.clock.sleep(10 * MINUTE).then(() => void w.ask(approve(w))),
      ),
    );
    expect(world.state().outcome?.outcome).toBe("BLOCKED");
    expect(world.state().gates.get("staging/gate")?.verdict.outcome).toBe("PASS");
    expect(changes(world)).toEqual([]);
    expect((await verifyArchive(world.project, world.state().archiveDir ?? "")).differences).toEqual([]);
  });

  test("is looked at anew by each owner until production is changed", async () => {
    const world = fakeWorld({ config: { freeze: [freeze(30, 90)] } });
    const whole = await fakeWorld({ config: { freeze: [freeze(30, 90)] } }).live();
    for (let n = 1; n <= whole.appends; n += 1) {
      const dying = fakeWorld({ config: { freeze: [freeze(30, 90)] } });
      await dying.live({ at: "append", n });
      // An intent alone changes nothing; what the platform was told does.
      const changed = changes(dying).length > 0;
      dying.clock.jumpWall(45 * MINUTE);
      await dying.live();
      if (!changed) expect(dying.state().outcome?.outcome, `append ${n}`).toBe("BLOCKED");
      else expect(dying.state().outcome?.outcome, `append ${n}`).not.toBe("BLOCKED");
    }
    expect(world.plan.freeze.freeze).toHaveLength(1);
  });

  test("never keeps a release from going back", async () => {
    const world = await ended({ config: { freeze: [freeze(2, 900)] } }, (w) => {
      w.when(started("stage-1/watch"), () => {
        w.clock.jumpWall(5 * MINUTE);
        bad(w, 0.3);
      });
    });
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("overridden by a person: asked for, noted, and in the plan", async () => {
    const config = { ...FLOORS, freeze: [freeze(-10, 900)] };
    const plain = fakeWorld({ production: true, config });
    const parameters = { overrideFreeze: "the shop is down" };
    const world = await ended({ production: true, config, parameters }, (w) =>
      w.when(
        ({ event }) => event.event === "question",
        () => void w.ask(approve(w)),
      ),
    );
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
    expect(planHash(world.plan)).not.toBe(planHash(plain.plan));
    expect(eventsOf(world, "notice").map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/frozen until .*overridden: the shop is down/),
    );
    expect((await verifyArchive(world.project, world.state().archiveDir ?? "")).differences).toEqual([]);
  });

  test("overridden needs a person even where no real users are, and is refused where none is accepted", async () => {
    const config = { freeze: [freeze(-10, 900)] };
    const parameters = { overrideFreeze: "the shop is down" };
    expect(fakeWorld({ config, parameters }).plan.approvals).toEqual(["terminal"]);
    expect(() => fakeWorld({ config: { ...config, approvals: { accept: ["none"] } }, parameters })).toThrow(FlowError);
    const world = await ended({ config, parameters, unattended: true });
    expect(world.state().outcome?.outcome).toBe("ABORTED");
    expect(world.platform.pools("production").map(({ version }) => version)).not.toContain(NEW);
  });

  test("that is not what the windows give is a difference", () => {
    const { plan } = fakeWorld({ config: { freeze: [freeze(900, 999)] } });
    const at = new Date(NOW).toISOString();
    expect(freezeDifference(plan, "freeze/start", { state: "free", at })).toBeUndefined();
    const inside = new Date(NOW + 950 * MINUTE).toISOString();
    expect(freezeDifference(plan, "freeze/start", { state: "free", at: inside })).toMatch(/give frozen/);
    expect(freezeDifference(plan, "freeze/start", { state: "lost" })).toMatch(/not a look/);
  });
});
