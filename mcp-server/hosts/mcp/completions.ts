import { join } from "node:path";
import { loadConfig, type Project } from "../../flow/project.ts";
import { listBaselines } from "../../record/baselines.ts";
import { readHistory } from "../../record/history.ts";

/** At most so many suggestions are useful, and allowed by the protocol. */
const MAX_VALUES = 100;

/** Values that begin with what was typed: versions, labels and runs of this project. None where nothing is known. */
export function complete(project: Project, name: string, typed: string): string[] {
  const known = valuesOf(project, name);
  return [...new Set(known)].filter((value) => value.startsWith(typed)).slice(0, MAX_VALUES);
}

function valuesOf(project: Project, name: string): string[] {
  switch (name) {
    case "version":
      return [...versionFolders(project), ...endedRuns(project).map(({ version }) => version)].sort().reverse();
    case "runId":
      return endedRuns(project)
        .map(({ runId }) => runId)
        .reverse();
    case "baseline":
    case "candidate":
      return listBaselines({ disk: project.ports.disk, dir: project.paths.baselines });
    default:
      return [];
  }
}

function endedRuns({ ports, paths }: Project) {
  return readHistory(ports.disk, paths.history).entries;
}

/** Versions that lie beside each other in a folder, as the sandbox has them. */
function versionFolders(project: Project): string[] {
  try {
    const { target } = loadConfig(project).config;
    if (target.kind !== "sandbox" || !target.artifact.endsWith("/{version}")) return [];
    return project.ports.disk.list(join(project.root, target.artifact.slice(0, -"/{version}".length)));
  } catch {
    // A project that cannot be read has nothing to suggest; its tools say what is wrong.
    return [];
  }
}
