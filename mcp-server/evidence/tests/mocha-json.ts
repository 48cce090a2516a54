import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts, parseReport, wholeText, withoutLeadingLines } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { priorityInTitle } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

const Test = z.object({
  title: z.string(),
  fullTitle: z.string(),
  file: z.string().nullish(),
  duration: z.number().nullish(),
  currentRetry: z.number().nullish(),
  err: z.object({ message: z.unknown().optional() }).nullish(),
});
type Test = z.infer<typeof Test>;

const Report = z.object({
  stats: z.object({ tests: z.number(), passes: z.number(), pending: z.number(), failures: z.number() }),
  tests: z.array(Test),
  passes: z.array(Test),
  pending: z.array(Test),
  failures: z.array(Test),
});

/** The JSON report of Mocha. Its lists say how each test ended; a failed hook is in `failures` alone. */
export const mochaJsonReader: ReportReader = {
  format: "mocha-json",
  sniff: (head) => {
    const text = headText(head);
    const stats = /^\{\s*"stats"\s*:\s*\{([^}]*)\}\s*,\s*"tests"\s*:/m.exec(text)?.[1];
    return stats?.includes('"passes"') && stats.includes('"pending"') ? 1 : 0;
  },
  read: async (src, sink, limits) => {
    const text = withoutLeadingLines(await wholeText(src, limits, sink), sink);
    const report = parseReport(text, Report, "Mocha");
    const { stats } = report;
    const { emit, seen } = openRows(sink, limits);
    for (const [status, tests, counted] of [
      ["passed", report.passes, stats.passes],
      ["failed", report.failures, stats.failures],
      ["skipped", report.pending, stats.pending],
    ] as const) {
      if (tests.length < counted) throw new ReportDamage(`it counts ${counted} ${status} tests but holds fewer`);
      for (const test of tests) emit(rowOf(test, status, limits));
    }
    // A test in no list of results has begun and not ended.
    const ended = new Map<string, number>();
    for (const test of [...report.passes, ...report.failures, ...report.pending]) {
      ended.set(keyOf(test), (ended.get(keyOf(test)) ?? 0) + 1);
    }
    for (const test of report.tests) {
      const left = ended.get(keyOf(test)) ?? 0;
      if (left > 0) ended.set(keyOf(test), left - 1);
      else emit(rowOf(test, "errored", limits));
    }
    if (seen.rows < stats.tests) throw new ReportDamage(`it counts ${stats.tests} tests but holds only ${seen.rows}`);
    return { tool: "mocha" };
  },
};

function rowOf(test: Test, status: TestStatus, limits: Limits): TestRow {
  const { title, fullTitle, err } = test;
  const above = fullTitle.endsWith(title) ? fullTitle.slice(0, fullTitle.length - title.length).trim() : fullTitle;
  const priority = priorityInTitle(fullTitle);
  const message = typeof err?.message === "string" ? err.message : undefined;
  return {
    status,
    suite: above === "" ? [] : [above],
    name: title,
    ...(test.file ? { file: test.file } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(status === "passed" && (test.currentRetry ?? 0) > 0 ? { flaky: true } : {}),
    ...optionalParts({ status, message, durationMs: test.duration }, limits),
  };
}

function keyOf(test: Test): string {
  return JSON.stringify([test.file, test.fullTitle]);
}
