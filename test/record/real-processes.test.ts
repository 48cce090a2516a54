import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { realDisk, realProcesses, systemClock } from "../../mcp-server/ports/index.ts";
import { followJournal, openJournal, verifyChain } from "../../mcp-server/record/journal-file.ts";
import { bundle } from "../../scripts/bundle.mjs";

const folder = mkdtempSync(join(tmpdir(), "contenders-"));
const program = join(folder, "contender.mjs");
const lock = join(folder, "lock");
const children: ChildProcess[] = [];

beforeAll(async () => {
  await bundle(join(import.meta.dirname, "contender.ts"), program);
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Contender {
  child: ChildProcess;
  /** Won with an epoch, or lost with a code. */
  outcome: Promise<{ won?: number; lost?: string }>;
  /** The last event that it was told is written. */
  wrote(): number;
}

function contend(n: number): Contender {
  const runId = `dpl-20260301T120000Z-${String(n).padStart(6, "0")}`;
  const child = realProcesses.spawnChild([process.execPath, program, lock, runId], { cwd: folder, env: {} });
  children.push(child);
  let wrote = 0;
  const outcome = new Promise<{ won?: number; lost?: string }>((resolve) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const message: { won?: number; lost?: string; wrote?: number } = JSON.parse(line);
        if (message.wrote === undefined) resolve(message);
        else wrote = message.wrote;
      }
    });
  });
  return { child, outcome, wrote: () => wrote };
}

describe("real processes that start at the same time", () => {
  it("one owns the run; killed with SIGKILL, one of the next takes over, and no event is lost, doubled or torn", async () => {
    const stop = new AbortController();
    const followed: number[] = [];
    const following = (async () => {
      for await (const { seq } of followJournal(
        realDisk,
        systemClock,
        `${lock}.journal`,
        z.number(),
        1,
        stop.signal,
        50,
      )) {
        followed.push(seq);
      }
    })();
    let confirmed = 0;
    for (let round = 1; round <= 3; round += 1) {
      const contenders = [1, 2, 3, 4].map((n) => contend(round * 10 + n));
      const outcomes = await Promise.all(contenders.map(({ outcome }) => outcome));
      expect(outcomes.filter(({ lost }) => lost !== undefined)).toEqual(Array(3).fill({ lost: "conflict" }));
      const owner = contenders[outcomes.findIndex(({ won }) => won === round)];
      expect(owner).toBeDefined();
      while ((owner?.wrote() ?? 0) < confirmed + 20) await systemClock.sleep(5);
      const gone = new Promise((resolve) => owner?.child.once("close", resolve));
      owner?.child.kill("SIGKILL");
      await gone;
      confirmed = owner?.wrote() ?? 0;
    }
    const journal = openJournal({
      disk: realDisk,
      clock: systemClock,
      path: `${lock}.journal`,
      schema: z.number(),
      epoch: 9,
    });
    const events = journal.events();
    expect(events.length).toBeGreaterThanOrEqual(confirmed);
    expect(events.map(({ event }) => event)).toEqual(events.map((_event, index) => index + 1));
    expect([...new Set(events.map(({ epoch }) => epoch))]).toEqual([1, 2, 3]);
    while (followed.length < events.length) await systemClock.sleep(5);
    stop.abort();
    await following;
    expect(followed).toEqual(events.map(({ seq }) => seq));
    expect(verifyChain(realDisk, `${lock}.journal`)).toEqual({ ok: true, events: events.length });
    journal.close();
  });
});
