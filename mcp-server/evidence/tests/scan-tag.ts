import { type ByteText, openNames, resolveReferences } from "./scan-text.ts";

/** What {@link TagScan.scan} returns instead of an end: the tag goes on in later bytes, or it is not plain. */
export const TAG_CUT = -1;
export const TAG_UNSURE = -2;

/** Scans one opening tag after the other; what it found is valid until the next scan. */
export interface TagScan {
  /** Scans the tag whose `<` stands before `from`; returns the offset after its `>`, or one of the two above. */
  scan(bytes: ByteText, from: number): number;
  readonly name: () => string;
  readonly closed: () => boolean;
  /** The attributes that reading JUnit looks at; others are checked and left out. */
  readonly attributes: ScannedAttributes;
  /** The name in these bytes; `undefined` when it is not plain. */
  nameAt(bytes: ByteText, from: number, to: number): string | undefined;
}

const ATTRIBUTES = [
  "name",
  "classname",
  "time",
  "file",
  "status",
  "result",
  "type",
  "message",
  "value",
  "flaky",
  "package",
  "hostname",
  "id",
  "tests",
  "errors",
  "failures",
  "disabled",
  "xsi:noNamespaceSchemaLocation",
] as const;
type Attribute = (typeof ATTRIBUTES)[number];
export type ScannedAttributes = Readonly<Record<Attribute, string | undefined>>;

/** Attributes whose value is often that of the tag before: class name, file, status, result, type. */
const REPEATED = Uint8Array.from(ATTRIBUTES, (name) =>
  ["classname", "file", "status", "result", "type"].includes(name) ? 1 : 0,
);

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const AMPERSAND = 0x26;

/** 1 for every byte that needs a look inside of an attribute value: quotes, markup, controls, anything not ASCII. */
const SPECIAL = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte >= 0x80 || [QUOTE, APOSTROPHE, AMPERSAND, LESS].includes(byte) ? 1 : 0,
);

/** 1 for every byte that ends a name. */
const NAME_END = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte <= 0x20 || [GREATER, SLASH, EQUALS, LESS].includes(byte) ? 1 : 0,
);

/** Space, tab, newline, return. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;
}

/** A scan for one document. */
export function openTagScan(): TagScan {
  const names = openNames(ATTRIBUTES);
  // Values of the last tag that had the attribute; they are of the current tag where its bit is set.
  const values: string[] = ATTRIBUTES.map(() => "");
  // The bytes of repeated values, where they are the value itself with nothing to resolve.
  const plain: (Buffer | undefined)[] = ATTRIBUTES.map(() => undefined);
  let seen = 0;
  let name = "";
  let closed = false;

  // Traits of the value that was scanned last.
  let references = false;
  let spaces = false;
  let ascii = true;
  /** End of the value that starts at `from`. */
  const valueEnd = (bytes: ByteText, from: number, quote: number): number => {
    references = false;
    spaces = false;
    ascii = true;
    const length = bytes.length;
    for (let at = from; at < length; at++) {
      const byte = bytes[at] as number;
      if (SPECIAL[byte] === 0) continue;
      if (byte === quote) return at;
      if (byte === AMPERSAND) references = true;
      else if (byte >= 0x80) ascii = false;
      else if (isSpace(byte)) spaces = true;
      else if (byte !== QUOTE && byte !== APOSTROPHE) return TAG_UNSURE;
    }
    return TAG_CUT;
  };
  const isPlain = () => ascii && !references && !spaces;
  /** The value as XML defines it: line ends and tabs are spaces, references are resolved after that. */
  const valueText = (bytes: ByteText, from: number, end: number): string | undefined => {
    if (isPlain()) return bytes.latin1Slice(from, end);
    let text = ascii ? bytes.latin1Slice(from, end) : bytes.utf8Slice(from, end);
    if (!ascii && /[\ufffd-\uffff]/.test(text)) return undefined;
    if (spaces) text = text.replace(/\r\n?|[\n\t]/g, " ");
    return references ? resolveReferences(text) : text;
  };
  return {
    name: () => name,
    closed: () => closed,
    attributes: viewOf((index) => ((seen & (1 << index)) === 0 ? undefined : values[index])),
    nameAt: (bytes, from, to) => names.at(bytes, from, to)?.text,
    scan: (bytes, from) => {
      seen = 0;
      const length = bytes.length;
      let at = nameEnd(bytes, from);
      if (at >= length) return TAG_CUT;
      const element = names.at(bytes, from, at);
      if (element === undefined) return TAG_UNSURE;
      name = element.text;
      for (;;) {
        const gap = at;
        while (isSpace(bytes[at])) at++;
        if (at >= length) return TAG_CUT;
        const byte = bytes[at];
        if (byte === GREATER) {
          closed = false;
          return at + 1;
        }
        if (byte === SLASH) {
          if (at + 1 >= length) return TAG_CUT;
          closed = true;
          return bytes[at + 1] === GREATER ? at + 2 : TAG_UNSURE;
        }
        if (gap === at) return TAG_UNSURE; // nothing between two attributes
        const keyStart = at;
        at = nameEnd(bytes, at);
        const key = at < length ? names.at(bytes, keyStart, at) : undefined;
        while (isSpace(bytes[at])) at++;
        if (at >= length) return TAG_CUT;
        if (bytes[at] !== EQUALS || key === undefined || (seen & (1 << key.index)) !== 0) return TAG_UNSURE;
        seen |= 1 << key.index;
        at++;
        while (isSpace(bytes[at])) at++;
        if (at >= length) return TAG_CUT;
        const quote = bytes[at];
        if (quote !== QUOTE && quote !== APOSTROPHE) return TAG_UNSURE;
        const start = at + 1;
        const before = REPEATED[key.index] === 1 ? plain[key.index] : undefined;
        if (before && isValue(bytes, start, quote, before)) {
          at = start + before.length + 1;
          continue;
        }
        const end = valueEnd(bytes, start, quote);
        if (end < 0) return end;
        at = end + 1;
        if (key.index >= ATTRIBUTES.length) {
          if (references && resolveReferences(bytes.latin1Slice(start, end)) === undefined) return TAG_UNSURE;
          continue;
        }
        const value = valueText(bytes, start, end);
        if (value === undefined) return TAG_UNSURE;
        values[key.index] = value;
        if (REPEATED[key.index] === 1) plain[key.index] = isPlain() ? Buffer.from(value, "latin1") : undefined;
      }
    },
  };
}

/** The attributes by name, read where they are asked for: most tags are asked for three of them. */
function viewOf(value: (index: number) => string | undefined): ScannedAttributes {
  const view = {};
  ATTRIBUTES.forEach((name, index) => {
    Object.defineProperty(view, name, { get: () => value(index), enumerable: true });
  });
  return view as ScannedAttributes;
}

function nameEnd(bytes: ByteText, from: number): number {
  let at = from;
  while (at < bytes.length && NAME_END[bytes[at] as number] === 0) at++;
  return at;
}

/** Whether these very bytes and the closing quote stand there. */
function isValue(bytes: ByteText, from: number, quote: number, value: Buffer): boolean {
  const end = from + value.length;
  return bytes[end] === quote && bytes.compare(value, 0, value.length, from, end) === 0;
}
