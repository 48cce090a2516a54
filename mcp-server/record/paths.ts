import { join } from "node:path";
import type { Instant, Label, Version } from "../vocab/index.ts";

/** Every place of a project that a run reads or writes. Absolute paths; built once from the project root. */
export interface ProjectPaths {
  readonly root: string;
  readonly deployYaml: string;
  /** `.aiwg/working/deployment`: drafts, journal and evidence of the active run; cleared after its archive. */
  readonly working: string;
  /** `.aiwg/deployment`: what stays readable between runs. */
  readonly deployment: string;
  readonly reports: string;
  readonly archive: string;
  readonly baselines: string;
  /** Outside the working folder, so that clearing that one frees nothing. */
  readonly lock: string;
  readonly history: string;
  /** Incidents that were named after the end of their runs. */
  readonly incidents: string;
  readonly journal: string;
  readonly evidence: string;
  /** Requests left for a runner that was down. */
  readonly inbox: string;
  /** The frozen plan and the deploy.yaml that it was made from. */
  readonly plan: string;
  readonly planSource: string;
  readonly runnerLog: string;
  /** Marks a working folder whose run is archived and that the next start may clear. */
  readonly archivedMark: string;
}

/** The paths of the project in `root` (an absolute path). */
export function projectPaths(root: string): ProjectPaths {
  const working = join(root, ".aiwg/working/deployment");
  const deployment = join(root, ".aiwg/deployment");
  return {
    root,
    deployYaml: join(root, "deploy.yaml"),
    working,
    deployment,
    reports: join(root, ".aiwg/reports"),
    archive: join(root, ".aiwg/archive"),
    baselines: join(root, ".aiwg/baselines"),
    lock: join(deployment, "run.lock"),
    history: join(deployment, "history.jsonl"),
    incidents: join(deployment, "incidents.jsonl"),
    journal: join(working, "journal.jsonl"),
    evidence: join(working, "evidence"),
    inbox: join(working, "inbox"),
    plan: join(working, "plan.json"),
    planSource: join(working, "deploy.yaml"),
    runnerLog: join(deployment, "runner.log"),
    archivedMark: join(working, "ARCHIVED"),
  };
}

/** Folder for the archive of a run; `archiveRun` adds the run id when another run's archive is there. */
export function archiveFolder(paths: ProjectPaths, run: { at: Instant; version: Version }): string {
  return join(paths.archive, run.at.slice(0, 10), `deployment-${run.version}`);
}

/** Folder of a stored baseline. */
export function baselineFolder(paths: ProjectPaths, label: Label): string {
  return join(paths.baselines, label);
}

/** The artifacts of a run, as paths relative to the project root. */
export function artifactPath(paths: ProjectPaths, place: "working" | "deployment" | "reports", name: string): string {
  return join(paths[place].slice(paths.root.length + 1), `${name}.md`);
}
