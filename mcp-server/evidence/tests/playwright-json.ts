import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts, parseReport, shaped, wholeText } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInProperty, priorityInTitle, priorityOfTag } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

const Message = z.object({ message: z.string().nullish() });
const Test = z.object({
  projectName: z.string().nullish(),
  expectedStatus: z.string(),
  status: z.string(),
  annotations: z.array(z.object({ type: z.string(), description: z.string().nullish() })).nullish(),
  results: z.array(
    z.object({
      status: z.string().nullish(),
      duration: z.number().nullish(),
      retry: z.number().nullish(),
      error: Message.nullish(),
      errors: z.array(Message).nullish(),
    }),
  ),
});
type Test = z.infer<typeof Test>;
const Spec = z.object({
  title: z.string(),
  file: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  tests: z.array(Test),
});
type Spec = z.infer<typeof Spec>;
const Suite = z.object({
  title: z.string(),
  file: z.string().nullish(),
  specs: z.array(Spec).nullish(),
  // Nested suites are looked at one level at a time, so that depth has a limit.
  suites: z.array(z.unknown()).nullish(),
});
const Report = z.object({
  suites: z.array(z.unknown()),
  errors: z.array(Message).nullish(),
  stats: z.object({ expected: z.number(), skipped: z.number(), unexpected: z.number(), flaky: z.number() }).nullish(),
});

/** The JSON report of Playwright: the same test in two projects (browsers) is two rows. */
export const playwrightJsonReader: ReportReader = {
  format: "playwright-json",
  sniff: (head) => {
    const text = headText(head);
    if (!/^\s*\{\s*"config"\s*:\s*\{/.test(text)) return 0;
    return /"rootDir"\s*:/.test(text) && /"projects"\s*:\s*\[|"failOnFlakyTests"|"fullyParallel"/.test(text) ? 1 : 0;
  },
  read: async (src, sink, limits) => {
    const report = parseReport(await wholeText(src, limits, sink), Report, "Playwright");
    const { emit, seen } = openRows(sink, limits);
    const readSuite = (value: unknown, above: readonly string[], depth: number) => {
      if (depth > limits.maxDepth) throw new ReportDamage(`more than ${limits.maxDepth} nested suites`);
      const suite = shaped(value, Suite, "Playwright");
      // The outermost suite is the file, which every row has by itself.
      const path = depth === 1 && suite.title === suite.file ? above : [...above, suite.title];
      for (const spec of suite.specs ?? []) {
        for (const test of spec.tests) emit(rowOf(test, spec, path, limits));
      }
      for (const inner of suite.suites ?? []) readSuite(inner, path, depth + 1);
    };
    for (const suite of report.suites) readSuite(suite, [], 1);
    if (report.stats) {
      const { expected, skipped, unexpected, flaky } = report.stats;
      const counted = expected + skipped + unexpected + flaky;
      if (seen.rows < counted) throw new ReportDamage(`it counts ${counted} tests but holds only ${seen.rows}`);
    }
    for (const error of report.errors ?? []) {
      const status = "errored";
      const more = optionalParts({ status, message: error.message ?? undefined }, limits);
      emit({ status, suite: [], name: "(run failed outside of its tests)", ...more });
    }
    return { tool: "playwright" };
  },
};

function rowOf(test: Test, spec: Spec, suite: readonly string[], limits: Limits): TestRow {
  const status = statusOf(test);
  const last = test.results.at(-1);
  let priority = priorityInTitle(spec.title);
  for (const title of suite) priority = moreImportant(priority, priorityInTitle(title));
  for (const tag of spec.tags ?? []) priority = moreImportant(priority, priorityOfTag(tag));
  for (const { type, description } of test.annotations ?? []) {
    priority = moreImportant(priority, priorityInProperty(type, description ?? ""));
  }
  const message = last?.error?.message ?? last?.errors?.[0]?.message ?? undefined;
  return {
    status,
    suite,
    name: spec.title,
    ...(spec.file ? { file: spec.file } : {}),
    ...(test.projectName ? { project: test.projectName } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(status === "passed" && test.status === "flaky" ? { flaky: true } : {}),
    ...optionalParts({ status, message, durationMs: last?.duration }, limits),
  };
}

/** Playwright's own verdict, which knows of tests that are expected to fail. A test that did not run did not pass. */
function statusOf(test: Test): TestStatus {
  const last = test.results.at(-1)?.status;
  switch (test.status) {
    case "expected":
      if (test.expectedStatus === "skipped") return "skipped";
      return last === test.expectedStatus ? "passed" : "errored";
    case "flaky":
      return "passed";
    case "skipped":
      return last === "interrupted" ? "errored" : "skipped";
    case "unexpected":
      return last === "timedOut" || last === "interrupted" ? "errored" : "failed";
    default:
      return "errored";
  }
}
