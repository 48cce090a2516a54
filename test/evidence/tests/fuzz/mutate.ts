import type { Random } from "../../../bench/judge/traffic/random.ts";

/** What breaks readers: what ends and begins things, special names, and numbers at the edges. */
const TOKENS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "null",
  "undefined",
  "NaN",
  "-1",
  "1e400",
  "99999999999999999999",
  "0x10",
  "<testcase",
  "</testcase>",
  '<testsuite name="x">',
  "</testsuite>",
  "</testsuites>",
  "<testsuites/>",
  "<failure",
  "<![CDATA[",
  "]]>",
  "<!--",
  "-->",
  '<?xml version="1.0"?>',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  "&b;",
  "&#",
  "&#0;",
  "&#x110000;",
  "&amp;",
  "&nbsp;",
  '"',
  "'",
  "=",
  "/>",
  ">",
  "<",
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "\\",
  "\\u0000",
  "\\ud800",
  "\n",
  "\r\n",
  "\u0000",
  "\u001b[31m",
  "\ufeff",
  "not ok 1 - x\n",
  "ok 2\n",
  "1..0\n",
  "1..99999999\n",
  "Bail out!\n",
  "    ok 1\n",
  "  ---\n",
  "  ...\n",
  '{"Action":"fail","Package":"p","Test":"__proto__"}\n',
  '{"Action":"run","Package":"p","Test":"T"}\n',
  '"status":"passed"',
  '"results":{}',
  '"tests":[]',
  '"__proto__":{"polluted":1}',
  "@P0",
  "[P1]",
];
const DEEPEST = 3_000;

const pick = <T>(random: Random, of: readonly T[]): T => of[Math.floor(random.uniform() * of.length)] as T;
const below = (random: Random, limit: number) => Math.floor(random.uniform() * limit);

type Mutation = (data: Buffer, random: Random, other: Buffer) => Buffer;

function replaced(data: Buffer, from: number, to: number, by: Uint8Array): Buffer {
  return Buffer.concat([data.subarray(0, from), by, data.subarray(to)]);
}

/** A stretch of the text, mostly short. */
function stretch(data: Buffer, random: Random): [number, number] {
  const from = below(random, data.length + 1);
  const length = below(random, random.uniform() < 0.7 ? 40 : data.length + 1);
  return [from, Math.min(data.length, from + length)];
}

/** Between two boundaries of what the format is made of: elements, members, lines. */
function piece(data: Buffer, random: Random): [number, number] {
  const boundaries = [...data.toString("latin1").matchAll(/[<>{}[\],\n]/g)].map(({ index }) => index);
  if (boundaries.length < 2) return stretch(data, random);
  const at = below(random, boundaries.length - 1);
  const to = Math.min(boundaries.length - 1, at + 1 + below(random, 6));
  return [boundaries[at] ?? 0, boundaries[to] ?? data.length];
}

const BYTES: readonly Mutation[] = [
  (data, random) => {
    const flipped = Buffer.from(data);
    for (let i = below(random, 8); i >= 0; i--) flipped[below(random, flipped.length)] = below(random, 256);
    return flipped;
  },
  (data, random) => data.subarray(0, below(random, data.length + 1)),
  (data, random) => replaced(data, ...stretch(data, random), Buffer.alloc(0)),
  (data, random, other) => {
    const [from, to] = stretch(other, random);
    const at = below(random, data.length + 1);
    return replaced(data, at, at, other.subarray(from, to));
  },
];

const TEXT: readonly Mutation[] = [
  (data, random) => {
    const at = below(random, data.length + 1);
    return replaced(data, at, at, Buffer.from(pick(random, TOKENS)));
  },
  (data, random) => replaced(data, ...piece(data, random), Buffer.from(pick(random, TOKENS))),
  // A quoted text becomes another one, usually a name that is special to JavaScript.
  (data, random) => {
    const quoted = [...data.toString("latin1").matchAll(/"[^"\n]{0,200}"/g)];
    const one = quoted.length > 0 ? pick(random, quoted) : undefined;
    return one ? replaced(data, one.index + 1, one.index + one[0].length - 1, Buffer.from(pick(random, TOKENS))) : data;
  },
  // A number becomes another one.
  (data, random) => {
    const numbers = [...data.toString("latin1").matchAll(/\d+(?:\.\d+)?/g)];
    const one = numbers.length > 0 ? pick(random, numbers) : undefined;
    const by = pick(random, ["0", "-1", "1e999", "NaN", "4294967296", "0.1e-300", "99999999999999999999"]);
    return one ? replaced(data, one.index, one.index + one[0].length, Buffer.from(by)) : data;
  },
];

const STRUCTURE: readonly Mutation[] = [
  (data, random) => replaced(data, ...piece(data, random), Buffer.alloc(0)),
  (data, random) => {
    const [from, to] = piece(data, random);
    return replaced(data, to, to, Buffer.concat(Array(1 + below(random, 50)).fill(data.subarray(from, to))));
  },
  (data, random) => {
    const [from, to] = piece(data, random);
    const at = below(random, data.length + 1);
    return replaced(data, at, at, data.subarray(from, to));
  },
  (data, random) => {
    const lines = data.toString("latin1").split("\n");
    const at = below(random, lines.length);
    const [line = ""] = lines.splice(at, 1);
    if (random.uniform() < 0.7) lines.splice(below(random, lines.length + 1), 0, line);
    return Buffer.from(lines.join("\n"), "latin1");
  },
  // Deeper than anybody writes.
  (data, random) => {
    const [open, close] = pick(random, [
      ["<testsuite>", "</testsuite>"],
      ["[", "]"],
      ['{"suites":[', "]}"],
      ["    ", "\n"],
    ] as const);
    const depth = 1 + below(random, DEEPEST);
    const [from, to] = piece(data, random);
    return replaced(
      data,
      from,
      to,
      Buffer.from(open.repeat(depth) + data.toString("latin1", from, to) + close.repeat(depth), "latin1"),
    );
  },
  // A member of a JSON document becomes a value of another kind, or gets a name that is special.
  (data, random) => {
    try {
      const value: unknown = JSON.parse(data.toString());
      return Buffer.from(JSON.stringify(shaken(value, random)).replaceAll('"~proto~"', '"__proto__"'));
    } catch {
      return data;
    }
  },
];

function shaken(value: unknown, random: Random): unknown {
  const roll = random.uniform();
  if (roll < 0.004)
    return pick<unknown>(random, [null, true, -1, "", "__proto__", [], {}, [[]], 1e308, "x".repeat(5_000)]);
  if (Array.isArray(value)) {
    const items = value.map((item) => shaken(item, random));
    return roll > 0.98 ? [...items, ...items] : items;
  }
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).filter(() => random.uniform() > 0.004);
  if (roll > 0.97)
    members.push([pick(random, ["~proto~", "constructor", "prototype"]), { polluted: true, status: "passed" }]);
  return Object.fromEntries(members.map(([key, item]) => [key, shaken(item, random)]));
}

const KINDS = [BYTES, TEXT, STRUCTURE];

/** A report that has been changed one to six times, mostly once or twice. `other` lends pieces. Not longer than a megabyte. */
export function mutated(data: Buffer, other: Buffer, random: Random): Buffer {
  let result = data;
  for (let left = 1 + below(random, 1 + below(random, 6)); left > 0; left--) {
    const next = pick(random, pick(random, KINDS))(result, random, other);
    if (next.length > 0 && next.length < 1 << 20) result = next;
  }
  return result;
}
