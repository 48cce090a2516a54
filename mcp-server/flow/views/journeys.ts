import { type JourneyResult, type JourneysRun, journeyChange } from "../../judge/index.ts";
import type { JourneyRow } from "../../record/artifact-kinds/parts.ts";
import { pct } from "../../record/figures.ts";
import type { Instant, Verdict } from "../../vocab/index.ts";
import type { RunRecord } from "./record.ts";

/** One run of the user journeys with its verdict. */
export interface JourneysRecord {
  readonly key: string;
  readonly run: JourneysRun;
  readonly verdict: Verdict;
  readonly at: Instant;
}

/** The last run of the journeys of a kind; undefined when none was made. */
export function journeysOf(record: RunRecord, mode: JourneysRun["mode"]): JourneysRecord | undefined {
  const found = [...record.state.journeys].findLast(([, journeys]) => journeys.run.mode === mode);
  return found && { key: found[0], ...found[1] };
}

/** `3 of 3 user journeys completed`. */
export function journeysText({ results }: JourneysRun): string {
  const completed = results.filter(({ outcome }) => outcome === "pass").length;
  return `${completed} of ${results.length} user journeys completed`;
}

/** `100 %`, with the steps that were reached where one did not complete; null when it was not walked. */
export function completionText(result: JourneyResult | undefined): string | null {
  if (typeof result?.completionPct !== "number") return null;
  const reached = result.outcome === "pass" ? "" : `, ${result.stepsDone} of ${result.steps} steps`;
  return `${pct(result.completionPct)} of walks${reached}`;
}

/** A row per journey: its completion before the deployment and now. */
export function journeyRows(record: RunRecord, now: JourneysRecord | undefined): JourneyRow[] {
  const before = new Map(journeysOf(record, "pre-deploy")?.run.results.map((result) => [result.id, result]));
  return (now?.run.results ?? []).map((result) => {
    const change = journeyChange(result, before.get(result.id));
    const { outcome, message } = result;
    const what = outcome === "error" ? "could not be walked" : outcome === "skip" ? "left out" : change;
    return {
      id: result.id,
      priority: result.priority,
      baseline: completionText(before.get(result.id)),
      candidate: completionText(result),
      status: message === undefined ? what : `${what}: ${message}`,
    };
  });
}

/** One line per journey that did not complete. */
export function journeyFailures(run: JourneysRun): string[] {
  return run.results
    .filter(({ outcome }) => outcome !== "pass")
    .map(
      ({ id, priority, outcome, message }) => `journey ${id} (${priority}): ${outcome}${message ? `, ${message}` : ""}`,
    );
}
