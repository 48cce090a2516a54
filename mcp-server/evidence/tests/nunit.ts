import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import type { Priority } from "../../vocab/index.ts";
import { openRows, optionalParts } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInProperty, priorityInTitle, priorityOfTag } from "./priority.ts";
import { type CaseSink, ReportDamage, type ReportReader } from "./reader.ts";
import { type Attributes, readXml, type XmlConsumer } from "./xml.ts";

/** The XML of NUnit: version 3 (`test-run`) and version 2 (`test-results`). */
export const nunitReader: ReportReader = {
  format: "nunit",
  sniff: (head) =>
    /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:test-run|test-results)[\s>/]/.test(headText(head)) ? 1 : 0,
  read: async (src, sink, limits) => {
    await readXml(src, openNunit(sink, limits), limits, sink.warning);
    return { tool: "nunit" };
  },
};

interface Suite {
  readonly attributes: Attributes;
  readonly path: readonly string[];
  priority: Priority | undefined;
  /** A failure of its own: set-up, tear-down, or a file that could not be loaded. */
  failure: boolean;
  message: string;
  readonly failingBefore: number;
}

interface Case {
  readonly attributes: Attributes;
  priority: Priority | undefined;
  message: string;
}

function openNunit(sink: CaseSink, limits: Limits): XmlConsumer {
  const { emit, seen } = openRows(sink, limits);
  const path: string[] = [];
  const suites: Suite[] = [];
  let run: Attributes = {};
  let test: Case | undefined;
  let line = 0;

  const openSuite = (attributes: Attributes) => {
    const above = suites.at(-1);
    // Namespaces and classes are in the names of the tests; the assembly is a path of the machine that ran it.
    const file = /^(?:assembly|project)$/i.test(attributes.type ?? "") || /\.(?:dll|exe)$/i.test(attributes.name ?? "");
    const name = (attributes.name ?? "").replace(/^.*[\\/]/, "");
    suites.push({
      attributes,
      path: file && name !== "" ? [name] : (above?.path ?? []),
      priority: above?.priority,
      failure: false,
      message: "",
      failingBefore: seen.failing,
    });
  };
  const closeSuite = () => {
    const suite = suites.pop();
    if (!suite) return;
    const { attributes, message, failure, failingBefore, path: above } = suite;
    const own = failure && !/^(?:child|parent)$/i.test(attributes.site ?? "");
    const unexplained = isFailing(statusOf(attributes)) && seen.failing === failingBefore;
    // A tear-down that fails is no test's failure, and a class that cannot be made may hold no test at all.
    const tearDown = own && /^teardown$/i.test(attributes.site ?? "");
    if (!unexplained && !tearDown) return;
    const name = `${attributes.fullname ?? attributes.name ?? ""} (suite failed)`;
    emit({ status: "errored", suite: above, name, ...optionalParts({ status: "errored", message }, limits) }, line);
  };
  const closeRun = () => {
    // A writer of version 2 does not count what it did not run.
    const counted = Number(run.total) || 0;
    if (seen.rows < counted) {
      throw new ReportDamage(`it counts ${counted} tests but holds only ${seen.rows}`, line);
    }
    const failed = Number(run.failed) > 0 || Number(run.failures) > 0 || Number(run.errors) > 0;
    if ((failed || isFailing(statusOf(run))) && seen.failing === 0) {
      emit({ status: "errored", suite: [], name: "(run failed outside of its tests)" }, line);
    }
  };
  const property = (name: string, value: string) => {
    const found = /^category$/i.test(name) ? priorityOfTag(value) : priorityInProperty(name, value);
    const at = test ?? suites.at(-1);
    if (at) at.priority = moreImportant(at.priority, found);
  };
  return {
    open: (name, attributes, at) => {
      line = at;
      if (path.length === 0) {
        if (name !== "test-run" && name !== "test-results") {
          throw new ReportDamage("the root element is not test-run or test-results", line);
        }
        run = attributes;
      }
      path.push(name);
      if (name === "test-suite") openSuite(attributes);
      else if (name === "test-case") {
        if (test) throw new ReportDamage("a test case inside of a test case", line);
        const named = priorityInTitle(attributes.fullname ?? attributes.name ?? "");
        test = { attributes, priority: moreImportant(suites.at(-1)?.priority, named), message: "" };
      } else if (name === "property") property(attributes.name ?? "", attributes.value ?? "");
      else if (name === "category") property("category", attributes.name ?? "");
      else if (name === "failure" && !test) {
        const suite = suites.at(-1);
        if (suite) suite.failure = true;
      }
    },
    close: (name) => {
      path.pop();
      if (name === "test-case" && test) {
        emit(rowOf(test, suites.at(-1)?.path ?? [], limits), line);
        test = undefined;
      } else if (name === "test-suite") closeSuite();
      else if (path.length === 0) closeRun();
    },
    text: (text) => {
      const at = test ?? suites.at(-1);
      if (at) at.message += text.slice(0, limits.maxMessageChars * 2);
    },
    wantsText: () =>
      path.at(-1) === "message" &&
      path.at(-2) === "failure" &&
      ((test ?? suites.at(-1))?.message.length ?? 0) < limits.maxMessageChars,
  };
}

function rowOf({ attributes, priority, message }: Case, suite: readonly string[], limits: Limits): TestRow {
  const status = statusOf(attributes);
  const { name = "", fullname = name } = attributes;
  // The class as the full name has it: with the arguments of a fixture that is made several times.
  const classname = fullname.endsWith(`.${name}`) ? fullname.slice(0, -name.length - 1) : attributes.classname;
  const seconds = Number(attributes.duration ?? attributes.time ?? Number.NaN);
  return {
    status,
    suite,
    name,
    ...(classname ? { classname } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...optionalParts({ status, message, durationMs: Math.round(seconds * 1e6) / 1e3 }, limits),
  };
}

function isFailing(status: TestStatus): boolean {
  return status === "failed" || status === "errored";
}

/**
 * Status of a case or suite. Version 3 says `Failed` with a label, version 2 has more results, and versions before 2.5
 * say only whether it was executed and succeeded. A warning is no pass, as in NUnit's own adapter for dotnet test.
 */
function statusOf({ result, label, executed, success }: Attributes): TestStatus {
  switch (result?.toLowerCase()) {
    case "passed":
    case "success":
      return "passed";
    case "failed":
      return label === undefined || label === "" ? "failed" : "errored";
    case "failure":
      return "failed";
    case "skipped":
    case "ignored":
    case "inconclusive":
    case "warning":
      return "skipped";
    case undefined:
      break;
    default:
      return "errored";
  }
  if (executed?.toLowerCase() === "false") return "skipped";
  if (success === undefined) return "errored";
  return success.toLowerCase() === "true" ? "passed" : "failed";
}
