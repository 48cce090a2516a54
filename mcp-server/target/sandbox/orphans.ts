import type { Disk, Ports } from "../../ports/index.ts";
import { stillRuns } from "./daemon-lock.ts";
import type { StateFile } from "./state.ts";

/** Variable in the environment of every service process: the project whose sandbox started it. */
export const OWNER_VARIABLE = "DEPLOY_FLOW_SANDBOX";

const GONE_WITHIN_MS = 5_000;

/**
 * Ends the service processes that a dead daemon left behind: nothing can route to them any more. Those on record are
 * ended where their pid still belongs to the very same process. A daemon that died between starting a process and
 * recording it left one that only its environment gives away; that can be looked up on Linux.
 */
export async function endOrphans(
  root: string,
  state: StateFile,
  ports: Pick<Ports, "clock" | "disk" | "processes">,
): Promise<void> {
  const recorded = state.read().processes.filter((known) => stillRuns(known, ports.processes));
  const self = ports.processes.self().pid;
  const marked = markedPids(root, ports.disk).flatMap((pid) =>
    pid === self ? [] : (ports.processes.identify(pid) ?? []),
  );
  const orphans = [...recorded, ...marked];
  for (const orphan of orphans) ports.processes.kill(orphan.pid, "SIGKILL");
  const until = ports.clock.mono() + GONE_WITHIN_MS;
  while (orphans.some((orphan) => stillRuns(orphan, ports.processes)) && ports.clock.mono() < until) {
    await ports.clock.sleep(10);
  }
  if (state.read().processes.length > 0) state.update((all) => ({ ...all, processes: [] }));
}

function markedPids(root: string, disk: Disk): number[] {
  const mark = `${OWNER_VARIABLE}=${root}`;
  return disk
    .list("/proc")
    .filter((name) => /^\d+$/.test(name) && environmentOf(name, disk).includes(mark))
    .map(Number);
}

function environmentOf(pid: string, disk: Disk): string[] {
  try {
    return disk.readText(`/proc/${pid}/environ`).split("\0");
  } catch {
    // Ended meanwhile, or another user's.
    return [];
  }
}
