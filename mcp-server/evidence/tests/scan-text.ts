/** A buffer with the methods behind `toString`, which read a slice without looking up the encoding every time. */
export type ByteText = Buffer & {
  latin1Slice(from: number, to: number): string;
  utf8Slice(from: number, to: number): string;
};

/** A name of an element or attribute. */
export interface KnownName {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** A small number of its own. */
  readonly index: number;
}

/** Names without making a new string for every tag. */
export interface Names {
  /** The name in these bytes; `undefined` when it has other characters than the names of reports have. */
  at(bytes: ByteText, from: number, to: number): KnownName | undefined;
}

/** Names of one document: indexes are bits of an integer, and no test tool writes that many. */
export const MOST_NAMES = 31;

/** A store that holds some names from the start, with their positions as indexes. */
export function openNames(first: readonly string[]): Names {
  const places: (KnownName | undefined)[] = Array.from({ length: 256 }, () => undefined);
  const all = new Map<string, KnownName>();
  for (const text of first) all.set(text, { text, bytes: Buffer.from(text, "latin1"), index: all.size });
  return {
    at: (bytes, from, to) => {
      if (to <= from) return undefined;
      const place = ((to - from) * 31 + (bytes[from] ?? 0) * 7 + (bytes[to - 1] ?? 0) * 3) & 255;
      const candidate = places[place];
      if (candidate && candidate.bytes.length === to - from && same(bytes, from, candidate.bytes)) return candidate;
      const text = bytes.latin1Slice(from, to);
      if (!/^[A-Za-z_][\w.:-]*$/.test(text)) return undefined;
      const known = all.get(text);
      if (!known && all.size >= MOST_NAMES) return undefined;
      const name = known ?? { text, bytes: Buffer.from(text, "latin1"), index: all.size };
      all.set(text, name);
      places[place] = name;
      return name;
    },
  };
}

function same(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false;
  return true;
}

const NAMED: Readonly<Record<string, string | undefined>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Text with its references resolved; `undefined` when one is not among XML's own or names no character. */
export function resolveReferences(text: string): string | undefined {
  let result = "";
  let from = 0;
  for (;;) {
    const start = text.indexOf("&", from);
    if (start < 0) return result + text.slice(from);
    const end = text.indexOf(";", start);
    if (end < 0 || end - start > 12) return undefined;
    const resolved = resolve(text.slice(start + 1, end));
    if (resolved === undefined) return undefined;
    result += text.slice(from, start) + resolved;
    from = end + 1;
  }
}

function resolve(name: string): string | undefined {
  const number = /^#(?:(\d{1,7})|x([0-9a-fA-F]{1,6}))$/.exec(name);
  if (!number) return /^[a-z]+$/.test(name) ? NAMED[name] : undefined;
  const code = number[1] === undefined ? Number.parseInt(number[2] ?? "", 16) : Number(number[1]);
  const allowed =
    code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd);
  return allowed || (code >= 0x10000 && code <= 0x10ffff) ? String.fromCodePoint(code) : undefined;
}
