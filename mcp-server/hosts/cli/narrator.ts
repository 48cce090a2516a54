import type { FlowEvent } from "../../flow/events.ts";
import type { Plan } from "../../flow/plan.ts";
import { problemText, tellsProblem } from "../../flow/views/problem.ts";
import type { Stamped } from "../../record/journal.ts";
import { eventLine, NO_LINES } from "./event-line.ts";

/**
 * Tells a run while it goes on: a line per event that is worth one, and when something goes wrong the whole of what is
 * known about it at that moment. Takes the events in their order, each once.
 */
export function narrator(plan: Plan): (stamped: Stamped<FlowEvent>) => string[] {
  const seen: Stamped<FlowEvent>[] = [];
  let lines = NO_LINES;
  return (stamped) => {
    seen.push(stamped);
    const told = eventLine(stamped, lines);
    lines = told.state;
    const problem = tellsProblem(stamped.event) ? problemText(plan, seen) : undefined;
    return [...(told.line === undefined ? [] : [told.line]), ...(problem === undefined ? [] : [`\n${problem}`])];
  };
}
