import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInTitle, priorityOfTag } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";
import { type Attributes, readXml, type XmlConsumer } from "./xml.ts";

interface Result {
  readonly attributes: Attributes;
  message: string;
  /** Data rows of the test, which are the leaves. */
  readonly inner: Result[];
}

interface Definition {
  classname: string | undefined;
  readonly tags: string[];
}

/** The report of `dotnet test --logger trx` and of MSTest. */
export const trxReader: ReportReader = {
  format: "trx",
  sniff: (head) => (/^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<TestRun[\s>]/.test(headText(head)) ? 1 : 0),
  read: async (src, sink, limits) => {
    const document = openTrx(limits);
    await readXml(src, document.consumer, limits, sink.warning);
    const { emit, seen } = openRows(sink, limits);
    const { results, definitions, summary } = document;
    const emitLeaves = (result: Result, id: string | undefined): boolean => {
      let failing = false;
      for (const inner of result.inner) failing = emitLeaves(inner, inner.attributes.testId ?? id) || failing;
      const row = rowOf(result, definitions.get(id ?? ""), limits);
      const own = row.status === "failed" || row.status === "errored";
      // A test with data rows is a row of its own only when it failed and none of them did.
      if (result.inner.length === 0 || (own && !failing)) emit(row);
      return own || failing;
    };
    for (const result of results) emitLeaves(result, result.attributes.testId);
    if (summary.held < summary.total) {
      throw new ReportDamage(`it counts ${summary.total} tests but holds only ${summary.held}`);
    }
    // The test host crashed, or a file could not be loaded.
    if (summary.error || (summary.failed && seen.failing === 0)) {
      emit({ status: "errored", suite: [], name: "(run failed outside of its tests)" });
    }
    return {};
  },
};

const RESULT = /^(?:UnitTest|Test|GenericTest|WebTest|ManualTest)Result$/;

function openTrx(limits: Limits) {
  const results: Result[] = [];
  const open: Result[] = [];
  const path: string[] = [];
  const definitions = new Map<string, Definition>();
  const summary = { held: 0, total: 0, failed: false, error: false };
  let definition: Definition | undefined;
  const consumer: XmlConsumer = {
    open: (name, attributes, line) => {
      if (path.length === 0 && name !== "TestRun") throw new ReportDamage("the root element is not TestRun", line);
      path.push(name);
      if (RESULT.test(name)) {
        summary.held += 1;
        if (summary.held > limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
        const result: Result = { attributes, message: "", inner: [] };
        (open.at(-1)?.inner ?? results).push(result);
        open.push(result);
        return;
      }
      switch (name) {
        case "UnitTest":
          definition = { classname: undefined, tags: [] };
          definitions.set(attributes.id ?? "", definition);
          return;
        case "TestMethod":
          // Older writers add the assembly, with its version, to the class.
          if (definition) definition.classname = attributes.className?.replace(/,.*$/, "");
          return;
        case "TestCategoryItem":
          definition?.tags.push(attributes.TestCategory ?? "");
          return;
        case "ResultSummary":
          summary.failed = !/^(?:Passed|Completed|Warning|Inconclusive|NotExecuted)$/.test(attributes.outcome ?? "");
          summary.error = /^(?:Error|Aborted|Timeout|Disconnected)$/.test(attributes.outcome ?? "");
          return;
        case "RunInfo":
          summary.error ||= /^(?:Error|Aborted|Failed|Timeout)$/.test(attributes.outcome ?? "");
          return;
        case "Counters":
          summary.total = Number(attributes.total) || 0;
      }
    },
    close: (name) => {
      path.pop();
      if (RESULT.test(name)) open.pop();
      if (name === "UnitTest") definition = undefined;
    },
    text: (text) => {
      const result = open.at(-1);
      if (result) result.message += text.slice(0, limits.maxMessageChars * 2);
    },
    wantsText: () =>
      path.at(-1) === "Message" &&
      path.at(-2) === "ErrorInfo" &&
      (open.at(-1)?.message.length ?? 0) < limits.maxMessageChars,
  };
  return { consumer, results, definitions, summary };
}

function rowOf({ attributes, message }: Result, definition: Definition | undefined, limits: Limits): TestRow {
  const status = statusOf(attributes.outcome);
  const name = attributes.testName ?? "";
  let priority = priorityInTitle(name);
  for (const tag of definition?.tags ?? []) priority = moreImportant(priority, priorityOfTag(tag));
  const time = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(attributes.duration ?? "");
  const durationMs = time
    ? Math.round((Number(time[1]) * 3_600 + Number(time[2]) * 60 + Number(time[3])) * 1e6) / 1e3
    : undefined;
  return {
    status,
    suite: [],
    name,
    ...(definition?.classname ? { classname: definition.classname } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...optionalParts({ status, message, durationMs }, limits),
  };
}

/** A result without an outcome is an error: writers leave out the first value of the list, which is `Error`. */
function statusOf(outcome: string | undefined): TestStatus {
  switch (outcome) {
    case "Passed":
      return "passed";
    case "Failed":
      return "failed";
    case "NotExecuted":
    case "Inconclusive":
      return "skipped";
    default:
      return "errored";
  }
}
