import { dirname, join, relative } from "node:path";
import { clearArchived } from "../record/archive.ts";
import { FlowError } from "../vocab/index.ts";
import type { Project } from "./project.ts";
import { readRun, type StartOrder } from "./run-files.ts";

/**
 * Clears an archived working folder and lays out the new run's. An unfinished run is never cleared, and a record whose
 * archive is gone or differs is kept beside: then its folder is returned, relative to the project. Throws FlowError
 * `conflict` over an unfinished run, `damaged` over one that cannot be read.
 */
export function layOut(project: Project, order: StartOrder): string | undefined {
  const { disk } = project.ports;
  const { paths } = project;
  const before = readRun(project);
  if (before && !before.archived) {
    throw new FlowError({
      code: "conflict",
      what: "an unfinished run is in the working folder",
      found: `run ${before.state.runId ?? "unknown"} of version ${before.plan.version}`,
      where: { file: paths.journal },
      next: "`deploy-flow status` takes it up again; start the new one after it has ended",
    });
  }
  let kept: string | undefined;
  if (!clearArchived(disk, paths.working) && disk.stat(paths.working)) {
    if (before) {
      // Its archive was moved, lost or changed: this may be the only whole record of that run.
      kept = `${paths.working}.kept-${before.state.runId ?? order.runId}`;
      disk.rename(paths.working, kept);
    } else {
      // Renamed before it is removed: a crash in between must not leave half a run that looks like one under way.
      const doomed = join(dirname(paths.working), `.cleared-${order.runId}`);
      disk.rename(paths.working, doomed);
      disk.remove(doomed);
    }
  }
  disk.mkdir(paths.evidence);
  disk.mkdir(paths.inbox);
  disk.writeAtomic(paths.planSource, order.configText);
  disk.writeAtomic(paths.plan, `${JSON.stringify(order.plan, null, 2)}\n`);
  return kept && relative(paths.root, kept);
}

/** What a new run says of a record that it could not clear. */
export function keptText(folder: string): string {
  return `the last run's archive is gone or not as it was written; its record is kept in ${folder}`;
}
