import { z } from "zod";
import { Outcome3, Priority, Reason } from "../../vocab/index.ts";
import { TestCounts, TestStatus } from "./row.ts";
import { TestScope } from "./scope.ts";

/** A test in one of the lists of a result, with what the two runs said of it. */
export const ListedTest = z.object({
  id: z.string(),
  name: z.string(),
  suite: z.array(z.string()).readonly(),
  file: z.string().optional(),
  priority: Priority.optional(),
  before: z.union([TestStatus, z.literal("absent")]),
  after: z.union([TestStatus, z.literal("absent")]),
  /** First lines of the failure in the candidate: text of the tested program, to be shown as data only. */
  message: z.string().optional(),
});
export type ListedTest = z.infer<typeof ListedTest>;

/** A missing test that is excused because exactly one new, passing test took its place. */
export const RenamedTest = z.object({
  from: z.string(),
  to: z.string(),
  /** `moved`: the same name in another place; `renamed`: a similar name in the same place. */
  kind: z.enum(["moved", "renamed"]),
});
export type RenamedTest = z.infer<typeof RenamedTest>;

/** Exact numbers behind the capped lists; tests within the scope. */
export const TestTotals = z.object({
  lost: z.number().int(),
  failing: z.number().int(),
  missing: z.number().int(),
  newlySkipped: z.number().int(),
  newFailing: z.number().int(),
  stillFailing: z.number().int(),
  fixed: z.number().int(),
  added: z.number().int(),
  renamed: z.number().int(),
  /** Absent from the candidate, but not passing in the baseline either. */
  gone: z.number().int(),
});
export type TestTotals = z.infer<typeof TestTotals>;

const CriticalCount = z.object({ lost: z.number().int(), newFailing: z.number().int() });

/**
 * The facts of a comparison of two runs, before any rule. Counts `baseline` and `candidate` are of the whole runs,
 * everything else of the tests in scope. `lost` is the union of the lost tests among `failing`, `missing` and
 * `newlySkipped`; `failing` also lists failing tests that are new. Lists hold the most important tests first and
 * stop at a limit; `totals` are exact.
 */
export const ComparedTests = z.object({
  scope: TestScope,
  baseline: TestCounts.nullable(),
  candidate: TestCounts,
  baselinePassed: z.number().int(),
  candidatePassed: z.number().int(),
  /** Baseline tests that the candidate has too. */
  matched: z.number().int(),
  totals: TestTotals,
  critical: z.object({ P0: CriticalCount, P1: CriticalCount }),
  lost: z.array(ListedTest),
  failing: z.array(ListedTest),
  missing: z.array(ListedTest),
  newlySkipped: z.array(ListedTest),
  fixed: z.array(ListedTest),
  added: z.array(ListedTest),
  renamed: z.array(RenamedTest),
  /** False when too many tests are missing or new to pair them; then no rename excuses anything. */
  renamesExamined: z.boolean(),
});
export type ComparedTests = z.infer<typeof ComparedTests>;

/** How the rate was obtained: by matching tests, from bare counts, or (first deployment) by the absence of failures. */
export const TestMethod = z.enum(["identity", "counts", "no-failing-test"]);
export type TestMethod = z.infer<typeof TestMethod>;

/** CRITICAL: a P0 test; HIGH: a P1 test; MEDIUM: over the threshold only; LOW: within the threshold but not zero. */
export const Severity = z.enum(["CRITICAL", "HIGH", "MEDIUM", "LOW", "NONE"]);
export type Severity = z.infer<typeof Severity>;

const Side = TestCounts.nullable();

/** The tests' part of a regression check. */
export const TestsReport = z.object({
  baseline: Side,
  candidate: Side,
  method: TestMethod,
  /** Tests in scope that passed in the baseline: what the rate is a share of. */
  baselinePassed: z.number().int(),
  candidatePassed: z.number().int(),
  /** 100 x lost / baselinePassed, not rounded; null when no test in scope passed in the baseline. */
  rate: z.number().nullable(),
  totals: TestTotals,
  lost: z.array(ListedTest),
  failing: z.array(ListedTest),
  missing: z.array(ListedTest),
  newlySkipped: z.array(ListedTest),
  fixed: z.array(ListedTest),
  added: z.array(ListedTest),
  renamed: z.array(RenamedTest),
  /** How many entries each list left out. */
  omitted: z.record(z.string(), z.number().int()),
});
export type TestsReport = z.infer<typeof TestsReport>;

/** Verdict over the tests, in the members that `regression-check` prints. Other dimensions are added beside `tests`. */
export const TestsVerdict = z.object({
  verdict: Outcome3,
  /** The tests' rate in percent; null when there is none. */
  regressionRate: z.number().nullable(),
  /** The dimension furthest over its own limit; null when none is over. */
  worst: z.string().nullable(),
  /** Allowed rate in percent. */
  threshold: z.number(),
  scope: TestScope,
  tests: TestsReport,
  severity: Severity,
  reasons: z.array(Reason),
  /** What makes a FAIL a FAIL; empty otherwise. */
  blockers: z.array(Reason),
  warnings: z.array(Reason),
  /** What would have passed; empty for PASS. */
  wouldPassIf: z.string(),
});
export type TestsVerdict = z.infer<typeof TestsVerdict>;
