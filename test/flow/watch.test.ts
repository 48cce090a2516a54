import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { Trigger } from "../../mcp-server/flow/events.ts";
import type { RunOutcome } from "../../mcp-server/vocab/index.ts";
import { SMOKE_FAIL } from "./fake-hands.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";
import { answer, asked, bad, blind, blindSince, DAY, eventsOf, type Kind, MILD, MINUTE, started } from "./scripts.ts";

interface Case extends WorldOptions {
  readonly name: string;
  readonly script: (world: FakeWorld) => void;
  readonly outcome: RunOutcome;
  readonly trigger?: Trigger["kind"];
  readonly questions?: string[];
}

const CASES: Case[] = [
  { name: "nothing happens", script: () => {}, outcome: "SUCCESS" },
  {
    name: "a regression shows and the flag is on",
    config: { ...MILD, rollbackOnRegression: true },
    script: (world) => bad(world, 0.05),
    outcome: "ROLLED_BACK",
    trigger: "regression",
  },
  {
    name: "a regression shows only at 100 %",
    config: { ...MILD, rollbackOnRegression: true },
    script: (world) => world.when(started("stage-2/watch"), () => void bad(world, 0.05)),
    outcome: "ROLLED_BACK",
    trigger: "regression",
  },
  {
    name: "latencies double",
    script: (world) => world.platform.conduct.set(NEW, { failed: 0, slow: 0.3 }),
    outcome: "ROLLED_BACK",
    trigger: "slo",
  },
  {
    name: "half of what the new version is sent is never answered",
    config: { rollbackOnRegression: false },
    script: (world) => world.platform.conduct.set(NEW, { failed: 0, slow: 0, lost: 0.5 }),
    outcome: "ROLLED_BACK",
    trigger: "slo",
    questions: ["regression"],
  },
  {
    name: "less of what it is sent is never answered: a regression, and no trigger",
    config: { canary: { stages: [50, 100], stageDuration: "10m", minRequests: 50 } },
    script: (world) => world.platform.conduct.set(NEW, { failed: 0, slow: 0, lost: 0.15 }),
    outcome: "ROLLED_BACK",
    trigger: "regression",
  },
  {
    name: "a service level breaks although regressions are not rolled back",
    config: { rollbackOnRegression: false },
    script: (world) => bad(world, 0.3),
    outcome: "ROLLED_BACK",
    trigger: "slo",
  },
  {
    name: "a held regression is accepted",
    config: MILD,
    script: (world) => {
      bad(world, 0.05);
      world.when(asked, () => void world.ask(answer("accept")));
    },
    outcome: "SUCCESS_RISK_ACCEPTED",
    questions: ["regression"],
  },
  {
    name: "a held regression is sent back",
    config: MILD,
    script: (world) => {
      bad(world, 0.05);
      world.when(asked, () => void world.ask(answer("rollback")));
    },
    outcome: "ROLLED_BACK",
    trigger: "manual",
    questions: ["regression"],
  },
  {
    name: "a held regression is investigated and then left unanswered",
    config: MILD,
    unattended: true,
    script: (world) => {
      bad(world, 0.05);
      world.when(asked, () => void world.ask(answer("investigate")));
    },
    outcome: "ROLLED_BACK",
    trigger: "regression",
    questions: ["regression", "regression"],
  },
  {
    name: "an accepted regression becomes a breach",
    config: MILD,
    script: (world) => {
      bad(world, 0.05);
      world.when(asked, () => void world.ask(answer("accept")));
      world.when(started("stage-2/watch"), () => void bad(world, 0.5));
    },
    outcome: "ROLLED_BACK",
    trigger: "slo",
    questions: ["regression"],
  },
  {
    name: "there is too little traffic to prove anything, and nobody answers",
    unattended: true,
    script: (world) => {
      world.platform.rps.production = 0.1;
    },
    outcome: "UNPROVEN",
    questions: ["inconclusive", "inconclusive"],
  },
  {
    name: "there is too little traffic, and a person goes on",
    config: { canary: { stages: [100], minRequests: 50 } },
    script: (world) => {
      world.platform.rps.production = 0.5;
      world.when(asked, () => void world.ask(answer("continue")));
    },
    outcome: "UNPROVEN",
    questions: ["inconclusive"],
  },
  {
    name: "the metrics die for good",
    unattended: true,
    script: (world) =>
      world.when(started("stage-1/watch"), () => {
        world.senses.metricsDead = true;
        world.when(
          ({ event }) => event.event === "rollback-latched",
          () => {
            world.senses.metricsDead = false;
          },
        );
      }),
    outcome: "ROLLED_BACK",
    trigger: "data",
    questions: ["data"],
  },
  {
    name: "the metrics die and the smoke checks fail",
    script: (world) =>
      world.when(started("stage-2/watch"), () => {
        world.when(
          ({ event }) => event.event === "smoke" && event.key === "stage-2/watch",
          () => {
            const well = world.senses.smoke;
            world.senses.metricsDead = true;
            world.senses.smoke = () => [SMOKE_FAIL];
            world.when(
              ({ event }) => event.event === "rollback-latched",
              () => {
                world.senses.metricsDead = false;
                world.senses.smoke = well;
              },
            );
          },
        );
      }),
    outcome: "ROLLED_BACK",
    trigger: "data",
    questions: ["data"],
  },
  {
    name: "a P0 smoke check fails although regressions are not rolled back",
    config: { rollbackOnRegression: false },
    script: (world) => {
      const well = world.senses.smoke;
      world.senses.smoke = (mode, version) => (mode === "production" ? [SMOKE_FAIL] : well(mode, version));
    },
    outcome: "ROLLED_BACK",
    trigger: "smoke",
  },
  {
    name: "smoke checks fail before anybody is exposed",
    script: (world) => {
      world.senses.smoke = () => [SMOKE_FAIL];
    },
    outcome: "ABORTED",
  },
  {
    name: "an instance is killed for its memory",
    script: (world) =>
      world.when(started("stage-1/watch"), () => {
        for (const instance of world.platform.instances("production", NEW)) {
          instance.oomKills = 1;
          instance.restarts = 1;
        }
      }),
    outcome: "ROLLED_BACK",
    trigger: "infra",
  },
  {
    name: "most instances fail their health checks",
    script: (world) =>
      world.when(started("stage-2/watch"), () => {
        for (const instance of world.platform.instances("production", NEW)) instance.state = "unhealthy";
      }),
    outcome: "ROLLED_BACK",
    trigger: "infra",
  },
  {
    name: "the old version had been killed for its memory long before the run, and the new one is bad",
    script: (world) => {
      for (const instance of world.platform.instances("production", OLD)) {
        Object.assign(instance, { oomKills: 1, crashes: 5, restarts: 6 });
      }
      bad(world, 0.3);
    },
    outcome: "ROLLED_BACK",
    trigger: "slo",
  },
  {
    name: "the platform cannot be read for two minutes, with metrics",
    script: (world) => blind(world, "stage-1/watch", 2 * MINUTE),
    outcome: "SUCCESS",
    questions: ["data"],
  },
  {
    name: "the platform cannot be read when the last smoke checks are due",
    script: (world) =>
      blindSince(world, ({ event }) => event.event === "intent" && event.key === "production/smoke", 2 * MINUTE),
    outcome: "UNPROVEN",
  },
];

describe("what a watch makes of it", () => {
  test.each(CASES)("when $name: $outcome", async ({ script, outcome, trigger, questions, ...options }) => {
    const world = fakeWorld(options);
    script(world);
    const life = await world.live();
    expect(life.error).toBeUndefined();
    const state = world.state();
    expect(
      {
        outcome: state.outcome?.outcome,
        trigger: state.latched?.kind,
        questions: eventsOf(world, "question").map(({ question }) => question.about),
      },
      JSON.stringify(state.outcome),
    ).toEqual({ outcome, trigger, questions: questions ?? [] });
    const serving = world.platform.pools("production").filter((pool) => pool.weightPct > 0);
    const stays = outcome === "ROLLED_BACK" || outcome === "ABORTED" ? OLD : NEW;
    expect(serving).toMatchObject([{ version: stays, weightPct: 100 }]);
  });

  test.each([
    { unattended: false, minutes: 60 },
    { unattended: true, minutes: 10 },
  ])(
    "an unanswered regression goes back after $minutes minutes (unattended: $unattended)",
    async ({ unattended, minutes }) => {
      const world = fakeWorld({ unattended, config: MILD });
      bad(world, 0.05);
      await world.live();
      const at = (kind: Kind) => Date.parse(world.events().find(({ event }) => event.event === kind)?.at ?? "");
      const waited = at("rollback-latched") - at("question");
      expect(waited).toBeGreaterThanOrEqual(minutes * MINUTE);
      expect(waited).toBeLessThanOrEqual((minutes + 1) * MINUTE);
    },
  );

  test.each([DAY, -DAY, 1_000, -1_000])("a jump of the wall clock by %i ms changes nothing", async (jumpMs) => {
    const tell = async (jump: number) => {
      const world = fakeWorld({ config: MILD });
      bad(world, 0.05);
      for (const key of ["stage-1/watch", "stage-2/watch"]) {
        world.when(started(key), () => world.clock.jumpWall(jump));
        world.when(
          ({ event }) => event.event === "poll" && event.key === key && event.elapsedMs > 0,
          () => world.clock.jumpWall(jump),
        );
      }
      world.when(asked, async () => {
        world.clock.jumpWall(jump);
        await world.clock.sleep(5 * MINUTE);
        world.ask(answer("accept"));
      });
      await world.live();
      return world.events().map(({ event }) => [event.event, "key" in event ? event.key : ""]);
    };
    expect(await tell(jumpMs)).toEqual(await tell(0));
  });

  test("a question goes when its reason goes, and what comes later is asked anew with its whole deadline", async () => {
    const world = fakeWorld({
      config: {
        ...MILD,
        canary: { stages: [20, 100], stageDuration: "70m", minRequests: 50 },
        metrics: { poll: "60s" },
        judge: { warmupPolls: 0 },
      },
    });
    blind(world, "stage-1/watch", 3 * MINUTE);
    world.when(started("stage-2/watch"), () => void bad(world, 0.05));
    await world.live();
    expect(eventsOf(world, "question").map(({ question }) => question.about)).toEqual(["data", "regression"]);
    const [first] = eventsOf(world, "answer");
    expect(first).toMatchObject({ answer: "withdrawn", person: "nobody" });
    const times = world
      .events()
      .filter(({ event }) => event.event === "question" || event.event === "rollback-latched");
    const [, question, back] = times.map(({ at }) => Date.parse(at));
    expect((back ?? 0) - (question ?? 0)).toBeGreaterThanOrEqual(60 * MINUTE);
  });

  test("dead metrics cannot be accepted as if they were a regression", async () => {
    const world = fakeWorld({ config: MILD });
    blind(world, "stage-1/watch", 3 * MINUTE);
    const receipts: unknown[] = [];
    world.when(asked, () => void receipts.push(world.ask(answer("accept"))));
    await world.live();
    expect(receipts).toMatchObject([{ taken: false }]);
    expect(world.state().accepted).toBe(false);
  });

  test("without metrics, a stage whose instances cannot be read is not left on what was seen before", async () => {
    const world = fakeWorld({ unattended: true, config: { metrics: undefined } });
    blind(world, "stage-1/watch", 3 * MINUTE);
    await world.live();
    const end = world.events().find(({ event }) => event.event === "watch-ended" && event.key === "stage-1/watch");
    const start = world.events().find(started("stage-1/watch"));
    expect(Date.parse(end?.at ?? "") - Date.parse(start?.at ?? "")).toBeGreaterThanOrEqual(3 * MINUTE);
  });

  test("a blue-green release whose old version could not be measured is not called proven", async () => {
    const world = fakeWorld({ unattended: true, parameters: { strategy: "blue-green" } });
    world.senses.historyDead = true;
    await world.live();
    expect(world.state().outcome?.outcome).toBe("UNPROVEN");
  });
});
