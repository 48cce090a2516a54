import type { Disk, Processes } from "../ports/index.ts";
import { FlowError } from "../vocab/index.ts";
import { type HeldRelease, logRelease } from "./held.ts";
import { isGone, type LockRecord, lastEpoch, readLock, rememberEpoch } from "./lock.ts";

/**
 * A person removes a lock that no process can free: of a host that is gone, or unreadable. The epoch goes on above
 * it, so an owner that turns out to be alive is fenced out. False when there is no lock. Throws FlowError `conflict`
 * while the holder lives on this host.
 */
export function breakLock(disk: Disk, processes: Processes, path: string, release: HeldRelease): boolean {
  if (!disk.stat(path)) return false;
  const holder = readable(disk, path);
  if (holder && holder.host === processes.self().host && !isGone(processes, holder)) {
    throw new FlowError({
      code: "conflict",
      what: "the run that has the lock is alive",
      found: `run ${holder.runId}, process ${holder.pid} on ${holder.host}`,
      where: { file: path },
      next: "end it with `deploy-flow deploy-decide --decision abort`, or wait until it has ended",
    });
  }
  logRelease(disk, path, release, disk.readText(path));
  // An unreadable lock had at most the epoch after the last one remembered.
  rememberEpoch(disk, path, holder?.epoch ?? lastEpoch(disk, path) + 1);
  disk.remove(path);
  return true;
}

function readable(disk: Disk, path: string): LockRecord | undefined {
  try {
    return readLock(disk, path);
  } catch {
    return undefined;
  }
}
