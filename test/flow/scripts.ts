import { expect } from "vitest";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { type FakeWorld, NEW } from "./fake-world.ts";

export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** A regression that is no breach of a service level: what a person is asked about. */
export const MILD = { slo: { errorRatePct: 20 }, triggers: { errorRatePp: 20 }, rollbackOnRegression: false };

export type Kind = FlowEvent["event"];
export const started = (key: string) => (stamped: { event: FlowEvent }) =>
  stamped.event.event === "watch-started" && stamped.event.key === key;
export const asked = ({ event }: { event: FlowEvent }) => event.event === "question";
export const eventsOf = <K extends Kind>(world: FakeWorld, kind: K) =>
  world.events().flatMap(({ event }) => (event.event === kind ? [event as Extract<FlowEvent, { event: K }>] : []));
export const answer = (choice: "accept" | "rollback" | "investigate" | "continue") =>
  ({ kind: "answer", answer: choice, way: "terminal", person: "ada", reason: "looked at it" }) as const;
export const bad = (world: FakeWorld, failed: number) => world.platform.conduct.set(NEW, { failed, slow: 0 });

/** The platform answers nothing for a while, from the first poll of a watch on. */
export function blind(world: FakeWorld, key: string, ms: number): void {
  world.when(
    ({ event }) => event.event === "poll" && event.key === key && event.elapsedMs > 0,
    () => blindFor(world, ms),
  );
}

/** The same from an event on, at once. */
export function blindSince(world: FakeWorld, matches: (stamped: { event: FlowEvent }) => boolean, ms: number): void {
  let until: number | undefined;
  world.platform.fault = ({ op }) => {
    if (op === "observe" && until === undefined && world.events().some(matches)) until = world.clock.mono() + ms;
    return until !== undefined && world.clock.mono() < until ? new Error("the platform does not answer") : undefined;
  };
}

export function blindFor(world: FakeWorld, ms: number): void {
  const until = world.clock.mono() + ms;
  world.platform.fault = ({ op }) =>
    op === "observe" && world.clock.mono() < until ? new Error("the platform does not answer") : undefined;
}

/** When the first event that matches was written. */
export const at = (world: FakeWorld, matches: (stamped: Stamped<FlowEvent>) => boolean) =>
  Date.parse(world.events().find(matches)?.at ?? "");
export const first = (kind: Kind) => (stamped: Stamped<FlowEvent>) => stamped.event.event === kind;
/** So many minutes, and less than one more. */
export const within = (minutes: number, ms: number) => {
  expect(ms).toBeGreaterThanOrEqual(minutes * MINUTE);
  expect(ms).toBeLessThanOrEqual((minutes + 1) * MINUTE);
};
