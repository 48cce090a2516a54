import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import type { Priority } from "../../vocab/index.ts";
import { openRows, optionalParts } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInProperty, priorityInTitle } from "./priority.ts";
import { type CaseSink, ReportDamage, type ReportReader } from "./reader.ts";
import { type Attributes, readXml, type XmlConsumer } from "./xml.ts";

/** The XML of xUnit.net, versions 2 and 3: assemblies, collections, tests. */
export const xunitReader: ReportReader = {
  format: "xunit",
  sniff: (head) =>
    /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:assemblies|assembly)[\s>/]/.test(headText(head)) ? 0.9 : 0,
  read: async (src, sink, limits) => {
    await readXml(src, openXunit(sink, limits), limits, sink.warning);
    return { tool: "xunit.net" };
  },
};

function openXunit(sink: CaseSink, limits: Limits): XmlConsumer {
  const { emit, seen } = openRows(sink, limits);
  const path: string[] = [];
  let suite: readonly string[] = [];
  let counted = { tests: 0, failed: false, rowsBefore: 0, failingBefore: 0 };
  let message = "";
  let test: { attributes: Attributes; priority: Priority | undefined } | undefined;
  let line = 0;
  return {
    open: (name, attributes, at) => {
      line = at;
      const parent = path.at(-1);
      if (parent === undefined && name !== "assemblies" && name !== "assembly") {
        throw new ReportDamage("the root element is not assemblies or assembly", line);
      }
      path.push(name);
      if (name === "assembly") {
        // The name is a path of the machine that ran it.
        suite = [(attributes.name ?? "").replace(/^.*[\\/]/, "")];
        const failed = Number(attributes.failed) > 0 || Number(attributes.errors) > 0;
        const tests = Number(attributes.total) || 0;
        counted = { tests, failed, rowsBefore: seen.rows, failingBefore: seen.failing };
      } else if (name === "test" && parent === "collection") {
        test = { attributes, priority: priorityInTitle(attributes.name ?? "") };
        message = "";
      } else if (name === "error" && parent === "errors") message = "";
      else if (name === "trait" && test) {
        const { name: key = "", value = "" } = attributes;
        const named = key.toLowerCase() === "category" ? "tag" : key;
        test.priority = moreImportant(test.priority, priorityInProperty(named, value));
      }
    },
    close: (name) => {
      path.pop();
      if (name === "test" && test) {
        emit(rowOf(test.attributes, test.priority, suite, message, limits), line);
        test = undefined;
      } else if (name === "error" && path.at(-1) === "errors") {
        const status = "errored";
        emit(
          { status, suite, name: "(failed outside of its tests)", ...optionalParts({ status, message }, limits) },
          line,
        );
      } else if (name === "assembly") {
        const rows = seen.rows - counted.rowsBefore;
        if (rows < counted.tests)
          throw new ReportDamage(`it counts ${counted.tests} tests but holds only ${rows}`, line);
        if (counted.failed && seen.failing === counted.failingBefore) {
          emit({ status: "errored", suite, name: "(assembly failed)" }, line);
        }
      }
    },
    text: (text) => {
      message += text.slice(0, limits.maxMessageChars * 2);
    },
    wantsText: () => path.at(-1) === "message" && path.at(-2) === "failure" && message.length < limits.maxMessageChars,
  };
}

function rowOf(
  attributes: Attributes,
  priority: Priority | undefined,
  suite: readonly string[],
  message: string,
  limits: Limits,
): TestRow {
  const status = statusOf(attributes.result);
  const seconds = Number(attributes.time ?? Number.NaN);
  return {
    status,
    suite,
    name: attributes.name ?? "",
    ...(attributes.type ? { classname: attributes.type } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...optionalParts({ status, message, durationMs: Math.round(seconds * 1e6) / 1e3 }, limits),
  };
}

/** Only a pass is a pass. */
function statusOf(result: string | undefined): TestStatus {
  switch (result) {
    case "Pass":
      return "passed";
    case "Fail":
      return "failed";
    case "Skip":
    case "NotRun":
      return "skipped";
    default:
      return "errored";
  }
}
