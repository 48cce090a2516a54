import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { parseReport, wholeText } from "./json.ts";
import { headText } from "./junit.ts";
import { capped } from "./junit-case.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInTitle, priorityOfTag } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

const Assertion = z.object({
  ancestorTitles: z.array(z.string()),
  title: z.string(),
  status: z.string(),
  duration: z.number().nullish(),
  failureMessages: z.array(z.string()).nullish(),
  invocations: z.number().nullish(),
  tags: z.array(z.string()).nullish(),
});
type Assertion = z.infer<typeof Assertion>;

const TestFile = z.object({
  name: z.string(),
  status: z.string(),
  message: z.string().nullish(),
  assertionResults: z.array(Assertion),
});
type TestFile = z.infer<typeof TestFile>;

const Report = z.object({
  success: z.boolean(),
  wasInterrupted: z.boolean().nullish(),
  numTotalTests: z.number(),
  numRuntimeErrorTestSuites: z.number().nullish(),
  testResults: z.array(TestFile),
});

/** The JSON reports of Jest and of Vitest, which share a shape but not the signs of a flaky test. */
export const jestJsonReader: ReportReader = {
  format: "jest-json",
  sniff: (head) => {
    const text = headText(head);
    if (!/^\s*\{/.test(text)) return 0;
    return /"numTotalTestSuites"|"numFailedTestSuites"/.test(text) ? 1 : /"testResults"\s*:/.test(text) ? 0.7 : 0;
  },
  read: async (src, sink, limits) => {
    const report = parseReport(await wholeText(src, limits, sink), Report, "Jest or Vitest");
    const tool = report.numRuntimeErrorTestSuites === undefined ? "vitest" : "jest";
    let rows = 0;
    let failing = 0;
    const emit = (row: TestRow) => {
      rows += 1;
      if (rows > limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`);
      if (row.status === "failed" || row.status === "errored") failing += 1;
      sink.row(row);
    };
    for (const file of report.testResults) readFile(file, tool, emit, limits);
    const written = report.testResults.reduce((sum, file) => sum + file.assertionResults.length, 0);
    if (written < report.numTotalTests) {
      throw new ReportDamage(`it counts ${report.numTotalTests} tests but holds only ${written}`);
    }
    // A run can fail without a failing test: interrupted, an error outside of all tests, a broken global set-up.
    if (report.wasInterrupted || (!report.success && failing === 0)) {
      emit({ status: "errored", suite: [], name: report.wasInterrupted ? "(run interrupted)" : "(run failed)" });
    }
    return { tool };
  },
};

function readFile(file: TestFile, tool: "jest" | "vitest", emit: (row: TestRow) => void, limits: Limits): void {
  let failing = 0;
  let lastTitles: readonly string[] = [];
  for (const test of file.assertionResults) {
    // Neighbours share their suite array: identities are hashed per array.
    if (!sameTexts(lastTitles, test.ancestorTitles)) lastTitles = test.ancestorTitles;
    const row = rowOf(test, file, lastTitles, tool, limits);
    if (row.status === "failed" || row.status === "errored") failing += 1;
    emit(row);
  }
  if (file.status === "failed" && failing === 0) {
    const message = file.message && capped(file.message.trim(), limits.maxMessageChars);
    const name = file.assertionResults.length === 0 ? "(file failed to load)" : "(file failed outside of its tests)";
    emit({ status: "errored", suite: [], file: file.name, name, ...(message ? { message } : {}) });
  }
}

function rowOf(
  test: Assertion,
  file: TestFile,
  suite: readonly string[],
  tool: "jest" | "vitest",
  limits: Limits,
): TestRow {
  const status = statusOf(test.status, tool);
  const failures = test.failureMessages ?? [];
  const flaky = status === "passed" && (tool === "jest" ? (test.invocations ?? 1) > 1 : failures.length > 0);
  let priority = priorityInTitle(test.title);
  for (const title of suite) priority = moreImportant(priority, priorityInTitle(title));
  for (const tag of test.tags ?? []) priority = moreImportant(priority, priorityOfTag(tag));
  const message = failures[0] && capped(failures[0].trim(), limits.maxMessageChars);
  return {
    status,
    suite,
    file: file.name,
    name: test.title,
    ...(priority === undefined ? {} : { priority }),
    ...(flaky ? { flaky } : {}),
    ...(typeof test.duration === "number" && test.duration >= 0 ? { durationMs: test.duration } : {}),
    ...(message && status !== "passed" && status !== "skipped" ? { message } : {}),
  };
}

/** A status that is not known here is not a pass. What Vitest calls pending had not ended, as when its worker died. */
function statusOf(status: string, tool: "jest" | "vitest"): TestStatus {
  switch (status) {
    case "passed":
    case "failed":
      return status;
    case "pending":
      return tool === "vitest" ? "errored" : "skipped";
    case "skipped":
    case "todo":
    case "disabled":
      return "skipped";
    default:
      return "errored";
  }
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
