import { z } from "zod";
import type { Disk } from "../ports/index.ts";
import { FlowError, Instant, RunId } from "../vocab/index.ts";
import { appendLine } from "./append-line.ts";

/** Left behind by a failed rollback: no new run starts until a person has released it. */
export const HeldRecord = z.object({ runId: RunId, reason: z.string(), at: Instant });
export type HeldRecord = z.infer<typeof HeldRecord>;

const heldPath = (lockPath: string) => `${lockPath}.held`;

/** Holds the project of this lock. The first reason stays when it is held already. */
export function hold(disk: Disk, lockPath: string, record: HeldRecord): HeldRecord {
  const path = heldPath(lockPath);
  if (disk.createExclusive(path, `${JSON.stringify(record)}\n`)) return record;
  return readHeld(disk, lockPath) ?? record;
}

/** What holds the project, if anything. An unreadable record holds it too: FlowError `damaged`. */
export function readHeld(disk: Disk, lockPath: string): HeldRecord | undefined {
  const path = heldPath(lockPath);
  if (!disk.stat(path)) return undefined;
  try {
    return HeldRecord.parse(JSON.parse(disk.readText(path)));
  } catch (error) {
    throw new FlowError({
      code: "damaged",
      what: "the record of a failed rollback cannot be read",
      where: { file: path },
      next: "bring production into a known state, then a person runs `deploy-flow release-lock --reason ...`",
      cause: error,
    });
  }
}

/** Who released the project, why, and what had held it. */
export interface HeldRelease {
  readonly person: string;
  readonly reason: string;
  readonly at: Instant;
}

/**
 * A person's release. What held the project, even if unreadable, is kept with the reason in `<lock>.releases.jsonl`
 * before it is removed. False when nothing held it.
 */
export function releaseHeld(disk: Disk, lockPath: string, release: HeldRelease): boolean {
  const path = heldPath(lockPath);
  if (!disk.stat(path)) return false;
  logRelease(disk, lockPath, release, disk.readText(path));
  disk.remove(path);
  return true;
}

/** Notes on the medium who released what, and why. Throws FlowError `usage` without a reason. */
export function logRelease(disk: Disk, lockPath: string, release: HeldRelease, released: string): void {
  if (release.reason.trim() === "") {
    throw new FlowError({
      code: "usage",
      what: "a release needs a reason",
      next: "say what was done to bring production into a known state: `deploy-flow release-lock --reason ...`",
    });
  }
  appendLine(disk, `${lockPath}.releases.jsonl`, { ...release, released: released.trim() });
}
