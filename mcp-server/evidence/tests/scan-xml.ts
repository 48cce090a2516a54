import { declaredEncoding } from "./decode.ts";
import type { Limits } from "./limits.ts";
import { ReportDamage } from "./reader.ts";
import { isSpace, openTagScan, TAG_CUT, TAG_UNSURE } from "./scan-tag.ts";
import { type ByteText, resolveReferences } from "./scan-text.ts";
import type { XmlConsumer } from "./xml.ts";

/** Bytes that a tag may have before the scan leaves the document to the parser. */
const LONGEST_TAG_BYTES = 4 * 1024 * 1024;

/**
 * Reads a plain, well-formed UTF-8 document over its bytes, two to three times as fast as the full parser because it
 * never looks into what nobody asks for. It decides nothing: at the first thing that is not plain (damage of any
 * kind, another encoding, a document type, an odd character in a tag) it stops and says so, and the caller reads the
 * document again with the parser, which knows what is damage and what is not.
 */
export async function scanXml(
  src: AsyncIterable<Uint8Array>,
  consumer: XmlConsumer,
  limits: Limits,
): Promise<"read" | "unsure"> {
  const scan = openScan(consumer, limits);
  try {
    for await (const chunk of src) if (!scan.write(chunk)) return "unsure";
    return scan.end() ? "read" : "unsure";
  } catch (error) {
    // The parser will come to the same place and can name the line.
    if (error instanceof ReportDamage) return "unsure";
    throw error;
  }
}

/** Bytes of a reference, `&` and `;` included. */
const LONGEST_REFERENCE = 12;

type Mode = "content" | "cdata" | "comment";

const ENDS: Record<Exclude<Mode, "content">, Buffer> = {
  cdata: Buffer.from("]]>"),
  comment: Buffer.from("--"),
};
const CDATA = "<![CDATA[";
const DECLARATION =
  /^<\?xml\s+version\s*=\s*["']1\.\d["'](?:\s+encoding\s*=\s*["'][\w.-]+["'])?(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*$/;

function openScan(consumer: XmlConsumer, limits: Limits) {
  const tags = openTagScan();
  const open: string[] = [];
  let work: Buffer = Buffer.alloc(0);
  let bytes = work as ByteText;
  let at = 0;
  let mode: Mode = "content";
  let started = false;
  let rootSeen = false;
  let nextAmpersand = -1;

  /** Moves over the content of a CDATA section or a comment. */
  const skip = (kind: Exclude<Mode, "content">): "on" | "more" | "unsure" => {
    const mark = ENDS[kind];
    const end = bytes.indexOf(mark, at);
    const wanted = kind === "cdata" ? consumer.wantsText() : consumer.comment !== undefined && open.length === 1;
    if (end < 0) {
      if (!wanted) at = Math.max(at, bytes.length - mark.length);
      return "more";
    }
    if (wanted && kind === "cdata") consumer.text(lines(bytes.utf8Slice(at, end)));
    if (kind === "comment") {
      if (end + 2 >= bytes.length) {
        if (!wanted) at = end;
        return "more";
      }
      if (bytes[end + 2] !== 0x3e) return "unsure";
      if (wanted) consumer.comment?.(bytes.utf8Slice(at, end));
      at = end + 3;
    } else at = end + mark.length;
    mode = "content";
    return "on";
  };
  /** Where the next ampersand stands, from here on; looked for once for all text before it. */
  const ampersand = (): number => {
    if (nextAmpersand < at) {
      const found = bytes.indexOf(0x26, at);
      nextAmpersand = found < 0 ? bytes.length : found;
    }
    return nextAmpersand;
  };
  /** Whether all references of the text up to `to` are plain. */
  const references = (to: number): boolean => {
    let from = ampersand();
    while (from >= 0 && from < to) {
      const end = bytes.indexOf(0x3b, from);
      if (end < 0 || end >= to || end - from > LONGEST_REFERENCE) return false;
      if (resolveReferences(bytes.latin1Slice(from, end + 1)) === undefined) return false;
      from = bytes.indexOf(0x26, end);
    }
    nextAmpersand = from < 0 ? bytes.length : from;
    return true;
  };
  /** Character data up to the next tag. */
  const text = (to: number): boolean => {
    if (to > at && open.length === 0) {
      for (let i = at; i < to; i++) if (!isSpace(bytes[i])) return false;
    } else if (ampersand() < to && !references(to)) {
      return false;
    } else if (to > at && consumer.wantsText()) {
      const resolved = resolveReferences(bytes.utf8Slice(at, to));
      if (resolved === undefined) return false;
      consumer.text(lines(resolved));
    }
    at = to;
    return true;
  };
  const openTag = (): "on" | "more" | "unsure" => {
    const end = tags.scan(bytes, at + 1);
    if (end === TAG_CUT) return "more";
    if (end === TAG_UNSURE) return "unsure";
    if (open.length === 0 && rootSeen) return "unsure";
    rootSeen = true;
    if (open.length >= limits.maxDepth) return "unsure";
    at = end;
    const name = tags.name();
    const closed = tags.closed();
    consumer.open(name, tags.attributes, 0);
    if (closed) consumer.close(name);
    else open.push(name);
    return "on";
  };
  const closeTag = (): "on" | "more" | "unsure" => {
    const end = bytes.indexOf(0x3e, at);
    if (end < 0) return "more";
    let last = end;
    while (last > at && isSpace(bytes[last - 1])) last--;
    const name = open.pop();
    if (name === undefined || last <= at + 2 || tags.nameAt(bytes, at + 2, last) !== name) return "unsure";
    at = end + 1;
    consumer.close(name);
    return "on";
  };
  /** The XML declaration, once and first. Other processing instructions are left to the parser. */
  const declaration = (): "on" | "more" | "unsure" => {
    const end = bytes.indexOf("?>", at);
    if (end < 0) return bytes.length - at > 512 ? "unsure" : "more";
    if (started || !DECLARATION.test(bytes.latin1Slice(at, end))) return "unsure";
    at = end + 2;
    return "on";
  };
  /** What follows a `<`. */
  const markup = (): "on" | "more" | "unsure" => {
    const next = bytes[at + 1];
    if (next === undefined) return "more";
    if (next === 0x2f) return closeTag();
    if (next === 0x3f) return declaration();
    if (next !== 0x21) return openTag();
    const head = bytes.latin1Slice(at, Math.min(at + CDATA.length, bytes.length));
    if (head.startsWith("<!--")) {
      mode = "comment";
      at += 4;
      return "on";
    }
    if (head.length < CDATA.length && (CDATA.startsWith(head) || "<!--".startsWith(head))) return "more";
    if (head !== CDATA || open.length === 0) return "unsure";
    mode = "cdata";
    at += CDATA.length;
    return "on";
  };
  /** The end of the bytes, or the start of a reference that they cut in two. */
  const endOfText = (): number => {
    const last = bytes.lastIndexOf(0x26);
    const cut = last >= at && bytes.length - last < LONGEST_REFERENCE && bytes.indexOf(0x3b, last) < 0;
    return cut ? last : bytes.length;
  };
  const step = (): "on" | "more" | "unsure" => {
    if (mode !== "content") return skip(mode);
    const tag = bytes.indexOf(0x3c, at);
    // Wanted text is taken whole: its end could cut a character or a reference in two.
    if (tag < 0 && consumer.wantsText()) return "more";
    if (!text(tag < 0 ? endOfText() : tag)) return "unsure";
    if (tag < 0) return "more";
    const then = markup();
    if (then === "on") started = true;
    return then;
  };
  return {
    /** False when the document is not plain. */
    write: (chunk: Uint8Array): boolean => {
      // One buffer for the whole document: a new one per piece would leave as much garbage as the file is long.
      const rest = bytes.length - at;
      const needed = rest + chunk.length;
      const room = needed > work.length ? Buffer.allocUnsafe(2 * needed) : work;
      room.set(bytes.subarray(at), 0);
      room.set(chunk, rest);
      work = room;
      bytes = work.subarray(0, needed) as Buffer as ByteText;
      at = 0;
      nextAmpersand = -1;
      if (!started) {
        const encoding = declaredEncoding(bytes);
        if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) return false;
        if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3;
      }
      for (;;) {
        const then = step();
        if (then === "unsure") return false;
        if (then === "more") return bytes.length - at < LONGEST_TAG_BYTES;
      }
    },
    end: (): boolean => mode === "content" && rootSeen && open.length === 0 && text(bytes.length),
  };
}

function lines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
