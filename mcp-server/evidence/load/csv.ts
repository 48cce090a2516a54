import { LoadDamage, type LoadFile } from "./reader.ts";

/** The cells of a line by RFC 4180; LoadDamage for a quote that does not end in its line. */
export function csvCells(text: string, line: number): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      const end = endOfQuoted(text, at, line);
      cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      const comma = text.indexOf(",", at);
      const end = comma === -1 ? text.length : comma;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return cells;
    if (text[at] !== ",") throw new LoadDamage("text after a quoted cell", line);
    at += 1;
  }
}

function endOfQuoted(text: string, start: number, line: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] !== '"') continue;
    if (text[at + 1] !== '"') return at;
    at += 1;
  }
  throw new LoadDamage("a quoted cell has no end in its line", line);
}

/** The rows of a file; empty lines are none. */
export async function* csvRows(file: LoadFile): AsyncIterable<{ cells: string[]; number: number }> {
  for await (const { text, number } of file.lines()) {
    if (text.trim() !== "") yield { cells: csvCells(text, number), number };
  }
}
