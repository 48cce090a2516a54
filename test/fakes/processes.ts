import type { Processes } from "../../mcp-server/ports/index.ts";

export interface FakeProcesses extends Processes {
  /** A process starts and gets this pid, or the next free one; in a group of its own, or in this one. */
  start(pid?: number, o?: { group?: number; env?: Readonly<Record<string, string>> }): number;
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
  const groups = new Map<number, { group: number; env: Readonly<Record<string, string>> }>();
  const spawned: FakeProcesses["spawned"] = [];
  const signals: FakeProcesses["signals"] = [];
  let boot = 1;
  let started = 0;
  let nextPid = (o.pid ?? 100) + 1;

  const start: FakeProcesses["start"] = (pid = nextPid, given = {}) => {
    groups.set(pid, { group: given.group ?? pid, env: given.env ?? {} });
    started += 1;
    nextPid = Math.max(nextPid, pid + 1);
    alive.set(pid, `start-${started}`);
    return pid;
  };
  const identify = (pid: number) => {
    const mark = alive.get(pid);
    return mark === undefined ? undefined : { pid, start: mark, bootId: `boot-${boot}`, host };
  };
  const membersOf = (group: number) => [...alive.keys()].filter((pid) => groups.get(pid)?.group === group);
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
      const hit = pid < 0 ? membersOf(-pid) : [pid].filter((one) => alive.has(one));
      if (hit.length === 0) return false;
      signals.push({ pid, signal });
      if (signal === "SIGKILL") for (const one of hit) alive.delete(one);
      return true;
    },
    group: membersOf,
    startedWith: (pid, name, value) => alive.has(pid) && groups.get(pid)?.env[name] === value,
    residentBytes: (pid) => (alive.has(pid) ? 50_000_000 : undefined),
  });
  return seenBy(start(o.pid ?? 100));
}
