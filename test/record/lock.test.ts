import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hold, readHeld, releaseHeld } from "../../mcp-server/record/held.ts";
import { acquireLock, type LockRecord, lastEpoch, readLock, releaseLock } from "../../mcp-server/record/lock.ts";
import { breakLock } from "../../mcp-server/record/lock-break.ts";
import type { Instant, RunId } from "../../mcp-server/vocab/index.ts";
import { Crash, type FakeProcesses, fakeIds, fakeProcesses, type MemoryDisk, memoryDisk } from "../fakes/index.ts";

const PATH = "/p/.aiwg/deployment/lock";
const runId = (n: number) => `dpl-20260301T120000Z-${String(n).padStart(6, "0")}` as RunId;
const at = "2026-03-01T12:00:00.000Z" as Instant;
const ids = fakeIds();

function acquire(disk: MemoryDisk, processes: FakeProcesses, run = 1, socket = false): Promise<LockRecord> {
  const socketAnswers = async () => socket;
  return acquireLock({ disk, processes, ids, path: PATH, runId: runId(run), socketAnswers });
}

describe("a free lock", () => {
  it("names its owner, gives epoch 1, and can be given back", async () => {
    const disk = memoryDisk();
    const lock = await acquire(disk, fakeProcesses());
    expect(lock).toMatchObject({
      runId: runId(1),
      pid: 100,
      start: "start-1",
      bootId: "boot-1",
      host: "host-a",
      epoch: 1,
    });
    expect(readLock(disk, PATH)).toEqual(lock);
    expect(releaseLock(disk, PATH, lock)).toBe(true);
    expect(readLock(disk, PATH)).toBeUndefined();
    expect(releaseLock(disk, PATH, lock)).toBe(false);
  });

  it("has a higher epoch every time, also after a release", async () => {
    const disk = memoryDisk();
    const epochs: number[] = [];
    for (let run = 1; run <= 3; run += 1) {
      const lock = await acquire(disk, fakeProcesses(), run);
      epochs.push(lock.epoch);
      releaseLock(disk, PATH, lock);
    }
    expect(epochs).toEqual([1, 2, 3]);
    expect(lastEpoch(disk, PATH)).toBe(3);
  });
});

describe("a lock in use", () => {
  type Change = (machine: FakeProcesses) => void;
  const nothing: Change = () => {};
  it.each<[name: string, change: Change, socket: boolean, host: string, free: boolean]>([
    ["whose process lives", nothing, false, "host-a", false],
    ["whose process lives and answers", nothing, true, "host-a", false],
    ["whose process has ended", (machine) => machine.end(200), false, "host-a", true],
    ["whose process has ended but whose socket answers", (machine) => machine.end(200), true, "host-a", false],
    [
      "whose pid another process has now",
      (machine) => {
        machine.end(200);
        machine.start(200);
      },
      false,
      "host-a",
      true,
    ],
    [
      "from before a restart of the machine",
      (machine) => {
        machine.reboot();
        machine.start(100);
      },
      false,
      "host-a",
      true,
    ],
    [
      "from before a restart, with the same pid in use again",
      (machine) => {
        machine.reboot();
        machine.start(100);
        machine.start(200);
      },
      false,
      "host-a",
      true,
    ],
    ["of another host", nothing, false, "host-b", false],
  ])("%s", async (_name, change, socket, host, free) => {
    const disk = memoryDisk();
    const owner = fakeProcesses({ host, pid: 200 });
    const first = await acquire(disk, owner, 1);
    const machine = host === "host-a" ? owner.as(100) : fakeProcesses();
    if (host === "host-a") machine.start(100);
    change(machine);
    const second = acquire(disk, machine, 2, socket);
    if (free) {
      expect(await second).toMatchObject({ runId: runId(2), pid: 100, epoch: 2 });
      expect(releaseLock(disk, PATH, first)).toBe(false);
    } else {
      const found = `run ${runId(1)}, process 200 on ${host}, epoch 1`;
      await expect(second).rejects.toMatchObject({ code: "conflict", found });
      expect(readLock(disk, PATH)).toEqual(first);
    }
  });

  it("is not obtained a second time by its own process", async () => {
    const disk = memoryDisk();
    const processes = fakeProcesses();
    await acquire(disk, processes);
    await expect(acquire(disk, processes)).rejects.toMatchObject({ code: "conflict" });
  });

  it("that is released and taken again while it is read is not taken for damaged", async () => {
    const disk = memoryDisk();
    await acquire(disk, fakeProcesses());
    let gone = true;
    const racing: MemoryDisk = {
      ...disk,
      readText: (path) => {
        if (path !== PATH || !gone) return disk.readText(path);
        gone = false;
        throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
      },
    };
    await expect(acquire(racing, fakeProcesses(), 2)).rejects.toMatchObject({ code: "conflict" });
  });

  it("that cannot be read is nobody's to take", async () => {
    const disk = memoryDisk({ [PATH]: '{"pid": 1' });
    await expect(acquire(disk, fakeProcesses())).rejects.toMatchObject({ code: "damaged", where: { file: PATH } });
  });
});

describe("a lock that a person removes", () => {
  const release = { person: "ada", reason: "that host is gone", at };

  it.each<[name: string, lock: () => Promise<MemoryDisk>]>([
    [
      "of another host",
      async () => {
        const disk = memoryDisk();
        await acquire(disk, fakeProcesses({ host: "host-b" }));
        return disk;
      },
    ],
    ["that is unreadable", async () => memoryDisk({ [PATH]: "{" })],
  ])("%s is free then, with a higher epoch, and the reason is kept", async (_name, lock) => {
    const disk = await lock();
    expect(breakLock(disk, fakeProcesses(), PATH, release)).toBe(true);
    expect(breakLock(disk, fakeProcesses(), PATH, release)).toBe(false);
    expect(await acquire(disk, fakeProcesses(), 2)).toMatchObject({ epoch: 2 });
    expect(JSON.parse(disk.readText(`${PATH}.releases.jsonl`))).toMatchObject(release);
  });

  it("is released on a line of its own after one that a crash cut short", async () => {
    const disk = memoryDisk({ [PATH]: "{", [`${PATH}.releases.jsonl`]: '{"person":"bob","rea' });
    breakLock(disk, fakeProcesses(), PATH, release);
    const lines = disk.readText(`${PATH}.releases.jsonl`).trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ ...release, released: "{" });
  });

  it("is not removed while its holder lives here, nor without a reason", async () => {
    const disk = memoryDisk();
    const machine = fakeProcesses();
    await acquire(disk, machine);
    expect(() => breakLock(disk, machine, PATH, release)).toThrow(expect.objectContaining({ code: "conflict" }));
    machine.end(100);
    machine.start(101);
    const withoutReason = { ...release, reason: "" };
    expect(() => breakLock(disk, machine.as(101), PATH, withoutReason)).toThrow("needs a reason");
    expect(readLock(disk, PATH)).toBeDefined();
    expect(breakLock(disk, machine.as(101), PATH, release)).toBe(true);
  });
});

describe("several at once", () => {
  /** Runs all, letting them take turns in the drawn order at every look at the socket. */
  async function race(disk: MemoryDisk, machine: FakeProcesses, turns: readonly number[]) {
    const gates: (() => void)[] = [];
    const all = Promise.allSettled(
      turns.map((_turn, index) => {
        machine.start(300 + index);
        const socketAnswers = () => new Promise<boolean>((resolve) => gates.push(() => resolve(false)));
        const processes = machine.as(300 + index);
        return acquireLock({ disk, processes, ids, path: PATH, runId: runId(300 + index), socketAnswers });
      }),
    );
    for (const turn of [...turns, ...turns]) {
      await new Promise((resolve) => setImmediate(resolve));
      gates.splice(turn % Math.max(1, gates.length), 1)[0]?.();
    }
    while (gates.length > 0) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return all;
  }

  it("exactly one takes over from a dead holder, whatever the order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { minLength: 2, maxLength: 6 }), async (turns) => {
        const disk = memoryDisk();
        const machine = fakeProcesses();
        machine.start(200);
        await acquire(disk, machine.as(200), 1);
        machine.end(200);
        const results = await race(disk, machine, turns);
        const winners = results.filter((result) => result.status === "fulfilled");
        expect(winners.map((winner) => winner.value.epoch)).toEqual([2]);
        expect(readLock(disk, PATH)).toEqual(winners[0]?.value);
        expect(disk.list("/p/.aiwg/deployment")).toEqual(["lock", "lock.epoch"]);
      }),
    );
  });
});

describe("a crash at every operation", () => {
  async function upTo(crashAt: number, kind: "kill" | "power", dead: boolean): Promise<boolean> {
    const disk = memoryDisk();
    const machine = fakeProcesses();
    if (dead) {
      machine.start(200);
      await acquire(disk, machine.as(200), 1);
      machine.end(200);
    }
    const before = lastEpoch(disk, PATH);
    machine.start(300);
    disk.faults.crashAt = disk.operations() + crashAt;
    const outcome = await acquire(disk, machine.as(300), 2).catch((error: unknown) => error);
    if (!disk.crashed()) return false;
    expect(outcome).toBeInstanceOf(Crash);
    machine.end(300);
    const after = disk.restart(kind);
    machine.start(301);
    const next = await acquire(after, machine.as(301), 3);
    expect(next.runId).toBe(runId(3));
    expect(next.epoch).toBeGreaterThan(before);
    machine.end(301);
    machine.start(302);
    expect((await acquire(after, machine.as(302), 4)).epoch).toBe(next.epoch + 1);
    return true;
  }

  it.each([
    ["kill", false],
    ["kill", true],
    ["power", false],
    ["power", true],
  ] as const)("(%s, taking over: %s) leaves a lock that the next one gets, with a higher epoch", async (kind, dead) => {
    let crashes = 0;
    while (await upTo(crashes + 1, kind, dead)) crashes += 1;
    expect(crashes).toBeGreaterThan(5);
  });
});

describe("a failed rollback", () => {
  const held = { runId: runId(1), reason: "traffic could not be moved back", at };

  it("refuses every other run until a person releases it with a reason", async () => {
    const disk = memoryDisk();
    const own = await acquire(disk, fakeProcesses(), 1);
    expect(hold(disk, PATH, held)).toEqual(held);
    releaseLock(disk, PATH, own);
    await expect(acquire(disk, fakeProcesses(), 2)).rejects.toMatchObject({ code: "refused", found: held.reason });
    const release = { person: "ada", reason: " ", at };
    expect(() => releaseHeld(disk, PATH, release)).toThrow("needs a reason");
    expect(releaseHeld(disk, PATH, { ...release, reason: "restored by hand" })).toBe(true);
    expect(releaseHeld(disk, PATH, { ...release, reason: "again" })).toBe(false);
    expect(await acquire(disk, fakeProcesses(), 2)).toMatchObject({ epoch: 2 });
    expect(JSON.parse(disk.readText(`${PATH}.releases.jsonl`))).toMatchObject({
      person: "ada",
      reason: "restored by hand",
    });
  });

  it("lets its own run finish its report, and keeps the first reason", async () => {
    const disk = memoryDisk();
    disk.mkdir("/p/.aiwg/deployment");
    hold(disk, PATH, held);
    expect(hold(disk, PATH, { ...held, reason: "later" })).toEqual(held);
    expect(await acquire(disk, fakeProcesses(), 1)).toMatchObject({ epoch: 1 });
  });

  it("is not overlooked when it happens while the next run waits for the lock", async () => {
    const disk = memoryDisk();
    const machine = fakeProcesses();
    machine.start(200);
    await acquire(disk, machine.as(200), 1);
    machine.end(200);
    const socketAnswers = async () => {
      hold(disk, PATH, held);
      return false;
    };
    const next = acquireLock({ disk, processes: machine, ids, path: PATH, runId: runId(2), socketAnswers });
    await expect(next).rejects.toMatchObject({ code: "refused" });
    expect(readLock(disk, PATH)).toBeUndefined();
  });

  it("holds the project even when its record is unreadable; a person can still release it", async () => {
    const disk = memoryDisk({ [`${PATH}.held`]: "" });
    await expect(acquire(disk, fakeProcesses())).rejects.toMatchObject({ code: "damaged" });
    expect(() => readHeld(disk, PATH)).toThrow("cannot be read");
    expect(releaseHeld(disk, PATH, { person: "ada", reason: "checked", at })).toBe(true);
  });
});
