import { basename, join, resolve } from "node:path";
import { type FileSystemAdapter, globSync, isDynamicPattern } from "tinyglobby";
import type { Disk } from "../../ports/index.ts";
import { FlowError, quoteValue } from "../../vocab/index.ts";
import type { Limits } from "./limits.ts";

/** A report file that somebody named, or that lies in a folder or matches a pattern that somebody named. */
export interface FoundFile {
  readonly path: string;
  /** Named itself: it must be a report. Found by folder or pattern: other files may lie beside reports. */
  readonly named: boolean;
}

/** Endings of files that are looked into when a folder is named. */
const REPORT_ENDINGS = /\.(?:xml|json|jsonl|tap|trx)$/i;

/**
 * The files that paths, folders (with their subfolders) and glob patterns name, in a stable order, each once.
 * A path or pattern that names nothing is an error: a missing report must not look like a smaller run.
 */
export function locateReports(disk: Disk, cwd: string, patterns: readonly string[], limits: Limits): FoundFile[] {
  const found = new Map<string, FoundFile>();
  for (const pattern of patterns) {
    const matches = matchesOf(disk, cwd, pattern);
    if (matches.length === 0) throw nothingFound(pattern);
    for (const match of matches) {
      const real = disk.realpath(match.path);
      if (match.named || !found.has(real)) found.set(real, match);
    }
  }
  if (found.size > limits.maxFiles) {
    throw new FlowError({
      code: "usage",
      what: "too many report files for one run",
      expected: `at most ${limits.maxFiles}`,
      found: String(found.size),
      next: "name a narrower folder or pattern",
    });
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function matchesOf(disk: Disk, cwd: string, pattern: string): FoundFile[] {
  const path = resolve(cwd, pattern);
  const target = followed(disk, path);
  switch (target) {
    case "file":
      return [{ path, named: true }];
    case "dir":
      return walk(disk, path).map((file) => ({ path: file, named: false }));
    case "other":
      throw notAFile(pattern);
    case undefined:
      break;
    default: {
      const never: never = target;
      return never;
    }
  }
  if (!isDynamicPattern(pattern)) return [];
  const files = globSync(pattern, { cwd, absolute: true, dot: true, expandDirectories: false, fs: adapterOf(disk) });
  return files.map((file) => ({ path: file, named: false }));
}

function followed(disk: Disk, path: string): "file" | "dir" | "other" | undefined {
  const stat = disk.stat(path);
  if (stat?.kind !== "link") return stat?.kind;
  const kind = disk.stat(disk.realpath(path))?.kind;
  return kind === "link" ? "other" : kind;
}

/** Links inside of a folder are not followed: they can lead out of it or in circles. */
function walk(disk: Disk, folder: string): string[] {
  return disk.list(folder).flatMap((name) => {
    const path = join(folder, name);
    const kind = disk.stat(path)?.kind;
    if (kind === "dir") return name === "node_modules" ? [] : walk(disk, path);
    return kind === "file" && REPORT_ENDINGS.test(name) ? [path] : [];
  });
}

/** The part of the file system that pattern matching uses, on our own port. */
function adapterOf(disk: Disk): FileSystemAdapter {
  const entry = (folder: string, name: string) => {
    const kind = disk.stat(join(folder, name))?.kind;
    return {
      name,
      isFile: () => kind === "file",
      isDirectory: () => kind === "dir",
      isSymbolicLink: () => kind === "link",
    };
  };
  const adapter = {
    readdirSync: (folder: string) => disk.list(folder).map((name) => entry(folder, name)),
    realpathSync: (path: string) => disk.realpath(path),
    statSync: (path: string) => entry(path, "."),
  };
  return adapter as unknown as FileSystemAdapter;
}

function nothingFound(pattern: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "no test report found",
    expected: "an existing report file, folder or pattern",
    found: quoteValue(pattern),
    next: "run the tests first, or correct the path",
  });
}

function notAFile(pattern: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "neither a file nor a folder",
    found: quoteValue(basename(pattern)),
    next: "name a report file or a folder of reports",
  });
}
