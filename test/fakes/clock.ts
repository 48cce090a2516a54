import type { Clock } from "../../mcp-server/ports/index.ts";
import { type Instant, instantOf, type Ms } from "../../mcp-server/vocab/index.ts";

export interface FakeClock extends Clock {
  /** Lets time pass: sleepers wake in order, and what they do next runs before the next one wakes. */
  advance(ms: Ms): Promise<void>;
  /** Sets the wall clock off without touching spans, as NTP or a person does. */
  jumpWall(ms: Ms): void;
  /** Passes time from one sleeper to the next until the promise settles, for at most `limitMs` of fake time. */
  runUntil<T>(promise: Promise<T>, limitMs?: Ms): Promise<T>;
  /** How many sleep now. */
  sleepers(): number;
}

/** Lets everything that can run without a timer run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A clock that stands still until told otherwise. */
export function fakeClock(start: Instant | string = "2026-03-01T12:00:00.000Z"): FakeClock {
  let mono = 0;
  let wall = Date.parse(start);
  const sleeping = new Set<{ at: Ms; wake: () => void }>();

  const next = () => [...sleeping].sort((a, b) => a.at - b.at)[0];
  const pass = (to: Ms) => {
    wall += to - mono;
    mono = to;
  };
  const advance = async (ms: Ms) => {
    const end = mono + ms;
    await settle();
    for (let due = next(); due && due.at <= end; due = next()) {
      pass(Math.max(mono, due.at));
      due.wake();
      await settle();
    }
    pass(end);
  };

  return {
    wall: () => instantOf(wall),
    mono: () => mono,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const done = () => {
          sleeping.delete(sleeper);
          signal?.removeEventListener("abort", done);
          resolve();
        };
        const sleeper = { at: mono + Math.max(0, ms), wake: done };
        sleeping.add(sleeper);
        signal?.addEventListener("abort", done, { once: true });
        if (signal?.aborted) done();
      }),
    advance,
    jumpWall: (ms) => {
      wall += ms;
    },
    runUntil: async (promise, limitMs = 86_400_000) => {
      let settled = false;
      const watched = promise.finally(() => {
        settled = true;
      });
      watched.catch(() => {});
      const end = mono + limitMs;
      let idle = 0;
      await settle();
      while (!settled) {
        const due = next();
        if (due && due.at > end) throw new Error(`not settled within ${limitMs} ms of fake time`);
        if (due) {
          idle = 0;
          await advance(due.at - mono);
        } else {
          // Nothing sleeps: it may wait for real input or output. That is granted a little, not for ever.
          idle += 1;
          if (idle > 2_000) throw new Error("neither settled nor asleep: it waits for something that nobody does");
          await new Promise<void>((resolve) => setTimeout(resolve, 1));
        }
      }
      return watched;
    },
    sleepers: () => sleeping.size,
  };
}
