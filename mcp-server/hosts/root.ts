import { dirname, join, resolve } from "node:path";
import type { Disk } from "../ports/index.ts";

/**
 * The project folder: the one that was named, or the nearest one upwards that holds deploy.yaml, or where we
 * are. Whatever bears that name ends the search: a damaged one must not let the project above it be deployed.
 */
export function findRoot(disk: Disk, named: string | undefined, cwd: string): string {
  if (named !== undefined) return resolve(cwd, named);
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (disk.stat(join(folder, "deploy.yaml"))) return folder;
    if (folder === dirname(folder)) return cwd;
  }
}
