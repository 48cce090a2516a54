import { join } from "node:path";
import type { Disk } from "../../ports/index.ts";
import { type Env, Fence, messageOf } from "../../vocab/index.ts";
import { shutOut } from "../pools.ts";
import { TargetError } from "../target.ts";

const NAME = /^epoch-(\d{12})\.json$/;

/** Folder of what the target keeps about one environment. */
export function commandFolder(root: string, env: Env): string {
  return join(root, ".aiwg", "command-target", env);
}

/**
 * Keeps the highest epoch seen and refuses lower ones, because the project's commands may not look at it. One file per
 * epoch, made exclusively: two processes that write at once cannot lose the higher one.
 */
export function admit(disk: Disk, folder: string, env: Env, fence: Fence): void {
  const seen = epochs(disk, folder);
  const highest = Math.max(0, ...seen);
  if (fence.epoch < highest) throw shutOut(env, readFence(disk, folder, highest), fence);
  if (fence.epoch === highest) return;
  try {
    disk.mkdir(folder, 0o700);
    disk.createExclusive(join(folder, nameOf(fence.epoch)), JSON.stringify(fence), 0o600);
  } catch (error) {
    throw new TargetError(`the epoch of this run cannot be written down: ${messageOf(error)}`, {
      retryable: true,
      next: "make room and access for .aiwg/command-target",
      cause: error,
    });
  }
  for (const lower of seen) disk.remove(join(folder, nameOf(lower)));
}

/** The same look again, right before something is changed. */
export function stillAdmitted(disk: Disk, folder: string, env: Env, fence: Fence): void {
  const highest = Math.max(0, ...epochs(disk, folder));
  if (fence.epoch < highest) throw shutOut(env, readFence(disk, folder, highest), fence);
}

function epochs(disk: Disk, folder: string): number[] {
  return disk.list(folder).flatMap((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN) || []);
}

function nameOf(epoch: number): string {
  return `epoch-${String(epoch).padStart(12, "0")}.json`;
}

/** Who owns an epoch; the name of the file is what counts, its content is for people. */
function readFence(disk: Disk, folder: string, epoch: number): { runId: string; epoch: number } {
  try {
    return Fence.parse(JSON.parse(disk.readText(join(folder, nameOf(epoch)))));
  } catch {
    return { runId: "unknown", epoch };
  }
}
