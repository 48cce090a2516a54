import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts, parseReport, wholeText } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInProperty, priorityInTitle, priorityOfTag } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

const Test = z.object({
  name: z.string(),
  status: z.string(),
  rawStatus: z.string().nullish(),
  duration: z.number().nullish(),
  message: z.string().nullish(),
  filePath: z.string().nullish(),
  suite: z.union([z.string(), z.array(z.string())]).nullish(),
  tags: z.array(z.string()).nullish(),
  labels: z.unknown().optional(),
  parameters: z.unknown().optional(),
  browser: z.string().nullish(),
  device: z.string().nullish(),
  flaky: z.boolean().nullish(),
  /** The name of `flaky` before 0.0. */
  flake: z.boolean().nullish(),
  retries: z.number().nullish(),
  /** The name of `retries` before 0.0. */
  retry: z.number().nullish(),
  retryAttempts: z.array(z.object({ status: z.string() })).nullish(),
});
type Test = z.infer<typeof Test>;

const Report = z.object({
  results: z.object({
    tool: z.object({ name: z.string() }),
    summary: z.object({ tests: z.number(), failed: z.number() }),
    tests: z.array(Test),
  }),
});

/** The Common Test Report Format, versions 0.0 to 0.2 and reports that name no version. */
export const ctrfReader: ReportReader = {
  format: "ctrf",
  sniff: (head) => {
    const text = headText(head);
    if (!/^\s*\{/.test(text)) return 0;
    if (/"reportFormat"\s*:\s*"CTRF"/.test(text)) return 1;
    return /"results"\s*:\s*\{/.test(text) && /"tool"\s*:\s*\{/.test(text) ? 0.9 : 0;
  },
  read: async (src, sink, limits) => {
    const { results } = parseReport(await wholeText(src, limits, sink), Report, "CTRF");
    const { emit, seen } = openRows(sink, limits);
    for (const test of results.tests) emit(rowOf(test, limits));
    if (seen.rows < results.summary.tests) {
      throw new ReportDamage(`it counts ${results.summary.tests} tests but holds only ${seen.rows}`);
    }
    // Reporters have written failures as passes; their own summary knew better.
    if (results.summary.failed > seen.failing) {
      emit({ status: "errored", suite: [], name: "(summary counts more failures than the tests)" });
    }
    return { tool: results.tool.name.slice(0, 100) };
  },
};

function rowOf(test: Test, limits: Limits): TestRow {
  const suite = typeof test.suite === "string" ? test.suite.split(/\s+>\s+/) : (test.suite ?? []);
  const status = statusOf(test);
  const retried = test.flaky || test.flake || (test.retries ?? test.retry ?? 0) > 0;
  let priority = priorityInTitle(test.name);
  for (const title of suite) priority = moreImportant(priority, priorityInTitle(title));
  for (const tag of test.tags ?? []) priority = moreImportant(priority, priorityOfTag(tag));
  for (const [key, value] of entries(test.labels)) {
    if (typeof value === "string") priority = moreImportant(priority, priorityInProperty(key, value));
  }
  const parameters = entries(test.parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  const project = [test.browser, test.device].filter(Boolean).join(" ");
  return {
    status,
    suite,
    name: parameters.length === 0 ? test.name : `${test.name} ${JSON.stringify(parameters)}`,
    ...(test.filePath ? { file: test.filePath } : {}),
    ...(project ? { project } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(retried && status === "passed" ? { flaky: true } : {}),
    ...optionalParts({ status, message: test.message ?? undefined, durationMs: test.duration }, limits),
  };
}

/** `other` and whatever is not known here is not a pass; reporters write `other` for what is only planned, too. */
function statusOf(test: Test): TestStatus {
  switch (test.status) {
    case "passed":
      return unexpectedPass(test) ? "failed" : "passed";
    case "failed":
      return /^(?:error|errored|broken)$/i.test(test.rawStatus ?? "") ? "errored" : "failed";
    case "skipped":
    case "pending":
      return "skipped";
    default:
      return /^(?:todo|pending|skipped|disabled)$/i.test(test.rawStatus ?? "") ? "skipped" : "errored";
  }
}

/** Retried although no attempt failed: a test that is expected to fail and passed, which Playwright holds against it. */
function unexpectedPass({ retryAttempts }: Test): boolean {
  return !!retryAttempts && retryAttempts.length > 0 && retryAttempts.every(({ status }) => status === "passed");
}

function entries(value: unknown): [string, unknown][] {
  return value !== null && typeof value === "object" ? Object.entries(value) : [];
}
