import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { type FakeWorld, NEW } from "./fake-world.ts";

/** What must hold of every journal, however often its runners died. */
export function journalProblems(events: readonly Stamped<FlowEvent>[]): string[] {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  const newest = new Map<string, string>();
  let epoch = 0;
  for (const [index, stamped] of events.entries()) {
    if (stamped.seq !== index + 1) problems.push(`seq ${stamped.seq} at place ${index + 1}`);
    if (stamped.event.event === "ownership") {
      if (stamped.epoch <= epoch) problems.push(`the ownership at seq ${stamped.seq} has no higher epoch`);
      epoch = stamped.epoch;
    }
    if (stamped.event.event === "watch-started") newest.set(stamped.event.watch.track, stamped.event.key);
    if (stamped.event.event === "poll" && ![...newest.values()].includes(stamped.event.key)) {
      problems.push(`seq ${stamped.seq} polls ${stamped.event.key}, which a later watch has taken over from`);
    }
    const once = onceKey(stamped.event);
    if (once) seen.set(once, (seen.get(once) ?? 0) + 1);
  }
  for (const [key, count] of seen) if (count > 1) problems.push(`${key} stands ${count} times`);
  return problems;
}

function onceKey(event: FlowEvent): string | undefined {
  switch (event.event) {
    case "intent":
    case "result":
    case "watch-started":
    case "watch-ended":
    case "gate":
    case "question":
    case "answer":
      return `${event.event} ${event.key}`;
    case "step":
      return `step ${event.step} ${event.state}`;
    case "request":
      return `request ${event.id}`;
    case "run-opened":
    case "baseline":
    case "approval":
    case "outcome":
    case "stopping":
    case "rollback-latched":
    case "archiving":
      return event.event;
    default:
      return undefined;
  }
}

/** Shares of traffic that the new version was given, in order: zeros are left out, and then repetitions of the same. */
export function weightsTold(world: FakeWorld): number[] {
  const told: number[] = [];
  for (const call of world.platform.calls) {
    if (call.op !== "apply" || call.env !== "production") continue;
    const weight = call.pools?.find((pool) => pool.version === NEW)?.weightPct ?? 0;
    if (weight > 0 && told.at(-1) !== weight) told.push(weight);
  }
  return told;
}
