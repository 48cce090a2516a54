import { type Document, isMap, isPair, isScalar, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { z } from "zod";
import { FlowError, messageOf, quoteValue } from "../vocab/index.ts";
import { DeployConfig } from "./config.ts";

/** A problem in deploy.yaml, placed. */
interface ConfigProblem {
  readonly line: number | undefined;
  readonly key: string;
  readonly text: string;
}

/**
 * Reads deploy.yaml. Refuses with file, line and key: broken YAML, unknown keys, wrong types, values out of range.
 * All problems are reported at once, the first one in full.
 */
export function parseDeployConfig(text: string, file: string): DeployConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken) {
    throw new FlowError({
      code: "config",
      what: "deploy.yaml is not valid YAML",
      found: broken.message,
      where: { file, line: lines.linePos(broken.pos[0]).line },
      next: "mend the YAML at this line",
    });
  }
  const parsed = DeployConfig.safeParse(plainValue(document, file) ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => placeIssue(issue, document.contents, lines));
  const [first, ...others] = problems;
  throw new FlowError({
    code: "config",
    what: first?.text ?? "deploy.yaml does not fit its schema",
    where: { file, ...(first?.line === undefined ? {} : { line: first.line }), key: first?.key ?? "" },
    next:
      others.length === 0
        ? "correct the value; docs/deploy-yaml.md lists every key"
        : `correct it, and ${others.length} more: ${others
            .slice(0, 5)
            .map((problem) => `${problem.key} (line ${problem.line ?? "?"}): ${problem.text}`)
            .join("; ")}`,
  });
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

function placeIssue(issue: z.core.$ZodIssue, root: Node | null, lines: LineCounter): ConfigProblem {
  const unknownKey = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...issue.path.map(String), ...(unknownKey === undefined ? [] : [unknownKey])];
  const { offset, value } = locate(root, path);
  const found = value === undefined ? "nothing" : quoteValue(value);
  return {
    key: path.join(".") || "(top level)",
    line: offset === undefined ? undefined : lines.linePos(offset).line,
    text: unknownKey === undefined ? `${issue.message}, found ${found}` : `unknown key ${quoteValue(unknownKey)}`,
  };
}

/** Offset of the deepest node that exists on the path, and the value at its end. */
function locate(root: Node | null, path: readonly string[]): { offset: number | undefined; value: unknown } {
  let node: Node | null = root;
  let offset: number | undefined = root?.range?.[0];
  for (const [depth, part] of path.entries()) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === part,
      );
      if (!pair) return { offset, value: undefined };
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else {
      const items = (node as { items?: Node[] } | null)?.items;
      node = items?.[Number(part)] ?? null;
      offset = node?.range?.[0] ?? offset;
    }
    if (node === null && depth < path.length - 1) return { offset, value: undefined };
  }
  const value = node === null ? undefined : (node.toJSON?.() as unknown);
  return { offset, value };
}
