import {
  type ComparisonOptions,
  compareTests,
  judgeTests,
  type TestRow,
  type TestStatus,
  type TestsVerdict,
} from "../../../mcp-server/judge/tests/index.ts";
import type { Priority } from "../../../mcp-server/vocab/index.ts";

/** A row of suite `Shop`; a name such as `pay @P0` does not set the priority, the argument does. */
export function row(name: string, status: TestStatus = "passed", priority?: Priority): TestRow {
  return { status, suite: ["Shop"], classname: "Shop", name, ...(priority ? { priority } : {}) };
}

/** `count` rows named `prefix 0`, `prefix 1` ... */
export function rows(count: number, status: TestStatus = "passed", prefix = "case"): TestRow[] {
  return Array.from({ length: count }, (_, i) => row(`${prefix} ${i}`, status));
}

/** The verdict over two runs. */
export function judged(
  baseline: readonly TestRow[],
  candidate: readonly TestRow[],
  thresholdPct = 0,
  options: Partial<ComparisonOptions> = {},
): TestsVerdict {
  return judgeTests(compareTests(baseline, candidate, { scope: "full", ...options }), { thresholdPct });
}
