import { join } from "node:path";
import type { Disk } from "../../ports/index.ts";
import type { ProjectFiles } from "./findings.ts";

/** Folders that hold what others wrote, what was built, or what we wrote. */
const SKIPPED = new Set([
  "node_modules",
  "vendor",
  "dist",
  "build",
  "target",
  "coverage",
  "releases",
  "venv",
  "__pycache__",
]);
const WANTED =
  /(?:^|\/)(?:package\.json|Dockerfile|Containerfile|Procfile|pyproject\.toml|pytest\.ini|requirements[\w-]*\.txt)$|\.(?:ya?ml|xml|[cm]?[jt]sx?|py|go|rb|java|kt|cs|php|rs)$/;
const MAX_DEPTH = 4;
const MAX_FILES = 600;
const MAX_BYTES = 256 * 1024;

/** Reads the files of a project that can say how it is started, tested and watched. Links are not followed. */
export function readProjectFiles(disk: Disk, root: string): ProjectFiles {
  const files = new Map<string, string>();
  let folders = [""];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const below: string[] = [];
    for (const folder of folders) {
      for (const name of namesIn(disk, join(root, folder))) {
        const path = folder === "" ? name : `${folder}/${name}`;
        const stat = disk.stat(join(root, path));
        if (stat?.kind === "dir" && !SKIPPED.has(name) && !name.startsWith(".")) below.push(path);
        if (stat?.kind !== "file" || stat.size > MAX_BYTES || !WANTED.test(path) || files.size >= MAX_FILES) continue;
        const text = textOf(disk, join(root, path));
        if (text !== undefined) files.set(path, text);
      }
    }
    folders = below;
  }
  return files;
}

/** A folder or file that may not be read says nothing. */
function namesIn(disk: Disk, folder: string): string[] {
  try {
    return disk.list(folder);
  } catch {
    return [];
  }
}

function textOf(disk: Disk, file: string): string | undefined {
  try {
    return disk.readText(file);
  } catch {
    return undefined;
  }
}
