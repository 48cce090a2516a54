import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { Trigger } from "../../mcp-server/flow/events.ts";
import type { SmokeResult } from "../../mcp-server/judge/index.ts";
import type { RunOutcome } from "../../mcp-server/vocab/index.ts";
import { SMOKE_FAIL, SMOKE_PASS } from "./fake-hands.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";
import { answer, asked, at, eventsOf, first, MINUTE, started, within } from "./scripts.ts";

/** What holds in tables C and D of the specification over whole runs, a row a case, by its row names. */

/** The new version's instances are in this state, as seen from a watch on, for so long. */
function instances(world: FakeWorld, key: string, ms: number): void {
  world.when(started(key), async () => {
    const [one] = world.platform.instances("production", NEW);
    if (one) one.restarts = 1;
    const [, other] = world.platform.instances("production", NEW);
    if (other) other.state = "unhealthy";
    await world.clock.sleep(ms);
    if (other) other.state = "ready";
  });
}

/** Instances enough that one of them is no majority. */
const FOUR = { instances: 4, canary: { stages: [50, 100], stageDuration: "60s", minRequests: 50 } };

/** The router sends less than planned, for so long. */
function astray(world: FakeWorld, key: string, ms: number): void {
  const observe = world.platform.target.observe;
  let until: number | undefined;
  world.when(started(key), () => {
    until = world.clock.mono() + ms;
  });
  world.when(first("rollback-latched"), () => {
    until = 0;
  });
  Object.assign(world.platform.target, {
    observe: async (...args: Parameters<typeof observe>) => {
      const live = await observe(...args);
      if (until === undefined || world.clock.mono() >= until) return live;
      return { ...live, measuredSharePct: { [OLD]: 95, [NEW]: 5 }, measuredRequests: 5_000 };
    },
  });
}

interface Hold {
  readonly row: string;
  readonly what: string;
  readonly config?: WorldOptions["config"];
  readonly script: (world: FakeWorld) => void;
  readonly outcome: RunOutcome;
  readonly trigger?: Trigger["kind"];
}

const HOLDS: Hold[] = [
  {
    row: "C4",
    what: "a degraded environment that mends itself",
    config: FOUR,
    script: (world) => instances(world, "stage-1/watch", 6 * MINUTE),
    outcome: "SUCCESS",
  },
  {
    row: "C4",
    what: "a degraded environment that does not",
    config: FOUR,
    script: (world) => instances(world, "stage-1/watch", 30 * MINUTE),
    outcome: "ROLLED_BACK",
    trigger: "infra",
  },
  {
    row: "D9",
    what: "the same at 100 %",
    config: FOUR,
    script: (world) => instances(world, "stage-2/watch", 30 * MINUTE),
    outcome: "ROLLED_BACK",
    trigger: "infra",
  },
  {
    row: "C5",
    what: "a wrong share that is put right",
    script: (world) => astray(world, "stage-1/watch", 6 * MINUTE),
    outcome: "SUCCESS",
  },
  {
    row: "C5",
    what: "a wrong share that stays",
    script: (world) => astray(world, "stage-1/watch", 30 * MINUTE),
    outcome: "ROLLED_BACK",
    trigger: "target",
  },
];

describe("what may mend itself holds without a question, attended or not", () => {
  test.each(HOLDS.flatMap((hold) => [true, false].map((unattended) => ({ ...hold, unattended }))))(
    "$row: $what (unattended: $unattended): $outcome",
    async ({ script, outcome, trigger, ...options }) => {
      const world = fakeWorld(options);
      script(world);
      await world.live();
      const state = world.state();
      expect({ outcome: state.outcome?.outcome, trigger: state.latched?.kind }).toEqual({ outcome, trigger });
      expect(eventsOf(world, "question")).toEqual([]);
      expect(eventsOf(world, "held")).toHaveLength(1);
      if (trigger) within(10, at(world, first("rollback-latched")) - at(world, first("held")));
      const [key] = eventsOf(world, "held").map((event) => event.key as string);
      const watched = state.watches.get(key ?? "");
      // While it is held the clock of the watch stands still.
      expect(watched?.servedMs).toBeLessThanOrEqual(2 * MINUTE);
    },
  );
});

describe("C8, D10: a failing P2 check", () => {
  const P2: SmokeResult = { ...SMOKE_FAIL, id: "banner", priority: "P2" };
  const failingUntil = (world: FakeWorld, ms: number, key = "stage-1/watch") => {
    const well = world.senses.smoke;
    let until: number | undefined;
    world.senses.smoke = (mode, version) => {
      if (!world.events().some(started(key)) || mode !== "production") return well(mode, version);
      until ??= world.clock.mono() + ms;
      const outcome = world.clock.mono() < until ? "fail" : "pass";
      return [
        { ...SMOKE_PASS, versionObserved: version },
        { ...P2, outcome },
      ];
    };
  };
  const stageMs = (world: FakeWorld, key: string) =>
    at(world, ({ event }) => event.event === "watch-ended" && event.key === key) - at(world, started(key));

  test("wants one full clean window, then goes on proven", async () => {
    const world = fakeWorld();
    failingUntil(world, 30_000);
    await world.live();
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
    expect(eventsOf(world, "extended")).toHaveLength(1);
    expect(eventsOf(world, "question")).toEqual([]);
    expect(stageMs(world, "stage-1/watch")).toBeGreaterThanOrEqual(30_000 + 60_000);
  });

  test("that stays is asked about; a person goes on, and the release is proven by its metrics", async () => {
    const world = fakeWorld();
    failingUntil(world, 20 * MINUTE, "stage-2/watch");
    world.when(asked, () => void world.ask(answer("continue")));
    await world.live();
    expect(eventsOf(world, "question").map(({ question }) => question.about)).toEqual(["inconclusive"]);
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });

  test("that nobody decides about never goes back by itself", async () => {
    const world = fakeWorld({ unattended: true });
    failingUntil(world, 60 * MINUTE, "stage-2/watch");
    await world.live();
    expect(world.state().latched).toBeUndefined();
    expect(world.state().outcome?.outcome).toBe("UNPROVEN");
  });

  test("of priority P3 is named and no more", async () => {
    const world = fakeWorld();
    world.senses.smoke = (_mode, version) => [
      { ...SMOKE_PASS, versionObserved: version },
      { ...P2, priority: "P3" },
    ];
    await world.live();
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
    expect(eventsOf(world, "extended")).toEqual([]);
  });
});

describe("note to D: instances of the old version that are unwell", () => {
  const killed = (world: FakeWorld) =>
    world.when(started("stage-1/watch"), () => {
      for (const instance of world.platform.instances("production", OLD)) instance.oomKills += 1;
    });

  test("hold the rollout and ask; a person goes on, and the stage serves the rest of its time", async () => {
    const world = fakeWorld();
    killed(world);
    world.when(asked, () => void world.ask(answer("continue")));
    await world.live();
    const [question] = eventsOf(world, "question");
    expect(question?.question).toMatchObject({ about: "inconclusive", options: ["continue", "rollback"], early: true });
    expect(question?.question.text).toMatch(/instances of 1\.0\.0 are unwell: 2 out-of-memory kills/);
    expect(world.state().watches.get("stage-1/watch")?.servedMs).toBeGreaterThanOrEqual(MINUTE);
    expect(world.state().latched).toBeUndefined();
  });

  test("go back when a person says so", async () => {
    const world = fakeWorld();
    killed(world);
    world.when(asked, () => void world.ask(answer("rollback")));
    await world.live();
    expect(world.state()).toMatchObject({ outcome: { outcome: "ROLLED_BACK" }, latched: { kind: "manual" } });
  });

  test("never go back by themselves: unanswered, the rest of the time is served and nothing counts as proven", async () => {
    const world = fakeWorld({ unattended: true });
    killed(world);
    await world.live();
    expect(world.state().latched).toBeUndefined();
    expect(world.state().watches.get("stage-1/watch")).toMatchObject({ end: { end: "served", proven: false } });
    expect(world.state().watches.get("stage-1/watch")?.servedMs).toBeGreaterThanOrEqual(MINUTE);
  });

  test("that were killed before the run are nobody's concern", async () => {
    const world = fakeWorld();
    for (const instance of world.platform.instances("production", OLD)) instance.oomKills = 3;
    await world.live();
    expect(eventsOf(world, "question")).toEqual([]);
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });
});
