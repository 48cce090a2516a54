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
}

/** A test case while its children are being read. */
export interface OpenCase {
  /** A `failure`, `error`, `skipped` or retry element inside the case. */
  child(name: string, attributes: Attributes): void;
  property(name: string, value: string): void;
  /** Text of the failure that is being read. */
  text(text: string): void;
  wantsText(): boolean;
  close(): TestRow;
}

/** Elements that record a failing attempt of a case that may have passed in the end. */
const RETRIES = new Set(["flakyFailure", "flakyError"]);

/** Reads one test case; `maxMessageChars` of its failure are kept. */
export function openCase(attributes: Attributes, suite: SuiteFrame, maxMessageChars: number): OpenCase {
  const name = attributes.name ?? "";
  const classname = attributes.classname;
  let failed = false;
  let errored = false;
  let skipped = false;
  let todo = false;
  let retried = attributes.flaky === "true";
  let priority = moreImportant(suite.priority, priorityInTitle(name));
  if (classname !== undefined && classname !== name) priority = moreImportant(priority, priorityInTitle(classname));
  let message: string | undefined;
  let textOf: "failure" | undefined;
  return {
    child: (element, given) => {
      textOf = undefined;
      if (element === "failure") failed = true;
      else if (element === "error") errored = true;
      else if (element === "skipped") {
        skipped = true;
        todo ||= given.type === "todo";
      } else if (RETRIES.has(element)) retried = true;
      if ((element === "failure" || element === "error") && message === undefined) {
        message = given.message?.trim() ? given.message.slice(0, maxMessageChars) : "";
        if (message === "") textOf = "failure";
      }
    },
    property: (key, value) => {
      priority = moreImportant(priority, priorityInProperty(key, value));
    },
    text: (text) => {
      message = `${message ?? ""}${text}`.trimStart().slice(0, maxMessageChars);
    },
    wantsText: () => textOf !== undefined && (message?.length ?? 0) < maxMessageChars,
    close: () => {
      const status = statusOf({ failed, errored, skipped, todo }, attributes);
      const durationMs = durationOf(attributes.time);
      const file = attributes.file ?? suite.file;
      const row: { -readonly [K in keyof TestRow]: TestRow[K] } = { status, suite: suite.path, name };
      if (file !== undefined) row.file = file;
      if (classname !== undefined) row.classname = classname;
      if (suite.project !== undefined) row.project = suite.project;
      if (priority !== undefined) row.priority = priority;
      if (retried && status === "passed") row.flaky = true;
      if (durationMs !== undefined) row.durationMs = durationMs;
      if (message && (status === "failed" || status === "errored")) row.message = message.trim();
      return row;
    },
  };
}

interface Marks {
  readonly failed: boolean;
  readonly errored: boolean;
  readonly skipped: boolean;
  readonly todo: boolean;
}

/**
 * Error over failure over skip, whatever their order; except that a test marked as to do is not held against anyone
 * for failing. Without any child element some tools say it in an attribute.
 */
function statusOf(marks: Marks, attributes: Attributes): TestStatus {
  if (marks.todo) return "skipped";
  if (marks.errored) return "errored";
  if (marks.failed) return "failed";
  if (marks.skipped) return "skipped";
  switch (attributes.status?.toLowerCase()) {
    case "fail":
    case "failed":
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
  const seconds = Number(time);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
