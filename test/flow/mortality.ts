import type { AppendFile, Clock, Disk } from "../../mcp-server/ports/index.ts";
import type { Target } from "../../mcp-server/target/target.ts";
import type { Env, Fence } from "../../mcp-server/vocab/index.ts";
import { Crash, type FakeClock, type MemoryDisk } from "../fakes/index.ts";

/**
 * Where a process dies: after its nth journal append, around its nth change of the target, or in the middle of its nth
 * writing operation on the disk, alone or with the whole machine.
 */
export interface Death {
  readonly at: "append" | "before-call" | "after-call" | "disk" | "disk-and-power";
  readonly n: number;
}

/** A process that dies where it is told to: from then on it writes nothing, calls nothing and never wakes. */
export function mortality(clock: FakeClock, death: Death | undefined) {
  const never = () => new Promise<never>(() => {});
  let alive = true;
  let appends = 0;
  let calls = 0;
  let toll: (ended: "died") => void = () => {};
  const died = new Promise<"died">((resolve) => {
    toll = resolve;
  });
  const reaches = (at: Death["at"], n: number) => {
    if (death?.at !== at || death.n !== n) return false;
    alive = false;
    toll("died");
    return true;
  };
  const called = async <T>(perform: () => Promise<T>): Promise<T> => {
    if (!alive) return never();
    calls += 1;
    const n = calls;
    if (reaches("before-call", n)) return never();
    try {
      const value = await perform();
      return !alive || reaches("after-call", n) ? never() : value;
    } catch (error) {
      if (!alive) return never();
      throw error;
    }
  };
  return {
    died,
    die: () => {
      alive = false;
      toll("died");
    },
    /** An error of a dead process is nobody's. */
    orElseThrow: (error: unknown) => {
      if (!alive) return never();
      throw error;
    },
    end: () => {
      alive = false;
    },
    appends: () => appends,
    calls: () => calls,
    clock: {
      ...clock,
      sleep: async (ms: number, signal?: AbortSignal) => {
        if (!alive) return never();
        await clock.sleep(ms, signal);
        if (!alive) return never();
      },
    } satisfies Clock,
    append: <T>(write: () => T): T => {
      if (!alive) throw new Error("a dead process writes nothing");
      const stamped = write();
      appends += 1;
      if (reaches("append", appends)) throw new Error(`died after append ${appends}`);
      return stamped;
    },
    target: (target: Target): Target => ({
      ...target,
      ...(target.unlock && {
        unlock: (env: Env, fence: Fence, signal: AbortSignal) =>
          called(() => target.unlock?.(env, fence, signal) ?? Promise.reject(new Error("no lock here"))),
      }),
      observe: (env, signal) =>
        alive ? target.observe(env, signal).then((live) => (alive ? live : never())) : never(),
      apply: (env, pools, fence, signal) => called(() => target.apply(env, pools, fence, signal)),
      migrate: (env, id, fence, signal) =>
        called(() => target.migrate?.(env, id, fence, signal) ?? Promise.reject(new Error("no migrations here"))),
    }),
  };
}

/** The disk that is there now; `crashed` is told when it died, which ends the process that wrote. */
export function currentDisk(current: () => MemoryDisk, crashed: () => void): Disk {
  const told = (error: unknown) => {
    if (error instanceof Crash) crashed();
    throw error;
  };
  const guarded = <T extends object>(of: () => T): T =>
    new Proxy({} as T, {
      get: (_target, key) => {
        const member: unknown = Reflect.get(of(), key);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          try {
            const value: unknown = Reflect.apply(member, of(), args);
            if (key !== "openAppend") return value;
            const file = value as AppendFile;
            return guarded(() => file);
          } catch (error) {
            return told(error);
          }
        };
      },
    });
  return guarded<Disk>(current);
}
