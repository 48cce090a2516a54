import { z } from "zod";
import { type JournalReading, readJournal } from "../record/journal-file.ts";
import { Actor, FlowError, messageOf, RunId, Sha256 } from "../vocab/index.ts";
import { FlowEvent } from "./events.ts";
import { Plan } from "./plan.ts";
import type { Project } from "./project.ts";
import type { RunState } from "./run-state.ts";
import { foldEvents } from "./state.ts";

/** What a new owner is told about the run that it shall open. */
export const StartOrder = z.object({
  runId: RunId,
  plan: Plan,
  configText: z.string(),
  /** Where deploy.yaml was read. */
  configFile: z.string(),
  unattended: z.boolean(),
  /** How long agents are waited for at a step; 0 where none take part. */
  adviceMs: z.number().min(0).default(0),
  actor: Actor,
  /** Hash given with `--approve`; it counts as an approval by flag when it is the plan's. */
  approve: Sha256.optional(),
});
export type StartOrder = z.infer<typeof StartOrder>;

/** The run in the working folder: its plan, journal and state. */
export interface RunOnDisk {
  readonly plan: Plan;
  readonly reading: JournalReading<FlowEvent>;
  readonly state: RunState;
  /** Its archive is complete; the folder only waits to be cleared. */
  readonly archived: boolean;
}

/** Reads the run in the working folder; undefined when there is none. FlowError `damaged` when its journal or plan is. */
export function readRun(project: Project): RunOnDisk | undefined {
  const { disk } = project.ports;
  const { paths } = project;
  // A start that died before its first event leaves no run.
  if (!disk.stat(paths.journal)?.size) return undefined;
  const plan = readPlan(project);
  const reading = readJournal(disk, paths.journal, FlowEvent);
  if (reading.damage) {
    throw new FlowError({
      code: "damaged",
      what: "the journal of the run is damaged",
      found: reading.damage.what,
      where: { file: paths.journal, line: reading.damage.line },
      next: "keep the working folder as it is; look at production with your own tools, then move the folder away",
    });
  }
  if (reading.events.length === 0) return undefined;
  return {
    plan,
    reading,
    state: foldEvents(plan, reading.events),
    archived: disk.stat(paths.archivedMark) !== undefined,
  };
}

function readPlan(project: Project): Plan {
  const file = project.paths.plan;
  try {
    return Plan.parse(JSON.parse(project.ports.disk.readText(file)));
  } catch (error) {
    throw new FlowError({
      code: "damaged",
      what: "the frozen plan of the run cannot be read",
      found: messageOf(error).slice(0, 200),
      where: { file },
      next: "restore the file from a copy; without its plan the run cannot go on",
      cause: error,
    });
  }
}
