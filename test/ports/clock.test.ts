import { describe, expect, it } from "vitest";
import { abortAfter, randomIds, systemClock, timerMs } from "../../mcp-server/ports/index.ts";
import { durationMs, epochMs } from "../../mcp-server/vocab/index.ts";
import { fakeClock, fakeIds } from "../fakes/index.ts";

describe("the system clock", () => {
  it("sleeps at least as long as asked, and no longer than until an abort", async () => {
    const start = systemClock.mono();
    await systemClock.sleep(20);
    expect(systemClock.mono() - start).toBeGreaterThanOrEqual(19);
    const stop = new AbortController();
    const asleep = systemClock.sleep(60_000, stop.signal);
    stop.abort();
    await asleep;
    await systemClock.sleep(60_000, AbortSignal.abort());
    expect(epochMs(systemClock.wall())).toBeGreaterThan(0);
  });

  it("does not wake at once from a sleep that is longer than a timer can wait", async () => {
    const stop = new AbortController();
    let isAwake = false;
    const asleep = systemClock.sleep(30 * 86_400_000, stop.signal).then(() => {
      isAwake = true;
    });
    await systemClock.sleep(30);
    expect(isAwake).toBe(false);
    stop.abort();
    await asleep;
  });
});

describe("a time limit", () => {
  it.each([
    [0, 0],
    [0.4, 1],
    [60_000.5, 60_001],
    [30_000, 30_000],
    [-5, 0],
    [30 * 86_400_000, 2 ** 31 - 1],
    [Number.POSITIVE_INFINITY, 2 ** 31 - 1],
  ])("of %d ms is a timer of %d ms", (ms, timer) => {
    expect(timerMs(ms)).toBe(timer);
  });

  it("takes what a computation gives, and does not fire early", async () => {
    for (const ms of [durationMs("60.0005s"), 30 * 86_400_000]) expect(abortAfter(ms).aborted).toBe(false);
    const short = abortAfter(1.5);
    const long = abortAfter(30 * 86_400_000);
    await systemClock.sleep(30);
    expect([short.aborted, long.aborted]).toEqual([true, false]);
  });
});

describe("the fake clock", () => {
  it("wakes sleepers in order, and those that sleep again on the way", async () => {
    const clock = fakeClock();
    const woken: string[] = [];
    const repeat = async () => {
      for (let turn = 1; turn <= 3; turn += 1) {
        await clock.sleep(10);
        woken.push(`tick ${clock.mono()}`);
      }
    };
    const late = clock.sleep(25).then(() => woken.push(`late ${clock.mono()}`));
    const ticking = repeat();
    await clock.advance(100);
    await Promise.all([late, ticking]);
    expect(woken).toEqual(["tick 10", "tick 20", "late 25", "tick 30"]);
    expect([clock.mono(), clock.wall(), clock.sleepers()]).toEqual([100, "2026-03-01T12:00:00.100Z", 0]);
  });

  it("lets the wall jump while spans stay", async () => {
    const clock = fakeClock();
    clock.jumpWall(-86_400_000);
    await clock.advance(1_000);
    expect([clock.wall(), clock.mono()]).toEqual(["2026-02-28T12:00:01.000Z", 1_000]);
  });

  it("passes time until a promise settles, and says when it never does", async () => {
    const clock = fakeClock();
    const work = (async () => {
      await clock.sleep(3_600_000);
      return "done";
    })();
    expect(await clock.runUntil(work)).toBe("done");
    expect(clock.mono()).toBe(3_600_000);
    await expect(clock.runUntil(clock.sleep(1_000), 10)).rejects.toThrow("not settled within 10 ms");
    await expect(clock.runUntil(Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  });

  it("wakes at an abort", async () => {
    const clock = fakeClock();
    await clock.sleep(1, AbortSignal.abort());
    expect(clock.sleepers()).toBe(0);
  });
});

describe("ids", () => {
  it("are of the length asked for; the fake ones repeat by seed", () => {
    expect(randomIds.hex(5)).toMatch(/^[0-9a-f]{10}$/);
    expect(randomIds.hex(8)).not.toBe(randomIds.hex(8));
    const draw = (seed: number) => {
      const ids = fakeIds(seed);
      return [ids.hex(3), ids.hex(40)];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1)[1]).toMatch(/^[0-9a-f]{80}$/);
  });
});
