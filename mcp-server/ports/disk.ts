import {
  closeSync,
  copyFileSync,
  createReadStream,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  watch,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Ms } from "../vocab/index.ts";

/** A directory entry, never following a symbolic link. */
export interface Stat {
  readonly kind: "file" | "dir" | "link" | "other";
  readonly size: number;
  readonly mtimeMs: Ms;
  readonly mode: number;
}

/** A file opened for appending. */
export interface AppendFile {
  append(data: Uint8Array): void;
  /** Forces what was appended to the medium. */
  sync(): void;
  size(): number;
  truncate(size: number): void;
  close(): void;
}

/**
 * Files as a parameter. Small things are synchronous: a journal line that must be on the medium before the next
 * effect gains nothing from a promise. Errors are those of the system, with `code` (`ENOENT`, `EACCES`, `ENOSPC` ...).
 */
export interface Disk {
  read(path: string): Uint8Array;
  readText(path: string): string;
  /** The bytes from `offset` to the end; empty when the file is shorter. */
  readFrom(path: string, offset: number): Uint8Array;
  stream(path: string): AsyncIterable<Uint8Array>;
  /** `undefined` when nothing is there. */
  stat(path: string): Stat | undefined;
  /** Names in a folder, sorted; empty when the folder does not exist. */
  list(path: string): string[];
  /** With all missing parents. */
  mkdir(path: string, mode?: number): void;
  /** Temporary file beside it, fsync, rename, fsync of the folder: a reader sees the old or the new content. */
  writeAtomic(path: string, data: Uint8Array | string, mode?: number): void;
  /** Like {@link writeAtomic} but only where nothing is yet; false when something is. */
  createExclusive(path: string, data: Uint8Array | string, mode?: number): boolean;
  openAppend(path: string, mode?: number): AppendFile;
  /** On the medium when it returns. */
  rename(from: string, to: string): void;
  copyFile(from: string, to: string): void;
  /** Recursively; silent when nothing is there. */
  remove(path: string): void;
  /** Follows links; throws ENOENT. */
  realpath(path: string): string;
  /** Resolves when the file or folder changed, or after `maxWait`, or when `signal` aborts. May wake for nothing. */
  changed(path: string, maxWait: Ms, signal: AbortSignal): Promise<void>;
}

let temporary = 0;

function writeTemporary(path: string, data: Uint8Array | string, mode: number): string {
  temporary += 1;
  const temp = join(dirname(path), `.${basename(path)}.${process.pid}.${temporary}.tmp`);
  const fd = openSync(temp, "wx", mode);
  try {
    writeWhole(fd, typeof data === "string" ? Buffer.from(data) : data);
    fsyncSync(fd);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return temp;
}

function writeWhole(fd: number, data: Uint8Array): void {
  let written = 0;
  while (written < data.length) written += writeSync(fd, data, written);
}

function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

export const realDisk: Disk = {
  read: (path) => readFileSync(path),
  readText: (path) => readFileSync(path, "utf8"),
  readFrom: (path, offset) => {
    const fd = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - offset));
      let filled = 0;
      while (filled < bytes.length) {
        const read = readSync(fd, bytes, filled, bytes.length - filled, offset + filled);
        if (read === 0) break;
        filled += read;
      }
      return bytes.subarray(0, filled);
    } finally {
      closeSync(fd);
    }
  },
  stream: (path) => createReadStream(path, { highWaterMark: 256 * 1024 }),
  stat: (path) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return undefined;
    const kind = found.isFile() ? "file" : found.isDirectory() ? "dir" : found.isSymbolicLink() ? "link" : "other";
    return { kind, size: found.size, mtimeMs: found.mtimeMs, mode: found.mode & 0o7777 };
  },
  list: (path) => {
    try {
      return readdirSync(path).sort();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  },
  mkdir: (path, mode = 0o755) => {
    mkdirSync(path, { recursive: true, mode });
  },
  writeAtomic: (path, data, mode = 0o644) => {
    const temp = writeTemporary(path, data, mode);
    try {
      renameSync(temp, path);
    } catch (error) {
      rmSync(temp, { force: true });
      throw error;
    }
    syncFolder(dirname(path));
  },
  createExclusive: (path, data, mode = 0o644) => {
    const temp = writeTemporary(path, data, mode);
    try {
      // A hard link fails when the name exists and makes the whole content appear at once.
      linkSync(temp, path);
      syncFolder(dirname(path));
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    } finally {
      rmSync(temp, { force: true });
    }
  },
  openAppend: (path, mode = 0o644) => {
    const fd = openSync(path, "a+", mode);
    return {
      append: (data) => writeWhole(fd, data),
      sync: () => fsyncSync(fd),
      size: () => fstatSync(fd).size,
      truncate: (size) => ftruncateSync(fd, size),
      close: () => closeSync(fd),
    };
  },
  rename: (from, to) => {
    renameSync(from, to);
    syncFolder(dirname(to));
  },
  copyFile: (from, to) => copyFileSync(from, to),
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  realpath: (path) => realpathSync(path),
  changed: (path, maxWait, signal) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        watcher?.close();
        resolve();
      };
      const timer = setTimeout(done, maxWait);
      signal.addEventListener("abort", done, { once: true });
      let watcher: ReturnType<typeof watch> | undefined;
      try {
        watcher = watch(path, { persistent: false }, done);
        watcher.on("error", done);
      } catch {
        // Not watchable (missing, or no watches left): the timer is the poll.
      }
      if (signal.aborted) done();
    }),
};
