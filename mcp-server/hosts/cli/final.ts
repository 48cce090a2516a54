import type { Project } from "../../flow/project.ts";
import type { RunStatus } from "../../flow/status.ts";

/** The last words on a run in a terminal or log: the summary that its record gives, or where it stands instead. */
export async function finalText(project: Project, status: RunStatus): Promise<string> {
  const { readRun } = await import("../../flow/run-files.ts");
  const run = readRun(project);
  if (!run?.state.outcome) return notEnded(status);
  const { finalSummary } = await import("../../flow/views/summary.ts");
  return finalSummary({ state: run.state, events: run.reading.events }).trimEnd();
}

/** What is said of a run that has no outcome yet, or of none at all. */
export function notEnded(status: RunStatus): string {
  const what = status.runId === undefined ? "no run" : `${status.runId}: ${status.state}, ${status.doing ?? ""}`;
  return `${what}\nnext: ${status.next}`;
}
