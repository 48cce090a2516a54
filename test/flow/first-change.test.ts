import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { effectFollows } from "../../mcp-server/flow/readiness-state.ts";
import { foldEvents } from "../../mcp-server/flow/state.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { type FakeWorld, fakeWorld, OLD, type WorldOptions } from "./fake-world.ts";
import { DAY, eventsOf, MINUTE } from "./scripts.ts";

const NOW = Date.parse(fakeWorld().clock.wall());
const local = (ms: number) => new Date(ms).toISOString().slice(0, 16);
/** In force from 30 minutes to 3 days after the start. */
const FREEZE = {
  name: "sale",
  from: local(NOW + 30 * MINUTE),
  to: local(NOW + 3 * DAY),
  timeZone: "UTC",
  reason: "black friday",
};
const REAL_USERS = {
  canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
  observe: "15m",
  metrics: { poll: "60s" },
  approvals: { accept: ["terminal"] },
};
const IRREVERSIBLE = [
  { id: "drop-fax", kind: "contract", reversible: false, unusedSince: OLD, forwardFix: "docs/fix.md" },
];
const REVERSIBLE = [{ id: "add-phone", kind: "expand", reversible: true }];

const approve = (world: FakeWorld) =>
  world.ask({ kind: "approve", decision: "approve", planHash: planHash(world.plan), way: "terminal", person: "ada" });
const changes = (world: FakeWorld) =>
  world.platform.calls.filter(({ op, env }) => (op === "apply" || op === "migrate") && env === "production");

/** A world in which whoever is asked to approve the plan, or to take its conditions, does so at once. */
function worldOf(o: WorldOptions): FakeWorld {
  const world = fakeWorld(o);
  const isAbout = (about: string) => (stamped: Stamped<FlowEvent>) =>
    stamped.event.event === "question" && stamped.event.question.about === about;
  const goOn = { kind: "answer", answer: "continue", way: "terminal", person: "ada", reason: "tried by hand" } as const;
  world.when(isAbout("approval"), () => void approve(world));
  world.when(isAbout("conditions"), () => void world.ask(goOn));
  return world;
}

/** How many events the first owner writes up to the first intent to change production, that one included. */
async function appendsToIntent(o: WorldOptions): Promise<number> {
  const whole = worldOf(o);
  await whole.live();
  const at = whole.events().findIndex(({ event }) => event.event === "intent" && event.intent.env === "production");
  if (at < 0) throw new Error(`it ended before: ${JSON.stringify(whole.state().outcome)}`);
  return at + 1;
}

interface Story {
  readonly name: string;
  readonly world: WorldOptions;
  /** What becomes of the world while nobody owns the run. */
  readonly meanwhile: (world: FakeWorld) => void;
  /** Where the first owner dies: after its intent, or after the platform has done what it says. */
  readonly dies: "before the effect" | "after the effect";
  readonly ends: { outcome: string; code?: string; changes: number | "more" };
}

const later = (ms: number) => (world: FakeWorld) => world.clock.jumpWall(ms);

const STORIES: Story[] = [
  {
    name: "a freeze has begun",
    world: { config: { freeze: [FREEZE] } },
    meanwhile: later(DAY),
    dies: "before the effect",
    ends: { outcome: "BLOCKED", code: "frozen", changes: 0 },
  },
  {
    name: "a freeze has begun, and the first change was made",
    world: { config: { freeze: [FREEZE] } },
    meanwhile: later(DAY),
    dies: "after the effect",
    ends: { outcome: "SUCCESS", changes: "more" },
  },
  {
    name: "the approval has expired",
    world: { production: true, config: REAL_USERS },
    meanwhile: later(30 * DAY),
    dies: "before the effect",
    ends: { outcome: "ABORTED", code: "approval-expired", changes: 0 },
  },
  {
    name: "production is not ready any more",
    world: {},
    meanwhile: (world) => {
      world.clock.jumpWall(DAY);
      world.senses.lockLost = true;
    },
    dies: "before the effect",
    ends: { outcome: "BLOCKED", code: "readiness-lock", changes: 0 },
  },
  {
    name: "somebody else has changed production",
    world: {},
    meanwhile: (world) => {
      const [pool] = world.platform.pools("production");
      if (!pool) throw new Error("nothing serves");
      world.platform.place("production", [{ ...pool, version: "1.0.1" as typeof pool.version }]);
    },
    dies: "before the effect",
    ends: { outcome: "ABORTED", code: "production-changed", changes: 0 },
  },
  {
    name: "nothing has changed",
    world: {},
    meanwhile: () => {},
    dies: "before the effect",
    ends: { outcome: "SUCCESS", changes: "more" },
  },
  {
    name: "a freeze has begun before a migration that can be undone",
    world: { config: { freeze: [FREEZE], migrations: REVERSIBLE } },
    meanwhile: later(DAY),
    dies: "before the effect",
    ends: { outcome: "BLOCKED", code: "frozen", changes: 0 },
  },
];

describe("a run that is killed at its first production change and taken up again", () => {
  test.each(STORIES)("$name, $dies", async ({ world: o, meanwhile, dies, ends }) => {
    const n = await appendsToIntent(o);
    const world = worldOf(o);
    await world.live(dies === "before the effect" ? { at: "append", n } : { at: "after-call", n: 1 });
    expect(eventsOf(world, "intent").some(({ intent }) => intent.env === "production")).toBe(true);
    const before = changes(world).length;
    expect(before).toBe(dies === "before the effect" ? 0 : 1);
    meanwhile(world);
    const life = await world.live();
    if (life.error) throw life.error;
    const { outcome, archiveDir } = world.state();
    expect(outcome?.outcome, JSON.stringify(outcome)).toBe(ends.outcome);
    if (ends.code !== undefined) expect(outcome?.reasons.map(({ code }) => code)).toContain(ends.code);
    // What nobody knows to be untouched is put back to the old version; the new one got nothing.
    const given = changes(world).slice(before);
    if (ends.changes === "more") expect(given.length).toBeGreaterThan(0);
    else
      for (const { op, pools } of given) expect([op, pools?.map(({ version }) => version)]).toEqual(["apply", [OLD]]);
    expect((await verifyArchive(world.project, archiveDir ?? "")).differences).toEqual([]);
  });

  test("goes back where an irreversible migration may have begun before the freeze", async () => {
    const o = { config: { freeze: [FREEZE], migrations: IRREVERSIBLE } };
    const world = worldOf(o);
    await world.live({ at: "append", n: await appendsToIntent(o) });
    world.clock.jumpWall(DAY);
    const life = await world.live();
    if (life.error) throw life.error;
    expect(world.platform.migrated.production).toEqual([]);
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
    expect(world.state().latched?.reasons).toMatchObject([{ code: "frozen" }]);
    expect((await verifyArchive(world.project, world.state().archiveDir ?? "")).differences).toEqual([]);
  });

  test("goes back where an irreversible migration may have begun under an approval that has expired", async () => {
    const o = { production: true, config: { ...REAL_USERS, migrations: IRREVERSIBLE } };
    const world = worldOf(o);
    await world.live({ at: "append", n: await appendsToIntent(o) });
    world.clock.jumpWall(30 * DAY);
    const life = await world.live();
    if (life.error) throw life.error;
    expect(world.platform.migrated.production).toEqual([]);
    expect(world.state().latched?.reasons).toMatchObject([{ code: "approval-expired" }]);
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
    expect((await verifyArchive(world.project, world.state().archiveDir ?? "")).differences).toEqual([]);
  });

  test("verify finds an effect that came although the look of the new owner forbade it", async () => {
    const n = await appendsToIntent({});
    const world = worldOf({});
    await world.live({ at: "append", n });
    world.clock.jumpWall(DAY);
    world.senses.lockLost = true;
    await world.live();
    const looked = world.events().findLastIndex(({ event }) => event.event === "readiness");
    const state = foldEvents(world.plan, world.events().slice(0, looked + 1));
    const [key = ""] = [...state.intents].find(([, { env }]) => env === "production") ?? [];
    expect(effectFollows(state, { key })).toBe(false);
    expect(effectFollows(state, { key, reconciled: true })).toBe(true);
    expect(effectFollows(foldEvents(world.plan, world.events().slice(0, n)), { key })).toBe(true);
  });
});
