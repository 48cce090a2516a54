import { setTimeout as delay } from "node:timers/promises";
import { type Instant, instantOf, type Ms } from "../vocab/index.ts";

/** Time as a parameter. `wall` may jump; spans are measured with `mono`, which never does. */
export interface Clock {
  wall(): Instant;
  /** Milliseconds since an arbitrary start, never going back. Not comparable between processes. */
  mono(): Ms;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: Ms, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  wall: () => instantOf(Date.now()),
  mono: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch {
      // An aborted sleep is a short sleep; the caller looks at its signal.
    }
  },
};
