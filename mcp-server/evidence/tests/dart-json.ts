import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { linesOf } from "./lines.ts";
import { priorityInTitle } from "./priority.ts";
import { type CaseSink, ReportDamage, type ReportReader } from "./reader.ts";

const Id = z.number().nullish();
const Event = z.object({
  type: z.string(),
  time: z.number().nullish(),
  success: z.boolean().nullish(),
  suite: z.object({ id: z.number(), path: z.string().nullish(), platform: z.string().nullish() }).nullish(),
  test: z.object({ id: z.number(), name: z.string(), suiteID: Id }).nullish(),
  testID: Id,
  result: z.string().nullish(),
  skipped: z.boolean().nullish(),
  hidden: z.boolean().nullish(),
  error: z.string().nullish(),
});
type Event = z.infer<typeof Event>;

interface Begun {
  readonly name: string;
  readonly file: string | undefined;
  readonly platform: string | undefined;
  readonly startedMs: number;
  message: string;
}

/** The events of `dart test --reporter json` and `flutter test --machine`, one object a line, the last one `done`. */
export const dartJsonReader: ReportReader = {
  format: "dart-json",
  sniff: (head) => (/^\{"protocolVersion":"[^\n]*"type":"start"[^\n]*\}\s*$/m.test(headText(head)) ? 1 : 0),
  read: async (src, sink, limits) => {
    const run = openRun(sink, limits);
    let last = 1;
    for await (const { text, line } of linesOf(src, sink)) {
      last = line;
      if (text.startsWith("{")) run.take(parse(text, line), line);
    }
    run.finish(last);
    return { tool: "dart" };
  },
};

function parse(text: string, line: number): Event {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ReportDamage("a line is not complete JSON, as after a crashed or interrupted run", line);
  }
  const event = Event.safeParse(value);
  if (!event.success) throw new ReportDamage("a line is not an event of a Dart test run", line);
  return event.data;
}

function openRun(sink: CaseSink, limits: Limits) {
  const { emit, seen } = openRows(sink, limits);
  const suites = new Map<number, { file: string | undefined; platform: string | undefined }>();
  const running = new Map<number, Begun>();
  let done: Event | undefined;
  const rowOf = (test: Begun, status: TestStatus, endMs: number): TestRow => {
    const priority = priorityInTitle(test.name);
    return {
      status,
      suite: [],
      name: test.name,
      ...(test.file ? { file: test.file } : {}),
      ...(test.platform && test.platform !== "vm" ? { project: test.platform } : {}),
      ...(priority === undefined ? {} : { priority }),
      ...optionalParts({ status, message: test.message, durationMs: endMs - test.startedMs }, limits),
    };
  };
  const take = (event: Event, line: number) => {
    switch (event.type) {
      case "suite":
        if (!event.suite) return;
        suites.set(event.suite.id, {
          file: event.suite.path ?? undefined,
          platform: event.suite.platform ?? undefined,
        });
        return;
      case "testStart": {
        if (!event.test) return;
        if (running.size >= limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
        const { file, platform } = suites.get(event.test.suiteID ?? -1) ?? { file: undefined, platform: undefined };
        running.set(event.test.id, { name: event.test.name, file, platform, startedMs: event.time ?? 0, message: "" });
        return;
      }
      case "error": {
        const test = running.get(event.testID ?? -1);
        if (test) test.message ||= (event.error ?? "").slice(0, limits.maxMessageChars * 2);
        return;
      }
      case "testDone": {
        const test = running.get(event.testID ?? -1);
        if (!test) throw new ReportDamage("a test ends that did not begin", line);
        running.delete(event.testID ?? -1);
        const status = event.skipped ? "skipped" : statusOf(event.result ?? undefined);
        // Loading a file is a hidden test, of interest only where it fails.
        if (!event.hidden || (status !== "passed" && status !== "skipped")) {
          emit(rowOf(test, status, event.time ?? 0), line);
        }
        return;
      }
      case "done":
        done = event;
    }
  };
  return {
    take,
    finish: (line: number) => {
      if (!done) throw new ReportDamage("it has no last event, as after a crashed or interrupted run", line);
      for (const test of running.values()) emit(rowOf(test, "errored", test.startedMs));
      // Without success although no test failed: interrupted, or nothing ran.
      if (done.success !== true && seen.failing === 0) {
        emit({ status: "errored", suite: [], name: "(run failed outside of its tests)" });
      }
    },
  };
}

function statusOf(result: string | undefined): TestStatus {
  switch (result) {
    case "success":
      return "passed";
    case "failure":
      return "failed";
    default:
      return "errored";
  }
}
