import type { Column, Size } from "./tables/column.ts";
import { TABLES } from "./tables/index.ts";
import { count, emptyTally, type Tally } from "./tally.ts";

/** Tallies by column, one per row. */
export type Results = ReadonlyMap<string, readonly Tally[]>;

/** A share of the runs of one column. */
export interface Task {
  readonly column: string;
  readonly first: number;
  readonly runs: number;
}

/** What came of a task: a tally per row. */
export interface Done {
  readonly column: string;
  readonly runs: number;
  readonly tallies: readonly Tally[];
}

/** Enough runs for a task to be worth sending, few enough for the progress to move. */
const RUNS_PER_TASK = 20;

/** All tasks of a size, or of so many times as many runs. */
export function tasksOf(columns: readonly Column[], size: Size, times = 1): Task[] {
  return columns.flatMap(({ id, runs: asked }) => {
    const all = times * asked[size];
    const count = Math.ceil(all / RUNS_PER_TASK);
    return Array.from({ length: count }, (_, i) => ({
      column: id,
      first: i * RUNS_PER_TASK,
      runs: Math.min(RUNS_PER_TASK, all - i * RUNS_PER_TASK),
    }));
  });
}

const BY_ID = new Map(TABLES.flatMap(({ columns }) => columns).map((column) => [column.id, column]));

/** Plays the runs of a task. The same task gives the same tallies wherever it is played. */
export function playTask({ column: id, first, runs }: Task, size: Size): Done {
  const column = BY_ID.get(id);
  if (!column) throw new Error(`no column is called ${id}`);
  const tallies = column.rows(size).map(emptyTally);
  for (let run = first; run < first + runs; run += 1) {
    for (const [row, ending] of column.play(run, size).entries()) {
      const tally = tallies[row];
      if (tally) count(tally, ending);
    }
  }
  return { column: id, runs, tallies };
}
