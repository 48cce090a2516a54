import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import type { Priority } from "../../vocab/index.ts";
import { moreImportant, priorityInProperty, priorityInTitle } from "./priority.ts";
import type { Attributes } from "./xml.ts";

/** An enclosing suite, as far as its cases need it. */
export interface SuiteFrame {
  readonly path: readonly string[];
  readonly project: string | undefined;
  readonly file: string | undefined;
  priority: Priority | undefined;
  /** None of its tests ran, although they are written like passes. */
  readonly crashed: boolean;
}

/** Reads one test case after the other; made once per report, because a report can have a million cases. */
export interface CaseReader {
  open(attributes: Attributes, suite: SuiteFrame): void;
  /** A `failure`, `error`, `skipped` or retry element inside the case. */
  child(name: string, attributes: Attributes): void;
  property(name: string, value: string): void;
  /** Text of the failure that is being read. */
  text(text: string): void;
  wantsText(): boolean;
  close(): TestRow;
}

/** A reader that keeps `maxMessageChars` of each failure. */
export function openCaseReader(maxMessageChars: number): CaseReader {
  let suite: SuiteFrame;
  let name: string;
  let named: boolean;
  let classname: string | undefined;
  let file: string | undefined;
  let time: string | undefined;
  let attribute: TestStatus;
  let failed: boolean;
  let errored: boolean;
  let skipped: boolean;
  let notRun: boolean;
  let todo: boolean;
  let retried: boolean;
  let priority: Priority | undefined;
  let message: string | undefined;
  let textWanted: boolean;
  let markedClass: string | undefined;
  let classPriority: Priority | undefined;
  let ctest: boolean;
  return {
    open: (attributes, inSuite) => {
      suite = inSuite;
      named = attributes.name !== undefined;
      name = attributes.name ?? "";
      classname = attributes.classname;
      file = attributes.file ?? suite.file;
      time = attributes.time;
      attribute = statusAttribute(attributes);
      retried = attributes.flaky === "true";
      failed = errored = skipped = notRun = todo = textWanted = false;
      ctest = attributes.status === "notrun" && classname === name;
      message = undefined;
      if (classname !== markedClass) {
        markedClass = classname;
        classPriority = classname === undefined ? undefined : priorityInTitle(classname);
      }
      priority = moreImportant(moreImportant(suite.priority, classPriority), priorityInTitle(name));
    },
    child: (element, given) => {
      textWanted = false;
      switch (element) {
        case "failure":
          failed = true;
          break;
        case "error":
          errored = true;
          break;
        case "skipped":
          skipped = true;
          todo ||= given.type === "todo";
          // CTest writes a missing program and a failed fixture like a skip, but holds them against the run.
          notRun ||= ctest && given.message !== undefined && !given.message.startsWith("SKIP_");
          return;
        case "flakyFailure":
        case "flakyError":
          retried = true;
          return;
        default:
          return;
      }
      if (message === undefined) {
        message = given.message?.trim() ? capped(given.message, maxMessageChars) : "";
        textWanted = message === "";
      }
    },
    property: (key, value) => {
      priority = moreImportant(priority, priorityInProperty(key, value));
    },
    text: (text) => {
      message = `${message ?? ""}${text}`.trimStart();
      if (message.length > maxMessageChars) {
        message = capped(message, maxMessageChars);
        textWanted = false;
      }
    },
    wantsText: () => textWanted,
    close: () => {
      let status = todo ? "skipped" : errored ? "errored" : failed ? "failed" : skipped ? "skipped" : attribute;
      // An interrupted pytest leaves a case without a name behind.
      const unnamed = !named && classname === undefined;
      if (notRun || (status === "passed" && (unnamed || suite.crashed))) status = "errored";
      const row: { -readonly [K in keyof TestRow]: TestRow[K] } = { status, suite: suite.path, name };
      if (classname !== undefined) row.classname = classname;
      if (file !== undefined) row.file = file;
      if (suite.project !== undefined) row.project = suite.project;
      if (priority !== undefined) row.priority = priority;
      if (retried && status === "passed") row.flaky = true;
      const durationMs = durationOf(time);
      if (durationMs !== undefined) row.durationMs = durationMs;
      if (message && (status === "failed" || status === "errored")) row.message = message.trim();
      return row;
    },
  };
}

/**
 * The start of a text. A word that the cut would split goes as a whole: half of a secret would no longer look like
 * one to whoever masks it.
 */
export function capped(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(0, limit).replace(/\S{1,512}$/, "");
}

/**
 * The status of a case without a child element that says it: some tools use an attribute. (Children count first:
 * error over failure over skip, whatever their order, except that a test marked as to do is not held against anyone
 * for failing.)
 */
function statusAttribute(attributes: Attributes): TestStatus {
  if (attributes.status === undefined && attributes.result === undefined) return "passed";
  switch (attributes.status?.toLowerCase()) {
    case "fail":
    case "failed":
    case "failure":
      return "failed";
    case "error":
    case "errored":
      return "errored";
    case "disabled":
    case "notrun":
    case "skipped":
      return "skipped";
  }
  const result = attributes.result?.toLowerCase();
  return result === "skipped" || result === "suppressed" ? "skipped" : "passed";
}

/** Milliseconds of a `time` in seconds; odd values (negative, not a number, a placeholder) are no duration. */
function durationOf(time: string | undefined): number | undefined {
  if (time === undefined || time === "") return undefined;
  const plain = thousandths(time);
  if (plain >= 0) return plain;
  const seconds = Number(time);
  return seconds >= 0 && seconds < Number.POSITIVE_INFINITY ? Math.round(seconds * 1e6) / 1e3 : undefined;
}

/** 1000 times a number such as `12.345`, without going through floating point; -1 for any other spelling. */
function thousandths(text: string): number {
  const point = text.length - 4;
  if (point < 1 || point > 6 || text.charCodeAt(point) !== 0x2e) return -1;
  let result = 0;
  for (let i = 0; i < text.length; i++) {
    if (i === point) continue;
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    result = result * 10 + digit;
  }
  return result;
}
