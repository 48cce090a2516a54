import { decodeText } from "./decode.ts";
import { type CaseSink, ReportDamage } from "./reader.ts";

/** Characters of one line; what a test prints can be long. */
const MAX_LINE_CHARS = 16 * 1024 ** 2;

/** A line without its end, counted from 1. */
export interface Line {
  readonly text: string;
  readonly line: number;
  /** Whether a line feed ended it; the last line of a cut file has none. */
  readonly ended: boolean;
}

/** The lines of a byte stream, one after the other. */
export async function* linesOf(src: AsyncIterable<Uint8Array>, sink: CaseSink): AsyncGenerator<Line> {
  let rest = "";
  let line = 0;
  for await (const chunk of decodeText(src, sink.warning)) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > MAX_LINE_CHARS) throw new ReportDamage("a line of more than 16 MiB", line + 1);
    for (const text of parts) {
      line += 1;
      yield { text: text.endsWith("\r") ? text.slice(0, -1) : text, line, ended: true };
    }
  }
  if (rest !== "") yield { text: rest, line: line + 1, ended: false };
}
