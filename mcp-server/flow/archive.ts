import { join, relative } from "node:path";
import { readNormalised } from "../evidence/tests/stored.ts";
import { type ArchiveFile, archiveRun, mayArchiveIn } from "../record/archive.ts";
import { loadBaseline, saveBaseline } from "../record/baselines.ts";
import { loadEvidence } from "../record/evidence-store.ts";
import { appendHistory, type HistoryEntry } from "../record/history.ts";
import { archiveFolder } from "../record/paths.ts";
import type { Instant, Label, RunId, Version } from "../vocab/index.ts";
import { auditTrail, metricsFile } from "./audit.ts";
import type { Run } from "./engine.ts";
import { nextFlakyRecord } from "./flaky-record.ts";
import type { Project } from "./project.ts";
import { rehearsalRecord } from "./rehearsal-record.ts";
import type { RunState } from "./run-state.ts";
import { schemaState } from "./schema-state.ts";
import { historyEntry } from "./views/history-entry.ts";
import { metricsView } from "./views/metrics-view.ts";
import { recordOf } from "./views/record.ts";

const PRODUCTION = "production" as Label;

/**
 * The last of all: what stays in production becomes the baseline of the next run, the history gets its line, and
 * everything is copied, read back and marked. Each part may be repeated after a crash.
 */
export async function archive(project: Project, run: Run): Promise<void> {
  const { disk } = project.ports;
  const { paths } = project;
  const state = run.state();
  const { outcome, runId, openedAt } = state;
  if (!outcome || !runId || !openedAt) throw new Error("only a run that has ended can be archived");
  const dir = ownFolder(project, { at: openedAt, version: run.plan.version, runId });
  if (state.archiveDir === undefined) run.append({ event: "archiving", dir: relative(paths.root, dir) });
  await keepBaseline(project, state);
  const archiveDir = state.archiveDir ?? relative(paths.root, dir);
  const record = recordOf(run.plan, run.events());
  const entry = historyEntry(metricsView(record), { endedAt: outcome.at, archive: archiveDir });
  appendHistory(disk, paths.history, { ...entry, ...ofSafety(state), ...ofPeople(state) });
  const files: ArchiveFile[] = [
    ...state.artifacts
      .filter((path) => !join(paths.root, path).startsWith(paths.working))
      .map((path) => ({ to: archivedPath(path), from: join(paths.root, path) })),
    { to: "audit-trail.md", content: auditTrail({ state, events: run.events() }) },
    { to: "metrics.json", content: metricsFile({ state, events: run.events() }) },
  ];
  await archiveRun({
    disk,
    runId,
    workingDir: paths.working,
    files,
    archiveDir: join(paths.root, archiveDir),
  });
}

const WORKING = ".aiwg/working/deployment/";

/** Where a document of the project lies in its archive: those of the working folder at the top, the others below artifacts/. */
export function archivedPath(path: string): string {
  return path.startsWith(WORKING) ? path.slice(WORKING.length) : join("artifacts", path.replace(/^\.aiwg\//, ""));
}

/** What later runs rest on: the state of the schema, and how going back went in staging. */
function ofSafety(state: RunState): Pick<HistoryEntry, "migrations" | "rehearsal"> {
  const applied = schemaState(state, "production").filter((migration) => migration.state === "applied");
  const rehearsal = rehearsalRecord(state);
  return {
    ...(applied.length > 0 ? { migrations: applied.map(({ id }) => id) } : {}),
    ...(rehearsal ? { rehearsal } : {}),
  };
}

function ofPeople({ incident }: RunState): Pick<HistoryEntry, "incident"> {
  return incident ? { incident: incident.incident } : {};
}

/** `deployment-{version}` of the day, or with the run id where another run of this version, or something else, lies there already. */
function ownFolder(project: Project, run: { at: Instant; version: Version; runId: RunId }): string {
  const dir = archiveFolder(project.paths, run);
  return mayArchiveIn(project.ports.disk, dir, run.runId) ? dir : `${dir}-${run.runId}`;
}

/** The results of the version that stays are what the next release is compared with. */
async function keepBaseline(project: Project, state: RunState): Promise<void> {
  const { outcome, plan, runId } = state;
  if (!outcome || !runId || outcome.runningVersion !== plan.version) return;
  const rows = state.evidence.findLast((entry) => entry.ref.name === "tests/candidate");
  const stored = rows && loadEvidence({ disk: project.ports.disk, dir: project.paths.evidence }, rows.ref);
  const place = { disk: project.ports.disk, dir: project.paths.baselines };
  const flakiness = stored && nextFlakyRecord(loadBaseline(place, PRODUCTION), await readNormalised(stored));
  saveBaseline(place, PRODUCTION, {
    version: plan.version,
    at: outcome.at,
    runId,
    note: outcome.outcome === "SUCCESS" ? "proven in production" : `outcome ${outcome.outcome}`,
    ...(rows && stored ? { tests: { stored, ref: rows.ref } } : {}),
    ...(flakiness === undefined ? {} : { flakiness }),
  });
}
