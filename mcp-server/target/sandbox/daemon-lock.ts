import { join } from "node:path";
import { z } from "zod";
import type { Disk, Processes, ProcessIdentity } from "../../ports/index.ts";
import { sandboxFolder } from "./state.ts";

const Holder = z.object({ pid: z.number().int(), start: z.string(), bootId: z.string(), host: z.string() });

/** Proof of being the one daemon of a project. */
export interface DaemonLock {
  /** False when the file is gone: the project's folder was removed, or somebody removed the lock by hand. */
  held(): boolean;
  release(): void;
}

/** The process is the same one that wrote this down. */
export function stillRuns(known: ProcessIdentity, processes: Processes): boolean {
  const now = processes.identify(known.pid);
  return now !== undefined && now.start === known.start && now.bootId === known.bootId && now.host === known.host;
}

/**
 * Becomes the one daemon of a project, or returns `undefined` while another one lives. Locks are numbered: whoever
 * finds the newest one's holder dead creates the next number, which succeeds for one contender only. Nobody removes a
 * dead lock to take its place, so no contender can remove a living one by mistake.
 */
export function acquireDaemonLock(root: string, disk: Disk, processes: Processes): DaemonLock | undefined {
  const folder = sandboxFolder(root);
  const pathOf = (n: number) => join(folder, `daemon-${n}.lock`);
  const newest = Math.max(0, ...lockNumbers(disk, folder));
  if (newest > 0 && holderLives(disk, pathOf(newest), processes)) return undefined;
  const mine = newest + 1;
  if (!disk.createExclusive(pathOf(mine), JSON.stringify(processes.self()), 0o600)) return undefined;
  const numbers = lockNumbers(disk, folder);
  if (Math.max(...numbers) > mine) {
    disk.remove(pathOf(mine));
    return undefined;
  }
  for (const old of numbers) if (old < mine) disk.remove(pathOf(old));
  return { held: () => disk.stat(pathOf(mine)) !== undefined, release: () => disk.remove(pathOf(mine)) };
}

function lockNumbers(disk: Disk, folder: string): number[] {
  return disk.list(folder).flatMap((name) => {
    const match = /^daemon-(\d+)\.lock$/.exec(name);
    return match ? [Number(match[1])] : [];
  });
}

/** A lock that cannot be read was written by nobody alive: it appears whole or not at all. */
function holderLives(disk: Disk, path: string, processes: Processes): boolean {
  try {
    const holder = Holder.safeParse(JSON.parse(disk.readText(path)));
    return holder.success && stillRuns(holder.data, processes);
  } catch {
    return false;
  }
}
