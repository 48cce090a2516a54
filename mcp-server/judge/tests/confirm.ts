import { breakingOf, type FlakyRecord, MOST_RUNS, RUNS_TO_KNOW } from "./flakiness.ts";
import { identityKey } from "./identity.ts";
import type { TestRow } from "./row.ts";

/** A failure of a suite that we run ourselves, of a test with few recorded runs, counts when it failed so many of as many. */
export const CONFIRMING_RUNS = 3;

/** What several runs of the same candidate say together. */
export interface ConfirmedRun {
  /** The first run's rows; a test that failed and passed when it was run again passes and is marked flaky. */
  readonly rows: TestRow[];
  /** Broken: of a test with few recorded runs, failed in every one of at least {@link CONFIRMING_RUNS} runs. */
  readonly confirmed: TestRow[];
  /** Failed first, but no more than it used to, or passed in a rerun: to be watched, not a loss. */
  readonly flakyObserved: TestRow[];
  /** Not sure yet: run them again. They count as failing. */
  readonly undecided: TestRow[];
}

/** What is known before the first run. */
export interface KnownBefore {
  /** How often tests failed in recorded runs. */
  readonly record: FlakyRecord;
  /** Tests that passed in the baseline, by {@link identityKey}: only they can be lost. */
  readonly passed: ReadonlySet<string>;
}

/**
 * Merges a run with reruns of the same version on the same machine. A rerun that does not have a failing test says nothing
 * about it, and where a run has the test several times, it passes only if all its rows pass.
 *
 * A test of which at least {@link RUNS_TO_KNOW} runs are recorded, and that passed in the baseline, is judged by
 * {@link breakingOf} after each run, up to {@link MOST_RUNS}: a test that is known to be flaky is lost when it fails more than it
 * used to, and one pass does not clear a test that was stable; what is open after the last run is flaky if it passed once. Of any other test three failures out of three show that it
 * is broken, and a pass clears it.
 */
export function confirmRuns(
  first: readonly TestRow[],
  reruns: readonly (readonly TestRow[])[],
  known?: KnownBefore,
): ConfirmedRun {
  const verdicts = reruns.map(worstByIdentity);
  const confirmed: TestRow[] = [];
  const flakyObserved: TestRow[] = [];
  const undecided: TestRow[] = [];
  const rows = first.map((row): TestRow => {
    if (row.status !== "failed" && row.status !== "errored") return row;
    const key = identityKey(row);
    const failed = [true, ...verdicts.flatMap((run) => ofRun(run.get(key)))];
    const found = whatIs(key, failed, first.length, known);
    switch (found) {
      case "flaky":
        flakyObserved.push(row);
        return { ...row, status: "passed", flaky: true };
      case "broken":
        confirmed.push(row);
        return row;
      case "open":
        undecided.push(row);
        return row;
      default:
        return found satisfies never;
    }
  });
  return { rows, confirmed, flakyObserved, undecided };
}

function ofRun(outcome: "passed" | "failing" | undefined): boolean[] {
  return outcome === undefined ? [] : [outcome === "failing"];
}

function whatIs(
  key: string,
  failed: readonly boolean[],
  tests: number,
  known: KnownBefore | undefined,
): ReturnType<typeof breakingOf> {
  const recorded = known?.passed.has(key) ? known.record.get(key) : undefined;
  if (recorded && recorded.runs >= RUNS_TO_KNOW) {
    const found = breakingOf(recorded, failed, tests);
    // Not shown to fail more than before in all runs that there may be: no loss, if it can pass at all.
    return found === "open" && failed.length >= MOST_RUNS && failed.includes(false) ? "flaky" : found;
  }
  if (failed.includes(false)) return "flaky";
  return failed.length >= CONFIRMING_RUNS ? "broken" : "open";
}

/** Whether another run can decide what the runs so far left open. */
export function needsRerun({ undecided }: ConfirmedRun, runs: number, known?: KnownBefore): boolean {
  if (undecided.length === 0 || runs >= MOST_RUNS) return false;
  return runs < CONFIRMING_RUNS || undecided.some((row) => isKnown(row, known));
}

function isKnown(row: TestRow, known: KnownBefore | undefined): boolean {
  const key = identityKey(row);
  return known?.passed.has(key) === true && (known.record.get(key)?.runs ?? 0) >= RUNS_TO_KNOW;
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
