import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import {
  FencedOut,
  followJournal,
  type OpenJournal,
  openJournal,
  readJournal,
  verifyChain,
} from "../../mcp-server/record/journal-file.ts";
import { canonicalJson, FlowError, sha256 } from "../../mcp-server/vocab/index.ts";
import { fakeClock, type MemoryDisk, memoryDisk } from "../fakes/index.ts";

const Event = z.object({ type: z.string(), n: z.number().optional(), text: z.string().optional() });
type Event = z.infer<typeof Event>;
const PATH = "/wd/journal.jsonl";
const runner = { kind: "runner", name: "runner" } as const;

function freshDisk(): MemoryDisk {
  const disk = memoryDisk();
  disk.mkdir("/wd");
  return disk;
}

function open(disk: MemoryDisk, epoch = 1, durable?: (event: Event) => boolean): OpenJournal<Event> {
  return openJournal({ disk, clock: fakeClock(), path: PATH, schema: Event, epoch, ...(durable ? { durable } : {}) });
}

function written(count: number, disk = freshDisk()): MemoryDisk {
  const journal = open(disk);
  for (let n = 1; n <= count; n += 1) journal.append({ type: "counted", n }, runner);
  journal.close();
  return disk;
}

function thrownBy(act: () => unknown): FlowError {
  try {
    act();
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const numbers = (events: readonly Stamped<Event>[]) => events.map((stamped) => stamped.event.n);

describe("the chain", () => {
  it("links every event to the one before it, from 64 zeros on", () => {
    const [first, second] = readJournal(written(2), PATH, Event).events;
    expect(first).toMatchObject({ seq: 1, epoch: 1, at: "2026-03-01T12:00:00.000Z", prev: "0".repeat(64) });
    expect(second?.prev).toBe(first?.hash);
    const { hash, ...body } = first ?? { hash: "" };
    expect(hash).toBe(sha256(canonicalJson(body)));
  });

  it("gives back what it holds, as a replay sees it", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            type: fc.string(),
            n: fc.option(fc.integer(), { nil: undefined }),
            text: fc.string({ unit: "binary" }),
          }),
        ),
        (events) => {
          const disk = freshDisk();
          const journal = open(disk);
          const returned = events.map((event) => journal.append(event, runner));
          expect(journal.events()).toEqual(returned);
          expect(readJournal(disk, PATH, Event)).toEqual({ events: returned, voided: [] });
          expect(verifyChain(disk, PATH)).toEqual({ ok: true, events: events.length });
        },
      ),
    );
  });

  it("orders by sequence when the wall clock jumps back, and records the jump", () => {
    const disk = freshDisk();
    const clock = fakeClock();
    const journal = openJournal({ disk, clock, path: PATH, schema: Event, epoch: 1 });
    journal.append({ type: "before" }, runner);
    clock.jumpWall(-86_400_000);
    journal.append({ type: "after" }, runner);
    expect(readJournal(disk, PATH, Event).events.map(({ seq, at }) => ({ seq, at }))).toEqual([
      { seq: 1, at: "2026-03-01T12:00:00.000Z" },
      { seq: 2, at: "2026-02-28T12:00:00.000Z" },
    ]);
  });

  it("refuses an event that its schema does not know, and writes nothing", () => {
    const disk = freshDisk();
    const journal = open(disk);
    expect(() => journal.append({ kind: "odd" } as unknown as Event, runner)).toThrow();
    expect(disk.readText(PATH)).toBe("");
  });
});

describe("damage", () => {
  it("of any single byte is noticed, and named by line", () => {
    const disk = written(3);
    const whole = disk.read(PATH);
    const lineOf = (offset: number) => whole.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1;
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (offset, change) => {
        const bytes = Uint8Array.from(whole);
        bytes[offset] = (bytes[offset] ?? 0) ^ change;
        const check = verifyChain(memoryDisk({ [PATH]: bytes }), PATH);
        expect(check.ok).toBe(false);
        if (!check.ok) expect(check.problem.line).toBe(lineOf(offset));
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ["a removed line", (lines: string[]) => lines.toSpliced(1, 1), 2],
    ["two exchanged lines", (lines: string[]) => [lines[1], lines[0], lines[2]], 1],
    ["a repeated line", (lines: string[]) => [lines[0], lines[0], lines[1], lines[2]], 2],
    ["a removed first line", (lines: string[]) => lines.slice(1), 1],
    ["an empty line", (lines: string[]) => [lines[0], "", lines[1]], 2],
    ["another spelling of the same", (lines: string[]) => [lines[0]?.replace('{"actor"', '{ "actor"'), lines[1]], 1],
  ])("%s is refused on opening and reported on reading", (_name, edit, line) => {
    const disk = written(3);
    disk.writeAtomic(
      PATH,
      edit(disk.readText(PATH).trimEnd().split("\n"))
        .map((text) => `${text}\n`)
        .join(""),
    );
    expect(readJournal(disk, PATH, Event).damage).toMatchObject({ line });
    expect(thrownBy(() => open(disk))).toMatchObject({ code: "damaged", where: { file: PATH, line } });
  });

  it("of a missing file is a problem for the check, and no events for a reader", () => {
    expect(verifyChain(freshDisk(), PATH)).toMatchObject({ ok: false, problem: { what: "the file is missing" } });
    expect(readJournal(freshDisk(), PATH, Event)).toEqual({ events: [], voided: [] });
  });
});

describe("a torn last line", () => {
  it.each([
    ["without its end", (text: string) => text.slice(0, -10)],
    ["filled with zeros", (text: string) => `${text.slice(0, text.lastIndexOf("{"))}\0\0\0\0\n`],
  ])("%s is set aside, never silently", (_name, tear) => {
    const disk = written(3);
    const torn = tear(disk.readText(PATH));
    disk.writeAtomic(PATH, torn);
    expect(readJournal(disk, PATH, Event)).toMatchObject({ events: [{ seq: 1 }, { seq: 2 }], torn: { line: 3 } });
    const journal = open(disk);
    expect(numbers(journal.events())).toEqual([1, 2]);
    expect(journal.torn).toMatchObject([{ file: `${PATH}.torn-1`, line: 3 }]);
    expect(disk.readText(PATH) + disk.readText(`${PATH}.torn-1`)).toBe(torn);
    expect(journal.append({ type: "counted", n: 4 }, runner).seq).toBe(3);
    expect(verifyChain(disk, PATH)).toEqual({ ok: true, events: 3 });
  });

  it("keeps the name of every earlier one", () => {
    const disk = written(1);
    for (const text of ["{one", "{two"]) {
      const file = disk.openAppend(PATH);
      file.append(Buffer.from(text));
      open(disk);
    }
    expect([disk.readText(`${PATH}.torn-1`), disk.readText(`${PATH}.torn-2`)]).toEqual(["{one", "{two"]);
  });
});

describe("a crash at every operation", () => {
  const script = (disk: MemoryDisk, done: number[]) => {
    const journal = open(disk);
    for (let n = 1; n <= 4; n += 1) {
      journal.append({ type: "counted", n }, runner);
      done.push(n);
    }
  };
  const steps = (() => {
    const disk = freshDisk();
    const before = disk.operations();
    script(disk, []);
    return disk.operations() - before;
  })();

  it.each(["kill", "power"] as const)("(%s) loses nothing that append has returned and breaks no chain", (kind) => {
    for (let crashAt = 1; crashAt <= steps; crashAt += 1) {
      for (const tornBytes of [0, 7, 100_000]) {
        const disk = freshDisk();
        disk.faults.crashAt = disk.operations() + crashAt;
        const done: number[] = [];
        expect(() => script(disk, done)).toThrow();
        expect(disk.crashed()).toBe(true);
        const after = disk.restart(kind, tornBytes);
        const journal = open(after, 2);
        const found = numbers(journal.events());
        expect(found.slice(0, done.length)).toEqual(done);
        // At most the one event in flight is there beyond what was confirmed.
        expect(found.length - done.length).toBeLessThanOrEqual(1);
        journal.append({ type: "counted", n: 99 }, runner);
        expect(verifyChain(after, PATH)).toEqual({ ok: true, events: found.length + 1 });
      }
    }
  });

  it("may lose an event that did not ask to be durable, but never an earlier durable one", () => {
    const disk = freshDisk();
    const journal = open(disk, 1, (event) => event.type === "intent");
    journal.append({ type: "intent", n: 1 }, runner);
    journal.append({ type: "note", n: 2 }, runner);
    expect(numbers(readJournal(disk.restart("power"), PATH, Event).events)).toEqual([1]);
    journal.append({ type: "intent", n: 3 }, runner);
    expect(numbers(readJournal(disk.restart("power"), PATH, Event).events)).toEqual([1, 2, 3]);
  });
});

describe("a full disk", () => {
  it("refuses the event, keeps the chain, and goes on when there is space again", () => {
    const disk = written(1);
    const journal = open(disk);
    disk.faults.failFrom = { operation: disk.operations() + 1, code: "ENOSPC" };
    const error = thrownBy(() => journal.append({ type: "counted", n: 2 }, runner));
    expect(error).toMatchObject({ code: "internal", where: { file: PATH } });
    expect(error.found).toContain("ENOSPC");
    delete disk.faults.failFrom;
    journal.append({ type: "counted", n: 3 }, runner);
    expect(numbers(readJournal(disk, PATH, Event).events)).toEqual([1, 3]);
  });
});

describe("epochs", () => {
  it("shut out an owner as soon as a higher one has written", () => {
    const disk = written(1);
    const old = open(disk, 1);
    const next = open(disk, 2);
    next.append({ type: "taken-over" }, runner);
    const error = thrownBy(() => old.append({ type: "counted", n: 2 }, runner));
    expect(error).toBeInstanceOf(FencedOut);
    expect(error).toMatchObject({ code: "conflict", ownEpoch: 1, seenEpoch: 2 });
    expect(thrownBy(() => open(disk, 1))).toBeInstanceOf(FencedOut);
    expect(old.events().at(-1)?.event.type).toBe("taken-over");
    expect(verifyChain(disk, PATH)).toEqual({ ok: true, events: 2 });
  });

  it("make a line void that a fenced-out owner wrote in the moment of the takeover", () => {
    const disk = freshDisk();
    const old = open(disk, 1);
    old.append({ type: "counted", n: 1 }, runner);
    const late = memoryDisk({ [PATH]: disk.read(PATH) });
    open(late, 1).append({ type: "counted", n: 666 }, runner);
    const lateLine = late.readFrom(PATH, disk.read(PATH).length);
    const next = open(disk, 2);
    next.append({ type: "taken-over" }, runner);
    disk.openAppend(PATH).append(lateLine);
    next.append({ type: "counted", n: 2 }, runner);
    expect(next.voided).toEqual([{ line: 3, epoch: 1 }]);
    expect(numbers(readJournal(disk, PATH, Event).events)).toEqual([1, undefined, 2]);
    expect(verifyChain(disk, PATH)).toEqual({ ok: true, events: 3 });
  });

  it("let the higher owner write its line again when an old one came first by a hair", () => {
    const disk = freshDisk();
    open(disk, 1).append({ type: "counted", n: 1 }, runner);
    const raced = memoryDisk({ [PATH]: disk.read(PATH) });
    open(raced, 1).append({ type: "late" }, runner);
    const lateLine = raced.readFrom(PATH, disk.read(PATH).length);
    let slipIn = true;
    const racing: MemoryDisk = {
      ...disk,
      openAppend: (path) => {
        const file = disk.openAppend(path);
        const append = (data: Uint8Array) => {
          if (slipIn) file.append(lateLine);
          slipIn = false;
          file.append(data);
        };
        return { ...file, append };
      },
    };
    const next = open(racing, 2);
    expect(next.append({ type: "taken-over" }, runner).seq).toBe(3);
    expect(readJournal(disk, PATH, Event).events.map(({ event }) => event.type)).toEqual([
      "counted",
      "late",
      "taken-over",
    ]);
  });

  it("do not excuse a journal that vanished under its owner", () => {
    const disk = written(1);
    const journal = open(disk);
    disk.remove(PATH);
    expect(thrownBy(() => journal.append({ type: "counted" }, runner))).toMatchObject({ code: "conflict" });
  });
});

describe("following", () => {
  async function take(
    source: AsyncIterable<Stamped<Event>>,
    count: number,
    stop: AbortController,
  ): Promise<Stamped<Event>[]> {
    const taken: Stamped<Event>[] = [];
    for await (const stamped of source) {
      taken.push(stamped);
      if (taken.length === count) stop.abort();
    }
    return taken;
  }

  it("inside the owner gives what is there, then what comes", async () => {
    const journal = open(written(2));
    const stop = new AbortController();
    const taken = take(journal.follow(2, stop.signal), 2, stop);
    await Promise.resolve();
    journal.append({ type: "counted", n: 3 }, runner);
    expect(numbers(await taken)).toEqual([2, 3]);
  });

  it("from another process waits for the file, sees whole lines only, and misses none", async () => {
    const disk = freshDisk();
    const stop = new AbortController();
    const taken = take(followJournal(disk, fakeClock(), PATH, Event, 1, stop.signal), 20, stop);
    const journal = open(disk);
    for (let n = 1; n <= 20; n += 1) {
      journal.append({ type: "counted", n }, runner);
      if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(numbers(await taken)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("waits at a line that is being written, and refuses a broken one", async () => {
    const disk = written(1);
    const rest = disk.readFrom(PATH, 20);
    disk.writeAtomic(PATH, disk.read(PATH).subarray(0, 20));
    const stop = new AbortController();
    const follower = followJournal(disk, fakeClock(), PATH, Event, 1, stop.signal);
    const first = follower.next();
    await new Promise((resolve) => setImmediate(resolve));
    disk.openAppend(PATH).append(rest);
    expect((await first).value).toMatchObject({ seq: 1 });
    disk.openAppend(PATH).append(Buffer.from("{}\n"));
    await expect(follower.next()).rejects.toMatchObject({ code: "damaged", where: { line: 2 } });
  });

  it("ends when the next run has started its own journal, however long that is", async () => {
    const disk = written(1);
    const follower = followJournal(disk, fakeClock(), PATH, Event, 1, new AbortController().signal);
    await follower.next();
    const next = follower.next();
    disk.writeAtomic(PATH, written(5, another()).read(PATH));
    expect(await next).toEqual({ value: undefined, done: true });
  });

  function another(): MemoryDisk {
    const disk = freshDisk();
    open(disk).append({ type: "another run" }, runner);
    return disk;
  }

  it("ends when the journal is gone, and at once when it is told to", async () => {
    const disk = written(1);
    const stop = new AbortController();
    const follower = followJournal(disk, fakeClock(), PATH, Event, 1, stop.signal);
    await follower.next();
    const next = follower.next();
    disk.remove(PATH);
    expect(await next).toEqual({ value: undefined, done: true });
    const stopped = followJournal(disk, fakeClock(), PATH, Event, 1, AbortSignal.abort());
    expect(await stopped.next()).toEqual({ value: undefined, done: true });
  });
});
