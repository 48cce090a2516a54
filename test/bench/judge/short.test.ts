import { describe, expect, it } from "vitest";
import { findings, REQUIRED } from "./required.ts";
import { TABLES } from "./tables/index.ts";
import { addTally, emptyTally, type Tally } from "./tally.ts";
import { playTask, tasksOf } from "./work.ts";

/** The part of `npm run bench:judge` that every CI run plays: the judge must not lose its figures. */
const columns = TABLES.flatMap((table) => table.columns).filter(({ runs }) => runs.short > 0);

const MINUTES_5 = 300_000;

describe("the judge's figures, short run", () => {
  it.each(columns.map((column) => [column.id, column] as const))("%s", { timeout: MINUTES_5 }, (id, column) => {
    const tallies: Tally[] = column.rows("short").map(emptyTally);
    for (const task of tasksOf([column], "short")) {
      for (const [row, tally] of playTask(task, "short").tallies.entries()) {
        const into = tallies[row];
        if (into) addTally(into, tally);
      }
    }
    const found = findings(TABLES, new Map([[id, tallies]]), "short");
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter(({ met }) => !met)).toEqual([]);
  });

  it("requires nothing of a scenario that does not exist", () => {
    const ids = new Set(TABLES.flatMap((table) => table.columns).map(({ id }) => id));
    expect(REQUIRED.flatMap((one) => one.columns).filter((id) => !ids.has(id))).toEqual([]);
  });
});
