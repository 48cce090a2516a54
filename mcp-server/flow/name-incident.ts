import { readHistory } from "../record/history.ts";
import { appendIncident } from "../record/incidents.ts";
import { type Actor, FlowError, type IncidentId, type RunId } from "../vocab/index.ts";
import { sendRequest } from "./looking.ts";
import type { Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import { readRun } from "./run-files.ts";

/** The run that a person means, and how far it is. */
export interface IncidentRun {
  readonly runId: RunId;
  readonly version: string;
  /** Undefined while it goes on: then its documents will name the incident. */
  readonly outcome: string | undefined;
}

/** The run of this id; without one the run under way, else the last that has ended. Throws FlowError `usage`. */
export function incidentRun(project: Project, runId?: RunId): IncidentRun {
  const current = readRun(project);
  const { state } = current ?? {};
  if (state?.runId && (runId === undefined || runId === state.runId))
    return { runId: state.runId, version: state.plan.version, outcome: state.outcome?.outcome };
  const { entries } = readHistory(project.ports.disk, project.paths.history);
  const entry = entries.findLast((run) => runId === undefined || run.runId === runId);
  if (entry) return { runId: entry.runId, version: entry.version, outcome: entry.outcome };
  throw new FlowError({
    code: "usage",
    what: "there is no such run in this project",
    expected: "the run under way, or one that has ended",
    found: runId ?? "no run at all",
    next: "`deploy-flow history` lists the runs that have ended",
  });
}

/**
 * Keeps a person's word that a run belongs to an incident: in the record of a run that goes on, so that its documents say
 * it, and beside the record of one that has ended, for the history.
 */
export async function nameIncident(
  project: Project,
  run: IncidentRun,
  said: { readonly incident: IncidentId; readonly person: string },
): Promise<{ kept: "in the run" | "beside the run"; note: string }> {
  const { incident, person } = said;
  const waiting = run.outcome === undefined ? await inTheRun(project, said) : "the run has ended";
  if (waiting === undefined) return { kept: "in the run", note: "the documents of the run name it from now on" };
  const { disk, clock } = project.ports;
  const isNew = appendIncident(disk, project.paths.incidents, { runId: run.runId, incident, person, at: clock.wall() });
  const note = isNew ? `${waiting}: its documents stay as they are, the history names it` : "it was named so already";
  return { kept: "beside the run", note };
}

/** Undefined when the runner took it; else why it did not. */
async function inTheRun(
  project: Project,
  { incident, person }: { readonly incident: IncidentId; readonly person: string },
): Promise<string | undefined> {
  const actor: Actor = { kind: "person", name: person };
  const request = { kind: "incident", incident, way: "terminal", person } as const;
  try {
    const { taken, note } = await sendRequest(project, request, actor);
    return taken ? undefined : note;
  } catch (error) {
    // What a person said is kept all the same; the run may have ended just now.
    return quoted(error);
  }
}
