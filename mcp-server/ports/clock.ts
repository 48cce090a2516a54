import { setTimeout as delay } from "node:timers/promises";
import { type Instant, instantOf, type Ms } from "../vocab/index.ts";

/** Time as a parameter. `wall` may jump; spans are measured with `mono`, which never does. */
export interface Clock {
  wall(): Instant;
  /** Milliseconds since an arbitrary start, never going back. Not comparable between processes. */
  mono(): Ms;
  /** Resolves after `ms`, or after the longest time that a timer can wait, or at once when `signal` aborts. Never rejects. */
  sleep(ms: Ms, signal?: AbortSignal): Promise<void>;
}

/** The longest that a timer of the platform can wait; it fires at once when asked for more. */
const LONGEST_TIMER_MS: Ms = 2 ** 31 - 1;

/** A span as a timer takes it: whole milliseconds, rounded up so that no limit is cut short, and never more than it can wait. */
export function timerMs(ms: Ms): Ms {
  return Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(ms)));
}

/** Aborts after `ms`, by real time; any span will do, where `AbortSignal.timeout` takes whole milliseconds only. */
export function abortAfter(ms: Ms): AbortSignal {
  return AbortSignal.timeout(timerMs(ms));
}

export const systemClock: Clock = {
  wall: () => instantOf(Date.now()),
  mono: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(timerMs(ms), undefined, signal ? { signal } : {});
    } catch {
      // An aborted sleep is a short sleep; the caller looks at its signal.
    }
  },
};
