import { type Ending, play } from "../play.ts";

/**
 * What is true of the runs of a column. `identical`: both versions are the same. `allowed`: worse by less than the
 * threshold. `edge`: worse by exactly the threshold. `worse`: by more. A FAIL is right in the last alone.
 */
export type Truth = "identical" | "allowed" | "edge" | "worse";

/** How many runs: `short` in CI, `full` for the record. */
export type Size = "short" | "full";

/** One column of a table: many runs of one scenario, each played to every contender. */
export interface Column {
  readonly id: string;
  readonly title: string;
  readonly truth: Truth;
  /** What the cells show: FAILs, or how often and when the release was proven. FAILs when absent. */
  readonly shows?: "proofs";
  /** Second at which the worsening begins. */
  readonly from: number;
  readonly runs: Readonly<Record<Size, number>>;
  /** Names of the rows, in order. CI plays the judges of this project, not the tools that they are compared with. */
  rows(size: Size): readonly string[];
  /** Plays run number `run`: one ending per row. */
  play(run: number, size: Size): Ending[];
}

/** A table of the benchmark. */
export interface Table {
  readonly id: string;
  readonly title: string;
  /** What stands under the title. */
  readonly text: string;
  readonly columns: readonly Column[];
}

export { play };
