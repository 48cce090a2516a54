/**
 * Reads a command line as a POSIX shell would cut it up: far enough to see which programs it starts with which
 * words. What depends on the outside (unknown variables, output of commands, globs) makes a word opaque.
 */

/** One word after quoting was removed. */
export interface Word {
  readonly text: string;
  /** Part of it is only known when the command runs. */
  readonly isOpaque: boolean;
}

/** One program with its words; what it reads where the line says so. */
export interface Simple {
  readonly words: readonly Word[];
  /** Variables set for it alone, or for what follows when it has no words. */
  readonly assigned: readonly { readonly name: string; readonly value: Word }[];
  /** Files that it writes. */
  readonly writes: readonly Word[];
  /** Its standard input: literal text, the output of the command before it, or a file. */
  readonly input?: { readonly text: string } | { readonly from: Simple } | { readonly file: Word };
}

/** What a text says, or why it could not be read to its end. */
export interface Script {
  readonly commands: readonly Simple[];
  readonly problem?: string;
}

/** Stands in a word for a part that is only known when the command runs; survives being read again by an inner shell. */
export const OPAQUE = "\u0000";

const RESERVED = new Set(["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "coproc"]);
const SPACE = /[ \t]/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const MAX_DEPTH = 20;
const MAX_LENGTH = 200_000;

/** Cuts a shell text into its commands, those inside substitutions and subshells included, in their order. */
export function readScript(text: string, known: ReadonlyMap<string, string> = new Map(), depth = 0): Script {
  if (depth > MAX_DEPTH) return { commands: [], problem: "nested too deeply" };
  if (text.length > MAX_LENGTH) return { commands: [], problem: "too long to be read" };
  const reader = new Reader(text, new Map(known), depth);
  reader.readAll();
  return reader.problem === undefined
    ? { commands: reader.commands }
    : { commands: reader.commands, problem: reader.problem };
}

/** Pieces of one word while it is read; an unquoted variable can end one field and begin the next. */
class Fields {
  readonly done: Word[] = [];
  private text = "";
  private isOpaque = false;
  private begun = false;

  add(text: string): void {
    this.text += text;
    this.begun = true;
  }
  addOpaque(): void {
    this.add(OPAQUE);
    this.isOpaque = true;
  }
  /** A pattern can stand for other names, and is at least known as it is written. */
  addPattern(char: string): void {
    this.add(char);
    this.isOpaque = true;
  }
  addSplit(value: string): void {
    const parts = value.split(/[ \t\n]+/);
    parts.forEach((part, index) => {
      if (index > 0) this.end();
      if (part !== "") this.add(part);
    });
  }
  end(): void {
    if (this.begun) this.done.push({ text: this.text, isOpaque: this.isOpaque });
    this.text = "";
    this.isOpaque = false;
    this.begun = false;
  }
}

class Reader {
  readonly commands: Simple[] = [];
  problem: string | undefined;
  private at = 0;
  private heredocs: { delimiter: string; isRaw: boolean; stripTabs: boolean; fill: (text: string) => void }[] = [];

  private readonly text: string;
  private readonly known: Map<string, string>;
  private readonly depth: number;

  constructor(text: string, known: Map<string, string>, depth: number) {
    this.text = text;
    this.known = known;
    this.depth = depth;
  }

  readAll(): void {
    let before: Simple | undefined;
    while (this.at < this.text.length && this.problem === undefined) {
      const simple = this.readSimple(before);
      const operator = this.endOfCommand();
      // A group takes over what is piped into it.
      before = operator === "|" ? simple : operator === "(" && simple === undefined ? before : undefined;
    }
    if (this.heredocs.length > 0) this.problem ??= "a here-document has no end";
  }

  /** Skips one operator between commands and says which. */
  private endOfCommand(): string | undefined {
    const rest = this.text.slice(this.at);
    const operator = /^(?:\|\||&&|\|&|;;&?|;&|[|&;()\n])/.exec(rest)?.[0];
    if (operator === undefined) {
      if (this.at < this.text.length) this.at++;
      return undefined;
    }
    this.at += operator.length;
    if (operator === "\n") this.readHeredocs();
    return operator === "|&" ? "|" : operator;
  }

  private readSimple(pipedFrom: Simple | undefined): Simple | undefined {
    const words: Word[] = [];
    const assigned: { name: string; value: Word }[] = [];
    const writes: Word[] = [];
    let input: Simple["input"] = pipedFrom === undefined ? undefined : { from: pipedFrom };
    while (this.at < this.text.length) {
      this.skipBlank();
      const rest = this.text.slice(this.at, this.at + 64);
      if (rest === "" || /^[\n;&|()]/.test(rest)) {
        if (/^&>/.test(rest)) {
          this.redirect(/^&>>?/.exec(rest)?.[0] ?? "&>", writes, (given) => {
            input = given;
          });
          continue;
        }
        break;
      }
      const redirection = /^(?:\d*|\{\w+\})(?:<<<|<<-?|<>|<&|>&|>>|>\||<(?!\()|>(?!\())/.exec(rest)?.[0];
      if (redirection !== undefined) {
        this.redirect(redirection, writes, (given) => {
          input = given;
        });
        continue;
      }
      const assignment = words.length === 0 ? /^([A-Za-z_]\w*)(\[[^\]]*\])?\+?=/.exec(rest) : null;
      if (assignment) {
        this.at += assignment[0].length;
        if (this.text[this.at] === "(") {
          this.problem = "an array is assigned";
          break;
        }
        const [value] = this.readWord(false);
        assigned.push({ name: assignment[1] ?? "", value: value ?? { text: "", isOpaque: false } });
        continue;
      }
      const fields = this.readWord(true);
      if (fields.length === 0 && this.problem !== undefined) break;
      for (const field of fields) {
        // Words of the grammar do not start programs; what follows them does.
        if (words.length === 0 && !field.isOpaque && RESERVED.has(field.text)) continue;
        words.push(field);
      }
    }
    if (words.length === 0) this.remember(assigned);
    this.rememberLoop(words);
    if (words.length === 0 && assigned.length === 0 && writes.length === 0) return undefined;
    const simple: Simple = { words, assigned, writes, ...(input === undefined ? {} : { input }) };
    this.commands.push(simple);
    return simple;
  }

  private remember(assigned: readonly { name: string; value: Word }[]): void {
    for (const { name, value } of assigned) {
      if (value.isOpaque) this.known.delete(name);
      else this.known.set(name, value.text);
    }
  }

  /** `for x in a b`: the variable may be any of them; all are joined, which errs on the side of seeing more. */
  private rememberLoop(words: readonly Word[]): void {
    const [first, name, third] = words;
    if (first?.text === "for" && third?.text === "in" && name) {
      const values = words.slice(3);
      if (values.every(({ isOpaque }) => !isOpaque)) {
        this.known.set(name.text, values.map(({ text }) => text).join(" "));
      }
    }
    if ((first?.text === "export" || first?.text === "declare" || first?.text === "local") && words.length > 1) {
      for (const { text, isOpaque } of words.slice(1)) {
        const name = NAME.exec(text)?.[0];
        if (name !== undefined && text[name.length] === "=" && !isOpaque)
          this.known.set(name, text.slice(name.length + 1));
      }
    }
  }

  private redirect(operator: string, writes: Word[], setInput: (input: Simple["input"]) => void): void {
    this.at += operator.length;
    this.skipBlank();
    const kind = operator.replace(/^(?:\d+|\{\w+\})/, "");
    if (kind === "<<" || kind === "<<-") {
      const start = this.at;
      const [word] = this.readWord(false);
      const isRaw = /['"\\]/.test(this.text.slice(start, this.at));
      this.heredocs.push({
        delimiter: word?.text ?? "",
        isRaw,
        stripTabs: kind === "<<-",
        fill: (text) => setInput({ text }),
      });
      // The body is read at the end of the line; until then the input is at least known to be literal.
      const given = { text: "" };
      setInput(given);
      const last = this.heredocs.at(-1);
      if (last) {
        last.fill = (text) => {
          given.text = text;
        };
      }
      return;
    }
    const [word] = this.readWord(false);
    if (word === undefined) return;
    if (kind === "<<<") setInput(word.isOpaque ? { file: word } : { text: word.text });
    else if (kind === "<") setInput({ file: word });
    else if (kind === "<>") writes.push(word);
    else if ((kind === ">&" || kind === "<&") && /^(?:\d+|-)$/.test(word.text)) return;
    else if (kind !== "<&") writes.push(word);
  }

  private readHeredocs(): void {
    for (const { delimiter, isRaw, stripTabs, fill } of this.heredocs) {
      const lines: string[] = [];
      for (;;) {
        if (this.at >= this.text.length) {
          // A shell takes the end of its input for the end of the document.
          break;
        }
        const end = this.text.indexOf("\n", this.at);
        const line = this.text.slice(this.at, end < 0 ? this.text.length : end);
        this.at = end < 0 ? this.text.length : end + 1;
        const bare = stripTabs ? line.replace(/^\t+/, "") : line;
        if (bare === delimiter) break;
        lines.push(bare);
      }
      const text = lines.join("\n");
      fill(text);
      if (!isRaw) this.readSubstitutionsOf(text);
    }
    this.heredocs = [];
  }

  /** Commands inside `$(...)` and backquotes of a text that is otherwise data. */
  private readSubstitutionsOf(text: string): void {
    const inner = new Reader(`"${text.replaceAll('"', '\\"')}"`, this.known, this.depth + 1);
    inner.readAll();
    this.commands.push(...inner.commands.filter(({ words }) => words.length > 0).slice(0, -1));
  }

  private skipBlank(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char !== undefined && SPACE.test(char)) this.at++;
      else if (char === "\\" && this.text[this.at + 1] === "\n") this.at += 2;
      else if (char === "#" && (this.at === 0 || /[\s;&|()]/.test(this.text[this.at - 1] ?? " "))) {
        const end = this.text.indexOf("\n", this.at);
        this.at = end < 0 ? this.text.length : end;
      } else return;
    }
  }

  /** The fields that one word becomes: usually one; an unquoted variable can make none or many. */
  private readWord(isSplit: boolean): Word[] {
    const fields = new Fields();
    while (this.at < this.text.length && this.problem === undefined) {
      const char = this.text[this.at] ?? "";
      const next = this.text[this.at + 1] ?? "";
      if (/[\s;&|()]/.test(char)) break;
      if ((char === "<" || char === ">") && next === "(") {
        this.at += 1;
        this.substitution();
        fields.addOpaque();
      } else if (char === "<" || char === ">") break;
      else if (char === "\\") {
        if (next !== "\n") fields.add(next);
        this.at += 2;
      } else if (char === "'") this.single(fields);
      else if (char === '"') this.double(fields);
      else if (char === "$" && next === "'") this.ansi(fields);
      else if (char === "$" && next === '"') this.at += 1;
      else if (char === "$" || char === "`") this.expand(fields, isSplit);
      else {
        if (char === OPAQUE) fields.addOpaque();
        else if (/[*?[]/.test(char)) fields.addPattern(char);
        else fields.add(char);
        this.at++;
      }
    }
    fields.end();
    return isSplit ? fields.done.flatMap(braces) : fields.done.slice(0, 1);
  }

  private single(fields: Fields): void {
    const end = this.text.indexOf("'", this.at + 1);
    if (end < 0) {
      this.problem = "a quote has no end";
      return;
    }
    fields.add(this.text.slice(this.at + 1, end));
    this.at = end + 1;
  }

  private double(fields: Fields): void {
    this.at++;
    fields.add("");
    while (this.at < this.text.length && this.problem === undefined) {
      const char = this.text[this.at] ?? "";
      if (char === '"') {
        this.at++;
        return;
      }
      if (char === "\\") {
        const next = this.text[this.at + 1] ?? "";
        if (next !== "\n") fields.add(/[$`"\\]/.test(next) ? next : `\\${next}`);
        this.at += 2;
      } else if (char === "$" || char === "`") this.expand(fields, false);
      else if (char === OPAQUE) {
        fields.addOpaque();
        this.at++;
      } else {
        fields.add(char);
        this.at++;
      }
    }
    this.problem ??= "a quote has no end";
  }

  private ansi(fields: Fields): void {
    const body = /^\$'((?:\\[\s\S]|[^'\\])*)'/.exec(this.text.slice(this.at));
    if (!body) {
      this.problem = "a quote has no end";
      return;
    }
    fields.add(unescapeAnsi(body[1] ?? ""));
    this.at += body[0].length;
  }

  /** `$name`, `${name}`, `$(...)`, `$((...))` and backquotes. */
  private expand(fields: Fields, isSplit: boolean): void {
    const rest = this.text.slice(this.at);
    if (rest.startsWith("`")) {
      const end = closingBackquote(rest);
      if (end < 0) {
        this.problem = "a backquote has no end";
        return;
      }
      this.nested(rest.slice(1, end).replaceAll("\\`", "`"));
      this.at += end + 1;
      fields.addOpaque();
      return;
    }
    if (rest.startsWith("$(")) {
      this.at += 1;
      this.substitution();
      fields.addOpaque();
      return;
    }
    const plain = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(rest);
    const name = plain?.[1] ?? plain?.[2];
    if (plain && name !== undefined) {
      this.at += plain[0].length;
      const value = this.known.get(name);
      if (value === undefined) fields.addOpaque();
      else if (isSplit) fields.addSplit(value);
      else fields.add(value);
      return;
    }
    if (rest.startsWith("${")) {
      const end = closingBrace(rest);
      if (end < 0) {
        this.problem = "a brace has no end";
        return;
      }
      const fallback = /^\$\{[A-Za-z_]\w*:?[-=+]([\s\S]*)\}$/.exec(rest.slice(0, end + 1))?.[1];
      this.at += end + 1;
      if (fallback !== undefined) {
        const inner = readScript(fallback, this.known, this.depth + 1).commands;
        const [only] = inner;
        this.commands.push(...inner.slice(0, -1));
        if (only) for (const word of only.words) fields.add(word.text);
      }
      fields.addOpaque();
      return;
    }
    const special = /^\$[@*#?$!0-9-]/.exec(rest);
    this.at += special ? special[0].length : 1;
    if (special) fields.addOpaque();
    else fields.add("$");
  }

  /** From an opening parenthesis to its partner; what is between is a script of its own. */
  private substitution(): void {
    const end = closingParenthesis(this.text, this.at);
    if (end < 0) {
      this.problem = "a parenthesis has no end";
      return;
    }
    const inside = this.text.slice(this.at + 1, end);
    if (!(inside.startsWith("(") && inside.endsWith(")"))) this.nested(inside);
    this.at = end + 1;
  }

  private nested(text: string): void {
    const { commands, problem } = readScript(text, this.known, this.depth + 1);
    this.commands.push(...commands);
    this.problem ??= problem;
  }
}

/** `{a,b}` outside quotes is rare enough to be read after the fact: one level, as shells do for plain lists. */
function braces(word: Word): Word[] {
  const parts = /^([^{}]*)\{([^{}]*,[^{}]*)\}([^{}]*)$/.exec(word.text);
  if (!parts) return [word];
  const [, before = "", list = "", after = ""] = parts;
  return list.split(",").map((one) => ({ text: `${before}${one}${after}`, isOpaque: word.isOpaque }));
}

function closingParenthesis(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "'" || char === '"' || char === "`") {
      at = closingQuote(text, at, char);
      if (at < 0) return -1;
    } else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return at;
  }
  return -1;
}

function closingQuote(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (quote !== "'" && text[at] === "\\") at++;
    else if (quote === '"' && text[at] === "$" && text[at + 1] === "(") {
      at = closingParenthesis(text, at + 1);
      if (at < 0) return -1;
    } else if (text[at] === quote) return at;
  }
  return -1;
}

function closingBackquote(text: string): number {
  return closingQuote(text, 0, "`");
}

function closingBrace(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", e: "\x1b", f: "\f", v: "\v" };

function unescapeAnsi(body: string): string {
  return body.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))/g,
    (_all, hex, unicode, octal, other) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (unicode !== undefined) return String.fromCharCode(Number.parseInt(unicode, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return ESCAPES[other as string] ?? (other as string);
    },
  );
}
