import type { z } from "zod";
import { nearest, quoteValue } from "../vocab/index.ts";
import { homesOf, type KeyPath, keyText, knownKeys } from "./config-shape.ts";

/** One thing that is wrong in deploy.yaml, before it has a line. */
export interface KeyProblem {
  readonly path: KeyPath;
  /** Carries no text of the file. */
  readonly what: string;
  readonly expected?: string;
  readonly found: string;
  readonly next: string;
}

type Issue = z.core.$ZodIssue;
type UnionIssue = Extract<Issue, { code: "invalid_union" }>;

const REFERENCE = "docs/deploy-yaml.md lists every key";
/** A longer list of keys helps nobody who mistyped one of them. */
const FEW_KEYS = 12;

/** What a schema found wrong in a value, as people need it said. Of an alternative, the kind that was meant counts. */
export function problemsOfIssues(issues: readonly Issue[], value: unknown): KeyProblem[] {
  return withoutMisspelt(issues).flatMap((issue) => problemsOf(issue, value));
}

function problemsOf(issue: Issue, whole: unknown): KeyProblem[] {
  const path = pathOf(issue);
  const value = valueAt(whole, path);
  const found = foundText(value);
  const problem = (what: string, expected: string | undefined, next = `correct it; ${REFERENCE}`): KeyProblem => ({
    path,
    what,
    ...(expected === undefined ? {} : { expected }),
    found,
    next,
  });
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key, whole));
    case "invalid_type":
      if (value === undefined)
        return [problem("a required key is missing", typeText(issue.expected), `add it; ${REFERENCE}`)];
      return [problem("the value has the wrong type", typeText(issue.expected))];
    case "invalid_value":
      return [chosen(issue.values.map(String), value, problem)];
    case "too_small":
      return [
        problem(
          "the value is out of range",
          sizeText(issue, issue.minimum, issue.inclusive ? "at least" : "more than"),
        ),
      ];
    case "too_big":
      return [
        problem("the value is out of range", sizeText(issue, issue.maximum, issue.inclusive ? "at most" : "less than")),
      ];
    case "invalid_format":
      return [problem("the value is not written as it must be", formatText(issue), durationHint(issue, value))];
    case "invalid_key":
      return [
        { ...problem("a name is not written as it must be", keyRule(issue.issues)), found: quoteValue(path.at(-1)) },
      ];
    case "invalid_union":
      return unionProblems(issue, value, whole, problem);
    default: {
      const expected = /^expected (.*)/s.exec(issue.message)?.[1];
      const base = problem("the value cannot be used", expected);
      return [expected === undefined ? { ...base, found: `${found}: ${issue.message}` } : base];
    }
  }
}

type Say = (what: string, expected: string | undefined, next?: string) => KeyProblem;

function pathOf({ path }: Issue): KeyPath {
  return path.map((part) => (typeof part === "number" ? part : String(part)));
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, part)
        ? (at as Record<string | number, unknown>)[part]
        : undefined,
    value,
  );
}

function foundText(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value === null ? "an empty value" : quoteValue(value);
}

function unknownKey(path: KeyPath, key: string, whole: unknown): KeyProblem {
  const known = knownKeys(path, whole);
  const close = nearest(key, known);
  const homes = homesOf(key).filter((home) => home !== keyText(path));
  const place = (home: string) => (home === "" ? "at the top level" : `in ${home}`);
  const next = close
    ? `did you mean ${close}?`
    : key === "<<"
      ? "merge keys are not read: write the keys out"
      : homes.length > 0
        ? `it belongs ${homes.slice(0, 3).map(place).join(" or ")}`
        : `take it out; ${REFERENCE}`;
  return {
    path: [...path, key],
    what: "unknown key",
    ...(known.length > 0 && known.length <= FEW_KEYS ? { expected: `one of ${known.join(", ")}` } : {}),
    found: quoteValue(key),
    next,
  };
}

function chosen(values: readonly string[], value: unknown, problem: Say): KeyProblem {
  const close = typeof value === "string" ? nearest(value, values) : undefined;
  const what = value === undefined ? "a required key is missing" : "the value is none of those that are known";
  return problem(what, alternatives(values), close ? `did you mean ${close}?` : undefined);
}

function alternatives(texts: readonly string[]): string {
  const [last, ...before] = [...texts].reverse();
  return before.length === 0 ? (last ?? "") : `${before.reverse().join(", ")} or ${last}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a section with keys of its own",
  record: "names with values",
};

function typeText(expected: string): string {
  return TYPES[expected] ?? expected;
}

function sizeText({ origin }: { origin: string }, limit: number | bigint, comparison: string): string {
  if (origin === "array") return `${comparison} ${limit} ${Number(limit) === 1 ? "item" : "items"}`;
  if (origin === "string") {
    return Number(limit) === 1 && comparison === "at least" ? "some text" : `${comparison} ${limit} characters`;
  }
  return `${comparison} ${limit}`;
}

const FORMATS: Readonly<Record<string, string>> = {
  url: "an address that begins with http:// or https://",
  date: "a day such as 2026-01-31",
};

function formatText(issue: Extract<Issue, { code: "invalid_format" }>): string {
  const own = /^expected (.*)/s.exec(issue.message)?.[1];
  if (own !== undefined) return own;
  if (issue.format === "starts_with")
    return `a text that begins with ${quoteValue((issue as { prefix?: string }).prefix)}`;
  return FORMATS[issue.format] ?? `a text of the form ${issue.pattern ?? issue.format}`;
}

/** A number where a duration belongs lacks its unit only. */
function durationHint({ message }: Issue, value: unknown): string | undefined {
  const isNumber = typeof value === "number" || (typeof value === "string" && /^\d+(\.\d+)?$/.test(value));
  return isNumber && message.includes("duration") ? `add the unit: ${value}s or ${value}m` : undefined;
}

function keyRule(issues: readonly Issue[]): string {
  const [first] = issues;
  return first?.code === "invalid_format" ? formatText(first) : (first?.message ?? "another name");
}

/** A missing key is not said beside the unknown one that stands for it. */
function withoutMisspelt(issues: readonly Issue[]): Issue[] {
  const missing = issues.flatMap((issue) => (isMissing(issue) ? [pathOf(issue)] : []));
  const meant = issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [];
    const here = missing.filter((path) => keyText(path.slice(0, -1)) === keyText(pathOf(issue)));
    const names = here.map((path) => String(path.at(-1)));
    return issue.keys.flatMap((key) => {
      const close = nearest(key, names);
      return close === undefined ? [] : [keyText([...pathOf(issue), close])];
    });
  });
  return issues.filter((issue) => !(isMissing(issue) && meant.includes(keyText(pathOf(issue)))));
}

/** As far as the issue alone can tell: its message ends with what was received. */
function isMissing({ code, message }: Issue): boolean {
  return code === "invalid_type" && message.endsWith("received undefined");
}

function unionProblems(issue: UnionIssue, value: unknown, whole: unknown, problem: Say): KeyProblem[] {
  const { options } = issue as { options?: readonly unknown[] };
  if (options) return [chosen(options.map(String), value, problem)];
  const kinds = issue.errors.map((errors) => withoutMisspelt(errors));
  const isAnotherType = (errors: readonly Issue[]) =>
    errors.every(({ code, path }) => code === "invalid_type" && path.length === 0);
  if (kinds.every(isAnotherType)) {
    const types = kinds.flatMap((errors) => errors.map((error) => (error as { expected?: string }).expected ?? ""));
    return [problem("the value has the wrong type", alternatives([...new Set(types.map(typeText))]))];
  }
  const scores = kinds.map((errors) => (isAnotherType(errors) ? Number.POSITIVE_INFINITY : weight(errors)));
  const best = Math.min(...scores);
  const [meant, ...others] = kinds.filter((_, index) => scores[index] === best);
  if (meant && others.length === 0) {
    const placed = meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
    return placed.flatMap((inner) => problemsOf(inner, whole));
  }
  const needs = kinds.map((errors) =>
    errors
      .filter(isMissing)
      .map((error) => keyText(pathOf(error)))
      .join(" with "),
  );
  const either = alternatives([...new Set(needs.filter((need) => need !== ""))]);
  return [
    either === ""
      ? problem("keys of two kinds stand side by side", "those of one kind only", `leave one of them out; ${REFERENCE}`)
      : problem("a required key is missing", either, `add one of them; ${REFERENCE}`),
  ];
}

/** How far a value is from one of its possible kinds: keys that this kind does not know count most. */
function weight(errors: readonly Issue[]): number {
  return errors.reduce((sum, error) => sum + (error.code === "unrecognized_keys" ? 3 * error.keys.length : 1), 0);
}
