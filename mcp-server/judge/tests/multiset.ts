import type { TestStatus } from "./row.ts";

/** How often one test was written with each status. More than one row per run is a true duplicate. */
export type StatusCounts = Record<TestStatus, number>;

/** What became of one test between two runs; rows, not percentages. */
export interface Change {
  /** Passed in the baseline and not passing in the candidate: `missing + failing + newlySkipped`. */
  readonly lost: number;
  readonly missing: number;
  readonly failing: number;
  readonly newlySkipped: number;
  /** Failing in the candidate without a passing or failing row in the baseline to compare with. */
  readonly newFailing: number;
  readonly stillFailing: number;
  readonly fixed: number;
  /** Rows of a test that the baseline does not have. */
  readonly added: number;
  /** Did not pass in the baseline and is absent from the candidate. */
  readonly gone: number;
}

/** Status counts of a test that a run does not have. */
export function noRows(): StatusCounts {
  return { passed: 0, failed: 0, errored: 0, skipped: 0 };
}

/**
 * Compares the rows of one identity as multisets, so that the order in which duplicates are written means nothing.
 * When the candidate wrote more rows than the baseline, the additional rows are taken as attempts of the same test
 * and the worst ones are set against the baseline: one more failing row is a loss, never an unrelated extra.
 */
export function changeOf(baseline: StatusCounts, candidate: StatusCounts): Change {
  const before = rowsOf(baseline);
  const after = rowsOf(candidate);
  const passedLess = baseline.passed - candidate.passed;
  const notPassingMore = after - candidate.passed - (before - baseline.passed);
  const lost = Math.min(baseline.passed, Math.max(0, passedLess, notPassingMore));
  const missing = Math.min(lost, Math.max(0, before - after));
  const failingMore = Math.max(0, failing(candidate) - failing(baseline));
  const lostByFailure = Math.min(lost - missing, failingMore);
  return {
    lost,
    missing,
    failing: lostByFailure,
    newlySkipped: lost - missing - lostByFailure,
    newFailing: failingMore - lostByFailure,
    stillFailing: Math.min(failing(baseline), failing(candidate)),
    fixed: before === 0 ? 0 : Math.max(0, Math.min(-passedLess, failing(baseline) - failing(candidate))),
    added: before === 0 ? after : 0,
    gone: Math.max(0, before - after) - missing,
  };
}

/** Rows of one side. */
export function rowsOf(counts: StatusCounts): number {
  return counts.passed + counts.failed + counts.errored + counts.skipped;
}

function failing(counts: StatusCounts): number {
  return counts.failed + counts.errored;
}
