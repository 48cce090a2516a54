import { z } from "zod";
import { RehearsalRecord } from "../judge/inputs.ts";
import type { Disk } from "../ports/index.ts";
import { IncidentId, Instant, RunId, RunOutcome, Version } from "../vocab/index.ts";
import { appendLine } from "./append-line.ts";

/** One finished run. Further members are kept as they are. */
export const HistoryEntry = z.looseObject({
  runId: RunId,
  version: Version,
  /** What ran before; absent for a first deployment. */
  previousVersion: Version.optional(),
  strategy: z.string(),
  outcome: RunOutcome,
  startedAt: Instant,
  endedAt: Instant,
  durationMs: z.number().min(0),
  /** First to last moment with production traffic on the new version; absent when it never had any. */
  exposedMs: z.number().min(0).optional(),
  /** Detection to all traffic back on the old version; absent without a rollback. */
  restoreMs: z.number().min(0).optional(),
  /** Decision to the verified old state; absent without a rollback that was judged. */
  rollbackMs: z.number().min(0).optional(),
  /** What triggered the rollback. */
  trigger: z.string().optional(),
  /** The incident that a person named for this run. */
  incident: IncidentId.optional(),
  /** Lost tests in staging, percent. */
  testRegressionPct: z.number().optional(),
  regressionThresholdPct: z.number().optional(),
  /** Of the new version in production, as it was last measured. */
  errorRatePct: z.number().optional(),
  latencyP99AtMostMs: z.number().optional(),
  /** Smoke checks over the whole run. */
  smokePassed: z.number().int().optional(),
  smokeTotal: z.number().int().optional(),
  /** Watches that were extended because the evidence was too thin. */
  extendedWatches: z.number().int().optional(),
  /** Time of the commit that the version's tag names. */
  committedAt: Instant.optional(),
  /** Migrations that this run is known to have applied in production. */
  migrations: z.array(z.string()).optional(),
  /** Going back, as this run rehearsed it in staging. */
  rehearsal: RehearsalRecord.optional(),
  /** Archive folder relative to the project. */
  archive: z.string().optional(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

export interface History {
  readonly entries: HistoryEntry[];
  /** Lines that are no entries; they are kept in the file and counted for nothing. */
  readonly badLines: { line: number; what: string }[];
}

/** The finished runs of a project, oldest first. A bad line is reported, not fatal: history decides nothing. */
export function readHistory(disk: Disk, path: string): History {
  const history: History = { entries: [], badLines: [] };
  if (!disk.stat(path)) return history;
  for (const [index, text] of disk.readText(path).split("\n").entries()) {
    if (text === "") continue;
    const entry = parseEntry(text);
    if (entry) history.entries.push(entry);
    else history.badLines.push({ line: index + 1, what: "not an entry of the history" });
  }
  return history;
}

/** Adds a run once; false when it is there already. */
export function appendHistory(disk: Disk, path: string, entry: HistoryEntry): boolean {
  if (readHistory(disk, path).entries.some(({ runId }) => runId === entry.runId)) return false;
  appendLine(disk, path, HistoryEntry.parse(entry));
  return true;
}

function parseEntry(text: string): HistoryEntry | undefined {
  try {
    return HistoryEntry.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
