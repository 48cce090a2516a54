import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { openRun, stepKey } from "../../mcp-server/flow/engine.ts";
import type { FlowEvent, Request } from "../../mcp-server/flow/events.ts";
import { readInbox } from "../../mcp-server/flow/inbox.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { type Receipt, takeRequest } from "../../mcp-server/flow/requests.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { type Actor, type RunOutcome, sha256 } from "../../mcp-server/vocab/index.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, RUN_ID, type WorldOptions } from "./fake-world.ts";
import { weightsTold } from "./invariants.ts";

const REAL_USERS: WorldOptions = {
  production: true,
  config: {
    canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
    observe: "15m",
    metrics: { poll: "60s" },
    approvals: { accept: ["terminal"] },
  },
};
const RUNNER: Actor = { kind: "runner", name: "deploy-flow" };
const ADA: Actor = { kind: "person", name: "ada" };
const MILD = { slo: { errorRatePct: 20 }, triggers: { errorRatePp: 20 }, rollbackOnRegression: false };

const approve = (world: FakeWorld, change: Partial<Extract<Request, { kind: "approve" }>> = {}): Request => ({
  kind: "approve",
  decision: "approve",
  planHash: planHash(world.plan),
  way: "terminal",
  person: "ada",
  ...change,
});
const answer = (change: Partial<Extract<Request, { kind: "answer" }>> = {}): Request => ({
  kind: "answer",
  answer: "accept",
  way: "terminal",
  person: "ada",
  reason: "known",
  ...change,
});
const abort: Request = { kind: "abort", reason: "wrong day" };
const back: Request = { kind: "rollback", reason: "support calls" };

type Moment = (event: FlowEvent) => boolean;
const asked: Moment = (event) => event.event === "question";
const held: Moment = (event) => event.event === "question" && event.question.about === "regression";
const exposed: Moment = (event) => event.event === "poll" && event.key === "stage-1/watch";
const early: Moment = (event) => event.event === "step";
const latched: Moment = (event) => event.event === "rollback-latched";
const over: Moment = (event) => event.event === "outcome";

/** Sends requests at a moment of a run and lets the run end. */
async function sent(
  world: FakeWorld,
  moment: Moment,
  ...requests: [Request, string?][]
): Promise<(Receipt | undefined)[]> {
  const receipts: (Receipt | undefined)[] = [];
  world.when(
    ({ event }) => moment(event),
    () => {
      for (const [request, id] of requests) receipts.push(world.ask(request, id));
    },
  );
  await world.live();
  return receipts;
}

const outcomeOf = (world: FakeWorld) => world.state().outcome?.outcome;

describe("the approval of a plan for real users", () => {
  test.each<{ name: string; requests: (world: FakeWorld) => Request[]; taken: boolean[]; outcome: RunOutcome }>([
    { name: "given in a terminal", requests: (world) => [approve(world)], taken: [true], outcome: "SUCCESS" },
    {
      name: "for another plan",
      requests: (world) => [approve(world, { planHash: sha256("another") })],
      taken: [false],
      outcome: "ABORTED",
    },
    {
      name: "in a way that does not count",
      requests: (world) => [approve(world, { way: "flag" })],
      taken: [false],
      outcome: "ABORTED",
    },
    { name: "by nobody", requests: (world) => [approve(world, { way: "none" })], taken: [false], outcome: "ABORTED" },
    { name: "twice", requests: (world) => [approve(world), approve(world)], taken: [true, false], outcome: "SUCCESS" },
    {
      name: "and then refused",
      requests: (world) => [approve(world), approve(world, { decision: "reject" })],
      taken: [true, false],
      outcome: "SUCCESS",
    },
    {
      name: "refused",
      requests: (world) => [approve(world, { decision: "reject" })],
      taken: [true],
      outcome: "ABORTED",
    },
    {
      name: "after a wrong one",
      requests: (world) => [approve(world, { way: "flag" }), approve(world)],
      taken: [false, true],
      outcome: "SUCCESS",
    },
    {
      name: "as the answer to a question",
      requests: () => [answer({ answer: "continue" })],
      taken: [false],
      outcome: "ABORTED",
    },
  ])("$name: $outcome", async ({ requests, taken, outcome }) => {
    const world = fakeWorld(REAL_USERS);
    const receipts = await sent(world, asked, ...requests(world).map((request): [Request] => [request]));
    expect(receipts.map((receipt) => receipt?.taken)).toEqual(taken);
    expect(outcomeOf(world)).toBe(outcome);
    if (outcome === "ABORTED") expect(world.platform.calls.filter(({ op }) => op === "apply")).toEqual([]);
  });

  test("may come at the start, and is then never asked for", async () => {
    const world = fakeWorld(REAL_USERS);
    world.ask(approve(world));
    await world.live();
    expect(outcomeOf(world)).toBe("SUCCESS");
    expect(world.events().filter(({ event }) => asked(event))).toEqual([]);
  });

  test("is asked for after the staging gate passed, for an hour, and then the run ends without a change", async () => {
    const world = fakeWorld(REAL_USERS);
    await world.live();
    const kinds = world.events().map(({ event }) => event.event);
    expect(kinds.indexOf("question")).toBeGreaterThan(kinds.indexOf("gate"));
    expect(outcomeOf(world)).toBe("ABORTED");
    expect(world.clock.mono()).toBeGreaterThanOrEqual(3_600_000);
    expect(world.platform.calls.filter(({ op }) => op === "apply")).toEqual([]);
  });

  test("is not asked for when the staging gate blocks", async () => {
    const world = fakeWorld({ ...REAL_USERS, failingTests: 2 });
    await world.live();
    expect(outcomeOf(world)).toBe("BLOCKED");
    expect(world.events().filter(({ event }) => asked(event))).toEqual([]);
  });

  test("is nobody's to give where no real users are, and the journal says so", async () => {
    const world = fakeWorld();
    await world.live();
    expect(world.state().approval).toMatchObject({ decision: "approve", way: "none" });
    expect(world.events().filter(({ event }) => asked(event))).toEqual([]);
  });
});

describe("stopping a run", () => {
  test.each([
    { name: "abort", request: abort, moment: early, outcome: "ABORTED", weights: [] },
    { name: "rollback", request: back, moment: early, outcome: "ABORTED", weights: [] },
    { name: "abort", request: abort, moment: exposed, outcome: "ROLLED_BACK", weights: [20] },
    { name: "rollback", request: back, moment: exposed, outcome: "ROLLED_BACK", weights: [20] },
  ])("$name, $outcome", async ({ request, moment, outcome, weights }) => {
    const world = fakeWorld();
    expect(await sent(world, moment, [request])).toMatchObject([{ taken: true }]);
    expect(outcomeOf(world)).toBe(outcome);
    expect(weightsTold(world)).toEqual(weights);
    expect(world.platform.pools("production")).toMatchObject([{ version: OLD, weightPct: 100 }]);
    expect(world.state().outcome?.runningVersion).toBe(OLD);
  });

  test("while a question waits needs no answer to it", async () => {
    const world = fakeWorld(REAL_USERS);
    await sent(world, asked, [abort]);
    expect(outcomeOf(world)).toBe("ABORTED");
    expect(world.clock.mono()).toBeLessThan(60_000);
  });

  test.each([
    { name: "while the run goes back", moment: latched, requests: [abort, back], says: /going back already/ },
    { name: "after its outcome", moment: over, requests: [abort, back, answer()], says: /has ended/ },
  ])("is refused $name", async ({ moment, requests, says }) => {
    const world = fakeWorld();
    world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 });
    const receipts = await sent(world, moment, ...requests.map((request): [Request] => [request]));
    expect(receipts).toHaveLength(requests.length);
    for (const receipt of receipts) expect(receipt).toMatchObject({ taken: false, note: expect.stringMatching(says) });
    expect(outcomeOf(world)).toBe("ROLLED_BACK");
  });
});

describe("a request that comes twice", () => {
  test("is journalled and acted on once", async () => {
    const world = fakeWorld();
    const receipts = await sent(world, exposed, [back, "req-x"], [back, "req-x"]);
    expect(receipts).toMatchObject([{ taken: true }, { taken: true, note: expect.stringMatching(/before/) }]);
    expect(world.events().filter(({ event }) => event.event === "request")).toHaveLength(1);
    expect(world.events().filter(({ event }) => latched(event))).toHaveLength(1);
  });

  test("is refused again when it was refused the first time", async () => {
    const world = fakeWorld();
    const receipts = await sent(world, exposed, [answer(), "req-x"], [answer(), "req-x"]);
    expect(receipts).toMatchObject([{ taken: false }, { taken: false }]);
  });
});

describe("an answer", () => {
  test.each([
    { name: "to nothing", moment: exposed, request: answer(), says: /nothing is being asked/ },
    {
      name: "that the question does not take",
      moment: asked,
      request: answer({ answer: "continue" }),
      says: /takes rollback, accept, investigate/,
    },
    { name: "without a reason", moment: asked, request: answer({ reason: "  " }), says: /needs a reason/ },
    {
      name: "to a question that gave way to another",
      moment: asked,
      request: answer({ question: "stage-1/watch/question-7" }),
      says: /another question is open/,
    },
  ])("$name is refused", async ({ moment, request, says }) => {
    const world = fakeWorld({ unattended: true, config: MILD });
    if (moment === asked) world.platform.conduct.set(NEW, { failed: 0.05, slow: 0 });
    expect(await sent(world, moment, [request])).toMatchObject([{ taken: false, note: expect.stringMatching(says) }]);
    expect(world.state().accepted).toBe(false);
  });

  test("that accepts a risk for real users counts only in a way that the plan takes; one that goes back always does", async () => {
    const config = { ...REAL_USERS.config, ...MILD };
    const world = fakeWorld({ ...REAL_USERS, config });
    world.platform.conduct.set(NEW, { failed: 0.05, slow: 0 });
    world.ask(approve(world));
    const receipts = await sent(world, held, [answer({ way: "none" })], [answer({ way: "none", answer: "rollback" })]);
    expect(receipts).toMatchObject([{ taken: false }, { taken: true }]);
    expect(outcomeOf(world)).toBe("ROLLED_BACK");
  });
});

describe("a request whose effect the journal refused", () => {
  function refusing(refused: string) {
    const world = fakeWorld();
    const written: Stamped<FlowEvent>[] = [];
    const disk = { full: true };
    const append = (event: FlowEvent, actor: Actor) => {
      if (disk.full && event.event === refused) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      const stamped = { seq: written.length + 1, epoch: 1, at: world.clock.wall(), actor, event } as Stamped<FlowEvent>;
      written.push(stamped);
      return stamped;
    };
    const run = openRun({
      plan: world.plan,
      clock: world.clock,
      target: world.platform.target,
      journal: { events: () => written, append, follow: async function* () {} },
      fence: { runId: RUN_ID, epoch: 1 },
      actor: RUNNER,
    });
    run.append({ event: "intent", key: stepKey("stage-1", "expose"), intent: { text: "expose", exposes: true } });
    return { world, run, disk, kinds: () => written.map(({ event }) => event.event) };
  }
  const done = ["intent", "request", "rollback-latched"];

  test.each<{ name: string; request: Request }>([
    { name: "a rollback", request: back },
    { name: "an abort after exposure", request: abort },
  ])("$name is done when it is sent again", ({ request }) => {
    const { run, disk, kinds } = refusing("rollback-latched");
    const ask = () => takeRequest(run, "req-1", request, ADA);
    expect(ask).toThrow("no space left");
    expect(run.state().latched).toBeUndefined();
    disk.full = false;
    expect(ask()).toMatchObject({ taken: true });
    expect(run.state().latched).toMatchObject({ kind: "manual" });
    expect(kinds()).toEqual(done);
  });

  test("is done by its owner as soon as it can be, once, though nobody sends it again", async () => {
    const { world, run, disk, kinds } = refusing("rollback-latched");
    const over = new AbortController();
    const postbox = readInbox(world.project, run, over.signal);
    expect(() => takeRequest(run, "req-1", back, ADA)).toThrow("no space left");
    await world.clock.advance(3_000);
    expect(run.state().latched).toBeUndefined();
    disk.full = false;
    await world.clock.advance(3_000);
    expect(kinds()).toEqual(done);
    over.abort();
    await postbox;
  });
});
