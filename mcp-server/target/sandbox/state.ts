import { join } from "node:path";
import { z } from "zod";
import type { Disk } from "../../ports/index.ts";
import { Env, Fence, Instant, Pool, RunId } from "../../vocab/index.ts";
import { SandboxConfig } from "../config.ts";
import { TargetError } from "../target.ts";

/** A migration that was applied, so that it is not applied again. */
export const AppliedMigration = z.strictObject({ id: z.string(), runId: RunId, at: Instant });

/** What one environment shall be, across deaths of the daemon. */
export const EnvironmentState = z.strictObject({
  /** Port on which the proxy listens. */
  port: z.number().int(),
  /** The highest fence seen. */
  fence: Fence.optional(),
  pools: z.array(Pool),
  /** The configuration under which the pools were started. */
  config: SandboxConfig,
  migrations: z.array(AppliedMigration).default([]),
});
export type EnvironmentState = z.infer<typeof EnvironmentState>;

/** A service process that we started, told apart from a later one with the same pid. */
export const ServiceProcess = z.strictObject({
  instanceId: z.string(),
  pid: z.number().int(),
  start: z.string(),
  bootId: z.string(),
  host: z.string(),
});
export type ServiceProcess = z.infer<typeof ServiceProcess>;

export const SandboxState = z.strictObject({
  schema: z.literal(1),
  environments: z.partialRecord(Env, EnvironmentState),
  processes: z.array(ServiceProcess),
});
export type SandboxState = z.infer<typeof SandboxState>;

/** Folder of everything that the sandbox keeps in a project. */
export function sandboxFolder(root: string): string {
  return join(root, ".aiwg", "sandbox");
}

/** The kept state, written through at every change. */
export interface StateFile {
  read(): SandboxState;
  update(change: (state: SandboxState) => SandboxState): void;
}

/**
 * Opens the state of a project's sandbox. A damaged file is an error: guessing could orphan running services.
 * @param owned false from the moment on when the files belong to somebody else, or are gone: nothing is written then
 */
export function openState(disk: Disk, root: string, owned: () => boolean): StateFile {
  const path = join(sandboxFolder(root), "state.json");
  let state: SandboxState = { schema: 1, environments: {}, processes: [] };
  if (disk.stat(path) !== undefined) {
    const parsed = SandboxState.safeParse(parseJson(disk.readText(path)));
    if (!parsed.success) {
      throw new TargetError("the state of the sandbox, .aiwg/sandbox/state.json, is damaged", {
        retryable: false,
        next: "end leftover service processes, remove the file, and deploy again",
      });
    }
    state = parsed.data;
  }
  return {
    read: () => state,
    update: (change) => {
      const next = change(state);
      if (owned()) replaceFile(disk, path, `${JSON.stringify(next)}\n`);
      state = next;
    },
  };
}

/**
 * Whole or not at all, whatever kills this process. Not forced to the medium: that takes tens of milliseconds in which
 * the proxy would stand still, and a power cut ends everything that the record speaks of anyway.
 */
function replaceFile(disk: Disk, path: string, text: string): void {
  const temporary = `${path}.tmp`;
  disk.remove(temporary);
  const file = disk.openAppend(temporary, 0o600);
  try {
    file.append(Buffer.from(text));
  } finally {
    file.close();
  }
  disk.rename(temporary, path);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
