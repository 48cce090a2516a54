import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { Receipt } from "../../mcp-server/flow/requests.ts";
import type { SmokeResult } from "../../mcp-server/judge/index.ts";
import { SMOKE_FAIL, SMOKE_PASS } from "./fake-hands.ts";
import { type FakeWorld, fakeWorld, NEW, type WorldOptions } from "./fake-world.ts";
import { answer, asked, at, bad, eventsOf, first, MILD, MINUTE, within } from "./scripts.ts";

/** Table E of the specification over whole runs, a row a case, by its row names. */

describe("table E: a person decides over a held regression", () => {
  const held = (o: WorldOptions = {}) => {
    const world = fakeWorld({ ...o, config: { ...MILD, ...o.config } });
    bad(world, 0.05);
    return world;
  };
  const told = (world: FakeWorld, ...choices: Parameters<typeof answer>[0][]) => {
    const receipts: (Receipt | undefined)[] = [];
    const next = (choice?: Parameters<typeof answer>[0], ...others: Parameters<typeof answer>[0][]) => {
      if (!choice) return;
      world.when(asked, () => {
        next(...others);
        receipts.push(world.ask(answer(choice)));
      });
    };
    next(...choices);
    return receipts;
  };

  test("rollback: goes back", async () => {
    const world = held();
    told(world, "rollback");
    await world.live();
    expect(world.state()).toMatchObject({ latched: { kind: "manual" }, outcome: { outcome: "ROLLED_BACK" } });
  });

  test("accept with a reason: goes on, and ends as accepted", async () => {
    const world = held();
    told(world, "accept");
    await world.live();
    expect(world.state().outcome?.outcome).toBe("SUCCESS_RISK_ACCEPTED");
    expect(eventsOf(world, "answer")).toMatchObject([{ answer: "accept", validMs: 24 * 60 * MINUTE }]);
  });

  test("accept has an end: what is still worse then is asked about again", async () => {
    const world = held({
      unattended: true,
      config: { waits: { acceptance: "3m" }, canary: { stages: [20, 100], stageDuration: "10m" } },
    });
    told(world, "accept");
    await world.live();
    expect(eventsOf(world, "question").map(({ question }) => question.about)).toEqual(["regression", "regression"]);
    const [question, again] = world.events().filter(first("question"));
    within(3, Date.parse(again?.at ?? "") - Date.parse(question?.at ?? ""));
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  const failing = (change: Partial<SmokeResult>): SmokeResult[] => [
    { ...SMOKE_PASS, versionObserved: NEW },
    { ...SMOKE_FAIL, id: "login", ...change },
  ];
  test.each([
    { what: "a P0 failure", check: { priority: "P0", attempts: 1 }, says: /the P0 check login fails/ },
    { what: "a P1 failure", check: { priority: "P1", attempts: 1 }, says: /the P1 check login fails/ },
    {
      what: "a security failure",
      check: { priority: "P2", group: "security" },
      says: /the security check login fails/,
    },
  ] as const)("accept over $what: refused with the reason, and the rollout stays held", async ({ check, says }) => {
    const world = held({ unattended: true });
    const well = world.senses.smoke;
    world.senses.smoke = (mode, version) => (mode === "production" ? failing(check) : well(mode, version));
    const receipts = told(world, "accept");
    await world.live();
    expect(receipts).toMatchObject([{ taken: false, note: expect.stringMatching(says) }]);
    expect(receipts[0]?.note).toMatch(/stays held/);
    expect(world.state().accepted).toBe(false);
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test.each([
    { what: "without a reason", request: { ...answer("accept"), reason: " " }, says: /needs a reason/ },
    {
      what: "in a way that does not count",
      request: { ...answer("accept"), way: "none" as const },
      says: /does not count/,
    },
  ])("accept $what: refused, and the rollout stays held", async ({ request, says }) => {
    const config = {
      ...MILD,
      canary: { stages: [20, 100], stageDuration: "10m" },
      observe: "15m",
      metrics: { poll: "60s" },
    };
    const world = held({ production: true, unattended: true, config });
    world.when(
      ({ event }) => event.event === "question" && event.question.about === "approval",
      () =>
        void world.ask({
          kind: "approve",
          decision: "approve",
          planHash: eventsOf(world, "run-opened")[0]?.planHash as never,
          way: "terminal",
          person: "ada",
        }),
    );
    const receipts: (Receipt | undefined)[] = [];
    world.when(
      ({ event }) => event.event === "question" && event.question.about === "regression",
      () => void receipts.push(world.ask(request)),
    );
    await world.live();
    expect(receipts).toMatchObject([{ taken: false, note: expect.stringMatching(says) }]);
    expect(world.state().accepted).toBe(false);
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("investigate: at most 60 minutes undisturbed, then a decision is due, without a second investigation", async () => {
    const world = held();
    told(world, "investigate");
    await world.live();
    const questions = eventsOf(world, "question");
    expect(questions.map(({ question }) => question.options)).toEqual([
      ["rollback", "accept", "investigate"],
      ["rollback", "accept"],
    ]);
    const [, again] = world.events().filter(first("question"));
    const asked2 = Date.parse(again?.at ?? "");
    within(65, at(world, first("reminded")) - asked2);
    within(120, at(world, first("rollback-latched")) - asked2);
  });

  test("investigate: the decision may come earlier", async () => {
    const world = held();
    told(world, "investigate", "accept");
    await world.live();
    expect(world.state().outcome?.outcome).toBe("SUCCESS_RISK_ACCEPTED");
  });

  test("no answer: told again every 5 minutes, never accepted", async () => {
    const world = held();
    await world.live();
    const reminders = world.events().filter(first("reminded"));
    expect(reminders).toHaveLength(11);
    const times = [at(world, first("question")), ...reminders.map((stamped) => Date.parse(stamped.at))];
    for (const [index, time] of times.slice(1).entries()) within(5, time - (times[index] ?? 0));
    expect(world.state().accepted).toBe(false);
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("any harm while it is asked: goes back", async () => {
    const world = held();
    world.when(asked, () => void bad(world, 0.6));
    await world.live();
    expect(world.state()).toMatchObject({ latched: { kind: "slo" }, outcome: { outcome: "ROLLED_BACK" } });
  });
});
