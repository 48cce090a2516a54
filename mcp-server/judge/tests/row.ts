import { z } from "zod";
import { Priority } from "../../vocab/index.ts";

/** What a report says of one test. `errored`: it could not finish (set-up, load, crash), which is not a pass either. */
export const TestStatus = z.enum(["passed", "failed", "errored", "skipped"]);
export type TestStatus = z.infer<typeof TestStatus>;

/** One leaf row of a test report, in the words of no particular tool. */
export const TestRow = z.object({
  status: TestStatus,
  /** Names of the enclosing suites, outermost first. */
  suite: z.array(z.string()).readonly(),
  /** Test file, relative to the project where it could be made so. */
  file: z.string().optional(),
  classname: z.string().optional(),
  name: z.string(),
  /** Browser, device or other variant that the same test is run in. */
  project: z.string().optional(),
  priority: Priority.optional(),
  /** Passed, but only after a failing attempt in the same run. */
  flaky: z.literal(true).optional(),
  durationMs: z.number().optional(),
  /** First lines of the failure; redacted and capped where it is stored or shown. */
  message: z.string().optional(),
});
export type TestRow = z.infer<typeof TestRow>;

/** Leaf rows of a run, counted as its reports state them. `flaky` rows are part of `passed`. */
export const TestCounts = z.object({
  tests: z.number().int().min(0),
  passed: z.number().int().min(0),
  failed: z.number().int().min(0),
  errored: z.number().int().min(0),
  skipped: z.number().int().min(0),
  flaky: z.number().int().min(0),
});
export type TestCounts = z.infer<typeof TestCounts>;

/** Counts of no row at all. */
export function noTests(): TestCounts {
  return { tests: 0, passed: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 };
}

/** Adds one row to running counts, in place: a run can have a million rows. */
export function countRow(counts: TestCounts, row: TestRow): void {
  counts.tests += 1;
  counts[row.status] += 1;
  if (row.flaky && row.status === "passed") counts.flaky += 1;
}

/** Sum of the counts of several files. */
export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return {
    tests: a.tests + b.tests,
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    errored: a.errored + b.errored,
    skipped: a.skipped + b.skipped,
    flaky: a.flaky + b.flaky,
  };
}

/** Counts of rows held in memory. */
export function countRows(rows: Iterable<TestRow>): TestCounts {
  const counts = noTests();
  for (const row of rows) countRow(counts, row);
  return counts;
}
