import { spawn } from "node:child_process";
import type { Ms } from "../vocab/index.ts";
import { timerMs } from "./clock.ts";

export interface ExecOptions {
  readonly cwd: string;
  /** The whole environment of the child; nothing else leaks in. See {@link allowEnv}. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: Ms;
  /** Bytes kept of each of stdout and stderr; the rest is counted and dropped. */
  readonly outputCapBytes: number;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  /** Told the pid, which is its process group too, once the command runs. */
  readonly onStart?: (pid: number) => void;
}

export interface Exit {
  /** `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly killedBy: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly droppedBytes: number;
  readonly durationMs: Ms;
}

/** Runs a command given as an argument array, never through a shell. */
export interface Exec {
  /** Resolves for every exit, timeout included; rejects only when the command cannot be started. */
  run(argv: readonly string[], options: ExecOptions): Promise<Exit>;
}

/** The named variables of an environment. */
export function allowEnv(names: readonly string[], from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const allowed: Record<string, string> = {};
  for (const name of names) {
    const value = from[name];
    if (value !== undefined) allowed[name] = value;
  }
  return allowed;
}

/** Variables that almost every program needs to start. */
export const BASE_ENV = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"] as const;

function collector(cap: number) {
  const chunks: Buffer[] = [];
  let kept = 0;
  let dropped = 0;
  return {
    take(chunk: Buffer) {
      const room = Math.max(0, cap - kept);
      if (room > 0) chunks.push(chunk.subarray(0, room));
      kept += Math.min(room, chunk.length);
      dropped += Math.max(0, chunk.length - room);
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
    dropped: () => dropped,
  };
}

/** Kills a whole process group, then the process itself when it has no group any more. */
function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    try {
      process.kill(pid, signal);
    } catch {
      // Already gone.
    }
  }
}

/** How long output may still arrive after a command has ended. */
const OUTPUT_GRACE_MS = 500;

export const realExec: Exec = {
  run: (argv, options) =>
    new Promise((resolve, reject) => {
      const [command, ...args] = argv;
      if (command === undefined) {
        reject(new Error("an empty argument array names no command"));
        return;
      }
      const started = performance.now();
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...options.env },
        stdio: ["pipe", "pipe", "pipe"],
        detached: true, // a group of its own, so that a timeout ends its children too
      });
      const out = collector(options.outputCapBytes);
      const err = collector(options.outputCapBytes);
      let timedOut = false;
      const stop = () => child.pid !== undefined && killGroup(child.pid, "SIGKILL");
      const timer = setTimeout(() => {
        timedOut = true;
        stop();
      }, timerMs(options.timeoutMs));
      options.signal?.addEventListener("abort", stop, { once: true });
      if (options.signal?.aborted) stop();
      const clear = () => {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", stop);
      };
      child.on("error", (error) => {
        clear();
        reject(error);
      });
      // Where no file can be opened any more, a child that did not start has no streams either.
      child.stdout?.on("data", out.take);
      child.stderr?.on("data", err.take);
      child.stdin?.on("error", () => {});
      try {
        if (child.pid !== undefined) options.onStart?.(child.pid);
      } catch (error) {
        // Nobody would know of it: it must not work on.
        stop();
        clear();
        reject(error);
      }
      child.stdin?.end(options.stdin ?? "");
      let grace: NodeJS.Timeout | undefined;
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        clear();
        resolve({
          code: code ?? undefined,
          killedBy: signal ?? undefined,
          timedOut,
          stdout: out.text(),
          stderr: err.text(),
          droppedBytes: out.dropped() + err.dropped(),
          durationMs: performance.now() - started,
        });
      };
      child.on("close", (code, signal) => {
        clearTimeout(grace);
        end(code, signal);
      });
      // What the command left behind may hold its output open for ever: the command itself has ended.
      child.on("exit", (code, signal) => {
        grace = setTimeout(() => {
          stop();
          child.stdout.destroy();
          child.stderr.destroy();
          end(code, signal);
        }, OUTPUT_GRACE_MS);
      });
    }),
};
