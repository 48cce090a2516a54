import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts, parseReport, wholeText, withoutLeadingLines } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { priorityInTitle } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

const Example = z.object({
  description: z.string(),
  full_description: z.string(),
  status: z.string(),
  file_path: z.string().nullish(),
  run_time: z.number().nullish(),
  exception: z.object({ message: z.string().nullish() }).nullish(),
});
type Example = z.infer<typeof Example>;

const Report = z.object({
  examples: z.array(Example),
  summary: z.object({
    example_count: z.number(),
    failure_count: z.number(),
    errors_outside_of_examples_count: z.number().nullish(),
  }),
});

/** The JSON of RSpec. */
export const rspecJsonReader: ReportReader = {
  format: "rspec-json",
  sniff: (head) => {
    const text = headText(head);
    return /^\{\s*"version"\s*:/m.test(text) && /"(?:examples|messages)"\s*:\s*\[/.test(text) ? 0.9 : 0;
  },
  read: async (src, sink, limits) => {
    const text = withoutLeadingLines(await wholeText(src, limits, sink), sink);
    const { examples, summary } = parseReport(text, Report, "RSpec");
    const { emit, seen } = openRows(sink, limits);
    for (const example of examples) emit(rowOf(example, limits));
    if (seen.rows < summary.example_count) {
      throw new ReportDamage(`it counts ${summary.example_count} tests but holds only ${seen.rows}`);
    }
    // A file that could not be loaded leaves no example behind.
    if ((summary.errors_outside_of_examples_count ?? 0) > 0 || summary.failure_count > seen.failing) {
      emit({ status: "errored", suite: [], name: "(run failed outside of its tests)" });
    }
    return { tool: "rspec" };
  },
};

function rowOf(example: Example, limits: Limits): TestRow {
  const { description, full_description: full, file_path: file, exception } = example;
  const status = statusOf(example.status);
  const above = full.endsWith(description) ? full.slice(0, full.length - description.length).trim() : full;
  const priority = priorityInTitle(full);
  const seconds = example.run_time ?? Number.NaN;
  return {
    status,
    suite: above === "" ? [] : [above],
    name: description,
    ...(file ? { file: file.replace(/^\.\//, "") } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...optionalParts(
      { status, message: exception?.message ?? undefined, durationMs: Math.round(seconds * 1e6) / 1e3 },
      limits,
    ),
  };
}

/** An example that is pending failed as expected, or was never meant to run. */
function statusOf(status: string): TestStatus {
  switch (status) {
    case "passed":
    case "failed":
      return status;
    case "pending":
      return "skipped";
    default:
      return "errored";
  }
}
