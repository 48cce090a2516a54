import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import type { Priority } from "../../vocab/index.ts";
import { openRows, optionalParts } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInTitle, priorityOfTag } from "./priority.ts";
import { type CaseSink, ReportDamage, type ReportReader } from "./reader.ts";
import { type Attributes, readXml, type XmlConsumer } from "./xml.ts";

/** `testng-results.xml` of TestNG. Set-up methods are no tests; one that fails is a failing row all the same. */
export const testngReader: ReportReader = {
  format: "testng",
  sniff: (head) =>
    /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<testng-results[\s>/]/.test(headText(head)) ? 1 : 0,
  read: async (src, sink, limits) => {
    await readXml(src, openTestng(sink, limits), limits, sink.warning);
    return { tool: "testng" };
  },
};

interface Method {
  readonly attributes: Attributes;
  readonly parameters: string[];
  message: string;
}

function openTestng(sink: CaseSink, limits: Limits): XmlConsumer {
  const { emit, seen } = openRows(sink, limits);
  const path: string[] = [];
  const suite: string[] = [];
  /** Priority of a method by the groups that it is in; the key is its class and name. */
  const priorities = new Map<string, Priority>();
  let root: Attributes = {};
  let group: Priority | undefined;
  let written = 0;
  let classname = "";
  let methods: Method[] = [];
  let method: Method | undefined;
  let line = 0;

  const closeClass = () => {
    const retried = new Set<string>();
    const rows = [];
    for (const one of methods) {
      const { attributes } = one;
      // An attempt that was repeated is written as a skip.
      if (attributes.retried === "true") retried.add(keyOf(one));
      else if (attributes["is-config"] !== "true" || attributes.status === "FAIL") rows.push(one);
    }
    for (const one of rows) emit(rowOf(one, classname, [...suite], priorities, retried, limits), line);
    methods = [];
  };
  const closeRun = () => {
    const counted = Number(root.total) || 0;
    if (written < counted) throw new ReportDamage(`it counts ${counted} tests but holds only ${written}`, line);
    if (Number(root.failed) > 0 && seen.failing === 0) {
      emit({ status: "errored", suite: [], name: "(run failed outside of its tests)" }, line);
    }
  };
  return {
    open: (name, attributes, at) => {
      line = at;
      if (path.length === 0) {
        if (name !== "testng-results") throw new ReportDamage("the root element is not testng-results", line);
        root = attributes;
      }
      const parent = path.at(-1);
      path.push(name);
      switch (name) {
        case "suite":
        case "test":
          suite.push(attributes.name ?? "");
          return;
        case "class":
          classname = attributes.name ?? "";
          return;
        case "group":
          group = priorityOfTag(attributes.name ?? "");
          return;
        case "method":
          if (parent === "group" && group !== undefined) {
            const key = `${attributes.class ?? ""}.${attributes.name ?? ""}`;
            priorities.set(key, moreImportant(priorities.get(key), group) ?? group);
          }
          return;
        case "test-method":
          if (methods.length >= limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
          method = { attributes, parameters: [], message: "" };
          if (attributes["is-config"] !== "true") written += 1;
          methods.push(method);
          return;
        case "param":
          method?.parameters.push("");
      }
    },
    close: (name) => {
      path.pop();
      if (name === "test-method") method = undefined;
      else if (name === "class") closeClass();
      else if (name === "suite") suite.length = 0;
      else if (name === "test") suite.length = 1;
      else if (path.length === 0) closeRun();
    },
    text: (text) => {
      if (!method) return;
      if (path.at(-1) === "message") method.message += text.slice(0, limits.maxMessageChars * 2);
      else method.parameters.push((method.parameters.pop() ?? "") + text.slice(0, limits.maxNameChars));
    },
    wantsText: () => {
      const [above, at] = path.slice(-2);
      if (!method) return false;
      return (at === "message" && above === "exception") || (at === "value" && above === "param");
    },
  };
}

function keyOf({ attributes, parameters }: Method): string {
  return JSON.stringify([attributes.signature ?? attributes.name, parameters]);
}

function rowOf(
  method: Method,
  classname: string,
  suite: readonly string[],
  priorities: ReadonlyMap<string, Priority>,
  retried: ReadonlySet<string>,
  limits: Limits,
): TestRow {
  const { attributes, parameters, message } = method;
  const status = statusOf(attributes);
  const title = attributes.name ?? "";
  const named = priorityInTitle(`${title} ${attributes.description ?? ""}`);
  const priority = moreImportant(named, priorities.get(`${classname}.${title}`));
  const given = parameters.map((value) => value.trim()).join(", ");
  return {
    status,
    suite,
    name: parameters.length === 0 ? title : `${title}(${given})`,
    ...(classname ? { classname } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(status === "passed" && retried.has(keyOf(method)) ? { flaky: true } : {}),
    ...optionalParts({ status, message, durationMs: Number(attributes["duration-ms"] ?? Number.NaN) }, limits),
  };
}

/** A set-up or tear-down method that fails could not do its part, which is no result of a test. */
function statusOf(attributes: Attributes): TestStatus {
  switch (attributes.status) {
    case "PASS":
      return "passed";
    case "FAIL":
      return attributes["is-config"] === "true" ? "errored" : "failed";
    case "SKIP":
      return "skipped";
    default:
      return "errored";
  }
}
