import { spawn } from "node:child_process";
import { join } from "node:path";

/** The program that users run: the one-file bundle, built once before the tests. */
export const PROGRAM = join(import.meta.dirname, "../../dist/deploy-flow.mjs");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
}

/** Runs the program without a terminal and waits for its end. */
export function run(
  cwd: string,
  words: readonly string[],
  o: { input?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      cwd,
      // Where these tests themselves run is not what they are about.
      env: { ...process.env, GITHUB_ACTIONS: "", ...o.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString("utf8");
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err, ms: performance.now() - started }));
    child.stdin.end(o.input ?? "");
  });
}
