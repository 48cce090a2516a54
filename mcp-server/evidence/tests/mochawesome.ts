import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts, parseReport, shaped, wholeText } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInTitle } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

const Test = z.object({
  title: z.string(),
  duration: z.number().nullish(),
  pass: z.boolean().nullish(),
  fail: z.boolean().nullish(),
  pending: z.boolean().nullish(),
  skipped: z.boolean().nullish(),
  err: z.object({ message: z.string().nullish() }).nullish(),
});
type Test = z.infer<typeof Test>;
const Suite = z.object({
  title: z.string().nullish(),
  file: z.string().nullish(),
  tests: z.array(Test),
  beforeHooks: z.array(Test).nullish(),
  afterHooks: z.array(Test).nullish(),
  // Nested suites are looked at one level at a time, so that depth has a limit.
  suites: z.array(z.unknown()).nullish(),
});
const Report = z.object({
  stats: z.object({ testsRegistered: z.number(), failures: z.number() }),
  results: z.array(z.unknown()),
});

/** The JSON of mochawesome, which Mocha and Cypress write. A failed hook is a failing row. */
export const mochawesomeReader: ReportReader = {
  format: "mochawesome",
  sniff: (head) => {
    const text = headText(head);
    return /^\s*\{\s*"stats"\s*:\s*\{[^}]*"testsRegistered"/.test(text) ? 1 : 0;
  },
  read: async (src, sink, limits) => {
    const { stats, results } = parseReport(await wholeText(src, limits, sink), Report, "mochawesome");
    const { emit, seen } = openRows(sink, limits);
    let hooks = 0;
    const readSuite = (value: unknown, above: readonly string[], inFile: string | undefined, depth: number) => {
      if (depth > limits.maxDepth) throw new ReportDamage(`more than ${limits.maxDepth} nested suites`);
      // Without tests of any spec the place of the suite is `false`.
      if (value === false) return;
      const suite = shaped(value, Suite, "mochawesome");
      const file = suite.file || inFile;
      const path = suite.title ? [...above, suite.title] : above;
      for (const hook of [...(suite.beforeHooks ?? []), ...(suite.afterHooks ?? [])]) {
        if (!hook.fail) continue;
        hooks += 1;
        emit(rowOf(hook, path, file, limits));
      }
      for (const test of suite.tests) emit(rowOf(test, path, file, limits));
      for (const inner of suite.suites ?? []) readSuite(inner, path, file, depth + 1);
    };
    for (const suite of results) readSuite(suite, [], undefined, 1);
    const tests = seen.rows - hooks;
    if (tests < stats.testsRegistered) {
      throw new ReportDamage(`it counts ${stats.testsRegistered} tests but holds only ${tests}`);
    }
    if (stats.failures > seen.failing) {
      emit({ status: "errored", suite: [], name: "(summary counts more failures than the tests)" });
    }
    return { tool: "mocha" };
  },
};

function rowOf(test: Test, suite: readonly string[], file: string | undefined, limits: Limits): TestRow {
  const status = statusOf(test);
  let priority = priorityInTitle(test.title);
  for (const title of suite) priority = moreImportant(priority, priorityInTitle(title));
  return {
    status,
    suite,
    name: test.title,
    ...(file ? { file: file.replace(/^\//, "") } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...optionalParts({ status, message: test.err?.message ?? undefined, durationMs: test.duration }, limits),
  };
}

/** `skipped` is a test that a failed hook before it kept from running. One that began and did not end is an error. */
function statusOf({ pass, fail, pending, skipped }: Test): TestStatus {
  if (fail) return "failed";
  if (pending || skipped) return "skipped";
  return pass ? "passed" : "errored";
}
