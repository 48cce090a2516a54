import { createHash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import type { Disk, Stat } from "../ports/index.ts";
import { canonicalJson, FlowError, RunId, Sha256, sha256 } from "../vocab/index.ts";
import { confine } from "./confine.ts";

/** Every file of an archive but this one and the mark. */
export const Manifest = z.object({
  runId: RunId,
  files: z.array(z.object({ path: z.string(), sha256: Sha256, size: z.number().int().min(0) })),
});
export type Manifest = z.infer<typeof Manifest>;

/**
 * Written last: an archive with it is whole. A second one in the working folder says that this may be cleared, and
 * by `dir` (relative to it) where the archive is.
 */
export const ArchivedMark = z.strictObject({ runId: RunId, manifestSha256: Sha256, dir: z.string().optional() });
export type ArchivedMark = z.infer<typeof ArchivedMark>;

export const MANIFEST_FILE = "manifest.json";
export const MARK_FILE = "ARCHIVED";
const OWNER_FILE = "RUN";

/** A file to archive under `to` (relative to the archive): read from disk, or these bytes. */
export type ArchiveFile = { readonly to: string } & (
  | { readonly from: string }
  | { readonly content: Uint8Array | string }
);

export interface ArchiveOptions {
  readonly disk: Disk;
  readonly runId: RunId;
  /** Copied whole, to the top of the archive. Absent for a stand-alone archive of named files. */
  readonly workingDir?: string;
  /** Further files; one of them wins over a working file of the same name. */
  readonly files: readonly ArchiveFile[];
  /** Where it goes; when another run's archive is there, `<archiveDir>-<runId>`. */
  readonly archiveDir: string;
}

export interface Archived {
  readonly dir: string;
  readonly manifestSha256: Sha256;
  readonly manifest: Manifest;
  /** False when a complete archive of this run was there already. */
  readonly written: boolean;
}

/**
 * Archives a run: copy, list with digests, read the copies back, mark. Nothing is deleted here. Killed anywhere and
 * called again, it completes what it finds. Throws FlowError `damaged` when a copy cannot be read back as it was written.
 */
export async function archiveRun(o: ArchiveOptions): Promise<Archived> {
  const dir = ownFolder(o);
  const complete = await completed(o, dir);
  if (complete) return complete;

  const wanted = collect(o);
  removeStrangers(o.disk, dir, new Set([...wanted.keys(), OWNER_FILE]));
  const files: Manifest["files"][number][] = [];
  for (const [path, source] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const target = confine(o.disk, dir, path);
    o.disk.mkdir(dirname(target));
    const written = await put(o.disk, source, target);
    files.push({ path, ...written });
  }
  files.push({ path: OWNER_FILE, ...(await digestFile(o.disk, join(dir, OWNER_FILE))) });
  for (const file of files) await readBack(o.disk, join(dir, file.path), file);

  const manifest = { runId: o.runId, files };
  const text = `${canonicalJson(manifest)}\n`;
  o.disk.writeAtomic(join(dir, MANIFEST_FILE), text);
  const mark = { runId: o.runId, manifestSha256: sha256(text) };
  o.disk.createExclusive(join(dir, MARK_FILE), `${canonicalJson(mark)}\n`);
  markWorking(o, mark, dir);
  return { dir, manifestSha256: mark.manifestSha256, manifest, written: true };
}

/**
 * Clears a working folder whose run is archived: the next start calls this first. False when there is nothing that
 * may be cleared. Renamed before it is removed, so that half a folder never looks like a run in progress.
 */
export function clearArchived(disk: Disk, workingDir: string): boolean {
  for (const name of disk.list(dirname(workingDir))) {
    if (name.startsWith(`.cleared-`)) disk.remove(join(dirname(workingDir), name));
  }
  const mark = readMark(disk, join(workingDir, MARK_FILE));
  if (mark?.dir === undefined || !isMarkedWith(disk, mark, join(workingDir, mark.dir))) return false;
  const doomed = join(dirname(workingDir), `.cleared-${mark.runId}`);
  disk.rename(workingDir, doomed);
  disk.remove(doomed);
  return true;
}

/** All regular files below a folder, relative, sorted. Temporary files of interrupted writes are left out. */
export function filesBelow(disk: Disk, dir: string): string[] {
  return entriesBelow(disk, dir)
    .filter(({ kind, path }) => kind === "file" && !/(^|\/)\.[^/]*\.tmp$/.test(path))
    .map(({ path }) => path);
}

/** Everything below a folder that is not a folder itself, links and sockets included. */
export function entriesBelow(disk: Disk, dir: string, prefix = ""): { path: string; kind: Stat["kind"] }[] {
  return disk.list(dir).flatMap((name) => {
    const kind = disk.stat(join(dir, name))?.kind;
    if (kind === undefined) return [];
    if (kind === "dir") return entriesBelow(disk, join(dir, name), `${prefix}${name}/`);
    return [{ path: prefix + name, kind }];
  });
}

/** Digest and size of a file, read as a stream. */
export async function digestFile(disk: Disk, path: string): Promise<{ sha256: Sha256; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of disk.stream(path)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { sha256: Sha256.parse(hash.digest("hex")), size };
}

/** The mark of a folder; `undefined` when there is none that can be read. */
export function readMark(disk: Disk, path: string): ArchivedMark | undefined {
  try {
    const text = disk.readText(path);
    const mark = ArchivedMark.parse(JSON.parse(text));
    return text === `${canonicalJson(mark)}\n` ? mark : undefined;
  } catch {
    return undefined;
  }
}

function ownFolder({ disk, archiveDir, runId }: ArchiveOptions): string {
  for (const dir of [archiveDir, `${archiveDir}-${runId}`]) {
    if (!mayArchiveIn(disk, dir, runId)) continue;
    disk.mkdir(dir);
    const owner = join(dir, OWNER_FILE);
    if (disk.createExclusive(owner, `${runId}\n`) || disk.readText(owner) === `${runId}\n`) return dir;
  }
  throw new FlowError({
    code: "conflict",
    what: "the archive folders of this run belong to other runs",
    where: { file: `${archiveDir}-${runId}` },
    next: "move the folder that is in the way and archive again",
  });
}

/** A folder belongs to the run whose id was written into it first; one with files and no such word, to somebody else. */
export function mayArchiveIn(disk: Disk, dir: string, runId: RunId): boolean {
  const owner = join(dir, OWNER_FILE);
  if (disk.stat(owner)) return disk.readText(owner).trim() === runId;
  return !disk.stat(dir) || filesBelow(disk, dir).length === 0;
}

async function completed(o: ArchiveOptions, dir: string): Promise<Archived | undefined> {
  const mark = readMark(o.disk, join(dir, MARK_FILE));
  if (!mark) {
    // An unreadable mark cannot come from a crash (it appears whole), so it is not silently replaced.
    if (o.disk.stat(join(dir, MARK_FILE))) throw damagedCopy(join(dir, MARK_FILE), "no readable mark");
    return undefined;
  }
  const text = o.disk.readText(join(dir, MANIFEST_FILE));
  if (sha256(text) !== mark.manifestSha256) throw damagedCopy(join(dir, MANIFEST_FILE), "other content than marked");
  markWorking(o, mark, dir);
  return { dir, manifestSha256: mark.manifestSha256, manifest: Manifest.parse(JSON.parse(text)), written: false };
}

function collect(o: ArchiveOptions): Map<string, ArchiveFile> {
  const wanted = new Map<string, ArchiveFile>();
  for (const path of o.workingDir === undefined ? [] : filesBelow(o.disk, o.workingDir)) {
    if (path !== MARK_FILE) wanted.set(path, { to: path, from: join(o.workingDir ?? "", path) });
  }
  for (const file of o.files) wanted.set(file.to, file);
  for (const own of [MANIFEST_FILE, MARK_FILE, OWNER_FILE]) {
    if (wanted.has(own)) {
      throw new FlowError({
        code: "usage",
        what: `an archive keeps the name ${own} for itself`,
        next: "archive the file under another name",
      });
    }
  }
  return wanted;
}

/** What an interrupted attempt left and this one does not want. Only ever in this run's own, unmarked folder. */
function removeStrangers(disk: Disk, dir: string, wanted: ReadonlySet<string>): void {
  for (const { path } of entriesBelow(disk, dir)) if (!wanted.has(path)) disk.remove(join(dir, path));
}

async function put(disk: Disk, source: ArchiveFile, target: string): Promise<{ sha256: Sha256; size: number }> {
  if ("content" in source) {
    const bytes = Buffer.from(source.content);
    disk.writeAtomic(target, bytes);
    return { sha256: sha256(bytes), size: bytes.length };
  }
  const original = await digestFile(disk, source.from);
  const present = disk.stat(target);
  if (present?.kind === "file" && (await digestFile(disk, target)).sha256 === original.sha256) return original;
  const part = join(dirname(target), ".copy.tmp");
  disk.remove(part);
  const copy = disk.openAppend(part);
  try {
    for await (const chunk of disk.stream(source.from)) copy.append(chunk);
    copy.sync();
  } finally {
    copy.close();
  }
  disk.rename(part, target);
  return original;
}

async function readBack(disk: Disk, path: string, expected: { sha256: Sha256; size: number }): Promise<void> {
  const found = await digestFile(disk, path);
  if (found.sha256 !== expected.sha256) throw damagedCopy(path, `SHA-256 ${found.sha256}, not ${expected.sha256}`);
}

function markWorking(o: ArchiveOptions, mark: ArchivedMark, dir: string): void {
  if (o.workingDir === undefined || !o.disk.stat(o.workingDir)) return;
  const text = `${canonicalJson({ ...mark, dir: relative(o.workingDir, dir) })}\n`;
  o.disk.writeAtomic(join(o.workingDir, MARK_FILE), text);
}

function isMarkedWith(disk: Disk, mark: ArchivedMark, dir: string): boolean {
  const there = readMark(disk, join(dir, MARK_FILE));
  const manifest = join(dir, MANIFEST_FILE);
  if (there?.runId !== mark.runId || there.manifestSha256 !== mark.manifestSha256) return false;
  return disk.stat(manifest) !== undefined && sha256(disk.readText(manifest)) === mark.manifestSha256;
}

function damagedCopy(file: string, found: string): FlowError {
  return new FlowError({
    code: "damaged",
    what: "the archive does not hold what was written to it",
    found,
    where: { file },
    next: "check the file system; the working folder is untouched, so archive again into a sound place",
  });
}
