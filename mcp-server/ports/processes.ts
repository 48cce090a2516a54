import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";

export type { ChildProcess } from "node:child_process";

/** One process, told apart from a later one that got the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque start mark: the same for as long as the process lives, different after the pid is reused. */
  readonly start: string;
  readonly bootId: string;
  readonly host: string;
}

export interface Processes {
  self(): ProcessIdentity;
  /** Who has this pid now, or `undefined`. */
  identify(pid: number): ProcessIdentity | undefined;
  /** Starts a process that outlives us: own session, no terminal, output to a file. Returns its pid. */
  spawnDetached(
    argv: readonly string[],
    o: { cwd: string; env: Readonly<Record<string, string>>; logFile: string },
  ): number;
  /** Starts a child that is watched: exit, output. `inherit` gives it our terminal. */
  spawnChild(
    argv: readonly string[],
    o: { cwd: string; env: Readonly<Record<string, string>>; stdio?: "pipe" | "inherit" },
  ): ChildProcess;
  /** Sends a signal; false when there is no such process. */
  kill(pid: number, signal: NodeJS.Signals): boolean;
  /** Pids of the living processes of a process group, its leader among them while it lives. */
  group(id: number): number[];
  /** Whether a process was started with this in its environment; false also where nobody may look. */
  startedWith(pid: number, name: string, value: string): boolean;
  /** Resident memory in bytes, `undefined` when unknown. */
  residentBytes(pid: number): number | undefined;
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function commandOutput(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() || undefined;
  } catch {
    return undefined;
  }
}

let bootIdCache: string | undefined;

/** Linux says it in /proc; macOS in a kernel setting. Elsewhere the host name has to do. */
function bootId(): string {
  bootIdCache ??=
    readOptional("/proc/sys/kernel/random/boot_id")?.trim() ??
    commandOutput("sysctl", ["-n", "kern.bootsessionuuid"]) ??
    `unknown-boot-of-${hostname()}`;
  return bootIdCache;
}

/** The fields of /proc/PID/stat from the state on, after the parenthesised name; of Linux only. */
function statFields(pid: number | string): string[] | undefined {
  const stat = readOptional(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** A zombie has ended; it only waits for its parent to notice. */
const hasEnded = (state: string | undefined) => state === undefined || state.startsWith("Z") || state.startsWith("X");

/** Clock ticks since boot (Linux, field 22 of stat) or the start date (ps). */
function startMark(pid: number): string | undefined {
  const fields = statFields(pid);
  if (fields !== undefined) return hasEnded(fields[0]) ? undefined : fields[19];
  return process.platform === "linux" ? undefined : commandOutput("ps", ["-o", "lstart=", "-p", String(pid)]);
}

/** Linux: field 5 of each stat. Elsewhere ps says it. */
function membersOf(group: number): number[] {
  if (process.platform === "linux") {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.flatMap((pid) => {
      const fields = statFields(pid);
      return fields !== undefined && !hasEnded(fields[0]) && Number(fields[2]) === group ? [Number(pid)] : [];
    });
  }
  const rows = commandOutput("ps", ["-axo", "pid=,pgid=,state="])?.split("\n") ?? [];
  return rows.flatMap((row) => {
    const [pid, of, state] = row.trim().split(/\s+/);
    return Number(of) === group && !hasEnded(state) ? [Number(pid)] : [];
  });
}

/** Linux: /proc/PID/environ, which its owner may read. Elsewhere ps shows the environment behind the command. */
function hasVariable(pid: number, variable: string): boolean {
  if (process.platform === "linux") {
    return (readOptional(`/proc/${pid}/environ`) ?? "").split("\0").includes(variable);
  }
  return (commandOutput("ps", ["-Eww", "-o", "command=", "-p", String(pid)]) ?? "").split(/\s+/).includes(variable);
}

export const realProcesses: Processes = {
  self: () => {
    const start = startMark(process.pid);
    if (start === undefined) throw new Error("cannot read the start time of this process");
    return { pid: process.pid, start, bootId: bootId(), host: hostname() };
  },
  identify: (pid) => {
    const start = startMark(pid);
    return start === undefined ? undefined : { pid, start, bootId: bootId(), host: hostname() };
  },
  spawnDetached: (argv, o) => {
    const [command, ...args] = argv;
    if (command === undefined) throw new Error("an empty argument array names no command");
    const log = openSync(o.logFile, "a", 0o600);
    try {
      const child = spawn(command, args, {
        cwd: o.cwd,
        env: { ...o.env },
        detached: true,
        stdio: ["ignore", log, log],
      });
      // Before the check: what could not be started says so later, and would end this process.
      child.on("error", () => {});
      if (child.pid === undefined) throw new Error(`cannot start ${command}`);
      child.unref();
      return child.pid;
    } finally {
      closeSync(log);
    }
  },
  spawnChild: (argv, o) => {
    const [command, ...args] = argv;
    if (command === undefined) throw new Error("an empty argument array names no command");
    const stdio = o.stdio ?? "pipe";
    const stdin = stdio === "inherit" ? "inherit" : "ignore";
    return spawn(command, args, { cwd: o.cwd, env: { ...o.env }, stdio: [stdin, stdio, stdio] });
  },
  kill: (pid, signal) => {
    try {
      process.kill(pid, signal);
      return true;
    } catch {
      return false;
    }
  },
  group: membersOf,
  startedWith: (pid, name, value) => hasVariable(pid, `${name}=${value}`),
  residentBytes: (pid) => {
    const statm = readOptional(`/proc/${pid}/statm`);
    // A process that has ended and waits for its parent to notice holds no memory any more.
    if (statm !== undefined) return Number(statm.split(" ")[1]) * 4096 || undefined;
    const kilobytes = commandOutput("ps", ["-o", "rss=", "-p", String(pid)]);
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  },
};
