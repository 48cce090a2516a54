import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows } from "./json.ts";
import { headText } from "./junit.ts";
import { capped } from "./junit-case.ts";
import type { Limits } from "./limits.ts";
import { linesOf } from "./lines.ts";
import { priorityInTitle } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

const Event = z.object({
  Action: z.string(),
  Package: z.string().nullish(),
  ImportPath: z.string().nullish(),
  Test: z.string().nullish(),
  Elapsed: z.number().nullish(),
  Output: z.string().nullish(),
});
type Event = z.infer<typeof Event>;

interface Test {
  readonly name: string;
  /** `undefined` until a run of it ended. */
  status: TestStatus | undefined;
  /** Begun, for the first time or again, and not ended. */
  running: boolean;
  failedBefore: boolean;
  /** Run of its package that the status is from: a package runs again when failed tests are repeated. */
  packageRun: number;
  seconds: number;
  output: string;
}

interface Package {
  readonly tests: Map<string, Test>;
  runs: number;
  result: "pass" | "fail" | "skip" | undefined;
  output: string;
}

/**
 * The stream has no last event, so that one cut off between two packages looks like a run of fewer packages. A package
 * that has begun must end; one that has not begun is missed only where the stream lists it in lines of its own, with
 * the action `expected`.
 */
const NO_END_MARK = {
  code: "no-end-mark",
  text: "events of go test have no end: a run cut off between two packages looks like one of fewer packages. List the packages before it (action: expected), or pass the JUnit XML of gotestsum",
} as const;

/** The events of `go test -json`, one object a line. */
export const goJsonReader: ReportReader = {
  format: "go-json",
  sniff: (head) => {
    const event =
      /^\{[^\n]*"Action":"(?:expected|start|run|output|pass|fail|skip|build-output|build-fail)"[^\n]*\}\s*$/m.exec(
        headText(head),
      );
    return event && /"(?:Package|ImportPath)":"/.test(event[0]) ? 1 : 0;
  },
  read: async (src, sink, limits) => {
    const packages = new Map<string, Package>();
    const of = (name: string) => {
      const known = packages.get(name);
      if (known) return known;
      const made: Package = { tests: new Map(), runs: 0, result: undefined, output: "" };
      packages.set(name, made);
      return made;
    };
    let tests = 0;
    let expected = false;
    for await (const { text, line } of linesOf(src, sink)) {
      if (!text.startsWith("{")) {
        // Go before 1.24 says in plain text that a package could not be built.
        const failed = /^FAIL\t(\S+)/.exec(text)?.[1];
        if (failed !== undefined) of(failed).result = "fail";
        continue;
      }
      const event = parse(text, line);
      if (event.Action === "build-fail") of(packageOf(event.ImportPath ?? "")).result = "fail";
      if (typeof event.Package !== "string") continue;
      expected ||= event.Action === "expected";
      const before = of(event.Package);
      const known = before.tests.size;
      take(before, event, limits);
      tests += before.tests.size - known;
      if (tests > limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
    }
    const { emit } = openRows(sink, limits);
    for (const [name, found] of packages) emitPackage(name, found, emit, limits);
    if (!expected) sink.warning(NO_END_MARK);
    return { tool: "go" };
  },
};

/** What tests print is inside of events, so a line that opens an object and is no event is damage. */
function parse(text: string, line: number): Event {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ReportDamage("a line is not complete JSON, as after a crashed or interrupted run", line);
  }
  const event = Event.safeParse(value);
  if (!event.success) throw new ReportDamage("a line is not an event of go test", line);
  return event.data;
}

/** `example.com/x [example.com/x.test]` is the package `example.com/x` built for its tests. */
function packageOf(importPath: string): string {
  return importPath
    .replace(/ \[.*$/, "")
    .replace(/\.test$/, "")
    .replace(/_test$/, "");
}

function take(found: Package, event: Event, limits: Limits): void {
  const { Action: action, Test: name } = event;
  if (typeof name === "string" && name !== "") {
    takeTest(found, name, event, limits);
    return;
  }
  switch (action) {
    case "output":
      if (found.output.length < limits.maxMessageChars) found.output += event.Output ?? "";
      return;
    case "pass":
    case "fail":
    case "skip":
      found.result = action;
      found.runs += 1;
      return;
    case "start":
      found.result = undefined;
  }
}

function takeTest(found: Package, name: string, event: Event, limits: Limits): void {
  const known = found.tests.get(name);
  const test = known ?? {
    name,
    status: undefined,
    running: true,
    failedBefore: false,
    packageRun: found.runs,
    seconds: 0,
    output: "",
  };
  if (!known) found.tests.set(name, test);
  // A package whose test begins has not ended, whatever it said before.
  found.result = undefined;
  switch (event.Action) {
    case "run":
      if (test.status !== undefined && test.packageRun < found.runs) {
        test.failedBefore ||= isFailing(test.status);
        test.status = undefined;
        test.output = "";
      }
      test.packageRun = found.runs;
      test.running = true;
      return;
    case "output":
      if (test.output.length < limits.maxMessageChars) test.output += event.Output ?? "";
      return;
    case "pass":
    case "bench":
      // Run several times (-count), a test is as good as its worst run.
      if (!isFailing(test.status)) {
        test.status = "passed";
        test.output = "";
      }
      break;
    case "fail":
      test.status = "failed";
      break;
    case "skip":
      test.status ??= "skipped";
      break;
    default:
      return;
  }
  test.running = false;
  test.seconds = event.Elapsed ?? 0;
}

function isFailing(status: TestStatus | undefined): boolean {
  return status === "failed" || status === "errored";
}

/** The leaves of a package. A test with subtests is a row of its own only when it failed and no subtest did. */
function emitPackage(name: string, found: Package, emit: (row: TestRow) => void, limits: Limits): void {
  const parents = new Set<string>();
  const explained = new Set<string>();
  const statusOf = (test: Test): TestStatus => (test.running ? "errored" : (test.status ?? "errored"));
  let failing = 0;
  for (const test of found.tests.values()) {
    for (let at = test.name.indexOf("/"); at >= 0; at = test.name.indexOf("/", at + 1)) {
      const parent = test.name.slice(0, at);
      if (!found.tests.has(parent)) continue;
      parents.add(parent);
      if (isFailing(statusOf(test))) explained.add(parent);
    }
  }
  for (const test of found.tests.values()) {
    const status = statusOf(test);
    if (parents.has(test.name) && (!isFailing(status) || explained.has(test.name))) continue;
    if (isFailing(status)) failing += 1;
    const priority = priorityInTitle(test.name);
    const message = isFailing(status) && capped(test.output.trim(), limits.maxMessageChars);
    emit({
      status,
      suite: [name],
      name: test.name,
      ...(priority === undefined ? {} : { priority }),
      ...(status === "passed" && test.failedBefore ? { flaky: true } : {}),
      durationMs: Math.max(0, Math.round(test.seconds * 1e6) / 1e3),
      ...(message ? { message } : {}),
    });
  }
  // Without an end the run was killed; a failure without a failing test is a build, a TestMain, a crash.
  if (found.result === undefined || (found.result === "fail" && failing === 0)) {
    const message = capped(found.output.trim(), limits.maxMessageChars);
    const outcome = found.result === undefined ? "(package did not end)" : "(package failed outside of its tests)";
    emit({ status: "errored", suite: [name], name: outcome, ...(message ? { message } : {}) });
  }
}
