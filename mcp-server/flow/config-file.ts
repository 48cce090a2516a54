import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { redact } from "../record/redact.ts";
import { FlowError, messageOf, quoteValue } from "../vocab/index.ts";
import { DeployConfig } from "./config.ts";
import { type KeyProblem, problemsOfIssues } from "./config-issues.ts";
import { type KeyPath, keyPath, keyText } from "./config-shape.ts";
import { problemsBeyondSchema } from "./evidence-problems.ts";

/** How many further problems a message names after the first. */
const MORE = 5;

/**
 * Reads deploy.yaml. Refuses with file, line, key, what was expected and what was found: broken YAML, unknown keys,
 * wrong types, values out of range or of no use. All problems are reported at once, the first one in full.
 */
export function parseDeployConfig(text: string, file: string): DeployConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  refuseBroken(document, file, lines);
  const value = plainValue(document, file);
  if (value === null || value === undefined) {
    throw new FlowError({
      code: "config",
      what: "deploy.yaml is empty",
      expected: "at least the keys service and target",
      found: text.trim() === "" ? "an empty file" : "comments only",
      where: { file },
      next: "`deploy-flow init --print` shows one for this project; docs/deploy-yaml.md has a complete example",
    });
  }
  const parsed = parseAsWritten(value, document);
  const problems = parsed.success
    ? problemsBeyondSchema(parsed.data).map((problem) => beyondSchema(problem, document))
    : problemsOfIssues(parsed.error.issues, value);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw refusal(problems, document, lines, file);
}

/** Dotted keys that a readable deploy.yaml writes itself; every other one is at its default. */
export function statedKeys(text: string): ReadonlySet<string> {
  const keys = new Set<string>();
  const walk = (node: unknown, path: string): void => {
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const name = `${path}${isScalar(key) ? String(key.value) : ""}`;
      keys.add(name);
      walk(value, `${name}.`);
    }
  };
  walk(parseDocument(text).contents, "");
  return keys;
}

/** Runs what judges a readable deploy.yaml as a whole; a refusal that names a key of it gets file and line. */
export function withLines<T>(text: string, file: string, judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    if (!(error instanceof FlowError) || error.code !== "config" || error.where?.file !== "deploy.yaml") throw error;
    const { code, what, expected, found, next, where, cause } = error;
    const lines = new LineCounter();
    const offset = locate(parseDocument(text, { lineCounter: lines }), keyPath(where.key ?? "")).offset;
    const line = offset === undefined ? {} : { line: lines.linePos(offset).line };
    throw new FlowError({
      code,
      what,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      where: { ...line, ...where, file },
      next,
      cause,
    });
  }
}

function refuseBroken(document: Document, file: string, lines: LineCounter): void {
  // An unknown tag is a warning to the parser and would be read as if it were not there.
  const broken = document.errors[0] ?? document.warnings[0];
  if (!broken) return;
  throw new FlowError({
    code: "config",
    what: "deploy.yaml is not valid YAML",
    expected: broken.code === "TAB_AS_INDENT" ? "spaces for indentation" : "plain YAML 1.2, one document",
    found: quoteValue(broken.message, 200).slice(1, -1),
    where: { file, line: lines.linePos(broken.pos[0]).line },
    next:
      broken.code === "DUPLICATE_KEY"
        ? "leave one of the two out"
        : broken.code === "MULTIPLE_DOCS"
          ? "keep one document: take the line `---` and what follows it out"
          : "mend the YAML at this line",
  });
}

/** The document as plain values. Aliases that multiply without end are refused, not expanded. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new FlowError({
      code: "config",
      what: "deploy.yaml cannot be expanded",
      expected: "few aliases, none of them inside what it names",
      found: messageOf(error),
      where: { file },
      next: "write the values out instead of using aliases",
      cause: error,
    });
  }
}

/** YAML reads `1.10` as the number 1.1 and `true` as a switch; where a text belongs, what was written counts. */
function parseAsWritten(value: unknown, document: Document): z.ZodSafeParseResult<DeployConfig> {
  const parsed = DeployConfig.safeParse(value);
  if (parsed.success) return parsed;
  let changed = false;
  for (const path of textsExpected(parsed.error.issues, [])) {
    const { node } = locate(document, path);
    if (!isScalar(node) || typeof node.source !== "string" || typeof node.value === "string" || node.value === null)
      continue;
    changed = replaceAt(value, path, node.source) || changed;
  }
  return changed ? DeployConfig.safeParse(value) : parsed;
}

function textsExpected(issues: readonly z.core.$ZodIssue[], above: KeyPath): KeyPath[] {
  return issues.flatMap((issue): KeyPath[] => {
    const path: KeyPath = [...above, ...(issue.path as KeyPath)];
    if (issue.code === "invalid_union") return issue.errors.flatMap((errors) => textsExpected(errors, path));
    return issue.code === "invalid_type" && issue.expected === "string" ? [path] : [];
  });
}

function replaceAt(value: unknown, path: KeyPath, source: string): boolean {
  const key = path.at(-1);
  const holder = path
    .slice(0, -1)
    .reduce<unknown>((at, part) => (at as Record<string | number, unknown> | undefined)?.[part], value);
  if (key === undefined || typeof holder !== "object" || holder === null || !Object.hasOwn(holder, key)) return false;
  (holder as Record<string | number, unknown>)[key] = source;
  return true;
}

function beyondSchema({ key, what }: { key: string; what: string }, document: Document): KeyProblem {
  const path = keyPath(key);
  const { node } = locate(document, path);
  const found = node?.toJS(document) as unknown;
  return {
    path,
    what,
    found: found === undefined ? "the default" : quoteValue(found),
    next: "correct it; docs/deploy-yaml.md lists every key",
  };
}

function refusal(problems: readonly KeyProblem[], document: Document, lines: LineCounter, file: string): FlowError {
  const placed = problems
    .map((problem) => ({ ...problem, found: redact(problem.found), offset: locate(document, problem.path).offset }))
    .sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0))
    .map(({ offset, ...problem }) => ({ ...problem, line: offset === undefined ? 1 : lines.linePos(offset).line }));
  const [first, ...others] = placed;
  const name = (path: KeyPath) => keyText(path) || "(top level)";
  const brief = ({ path, line, what, expected, found }: (typeof placed)[number]) =>
    `${name(path)} (line ${line}): ${what}${expected === undefined || what === "unknown key" ? "" : `, expected ${expected}`}, found ${found}`;
  const more =
    others.length === 0
      ? ""
      : `; and ${others.length} more: ${others.slice(0, MORE).map(brief).join("; ")}${others.length > MORE ? "; ..." : ""}`;
  return new FlowError({
    code: "config",
    what: first?.what ?? "deploy.yaml does not fit its schema",
    ...(first?.expected === undefined ? {} : { expected: first.expected }),
    found: first?.found ?? "something else",
    where: { file, line: first?.line ?? 1, key: name(first?.path ?? []) },
    next: `${first?.next ?? "docs/deploy-yaml.md lists every key"}${more}`,
  });
}

/** Offset of the deepest node that exists on the path, and the node at its end where there is one. */
function locate(document: Document, path: KeyPath): { offset: number | undefined; node: Node | undefined } {
  let node: Node | undefined = document.contents ?? undefined;
  let offset: number | undefined = node?.range?.[0];
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) return { offset, node: undefined };
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = (pair.value as Node | null) ?? undefined;
    } else if (isSeq(node)) {
      node = node.items[Number(part)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else return { offset, node: undefined };
  }
  return { offset, node };
}
