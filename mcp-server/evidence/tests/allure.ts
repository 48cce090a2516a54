import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts, parseReport, wholeText } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInProperty, priorityInTitle } from "./priority.ts";
import type { ReportReader } from "./reader.ts";

const Details = z.object({ message: z.string().nullish(), flaky: z.boolean().nullish() }).nullish();
const Result = z.object({
  name: z.string(),
  status: z.string().nullish(),
  stage: z.string().nullish(),
  fullName: z.string().nullish(),
  statusDetails: Details,
  start: z.number().nullish(),
  stop: z.number().nullish(),
  labels: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  parameters: z
    .array(z.object({ name: z.string(), value: z.string().nullish(), excluded: z.boolean().nullish() }))
    .nullish(),
});
type Result = z.infer<typeof Result>;
const Fixture = z.object({ name: z.string().nullish(), status: z.string().nullish(), statusDetails: Details });
const Container = z.object({
  name: z.string().nullish(),
  befores: z.array(Fixture).nullish(),
  afters: z.array(Fixture).nullish(),
});

const Globals = z.object({ errors: z.array(z.object({ message: z.string().nullish() })) });

/**
 * The results of Allure: a file per test (`*-result.json`), a file per group of tests with their set-up and tear-down
 * (`*-container.json`), and files of what went wrong outside of all tests (`*-globals.json`). Attempts of one test are files of their own, so they are rows of their own.
 */
export const allureReader: ReportReader = {
  format: "allure",
  sniff: (head) => {
    const text = headText(head);
    if (isGlobals(text)) return 0.8;
    if (!/^\s*\{/.test(text) || !/"uuid"\s*:/.test(text)) return 0;
    const result = /"(?:historyId|testCaseId|fullName)"\s*:/.test(text) && /"(?:status|stage|labels)"\s*:/.test(text);
    return result || isContainer(text) ? 0.8 : 0;
  },
  read: async (src, sink, limits) => {
    const text = await wholeText(src, limits, sink);
    const { emit } = openRows(sink, limits);
    if (isGlobals(text)) {
      for (const { message } of parseReport(text, Globals, "Allure").errors) {
        const more = optionalParts({ status: "errored", message: message ?? undefined }, limits);
        emit({ status: "errored", suite: [], name: "(run failed outside of its tests)", ...more });
      }
      return { tool: "allure", withoutTests: true };
    }
    if (!isContainer(text)) {
      emit(rowOf(parseReport(text, Result, "Allure"), limits));
      return { tool: "allure" };
    }
    const container = parseReport(text, Container, "Allure");
    for (const fixture of [...(container.befores ?? []), ...(container.afters ?? [])]) {
      const status = statusOf(fixture.status ?? undefined);
      if (status === "passed" || status === "skipped") continue;
      const more = optionalParts({ status, message: fixture.statusDetails?.message ?? undefined }, limits);
      // Tests whose set-up broke may have no file at all.
      emit({ status: "errored", suite: [], name: `${fixture.name ?? ""} (set-up or tear-down)`, ...more });
    }
    return { tool: "allure", withoutTests: true };
  },
};

function isGlobals(text: string): boolean {
  return /^\s*\{\s*"(?:attachments|errors)"\s*:\s*\[/.test(text) && /"errors"\s*:\s*\[/.test(text);
}

function isContainer(text: string): boolean {
  return /"children"\s*:\s*\[/.test(text) && /"(?:befores|afters)"\s*:/.test(text) && !/"historyId"\s*:/.test(text);
}

const SUITES = ["parentSuite", "suite", "subSuite"];

function rowOf(result: Result, limits: Limits): TestRow {
  const status = statusOf(result.status ?? undefined);
  const labels = result.labels ?? [];
  const suite = SUITES.flatMap((key) => labels.filter(({ name }) => name === key).map(({ value }) => value));
  let priority = priorityInTitle(result.name);
  for (const title of suite) priority = moreImportant(priority, priorityInTitle(title));
  for (const { name, value } of labels) priority = moreImportant(priority, priorityInProperty(name, value));
  const parameters = (result.parameters ?? [])
    .filter(({ excluded }) => !excluded)
    .map(({ name, value }) => [name, value ?? ""])
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  const { start, stop } = result;
  return {
    status,
    suite,
    name: parameters.length === 0 ? result.name : `${result.name} ${JSON.stringify(parameters)}`,
    ...(result.fullName ? { classname: result.fullName } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(status === "passed" && result.statusDetails?.flaky ? { flaky: true } : {}),
    ...optionalParts(
      {
        status,
        message: result.statusDetails?.message ?? undefined,
        durationMs: typeof start === "number" && typeof stop === "number" ? stop - start : undefined,
      },
      limits,
    ),
  };
}

/** A test without a status did not end. */
function statusOf(status: string | undefined): TestStatus {
  switch (status) {
    case "passed":
    case "failed":
    case "skipped":
      return status;
    default:
      return "errored";
  }
}
