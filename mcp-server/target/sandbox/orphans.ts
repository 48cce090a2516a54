import type { Ports } from "../../ports/index.ts";
import { stillRuns } from "./daemon-lock.ts";
import type { StateFile } from "./state.ts";

const GONE_WITHIN_MS = 5_000;

/**
 * Ends the service processes that a dead daemon left behind: nothing can route to them any more. Only processes whose
 * pid still belongs to the very process on record are touched.
 */
export async function endOrphans(state: StateFile, ports: Pick<Ports, "clock" | "processes">): Promise<void> {
  const orphans = state.read().processes.filter((known) => stillRuns(known, ports.processes));
  for (const orphan of orphans) ports.processes.kill(orphan.pid, "SIGKILL");
  const until = ports.clock.mono() + GONE_WITHIN_MS;
  while (orphans.some((orphan) => stillRuns(orphan, ports.processes)) && ports.clock.mono() < until) {
    await ports.clock.sleep(10);
  }
  if (state.read().processes.length > 0) state.update((all) => ({ ...all, processes: [] }));
}
