import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { applyEvent, foldEvents } from "../../mcp-server/flow/state.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { instantOf } from "../../mcp-server/vocab/index.ts";
import { type FakeWorld, fakeWorld, NEW } from "./fake-world.ts";
import { eventsOf, MINUTE, started } from "./scripts.ts";

const HOUR = 60 * MINUTE;

const isPollOf =
  (key: string) =>
  ({ event }: Stamped<FlowEvent>) =>
    event.event === "poll" && event.key === key;

/** Of so many polls the metrics answer one. */
function flicker(world: FakeWorld, oneOf = 10): void {
  Object.defineProperty(world.senses, "metricsDead", {
    get: () => Math.floor(world.clock.mono() / 20_000) % oneOf !== 0,
  });
}

describe("a metrics source that comes and goes", () => {
  test("does not stretch a watch without end, and sends nothing back by itself", async () => {
    const world = fakeWorld({
      unattended: true,
      config: { canary: { stages: [20, 100], stageDuration: "60m", minRequests: 50 }, observe: "60m" },
    });
    flicker(world);
    await world.live();
    expect(world.state().outcome?.outcome).toBe("UNPROVEN");
    expect(world.state().latched).toBeUndefined();
    for (const key of ["stage-1/watch", "stage-2/watch"]) {
      const at = (matches: (stamped: Stamped<FlowEvent>) => boolean) =>
        Date.parse(world.events().find(matches)?.at ?? "");
      const ended = at(({ event }) => event.event === "watch-ended" && event.key === key);
      // The gaps that are borne, the rest of the time served meanwhile, and the time to answer.
      expect(ended - at(started(key))).toBeLessThanOrEqual(48 * MINUTE);
    }
    const last = eventsOf(world, "answer").filter(({ answer }) => answer === "expired");
    expect(last.map(({ key }) => key.split("/question")[0])).toEqual(["stage-1/watch", "stage-2/watch"]);
  });

  test.each([
    { oneOf: 2, unattended: true },
    { oneOf: 3, unattended: true },
    { oneOf: 20, unattended: true },
    { oneOf: 2, unattended: false },
    { oneOf: 10, unattended: false },
  ])("is borne for the time of the plan and no longer: one of $oneOf answers, unattended $unattended", async (o) => {
    const world = fakeWorld({
      unattended: o.unattended,
      config: { canary: { stages: [20, 100], stageDuration: "4h", minRequests: 50 }, observe: "4h" },
    });
    flicker(world, o.oneOf);
    await world.live();
    const { unseenMs, decisionMs, decisionUnattendedMs } = world.plan.waits;
    const toAnswer = o.unattended ? decisionUnattendedMs : decisionMs;
    // What may go unseen, what was seen beside it, and the time to answer. A silence that lasts is a gap once it is over.
    const silenceMs = o.oneOf * world.plan.pollMs;
    const bound = (unseenMs * o.oneOf) / (o.oneOf - 1) + toAnswer + 2 * silenceMs;
    const [first] = eventsOf(world, "watch-started");
    const at = (matches: (stamped: Stamped<FlowEvent>) => boolean) =>
      Date.parse(world.events().find(matches)?.at ?? "");
    const ended = at(({ event }) => event.event === "watch-ended" && event.key === first?.key);
    expect(ended - at(started(first?.key ?? ""))).toBeLessThanOrEqual(bound);
    expect(eventsOf(world, "answer").find(({ answer }) => answer === "expired")?.key).toContain(
      `${first?.key}/question`,
    );
    expect(world.state().outcome?.outcome).toBe("UNPROVEN");
  });
});

describe("restarts while the runner was dead", () => {
  async function resumed(downMs: number, restarts: number): Promise<FakeWorld> {
    const whole = fakeWorld();
    await whole.live();
    const n = whole.events().filter(isPollOf("stage-1/watch"))[1]?.seq ?? 0;
    const world = fakeWorld();
    expect((await world.live({ at: "append", n })).ended).toBe("died");
    await world.clock.runUntil(world.clock.sleep(downMs));
    for (const instance of world.platform.instances("production", NEW)) instance.restarts = restarts;
    await world.live();
    return world;
  }

  test("for hours do not count as a crash loop of now: they hold and pass", async () => {
    const world = await resumed(2 * HOUR, 6);
    expect(world.state().latched).toBeUndefined();
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
    const after = world.state().watches.get("stage-1/watch")?.restartMarks.at(-1);
    expect(after).toMatchObject({ restarts: 6, unseen: 6 });
  });

  test("for a moment are as recent as any", async () => {
    const world = await resumed(10_000, 6);
    expect(world.state().latched?.kind).toBe("infra");
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
  });
});

describe("a smoke round that found no ready instance", () => {
  test("is not an answer: it is repeated until there is one to ask", async () => {
    const world = fakeWorld();
    let looks = 0;
    world.platform.fault = ({ op }) => {
      if (op !== "observe" || !world.events().some(started("stage-1/watch"))) return undefined;
      looks += 1;
      // The checks and the first poll both look at the start of the watch.
      for (const instance of world.platform.instances("production", NEW)) {
        instance.state = looks <= 2 ? "starting" : "ready";
      }
      return undefined;
    };
    await world.live();
    const told = world
      .events()
      .filter(
        ({ event }) =>
          (event.event === "smoke" && event.key === "stage-1/watch") ||
          (event.event === "notice" && event.text.includes("no instance of 2.0.0 is ready")),
      );
    expect(told.map(({ event }) => event.event)).toEqual(["notice", "smoke"]);
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });
});

/** The same counts in a window that begins so many windows later. */
function later(stamped: Stamped<FlowEvent>, windows: number): Stamped<FlowEvent> {
  const { event } = stamped;
  if (event.event !== "poll") return stamped;
  const shifted = event.increments.map((increment) => {
    const [from, to] = [Date.parse(increment.from), Date.parse(increment.to)];
    const by = windows * (to - from);
    return { ...increment, from: instantOf(from + by), to: instantOf(to + by) };
  });
  return { ...stamped, event: { ...event, increments: shifted } };
}

describe("the warm-up of new instances", () => {
  test("goes on while traffic moves to them and is whole when it has moved", async () => {
    const world = fakeWorld({ config: { judge: { warmupPolls: 3 } } });
    await world.live();
    const events = world.events();
    const at = events.findIndex(({ event }) => event.event === "intent" && event.key === "stage-2/expose");
    const before = events.slice(0, at);
    const poll = before.findLast(isPollOf("stage-1/watch"));
    if (!poll) throw new Error("stage 1 was not polled");
    const state = foldEvents(world.plan, before);
    const left = () => state.tracks.get("production")?.warmupLeft;
    expect(left()).toBe(0);
    applyEvent(state, events[at] as Stamped<FlowEvent>);
    for (let polls = 1; polls <= 5; polls += 1) {
      applyEvent(state, later(poll, polls));
      expect(left()).toBe(2);
    }
    for (const stamped of events.slice(at + 1)) {
      applyEvent(state, stamped);
      if (started("stage-2/watch")(stamped)) break;
    }
    expect(left()).toBe(3);
  });
});
