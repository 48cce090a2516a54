import { dirname, join } from "node:path";
import { z } from "zod";
import type { Disk } from "../../ports/index.ts";
import { FlowError, type Sha256, sha256 } from "../../vocab/index.ts";
import { MANIFEST, type PackageFile } from "./package.ts";

/** What an installation wrote, so that the next one and the removal touch nothing else. */
const Manifest = z.object({
  program: z.string(),
  files: z.record(z.string(), z.string()),
});
type Manifest = z.infer<typeof Manifest>;

/** What became of one file. `kept-copy`: somebody had changed it, and their version lies beside it as NAME.saved. */
export interface Placed {
  readonly path: string;
  readonly state: "new" | "changed" | "same" | "removed" | "kept-copy" | "left";
}

/** Where the skill would go. */
export interface Place {
  readonly folder: string;
  /** Says what would happen and does nothing. */
  readonly isRehearsal: boolean;
}

/**
 * Brings the files into the folder. Each file is replaced in one step, so that programs which run from there go on;
 * a file of an earlier version that no longer exists is removed; what the user put there stays.
 */
export function install(disk: Disk, files: readonly PackageFile[], place: Place, version: string): Placed[] {
  const before = readManifest(disk, place.folder, files);
  const after: Record<string, string> = {};
  const placed: Placed[] = [];
  for (const file of files) {
    const data = disk.read(file.from);
    after[file.path] = digestOf(data);
    placed.push(placeFile(disk, file, data, before, place));
  }
  for (const [path, digest] of Object.entries(before?.files ?? {})) {
    if (!(path in after)) placed.push(removeFile(disk, path, digest, place));
  }
  if (!place.isRehearsal) {
    const manifest: Manifest = { program: version, files: after };
    disk.writeAtomic(join(place.folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, 0o644);
  }
  return placed;
}

/** Removes what was installed, and the folders that are empty then. FlowError `unreadable` where nothing was. */
export function uninstall(disk: Disk, place: Place): Placed[] {
  const manifest = readManifest(disk, place.folder);
  if (!manifest) {
    throw new FlowError({
      code: "unreadable",
      what: "nothing is installed here",
      expected: `a folder with ${MANIFEST}, as \`install\` writes it`,
      where: { file: place.folder },
      next: "name the --host and --scope that it was installed with",
    });
  }
  const placed = Object.entries(manifest.files).map(([path, digest]) => removeFile(disk, path, digest, place));
  if (place.isRehearsal) return placed;
  disk.remove(join(place.folder, MANIFEST));
  removeEmpty(disk, place.folder);
  return placed;
}

/** The version that is installed there; undefined where none is. FlowError `damaged` when the list cannot be read. */
export function installedVersion(disk: Disk, folder: string): string | undefined {
  return readManifest(disk, folder)?.program;
}

/** Installed files that are gone or not as they were written. */
export function changedFiles(disk: Disk, folder: string): string[] {
  const files = Object.entries(readManifest(disk, folder)?.files ?? {});
  return files.flatMap(([path, digest]) => (currentDigest(disk, join(folder, path)) === digest ? [] : [path]));
}

function placeFile(
  disk: Disk,
  file: PackageFile,
  data: Uint8Array,
  before: Manifest | undefined,
  place: Place,
): Placed {
  const target = join(place.folder, file.path);
  const there = currentDigest(disk, target);
  if (there === digestOf(data)) return { path: file.path, state: "same" };
  const isTouched = there !== undefined && there !== before?.files[file.path];
  if (!place.isRehearsal) {
    disk.mkdir(dirname(target));
    if (isTouched) disk.writeAtomic(`${target}.saved`, disk.read(target), 0o644);
    disk.writeAtomic(target, data, file.mode);
  }
  if (isTouched) return { path: file.path, state: "kept-copy" };
  return { path: file.path, state: there === undefined ? "new" : "changed" };
}

function removeFile(disk: Disk, path: string, digest: string, place: Place): Placed {
  const target = join(place.folder, path);
  const there = currentDigest(disk, target);
  if (there === undefined) return { path, state: "removed" };
  if (there !== digest) return { path, state: "left" };
  if (!place.isRehearsal) disk.remove(target);
  return { path, state: "removed" };
}

function removeEmpty(disk: Disk, folder: string): void {
  for (const name of disk.list(folder)) {
    const path = join(folder, name);
    if (disk.stat(path)?.kind === "dir") removeEmpty(disk, path);
  }
  if (disk.list(folder).length === 0) disk.remove(folder);
}

/** The list of what is installed there. A folder with other contents and without a list is somebody else's. */
function readManifest(disk: Disk, folder: string, files?: readonly PackageFile[]): Manifest | undefined {
  const path = join(folder, MANIFEST);
  if (disk.stat(path)) {
    const parsed = Manifest.safeParse(JSON.parse(disk.readText(path)));
    if (parsed.success && Object.keys(parsed.data.files).every(isInside)) return parsed.data;
    throw new FlowError({
      code: "damaged",
      what: "the list of installed files is damaged",
      expected: "what `install` wrote",
      where: { file: path },
      next: "remove this folder by hand, then install again",
    });
  }
  if (files && disk.list(folder).length > 0) {
    throw new FlowError({
      code: "conflict",
      what: "there is a folder of this name already, and it was not installed by this program",
      where: { file: folder },
      next: "move it away, then install again",
    });
  }
  return undefined;
}

function isInside(path: string): boolean {
  return !path.startsWith("/") && !path.split("/").includes("..");
}

function currentDigest(disk: Disk, path: string): Sha256 | undefined {
  return disk.stat(path)?.kind === "file" ? digestOf(disk.read(path)) : undefined;
}

function digestOf(data: Uint8Array): Sha256 {
  return sha256(data);
}
