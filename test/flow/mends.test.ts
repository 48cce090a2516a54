import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { FlowEvent, Request } from "../../mcp-server/flow/events.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { applyEvent, foldEvents } from "../../mcp-server/flow/state.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import type { RunOutcome } from "../../mcp-server/vocab/index.ts";
import { type FakeWorld, fakeWorld, type WorldOptions } from "./fake-world.ts";
import { answer, asked, bad, eventsOf, MILD, started } from "./scripts.ts";

interface Flight extends WorldOptions {
  readonly name: string;
  readonly request: (world: FakeWorld) => Request;
  readonly when: (stamped: Stamped<FlowEvent>) => boolean;
  readonly script?: (world: FakeWorld) => void;
  readonly outcome: RunOutcome;
}

const REAL_USERS: WorldOptions = {
  production: true,
  config: {
    canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
    observe: "15m",
    metrics: { poll: "60s" },
    approvals: { accept: ["terminal"] },
  },
};
const approval = (decision: "approve" | "reject") => (world: FakeWorld) =>
  ({ kind: "approve", decision, planHash: planHash(world.plan), way: "terminal", person: "ada" }) as const;
const mild = (world: FakeWorld) => bad(world, 0.05);

const FLIGHTS: Flight[] = [
  {
    name: "an abort before anybody is exposed",
    request: () => ({ kind: "abort", reason: "wrong day" }),
    when: ({ event }) => event.event === "baseline",
    outcome: "ABORTED",
  },
  {
    name: "a rollback",
    request: () => ({ kind: "rollback", reason: "support calls" }),
    when: started("stage-1/watch"),
    outcome: "ROLLED_BACK",
  },
  { name: "an approval", ...REAL_USERS, request: approval("approve"), when: asked, outcome: "SUCCESS" },
  { name: "a rejection", ...REAL_USERS, request: approval("reject"), when: asked, outcome: "ABORTED" },
  {
    name: "an acceptance",
    config: MILD,
    script: mild,
    request: () => answer("accept"),
    when: asked,
    outcome: "SUCCESS_RISK_ACCEPTED",
  },
  {
    name: "an answer that goes back",
    config: MILD,
    script: mild,
    request: () => answer("rollback"),
    when: asked,
    outcome: "ROLLED_BACK",
  },
];

describe("a request that was in flight when its runner died", () => {
  const told = (flight: Flight) => {
    const world = fakeWorld(flight);
    flight.script?.(world);
    world.when(flight.when, () => void world.ask(flight.request(world), "req-flight"));
    return world;
  };

  test.each(FLIGHTS)("$name is done by the next one", async (flight) => {
    const whole = told(flight);
    await whole.live();
    expect(whole.state().outcome?.outcome).toBe(flight.outcome);
    const seq = whole.events().find(({ event }) => event.event === "request" && event.id === "req-flight")?.seq;
    for (const n of [seq ?? 0, (seq ?? 0) + 1]) {
      const world = told(flight);
      expect((await world.live({ at: "append", n })).ended).toBe("died");
      await world.live();
      expect(world.state().outcome?.outcome, `died after append ${n}`).toBe(flight.outcome);
      expect(eventsOf(world, "request")).toHaveLength(1);
      expect(eventsOf(world, "answer").filter(({ answer: given }) => given === "expired")).toEqual([]);
    }
  });
});

describe("a smoke result that the journal refuses", () => {
  test("is not lost: the checks are asked again and their answer counts", async () => {
    const world = fakeWorld();
    const well = world.senses.smoke;
    let rounds = 0;
    world.senses.smoke = (mode, version) => {
      const { disk, clock } = world;
      if (mode === "production") rounds += 1;
      if (mode === "production" && rounds === 1) {
        disk().faults.failFrom = { operation: disk().operations() + 1, code: "ENOSPC" };
        void clock.sleep(1_000).then(() => {
          delete disk().faults.failFrom;
        });
      }
      return well(mode, version);
    };
    await world.live();
    const kept = eventsOf(world, "smoke").filter(({ key }) => key === "stage-1/watch");
    expect(kept).toMatchObject([{ verdict: { outcome: "PASS" } }]);
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });
});

describe("a question that was withdrawn", () => {
  test("takes no answer any more, and the answer decides nothing that is asked later", async () => {
    const world = fakeWorld({ config: MILD });
    world.when(started("stage-1/watch"), async () => {
      world.senses.metricsDead = true;
      await world.clock.sleep(120_000);
      world.senses.metricsDead = false;
    });
    const receipts: unknown[] = [];
    world.when(
      ({ event }) => event.event === "answer" && event.answer === "withdrawn",
      () => void receipts.push(world.ask(answer("rollback"))),
    );
    await world.live();
    expect(receipts).toMatchObject([{ taken: false, note: "nothing is being asked" }]);
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });
});

describe("probes that failed while the metrics were gone", () => {
  test("do not count in the next outage", async () => {
    const world = fakeWorld();
    await world.live();
    const events = world.events();
    const at = events.findLastIndex(({ event }) => event.event === "poll" && event.key === "stage-1/watch");
    const state = foldEvents(world.plan, events.slice(0, at + 1));
    const poll = events[at]?.event;
    if (poll?.event !== "poll") throw new Error("stage 1 was not polled");
    const tell = (change: Partial<typeof poll>) =>
      applyEvent(state, { ...events[at], event: { ...poll, ...change } } as Stamped<FlowEvent>);
    const failing = () => state.watches.get("stage-1/watch")?.probesFail;
    tell({ increments: [], probesFail: true });
    expect(failing()).toBe(true);
    tell({});
    expect(failing()).toBe(false);
    tell({ increments: [] });
    expect(failing()).toBe(false);
  });
});

describe("traffic withdrawn after a first deployment", () => {
  const first: WorldOptions = {
    serving: undefined,
    parameters: { firstDeploy: true },
    config: { tests: { candidate: { reports: ["reports/{version}.xml"] } } },
  };

  test.each([
    { name: "cannot be read for half a minute", ms: 30_000, outcome: "ROLLED_BACK" },
    { name: "can never be read", ms: Infinity, outcome: "ROLLBACK_FAILED" },
  ])("that $name: $outcome", async ({ ms, outcome }) => {
    const world = fakeWorld(first);
    bad(world, 0.5);
    let until: number | undefined;
    world.platform.fault = ({ op }) => {
      if (op !== "observe" || !world.state().intents.has("rollback/withdrawn")) return undefined;
      until ??= world.clock.mono() + ms;
      return world.clock.mono() < until ? new Error("the platform does not answer") : undefined;
    };
    await world.live();
    expect(world.state().outcome?.outcome).toBe(outcome);
  });
});

test("a limit of the way back that is no whole number of milliseconds goes back", async () => {
  const world = fakeWorld({ config: { waits: { rollbackVerify: "60s", rollbackTraffic: "60.0005s" } } });
  expect(Number.isInteger(world.plan.waits.rollbackTrafficMs)).toBe(false);
  world.when(started("stage-1/watch"), () => void world.ask({ kind: "rollback", reason: "support calls" }));
  await world.live();
  expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
});
