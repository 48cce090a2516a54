import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Root of the repository. */
export const ROOT = join(import.meta.dirname, "../..");

/** One fenced block of a page. */
export interface Block {
  readonly language: string;
  /** Line of the fence, counted from one. */
  readonly line: number;
  readonly text: string;
}

/** One page of the documentation, its prose and its fenced blocks apart. */
export interface Page {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** The page without its fenced blocks. */
  readonly prose: string;
  readonly blocks: readonly Block[];
}

/** All pages that people read: those at the root and everything below docs/. */
export function readPages(): Page[] {
  const below = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).map((name) =>
    join(ROOT, "docs", name),
  );
  const atRoot = readdirSync(ROOT).map((name) => join(ROOT, name));
  return [...atRoot, ...below].filter((path) => path.endsWith(".md")).map(readPage);
}

function readPage(path: string): Page {
  const text = readFileSync(path, "utf8");
  return { path: relative(ROOT, path), folder: dirname(path), text, ...split(text) };
}

/** Parts a Markdown text into prose and fenced blocks. */
export function split(text: string): { prose: string; blocks: Block[] } {
  const prose: string[] = [];
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^```(\w*)\s*$/.exec(line);
    if (open && fence) {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join("\n") });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { language: fence[1] ?? "", line: index + 1, lines: [] };
    else prose.push(line);
  }
  if (open) throw new Error(`the block that opens in line ${open.line} is never closed`);
  return { prose: prose.join("\n"), blocks };
}

/** The anchor that a heading gets: lower case, punctuation gone, blanks as dashes. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

/** Anchors of all headings of a page. */
export function anchorsOf(page: Page): Set<string> {
  return new Set(
    page.prose.split("\n").flatMap((line) => /^#{1,6}\s+(.+)$/.exec(line)?.slice(1, 2).map(anchorOf) ?? []),
  );
}

/** Cells of every row of the Markdown tables in a text; `\|` is a bar. Heads and rules are left out. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n");
  return lines
    .filter(
      (line, index) =>
        /^\|.*\|$/.test(line) && !/^\|[\s:|-]+\|$/.test(line) && !/^\|[\s:|-]+\|$/.test(lines[index + 1] ?? ""),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** The words of a shell line as a shell would part them: quotes hold together, a comment ends it. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  const part = /\s*(?:#.*$|((?:"[^"]*"|'[^']*'|[^\s"'#])+))/gy;
  for (const [, word] of line.matchAll(part)) {
    if (word === undefined) break;
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ""));
  }
  return words;
}
