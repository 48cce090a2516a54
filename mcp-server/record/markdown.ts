import { redact } from "./redact.ts";

/** What a report says where nothing was measured. */
export const UNKNOWN = "unknown";

/** Characters kept of a section of prose. */
const PROSE_LIMIT = 20_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line without control characters or surrounding space: what may stand in plain text that we print. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  return String(value).replace(CONTROL, " ").replace(/\s+/g, " ").trim();
}

/**
 * Any value as inline text of a Markdown document (CommonMark and GFM): it opens no emphasis, link, code, HTML,
 * table cell or mention, and at the start of a line no heading, list, quote, rule or table.
 */
export function md(value: unknown): string {
  return escapeInline(plain(value)).replace(LINE_START, (start) => start.replace(/.$/, "\\$&"));
}

/** A table cell: never empty, so that a missing value is seen. */
export function cell(value: unknown): string {
  return escapeInline(plain(value)) || "–";
}

/** What makes a block at the start of a line; the last character of the match is the one to escape. */
const LINE_START = /^(?:[=>]|[-+](?=[\s-]|$)|#(?=[#\s]|$)|:(?=-)|\d{1,9}[.)](?=\s|$))/;

function escapeInline(text: string): string {
  return (
    text
      .replace(/[\\`*[\]|~$@]|<(?=[A-Za-z/!?])/g, "\\$&")
      .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\_")
      .replace(/&(?=#?[A-Za-z0-9]+;)/g, "\\&")
      // GFM makes links of bare addresses.
      .replace(/:\/\//g, ":\\//")
      .replace(/www\./gi, (start) => `${start.slice(0, 3)}\\.`)
  );
}

/** A code span. A backtick in the text makes the fence longer. */
export function code(value: unknown): string {
  const text = plain(value);
  if (text === "") return "–";
  if (value === null || value === undefined) return text;
  const fence = "`".repeat(longestRun(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** A file's name as the target of a link or picture: one path segment, percent-encoded. */
export function file(value: unknown): string {
  const name = Buffer.from(plain(value)).toString("utf8");
  return encodeURIComponent(name).replace(/[!'()*~_]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A code span in a table cell. Readers disagree on pipes and backslashes in one, so such a text is no code there. */
export function codeCell(value: unknown): string {
  return /[|\\`]/.test(plain(value)) ? cell(value) : code(value);
}

/** Lines of output as a fenced block. */
export function fence(value: unknown): string {
  const text = redact(String(value ?? UNKNOWN), PROSE_LIMIT);
  const marks = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${marks}text\n${text.replace(/\n+$/, "")}\n${marks}`;
}

/**
 * What an agent or a person wrote, as paragraphs, flat lists and code spans and nothing else: a heading, table or
 * HTML in it is shown as the characters that it is made of. Secrets are masked, the length is capped.
 */
export function prose(value: unknown): string {
  const lines = redact(String(value ?? UNKNOWN), PROSE_LIMIT).split("\n");
  const blocks: string[] = [];
  let open: "list" | "paragraph" | undefined;
  for (const line of lines) {
    const item = /^\s*(?:[-*+]|\d{1,9}[.)])\s+(\S.*)$/.exec(line)?.[1];
    const text = inline(item ?? line);
    if (text === "") {
      open = undefined;
    } else if (item !== undefined) {
      blocks.push(`${open === "list" || blocks.length === 0 ? "" : "\n"}- ${text}`);
      open = "list";
    } else {
      blocks.push(`${open === "paragraph" || blocks.length === 0 ? "" : "\n"}${text}`);
      open = "paragraph";
    }
  }
  return blocks.join("\n");
}

/** Prose of others, set apart as a quotation. */
export function quote(value: unknown): string {
  return prose(value)
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n");
}

function inline(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((piece, index) => (index % 2 === 1 ? code(piece.slice(1, -1)) : spaced(piece)))
    .join("")
    .trim();
}

/** Escapes a piece and keeps one space at either edge, which separates it from a code span. */
function spaced(piece: string): string {
  const text = md(piece);
  return `${/^\s/.test(piece) ? " " : ""}${text}${/\s$/.test(piece) && text !== "" ? " " : ""}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
