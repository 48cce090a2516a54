import type { TestRow } from "../../judge/tests/row.ts";
import { capped, openCaseReader, type SuiteFrame } from "./junit-case.ts";
import { openClaims } from "./junit-claims.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInProperty, priorityInTitle } from "./priority.ts";
import { type CaseSink, type ReadSummary, ReportDamage, type ReportReader } from "./reader.ts";
import { scanXml } from "./scan-xml.ts";
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
    let known = 0;
    if (await isLarge(src)) {
      const fast = openJunitRows(
        {
          ...sink,
          row: (row) => {
            known += 1;
            sink.row(row);
          },
        },
        limits,
      );
      if ((await scanXml(src, fast.consumer, limits)) === "read") return fast.finish();
    }
    // Both ways give the same rows in the same order, so the parser goes on where the scan stopped.
    let again = 0;
    const rows = openJunitRows(
      {
        ...sink,
        row: (row) => {
          again += 1;
          if (again > known) sink.row(row);
        },
      },
      limits,
    );
    await readXml(src, rows.consumer, limits, sink.warning);
    return rows.finish();
  },
};

/** From this size on speed matters more than a warning about every odd character. */
const LARGE_BYTES = 2 * 1024 * 1024;

async function isLarge(src: AsyncIterable<Uint8Array>): Promise<boolean> {
  let bytes = 0;
  for await (const chunk of src) {
    bytes += chunk.length;
    if (bytes > LARGE_BYTES) return true;
  }
  return false;
}

/** The head as text, whatever its Unicode encoding: zero bytes of UTF-16 and byte order marks are left out. */
export function headText(head: Uint8Array): string {
  const bytes = Buffer.from(head).toString("latin1");
  return bytes.replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, "").replaceAll("\u0000", "");
}

interface OpenSuite extends SuiteFrame {
  /** Tests that ran, where the tool can be believed in that. */
  readonly ran: number | undefined;
  readonly rowsBefore: number;
}

type Kind = "suites" | "suite" | "case" | "other";

const OUTSIDE: OpenSuite = {
  path: [],
  project: undefined,
  file: undefined,
  priority: undefined,
  crashed: false,
  ran: undefined,
  rowsBefore: 0,
};

/**
 * Rows of a JUnit document. Suite attributes such as `tests` and `failures` are never believed, because tools count
 * in different ways; they are only used to notice a report that names tests and holds none, or failures and shows fewer.
 */
export function openJunitRows(sink: CaseSink, limits: Limits) {
  const kinds: Kind[] = [];
  const suites: OpenSuite[] = [];
  const test = openCaseReader(limits.maxMessageChars);
  let suite = OUTSIDE;
  let inCase = false;
  let rows = 0;
  let declared = 0;
  let tool: string | undefined;
  let variants = false;
  let line = 0;
  const claims = openClaims();

  const emit = (row: TestRow) => {
    rows += 1;
    if (rows > limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
    sink.row(row);
  };
  const openRoot = (name: string, attributes: Attributes) => {
    if (name !== "testsuites" && name !== "testsuite") {
      throw new ReportDamage("the root element is not testsuites or testsuite", line);
    }
    tool = toolOf(name, attributes);
    claims.root(name, attributes);
    // Playwright writes a suite per file and browser, told apart by the host name alone; elsewhere it is the machine.
    variants = name === "testsuites" && attributes.id !== undefined && attributes.disabled === undefined;
    if (name === "testsuites") declared += Number(attributes.tests) || 0;
  };
  const openSuite = (attributes: Attributes) => {
    if (inCase) throw new ReportDamage("a suite inside of a test case", line);
    declared += Number(attributes.tests) || 0;
    const name = attributes.name ?? "";
    tool ??= toolOfSuite(name);
    const title = suiteTitle(attributes);
    claims.openSuite(attributes);
    suites.push(suite);
    suite = {
      path: title === "" ? suite.path : [...suite.path, title],
      project: variants && /\.[cm]?[jt]sx?$/.test(name) ? attributes.hostname || suite.project : suite.project,
      file: attributes.file ?? suite.file,
      priority: moreImportant(suite.priority, priorityInTitle(name)),
      // Vitest writes the tests of a file whose worker died as if they had passed in no time.
      crashed: tool === "vitest" && attributes.time === "0",
      ran: name.endsWith(".bats") && attributes.tests !== undefined ? Number(attributes.tests) : undefined,
      rowsBefore: rows,
    };
  };
  const closeSuite = () => {
    // bats writes a test that was killed like one that passed, and counts only those that ran.
    const { ran, rowsBefore } = suite;
    if (ran !== undefined && rows - rowsBefore > ran) {
      emit({ status: "errored", suite: suite.path, name: "(suite did not run all of its tests)" });
    }
    suite = suites.pop() ?? OUTSIDE;
    claims.closeSuite();
  };
  const openOther = (name: string, attributes: Attributes, parent: Kind | undefined) => {
    if (name === "property") {
      if (attributes.name === undefined || attributes.value === undefined) return;
      if (inCase) test.property(attributes.name, attributes.value);
      else suite.priority = moreImportant(suite.priority, priorityInProperty(attributes.name, attributes.value));
    } else if (parent === "case") {
      claims.element(name);
      test.child(name, attributes);
    } else if (parent === "suite" && (name === "error" || name === "failure")) {
      claims.element(name);
      // A class that could not even start: without this row it would look like a class without tests.
      const message = attributes.message && capped(attributes.message, limits.maxMessageChars);
      const status = name === "error" ? "errored" : "failed";
      emit({ status, suite: suite.path, name: "(suite failed)", ...(message ? { message } : {}) });
    }
  };
  const consumer: XmlConsumer = {
    open: (name, attributes, at) => {
      line = at;
      const parent = kinds[kinds.length - 1];
      if (parent === undefined) openRoot(name, attributes);
      let kind: Kind = "other";
      if (name === "testcase") {
        kind = "case";
        if (inCase) throw new ReportDamage("a test case inside of a test case", line);
        inCase = true;
        checkNames(attributes, limits, line);
        claims.openCase();
        test.open(attributes, suite);
      } else if (name === "testsuite") {
        kind = "suite";
        checkNames(attributes, limits, line);
        openSuite(attributes);
      } else if (name === "testsuites") kind = "suites";
      else openOther(name, attributes, parent);
      kinds.push(kind);
    },
    close: () => {
      const kind = kinds.pop();
      if (kind === "suite") closeSuite();
      if (kind !== "case") return;
      inCase = false;
      const row = test.close();
      claims.closeCase(row.status);
      if (tool === undefined && row.classname === "test") tool = "node:test";
      emit(row);
    },
    text: (text) => test.text(text),
    comment: claims.comment,
    // Text in a case but outside of its failure is white space between its elements.
    wantsText: () => inCase && kinds[kinds.length - 1] === "other" && test.wantsText(),
  };
  return {
    consumer,
    finish: (): ReadSummary => {
      if (rows === 0 && declared > 0) {
        throw new ReportDamage("its suites claim to have tests, but it holds not one test case");
      }
      if (claims.unshown()) emit({ status: "errored", suite: [], name: "(more failures are counted than shown)" });
      return tool === undefined ? {} : { tool };
    },
  };
}

function suiteTitle({ name = "", package: folder }: Attributes): string {
  return folder && name !== "" && !name.startsWith(folder) ? `${folder}.${name}` : name;
}

function checkNames(attributes: Attributes, limits: Limits, line: number): void {
  const { name = "", classname = "", file = "" } = attributes;
  if (
    name.length > limits.maxNameChars ||
    classname.length > limits.maxNameChars ||
    file.length > limits.maxNameChars
  ) {
    throw new ReportDamage(`a name of more than ${limits.maxNameChars} characters`, line);
  }
}

/** Tools that name only their suites. */
function toolOfSuite(name: string): string | undefined {
  if (name === "pytest") return "pytest";
  if (name === "rspec") return "rspec";
  if (name === "JUnit Jupiter" || name === "JUnit Vintage") return "junit-platform";
  if (name.endsWith(".bats")) return "bats";
  return name === "(empty)" ? "ctest" : undefined;
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
