import type { AppendFile, Disk } from "../../ports/index.ts";

/** Output of one instance: a file that is rotated once at its cap, and the last part in memory. */
export interface LogFile {
  write(chunk: Uint8Array): void;
  /** Begins the tail anew: another process writes from here on. */
  startLife(): void;
  /** The last characters that the current process wrote. */
  tail(): string;
  close(): void;
}

const TAIL_CHARACTERS = 4_000;

/** Opens a log. At `capBytes` the file becomes `<path>.1`, replacing an older one: at most twice the cap is kept. */
export function openLog(disk: Disk, path: string, capBytes = 1024 * 1024): LogFile {
  let file: AppendFile | undefined = disk.openAppend(path, 0o600);
  let size = file.size();
  let tail = "";
  const rotate = () => {
    file?.close();
    disk.rename(path, `${path}.1`);
    file = disk.openAppend(path, 0o600);
    size = 0;
  };
  return {
    write: (chunk) => {
      tail = (tail + Buffer.from(chunk).toString("utf8")).slice(-TAIL_CHARACTERS);
      if (file === undefined) return;
      try {
        if (size > 0 && size + chunk.length > capBytes) rotate();
        file.append(chunk);
        size += chunk.length;
      } catch {
        // A full disk must not take the service down with its log; the tail in memory goes on.
      }
    },
    startLife: () => {
      tail = "";
    },
    tail: () => tail,
    close: () => {
      file?.close();
      file = undefined;
    },
  };
}

const KEPT_LOGS = 40;

/** Removes the oldest logs of ended instances beyond the newest 40 files. */
export function trimLogs(disk: Disk, folder: string): void {
  const files = disk
    .list(folder)
    .map((name) => ({ path: `${folder}/${name}`, at: disk.stat(`${folder}/${name}`)?.mtimeMs ?? 0 }));
  files.sort((a, b) => b.at - a.at);
  for (const old of files.slice(KEPT_LOGS)) disk.remove(old.path);
}
