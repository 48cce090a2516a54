import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Writes the demonstration's project into a folder of its own. */
export function makeProject(...flags: string[]): { root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "demo-project-"));
  execFileSync(process.execPath, ["scripts/demo/make-releases.mjs", root, ...flags]);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export interface RunningShop {
  readonly url: string;
  readonly process: ChildProcess;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts one instance of a release on a free port. */
export async function startShop(root: string, version: string): Promise<RunningShop> {
  const child = spawn(process.execPath, [join(root, "releases", version, "server.mjs")], {
    env: { PORT: "0", VERSION: version, INSTANCE_ID: "one" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { listening } = JSON.parse(line) as { listening: number };
    return {
      url: `http://127.0.0.1:${listening}`,
      process: child,
      stop: async () => {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        return ((await ended) as [number | null])[0];
      },
    };
  }
  throw new Error(`the shop ${version} ended before it listened`);
}
