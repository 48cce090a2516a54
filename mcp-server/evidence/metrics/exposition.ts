import { FlowError, quoteValue } from "../../vocab/index.ts";

/** One sample line of an exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** NaN and infinities as written. */
  readonly value: number;
  /** Epoch milliseconds, when the line carries a time. */
  readonly timestampMs: number | undefined;
}

/** What one page of Prometheus text or OpenMetrics says. */
export interface Exposition {
  readonly samples: readonly Sample[];
  /** Type per family as declared by `# TYPE`; a family without samples shows here and nowhere else. */
  readonly types: ReadonlyMap<string, string>;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const PLAIN_METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const PLAIN_LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const BLANKS = /[ \t]*/y;
const TOKEN = /[^ \t]+/y;
const UNESCAPED = /[^"\\]*/y;

/** A problem of one line, before it is known which file and line it is. */
class LineProblem extends Error {}

/** Reads one line from left to right. */
class LineCursor {
  readonly line: string;
  at = 0;
  constructor(line: string) {
    this.line = line;
  }
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.line)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
  skipBlanks(): void {
    this.take(BLANKS);
  }
  next(character: string): boolean {
    if (this.line[this.at] !== character) return false;
    this.at += 1;
    return true;
  }
  done(): boolean {
    return this.at >= this.line.length;
  }
  /** The text between double quotes; `\\`, `\"` and `\n` are the only escapes of both formats. */
  quoted(): string {
    let text = "";
    for (;;) {
      text += this.take(UNESCAPED) ?? "";
      if (this.next('"')) return text;
      if (!this.next("\\")) throw new LineProblem("a quoted text has no end");
      const escaped = this.line[this.at];
      if (escaped !== "\\" && escaped !== '"' && escaped !== "n") throw new LineProblem("an unknown escape");
      text += escaped === "n" ? "\n" : escaped;
      this.at += 1;
    }
  }
}

function readNumber(text: string | undefined): number {
  if (text === undefined) throw new LineProblem("the value is missing");
  if (NUMBER.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = INFINITE.exec(text);
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  throw new LineProblem("not a number");
}

/** The members between braces; a quoted text without `=` is the metric's name (the form for names in any script). */
function readBraces(cursor: LineCursor): { name: string | undefined; labels: Map<string, string> } {
  const labels = new Map<string, string>();
  let name: string | undefined;
  for (;;) {
    cursor.skipBlanks();
    if (cursor.next("}")) return { name, labels };
    const isQuoted = cursor.next('"');
    const key = isQuoted ? cursor.quoted() : cursor.take(PLAIN_LABEL);
    if (key === undefined) throw new LineProblem("expected a label name or }");
    cursor.skipBlanks();
    if (cursor.next("=")) {
      cursor.skipBlanks();
      if (!cursor.next('"')) throw new LineProblem("a label value is not quoted");
      if (labels.has(key)) throw new LineProblem("a label is written twice");
      labels.set(key, cursor.quoted());
    } else if (isQuoted && name === undefined && labels.size === 0) {
      name = key;
    } else {
      throw new LineProblem("a label has no value");
    }
    cursor.skipBlanks();
    if (cursor.next(",")) continue;
    if (cursor.next("}")) return { name, labels };
    throw new LineProblem("expected , or } after a label");
  }
}

function readSample(line: string, timesInSeconds: boolean): Sample {
  const cursor = new LineCursor(line);
  const plain = cursor.take(PLAIN_METRIC);
  cursor.skipBlanks();
  const braces = cursor.next("{") ? readBraces(cursor) : { name: undefined, labels: new Map<string, string>() };
  if (plain !== undefined && braces.name !== undefined) throw new LineProblem("two names");
  const name = plain ?? braces.name;
  if (name === undefined || name === "") throw new LineProblem("the metric name is missing");
  cursor.skipBlanks();
  const value = readNumber(cursor.take(TOKEN));
  cursor.skipBlanks();
  let timestampMs: number | undefined;
  if (!cursor.done() && cursor.line[cursor.at] !== "#") {
    const time = readNumber(cursor.take(TOKEN));
    if (!Number.isFinite(time)) throw new LineProblem("the time is not finite");
    timestampMs = timesInSeconds ? time * 1000 : time;
    cursor.skipBlanks();
  }
  if (!cursor.done()) readExemplar(cursor);
  return { name, labels: braces.labels, value, timestampMs };
}

/** `# {labels} value [time]` after an OpenMetrics sample: checked and dropped. */
function readExemplar(cursor: LineCursor): void {
  cursor.next("#");
  cursor.skipBlanks();
  if (!cursor.next("{")) throw new LineProblem("text after the value");
  readBraces(cursor);
  cursor.skipBlanks();
  readNumber(cursor.take(TOKEN));
  cursor.skipBlanks();
  if (!cursor.done()) readNumber(cursor.take(TOKEN));
  cursor.skipBlanks();
  if (!cursor.done()) throw new LineProblem("text after the exemplar");
}

function readType(line: string, types: Map<string, string>): void {
  const cursor = new LineCursor(line);
  cursor.at = "# TYPE".length;
  cursor.skipBlanks();
  const name = cursor.next('"') ? cursor.quoted() : cursor.take(TOKEN);
  cursor.skipBlanks();
  const type = cursor.take(TOKEN);
  if (name === undefined || type === undefined) throw new LineProblem("expected # TYPE name type");
  types.set(name, type);
}

function unreadable(place: string, line: number, what: string, found: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: `the metrics page cannot be read: ${what}`,
    expected: "Prometheus text format 0.0.4 or OpenMetrics 1.0",
    found: quoteValue(found, 80),
    where: { file: place, line },
    next: "look at this line of the service's metrics page",
  });
}

/**
 * Reads the Prometheus text format 0.0.4 and OpenMetrics 1.0, including quoted names in any script. Times are
 * milliseconds in the former and seconds in the latter. Each line must be whole: a page that ends in the middle
 * (no final line feed, or no `# EOF` where `openMetrics` says there must be one) is a FlowError of code `unreadable`
 * naming the line, like any line that is not understood. `place` names the page in errors.
 */
export function readExposition(text: string, o: { openMetrics?: boolean; place?: string } = {}): Exposition {
  const place = o.place ?? "metrics";
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const openMetrics = o.openMetrics === true || /(?:^|\n)# EOF\r?\n?$/.test(text);
  if (openMetrics && last.trim() !== "") lines.push(last);
  else if (last !== "") throw unreadable(place, lines.length + 1, "the last line has no end", last);

  const samples: Sample[] = [];
  const types = new Map<string, string>();
  let ended = false;
  lines.forEach((raw, index) => {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    const fail = (what: string) => unreadable(place, index + 1, what, line);
    if (line.trim() === "") return;
    if (ended) throw fail("text after # EOF");
    try {
      if (line === "# EOF") ended = true;
      else if (/^# TYPE[ \t]/.test(line)) readType(line, types);
      else if (!line.startsWith("#")) samples.push(readSample(line.trimStart(), openMetrics));
    } catch (error) {
      if (error instanceof LineProblem) throw fail(error.message);
      throw error;
    }
  });
  if (openMetrics && !ended) throw unreadable(place, lines.length, "the page ends before # EOF", last);
  return { samples, types };
}
