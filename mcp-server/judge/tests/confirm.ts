import { identityKey } from "./identity.ts";
import type { TestRow } from "./row.ts";

/** A failure of a suite that we run ourselves counts when the test failed this many runs out of as many. */
export const CONFIRMING_RUNS = 3;

/** What several runs of the same candidate say together. */
export interface ConfirmedRun {
  /** The first run's rows; a test that failed and passed when it was run again passes and is marked flaky. */
  readonly rows: TestRow[];
  /** Failed in every one of at least {@link CONFIRMING_RUNS} runs. */
  readonly confirmed: TestRow[];
  /** Failed first and passed in a rerun: to be watched, not a loss. */
  readonly flakyObserved: TestRow[];
  /** Failed so far in every run, but not often enough to be sure: run them again. They count as failing. */
  readonly undecided: TestRow[];
}

/**
 * Merges a run with reruns of the same version on the same machine (statistics: with fewer than 50 recorded runs of
 * a test, three failures out of three show that it is broken). A rerun that does not have a failing test says
 * nothing about it; only a pass clears it, and where a run has the test several times, only if all its rows pass.
 */
export function confirmRuns(first: readonly TestRow[], reruns: readonly (readonly TestRow[])[]): ConfirmedRun {
  const verdicts = reruns.map(worstByIdentity);
  const confirmed: TestRow[] = [];
  const flakyObserved: TestRow[] = [];
  const undecided: TestRow[] = [];
  const rows = first.map((row): TestRow => {
    if (row.status !== "failed" && row.status !== "errored") return row;
    const again = verdicts.map((run) => run.get(identityKey(row)));
    if (again.includes("passed")) {
      flakyObserved.push(row);
      return { ...row, status: "passed", flaky: true };
    }
    const failures = 1 + again.filter((outcome) => outcome === "failing").length;
    (failures >= CONFIRMING_RUNS ? confirmed : undecided).push(row);
    return row;
  });
  return { rows, confirmed, flakyObserved, undecided };
}

function worstByIdentity(rows: readonly TestRow[]): Map<string, "passed" | "failing"> {
  const worst = new Map<string, "passed" | "failing">();
  for (const row of rows) {
    if (row.status === "skipped") continue;
    const key = identityKey(row);
    const failing = row.status !== "passed" || worst.get(key) === "failing";
    worst.set(key, failing ? "failing" : "passed");
  }
  return worst;
}
