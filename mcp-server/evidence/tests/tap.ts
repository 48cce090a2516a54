import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { linesOf } from "./lines.ts";
import { moreImportant, priorityInTitle } from "./priority.ts";
import { ReportDamage, type ReportReader } from "./reader.ts";

interface Point {
  readonly name: string;
  readonly status: TestStatus;
  durationMs: number | undefined;
  message: string | undefined;
  /** Points of its subtest. */
  readonly children: readonly Point[];
}

/** Points of one depth since the point above them, and how many the plan says there are. */
interface Level {
  points: Point[];
  plan: number | undefined;
}

/** The Test Anything Protocol, versions 12 to 14: leaf points, with the points above them as suites. */
export const tapReader: ReportReader = {
  format: "tap",
  sniff: (head) => {
    const text = headText(head);
    if (/^\s*TAP version 1[2-4]\s*$/m.test(text.slice(0, 4_096))) return 1;
    return !/^\s*[<{[]/.test(text) && /^(?:1\.\.\d+|(?:not )?ok \d+)(?:\s|$)/m.test(text) ? 0.5 : 0;
  },
  read: async (src, sink, limits) => {
    const document = openDocument(limits);
    for await (const { text, line, ended } of linesOf(src, sink)) document.line(text, line, ended);
    const { emit } = openRows(sink, limits);
    for (const point of document.finish()) emitLeaves(point, [], emit, limits);
    return {};
  },
};

function openDocument(limits: Limits) {
  const levels: Level[] = [{ points: [], plan: undefined }];
  let yaml: { readonly indent: string; block: boolean } | undefined;
  let last: { readonly point: Point; readonly depth: number } | undefined;
  let points = 0;
  let lastLine = 1;

  /** Ends all levels deeper than `depth` and gives the points of the one right below. */
  const closeBelow = (depth: number, line: number): Point[] => {
    if (levels.length > depth + 2) throw new ReportDamage("a subtest has no result", line);
    const below = levels.length > depth + 1 ? levels.pop() : undefined;
    if (below) checkPlan(below, line);
    return below?.points ?? [];
  };
  const takePoint = (depth: number, failed: boolean, text: string, line: number) => {
    if (depth > limits.maxDepth) throw new ReportDamage(`more than ${limits.maxDepth} nested subtests`, line);
    points += 1;
    if (points > limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
    const children = closeBelow(depth, line);
    const point: Point = { ...described(text, failed), message: undefined, children };
    levelAt(depth).points.push(point);
    last = { point, depth };
  };
  const levelAt = (depth: number): Level => {
    const level = levels[depth] ?? { points: [], plan: undefined };
    levels[depth] = level;
    return level;
  };
  return {
    line: (text: string, line: number, ended: boolean) => {
      lastLine = line;
      if (yaml) {
        if (text === `${yaml.indent}...`) yaml = undefined;
        else if (last) diagnose(last.point, text.slice(yaml.indent.length), yaml, limits);
        return;
      }
      const indent = / */.exec(text)?.[0].length ?? 0;
      if (last && indent === last.depth * 4 + 2 && text.slice(indent) === "---") {
        yaml = { indent: " ".repeat(indent), block: false };
        return;
      }
      const depth = indent / 4;
      // Deeper than the next level, or between two: what a test printed.
      if (!Number.isInteger(depth) || depth > levels.length) return;
      const content = text.slice(indent);
      const point = /^(not )?ok\b(?: +\d+)?(.*)$/.exec(content);
      if (point) {
        if (!ended) throw new ReportDamage("it ends in the middle of a line", line);
        takePoint(depth, point[1] !== undefined, point[2] ?? "", line);
      } else if (/^1\.\.\d+(?:\s|$)/.test(content)) {
        const level = levelAt(depth);
        if (level.plan !== undefined) throw new ReportDamage("it has two plans, as of two documents", line);
        level.plan = Number.parseInt(content.slice(3), 10);
      } else if (/^Bail out!/i.test(content)) {
        throw new ReportDamage("the run bailed out before its end", line);
      } else if (depth === 0 && points > 0 && /^TAP version \d+\s*$/.test(content)) {
        throw new ReportDamage("the file holds more than one document", line);
      }
    },
    finish: (): readonly Point[] => {
      if (yaml || levels.length > 1)
        throw new ReportDamage("it ends inside of a test, as after a crashed run", lastLine);
      const [top] = levels;
      if (top?.plan === undefined) {
        throw new ReportDamage("it has no plan, as after a crashed or interrupted run", lastLine);
      }
      checkPlan(top, lastLine);
      return top.points;
    },
  };
}

function checkPlan({ plan, points }: Level, line: number): void {
  if (plan === undefined || plan === points.length) return;
  throw new ReportDamage(`a plan of ${plan} tests, but ${points.length} results, as after a crashed run`, line);
}

/** Name, status and duration of what follows `ok 3`: a test that is to do is not held against anyone for failing. */
function described(text: string, failed: boolean): Pick<Point, "name" | "status" | "durationMs"> {
  const { name, directive } = splitDirective(text.replace(/^\s*-?\s/, ""));
  const word = /^(skip|todo)/i.exec(directive);
  const timeMs = /^time=(\d+(?:\.\d+)?)(ms|s)/.exec(directive);
  return {
    name: name.trim().replace(/\\([\\#])/g, "$1"),
    status: word ? "skipped" : failed ? "failed" : "passed",
    durationMs: timeMs ? Number(timeMs[1]) * (timeMs[2] === "s" ? 1_000 : 1) : undefined,
  };
}

/** The part before the first `#` that is not escaped and opens a directive, and the directive. */
function splitDirective(text: string): { name: string; directive: string } {
  for (let at = text.indexOf("#"); at >= 0; at = text.indexOf("#", at + 1)) {
    if (text[at - 1] === "\\" && text[at - 2] !== "\\") continue;
    const directive = text.slice(at + 1, at + 200).trimStart();
    if (/^(?:skip|todo|time=\d)/i.test(directive)) return { name: text.slice(0, at), directive };
  }
  return { name: text, directive: "" };
}

/** Takes duration and message from the YAML below a point; everything else there is for people. */
function diagnose(point: Point, text: string, yaml: { block: boolean }, limits: Limits): void {
  if (yaml.block) {
    yaml.block = false;
    point.message = text.slice(0, limits.maxMessageChars * 2).trim();
    return;
  }
  const entry = /^(duration_ms|error|message): *(.*)$/.exec(text.slice(0, limits.maxMessageChars * 2));
  if (!entry) return;
  const [, key, value = ""] = entry;
  if (key === "duration_ms") point.durationMs = Number(value);
  else if (/^[|>][-+]?$/.test(value)) yaml.block = true;
  else point.message ??= value.replace(/^(['"])(.*)\1$/, "$2");
}

function emitLeaves(point: Point, suite: readonly string[], emit: (row: TestRow) => void, limits: Limits): boolean {
  const { name, status, durationMs, message, children } = point;
  let failing = false;
  const inside = children.length === 0 ? suite : [...suite, name];
  for (const child of children) failing = emitLeaves(child, inside, emit, limits) || failing;
  // A test with subtests is a row of its own only when it failed and no subtest did.
  if (children.length > 0 && (failing || status !== "failed")) return failing;
  let priority = priorityInTitle(name);
  for (const title of suite) priority = moreImportant(priority, priorityInTitle(title));
  emit({
    status,
    suite,
    name,
    ...(priority === undefined ? {} : { priority }),
    ...optionalParts({ status, message, durationMs }, limits),
  });
  return status === "failed";
}
