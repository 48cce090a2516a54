import type { Processes } from "../../mcp-server/ports/index.ts";

export interface FakeProcesses extends Processes {
  /** A process starts and gets this pid, or the next free one. */
  start(pid?: number): number;
  end(pid: number): void;
  /** All processes end, and the machine has a new boot id. */
  reboot(): void;
  /** The same machine as another process sees it. */
  as(pid: number): FakeProcesses;
  readonly spawned: { argv: readonly string[]; cwd: string; env: Readonly<Record<string, string>>; pid: number }[];
  readonly signals: { pid: number; signal: NodeJS.Signals }[];
}

/** A machine's process table. It starts with one process, which is `self()`. */
export function fakeProcesses(o: { host?: string; pid?: number } = {}): FakeProcesses {
  const host = o.host ?? "host-a";
  const alive = new Map<number, string>();
  const spawned: FakeProcesses["spawned"] = [];
  const signals: FakeProcesses["signals"] = [];
  let boot = 1;
  let started = 0;
  let nextPid = (o.pid ?? 100) + 1;

  const start = (pid = nextPid) => {
    started += 1;
    nextPid = Math.max(nextPid, pid + 1);
    alive.set(pid, `start-${started}`);
    return pid;
  };
  const identify = (pid: number) => {
    const mark = alive.get(pid);
    return mark === undefined ? undefined : { pid, start: mark, bootId: `boot-${boot}`, host };
  };
  const seenBy = (selfPid: number): FakeProcesses => ({
    start,
    end: (pid) => {
      alive.delete(pid);
    },
    reboot: () => {
      alive.clear();
      boot += 1;
    },
    as: seenBy,
    spawned,
    signals,
    self: () => {
      const self = identify(selfPid);
      if (!self) throw new Error(`process ${selfPid} has ended`);
      return self;
    },
    identify,
    spawnDetached: (argv, options) => {
      const pid = start();
      spawned.push({ argv, cwd: options.cwd, env: options.env, pid });
      return pid;
    },
    spawnChild: () => {
      throw new Error("the fake has no watched children; use the real processes");
    },
    kill: (pid, signal) => {
      if (!alive.has(pid)) return false;
      signals.push({ pid, signal });
      if (signal === "SIGKILL") alive.delete(pid);
      return true;
    },
    residentBytes: (pid) => (alive.has(pid) ? 50_000_000 : undefined),
  });
  return seenBy(start(o.pid ?? 100));
}
