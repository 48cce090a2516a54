import { TextDecoder } from "node:util";
import { ReportDamage, type ReportWarning } from "./reader.ts";

/**
 * Text of a byte stream, chunk by chunk. The encoding is that of the byte order mark, else that of the pattern of
 * zero bytes of UTF-16, else the one that the XML declaration names, else UTF-8.
 */
export async function* decodeText(
  src: AsyncIterable<Uint8Array>,
  warn: (warning: ReportWarning) => void,
): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let damaged = false;
  for await (const bytes of wholeHead(src)) {
    decoder ??= decoderFor(bytes, warn);
    const text = decoder.decode(bytes, { stream: true });
    if (!damaged && text.includes("\ufffd")) {
      damaged = true;
      warn({ code: "bad-encoding", text: `bytes that are not ${decoder.encoding} were replaced` });
    }
    if (text !== "") yield text;
  }
  const rest = decoder?.decode() ?? "";
  if (rest !== "") yield rest;
}

/** As much as recognition looks at. */
const HEAD_BYTES = 64 * 1024;

/** The same bytes, the first of them in one piece: what says the encoding, and noise before a document, must not be cut. */
async function* wholeHead(src: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array[] | undefined = [];
  let bytes = 0;
  for await (const chunk of src) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head.push(chunk);
    bytes += chunk.length;
    if (bytes < HEAD_BYTES) continue;
    yield head.length === 1 ? chunk : Buffer.concat(head);
    head = undefined;
  }
  if (head !== undefined && bytes > 0) yield Buffer.concat(head);
}

function decoderFor(head: Uint8Array, warn: (warning: ReportWarning) => void): TextDecoder {
  const [a, b] = head;
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le");
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be");
  if (a === 0x3c && b === 0) return new TextDecoder("utf-16le");
  if (a === 0 && b === 0x3c) return new TextDecoder("utf-16be");
  const declared = declaredEncoding(head);
  if (declared === undefined) return new TextDecoder("utf-8");
  if (/^utf-?16|^ucs-?2|^iso-10646-ucs-2/i.test(declared)) {
    // The declaration could be read byte by byte, so the file is not what it says.
    warn({ code: "wrong-encoding-declared", text: "declared as UTF-16 but written in single bytes; read as UTF-8" });
    return new TextDecoder("utf-8");
  }
  try {
    return new TextDecoder(declared);
  } catch {
    throw new ReportDamage("the XML declaration names an encoding that is not known here", 1);
  }
}

/** The encoding that an XML declaration at the start of the bytes names. */
export function declaredEncoding(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 512)).toString("latin1");
  const declaration = /^(?:\u00ef\u00bb\u00bf)?\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']/.exec(
    start,
  );
  return declaration?.[1];
}
