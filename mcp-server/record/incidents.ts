import { z } from "zod";
import type { Disk } from "../ports/index.ts";
import { IncidentId, Instant, RunId } from "../vocab/index.ts";
import { appendLine } from "./append-line.ts";
import { type History, type HistoryEntry, readHistory } from "./history.ts";

/** A person's word, after the end of a run, that it belongs to an incident. */
export const NamedIncident = z.object({ runId: RunId, incident: IncidentId, person: z.string(), at: Instant });
export type NamedIncident = z.infer<typeof NamedIncident>;

/** Where the two files of a project's history are. */
interface HistoryPlaces {
  readonly history: string;
  readonly incidents: string;
}

/**
 * Names the incident of a run that has ended. Its own record is closed by then, so this stands beside it; the last name
 * counts. False when that is the name already.
 */
export function appendIncident(disk: Disk, path: string, named: NamedIncident): boolean {
  if (readIncidents(disk, path).get(named.runId)?.incident === named.incident) return false;
  appendLine(disk, path, NamedIncident.parse(named));
  return true;
}

/** The incidents that were named after the end, by run. A line that is none counts for nothing: this decides nothing. */
export function readIncidents(disk: Disk, path: string): ReadonlyMap<string, NamedIncident> {
  if (!disk.stat(path)) return new Map();
  const lines = disk.readText(path).split("\n");
  return new Map(lines.flatMap(parsed).map((named) => [named.runId, named]));
}

/** The history of a project, with incidents that were named after the end of their runs. */
export function readRuns(disk: Disk, paths: HistoryPlaces): History {
  const { entries, badLines } = readHistory(disk, paths.history);
  const incidents = readIncidents(disk, paths.incidents);
  const named = (entry: HistoryEntry): HistoryEntry => {
    const incident = incidents.get(entry.runId)?.incident;
    return incident === undefined ? entry : { ...entry, incident };
  };
  return { entries: entries.map(named), badLines };
}

function parsed(text: string): NamedIncident[] {
  try {
    return [NamedIncident.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}
