import { SaxesParser } from "saxes";
import { decodeText } from "./decode.ts";
import type { Limits } from "./limits.ts";
import { firstOfEachKind, ReportDamage, type ReportWarning } from "./reader.ts";

/** Attributes of an element by name; has no prototype, so no name is special. */
export type Attributes = Readonly<Record<string, string | undefined>>;

/** Takes the elements of a report in document order. */
export interface XmlConsumer {
  open(name: string, attributes: Attributes, line: number): void;
  close(name: string): void;
  /** Character data and CDATA; called only while {@link wantsText}. May come in pieces. */
  text(text: string): void;
  wantsText(): boolean;
  /** A comment right inside of the root element. */
  comment?(text: string): void;
}

/**
 * Damage that cannot hide a test: characters that XML forbids but test tools write anyway (raw escape codes, bare
 * ampersands, `<` in an attribute), and noise before or after the document. Everything else refuses the file.
 */
const RECOVERABLE = [
  { code: "forbidden-character", pattern: /disallowed character\.$|is disallowed in char data/ },
  { code: "bad-entity", pattern: /malformed character entity|undefined entity/ },
  { code: "text-outside-root", pattern: /text data outside of root node/ },
] as const;

/**
 * Reads a whole XML document with a strict parser that goes on after an error, which lets the errors be told apart.
 * Document type declarations are refused: no test tool writes one, and entity tricks need one.
 */
export async function readXml(
  src: AsyncIterable<Uint8Array>,
  consumer: XmlConsumer,
  limits: Limits,
  warn: (warning: ReportWarning) => void,
): Promise<void> {
  const parser = new SaxesParser({ xmlns: false, position: true });
  const warnings = firstOfEachKind(warn);
  const references = openReferenceCheck();
  let depth = 0;
  parser.on("error", (error) => {
    const reason = error.message.replace(/^\d+:\d+: /, "").replace(/\.$/, "");
    const known = RECOVERABLE.find(({ pattern }) => pattern.test(error.message));
    const swallowed = known?.code === "bad-entity" && references.unfinished();
    if (!known || swallowed) throw new ReportDamage(damageText(reason), parser.line);
    warnings.add({ code: known.code, text: recoveredText(known.code), line: parser.line });
  });
  parser.on("doctype", () => {
    throw new ReportDamage("it has a document type declaration, which no test report needs", parser.line);
  });
  parser.on("opentag", (tag) => {
    depth += 1;
    if (depth > limits.maxDepth) throw new ReportDamage(`more than ${limits.maxDepth} nested elements`, parser.line);
    consumer.open(tag.name, tag.attributes, parser.line);
    followText();
  });
  parser.on("closetag", (tag) => {
    depth -= 1;
    consumer.close(tag.name);
    followText();
  });
  // Without a handler the parser does not collect text, and the output of a test can be hundreds of megabytes.
  const followText = () =>
    consumer.wantsText() ? parser.on("text", (text) => consumer.text(text)) : parser.off("text");
  parser.on("cdata", (text) => {
    if (consumer.wantsText()) consumer.text(text);
  });
  parser.on("comment", (text) => {
    if (depth === 1) consumer.comment?.(text);
  });
  let started = false;
  for await (const chunk of decodeText(src, warnings.add)) {
    references.look(chunk);
    parser.write(started ? chunk : withoutNoise(chunk, warnings.add));
    started ||= chunk.trim() !== "";
  }
  parser.close();
  warnings.flush();
}

/**
 * The parser reads a reference up to the next semicolon, wherever that is, and could take whole elements for the
 * name of one. A character reference that is not at once complete therefore turns a bad reference into damage.
 */
function openReferenceCheck() {
  let tail = "";
  let found = false;
  return {
    look: (chunk: string) => {
      if (found) return;
      const text = tail + chunk;
      found = /&#(?!\d{1,9};|[xX][0-9a-fA-F]{1,8};)[\s\S]{11}/.test(text);
      tail = text.slice(-13);
    },
    unfinished: () => found || /&#/.test(tail),
  };
}

/** Lines that a package manager or runner printed before the document. */
function withoutNoise(chunk: string, warn: (warning: ReportWarning) => void): string {
  const trimmed = chunk.trimStart();
  if (trimmed.startsWith("<")) return trimmed;
  const start = chunk.search(/<\?xml|<testsuites?[\s>/]/);
  if (start < 0) return chunk;
  warn({ code: "leading-noise", text: "text before the document was ignored", line: 1 });
  return chunk.slice(start);
}

function recoveredText(code: (typeof RECOVERABLE)[number]["code"]): string {
  switch (code) {
    case "forbidden-character":
      return "a character that XML forbids; the tests around it were read";
    case "bad-entity":
      return "an ampersand that starts no known entity; the tests around it were read";
    case "text-outside-root":
      return "text outside of the document was ignored";
    default: {
      const never: never = code;
      return never;
    }
  }
}

/** Only fixed phrases: the parser's message can quote the document. */
function damageText(reason: string): string {
  if (/unclosed tag|unexpected end|document must contain a root/.test(reason)) {
    return "the document ends before it is complete, as after a crashed or interrupted run";
  }
  if (/only one root|declaration must be at the start|must be at the beginning/.test(reason)) {
    return "the file holds more than one document";
  }
  if (/unmatched closing tag|unexpected close tag/.test(reason)) return "a closing tag matches no open element";
  if (/duplicate attribute/.test(reason)) return "an element has the same attribute twice";
  return "the document is not well-formed XML";
}
