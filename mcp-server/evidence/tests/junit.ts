import { type OpenCase, openCase, type SuiteFrame } from "./junit-case.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInProperty, priorityInTitle } from "./priority.ts";
import { type CaseSink, ReportDamage, type ReportReader } from "./reader.ts";
import { type Attributes, readXml, type XmlConsumer } from "./xml.ts";

/** The JUnit family: `testsuites` or `testsuite` at the root, cases at any depth. */
export const junitReader: ReportReader = {
  format: "junit",
  sniff: (head) => {
    const text = headText(head);
    if (/^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<testsuites?[\s>/]/.test(text)) return 1;
    return /<testsuites?[\s>]/.test(text) ? 0.6 : 0;
  },
  read: async (src, sink, limits) => {
    const rows = openJunitRows(sink, limits);
    await readXml(src, rows.consumer, limits, sink.warning);
    rows.finish();
    const tool = rows.tool();
    return tool === undefined ? {} : { tool };
  },
};

/** The head as text, whatever its Unicode encoding: zero bytes of UTF-16 and byte order marks are left out. */
export function headText(head: Uint8Array): string {
  const bytes = Buffer.from(head).toString("latin1");
  return bytes.replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, "").replaceAll("\u0000", "");
}

interface Frame {
  readonly kind: "suites" | "suite" | "case" | "other";
  readonly suite: SuiteFrame;
}

const OUTSIDE: SuiteFrame = { path: [], project: undefined, file: undefined, priority: undefined };

/**
 * Rows of a JUnit document. Suite attributes such as `tests` and `failures` are never believed, because tools count
 * in different ways; they are only used to notice a report that names tests and holds none.
 */
export function openJunitRows(sink: CaseSink, limits: Limits) {
  const frames: Frame[] = [];
  let open: OpenCase | undefined;
  let rows = 0;
  let declared = 0;
  let tool: string | undefined;
  let variants = false;
  let line = 0;

  const emit = (row: Parameters<CaseSink["row"]>[0]) => {
    rows += 1;
    if (rows > limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
    sink.row(row);
  };
  const openRoot = (name: string, attributes: Attributes) => {
    if (name !== "testsuites" && name !== "testsuite") {
      throw new ReportDamage("the root element is not testsuites or testsuite", line);
    }
    tool = toolOf(name, attributes);
    // Playwright writes a suite per file and browser, told apart by the host name alone; elsewhere it is the machine.
    variants = name === "testsuites" && attributes.id !== undefined && attributes.disabled === undefined;
  };
  const suiteOf = (attributes: Attributes, outer: SuiteFrame): SuiteFrame => {
    const title = suiteTitle(attributes);
    const name = attributes.name ?? "";
    return {
      path: title === "" ? outer.path : [...outer.path, title],
      project: variants && /\.[cm]?[jt]sx?$/.test(name) ? attributes.hostname || outer.project : outer.project,
      file: attributes.file ?? outer.file,
      priority: moreImportant(outer.priority, priorityInTitle(name)),
    };
  };
  const consumer: XmlConsumer = {
    open: (name, attributes, at) => {
      line = at;
      checkNames(attributes, limits, line);
      const parent = frames[frames.length - 1];
      if (!parent) openRoot(name, attributes);
      const outer = parent?.suite ?? OUTSIDE;
      const frame = (kind: Frame["kind"], suite = outer) => frames.push({ kind, suite });
      if (name === "testsuites") {
        frame("suites");
        declared += parent ? 0 : Number(attributes.tests) || 0;
      } else if (name === "testsuite") {
        if (open) throw new ReportDamage("a suite inside of a test case", line);
        declared += Number(attributes.tests) || 0;
        frame("suite", suiteOf(attributes, outer));
      } else if (name === "testcase") {
        if (open) throw new ReportDamage("a test case inside of a test case", line);
        open = openCase(attributes, outer, limits.maxMessageChars);
        frame("case");
      } else {
        if (name === "property") property(attributes, outer);
        else if (parent?.kind === "case") open?.child(name, attributes);
        else if ((name === "error" || name === "failure") && parent?.kind === "suite") {
          // A class that could not even start: without this row it would look like a class without tests.
          const message = attributes.message?.slice(0, limits.maxMessageChars);
          const status = name === "error" ? "errored" : "failed";
          emit({ status, suite: outer.path, name: "(suite failed)", ...(message ? { message } : {}) });
        }
        frame("other");
      }
    },
    close: (name) => {
      frames.pop();
      if (name !== "testcase" || !open) return;
      const row = open.close();
      open = undefined;
      if (row.classname === "test" && tool === undefined && row.suite.length === 0) tool = "node:test";
      emit(row);
    },
    text: (text) => open?.text(text),
    wantsText: () => open !== undefined && frames[frames.length - 1]?.kind === "other" && open.wantsText(),
  };
  const property = (attributes: Attributes, suite: SuiteFrame) => {
    const { name, value } = attributes;
    if (name === undefined || value === undefined) return;
    if (open) open.property(name, value);
    else suite.priority = moreImportant(suite.priority, priorityInProperty(name, value));
  };
  return {
    consumer,
    finish: () => {
      if (rows === 0 && declared > 0) {
        throw new ReportDamage("its suites claim to have tests, but it holds not one test case");
      }
    },
    tool: () => tool,
  };
}

function suiteTitle({ name = "", package: folder }: Attributes): string {
  return folder && name !== "" && !name.startsWith(folder) ? `${folder}.${name}` : name;
}

function checkNames(attributes: Attributes, limits: Limits, line: number): void {
  for (const key of ["name", "classname", "file"] as const) {
    if ((attributes[key]?.length ?? 0) > limits.maxNameChars) {
      throw new ReportDamage(`a name of more than ${limits.maxNameChars} characters`, line);
    }
  }
}

function toolOf(root: string, attributes: Attributes): string | undefined {
  const name = attributes.name ?? "";
  if (name === "vitest tests") return "vitest";
  if (name === "jest tests") return "jest-junit";
  if (name === "pytest tests" || name === "pytest") return "pytest";
  if (name === "Mocha Tests") return "mocha";
  if (name === "nextest-run") return "nextest";
  if (name === "AllTests") return "googletest";
  if (root === "testsuite" && attributes["xsi:noNamespaceSchemaLocation"]?.includes("surefire")) return "surefire";
  return root === "testsuites" && attributes.id !== undefined && attributes.errors !== undefined && name === ""
    ? "playwright"
    : undefined;
}
