import type { Project } from "../project.ts";
import { readRun } from "../run-files.ts";
import { problemText } from "./problem.ts";
import { progressText } from "./progress.ts";
import { finalSummary } from "./summary.ts";

/** What a user is to be told of the run in this project now: its end, what went wrong, or how far it is. */
export function messageNow(project: Project, next: string): string | undefined {
  const run = readRun(project);
  if (!run) return undefined;
  const { plan, state, reading } = run;
  if (state.outcome) return finalSummary({ state, events: reading.events });
  return problemText(plan, reading.events) ?? progressText(plan, reading.events, next);
}
