import type { Priority } from "../../vocab/index.ts";
import type { TestRow } from "./row.ts";

/**
 * What makes two rows the same test: project, file, suite path, class name and name, as written. Equal rows of one
 * run are told apart only by counting them.
 */
export function identityKey(row: TestRow): string {
  return JSON.stringify([row.project ?? "", row.file ?? "", row.suite, row.classname ?? "", row.name]);
}

/** The name of a test for people: its parts from outside in, a part that only repeats its neighbour left out. */
export function testId(row: TestRow): string {
  const parts: string[] = [];
  for (const part of [row.file, ...row.suite, row.classname, row.name]) {
    const last = parts[parts.length - 1];
    if (part === undefined || part === "" || part === last) continue;
    // Some tools write the whole title into the name again (`Cart adds item` in suite `Cart`).
    if (last !== undefined && part.startsWith(`${last} `) && part.length > last.length + 1) parts.pop();
    parts.push(part);
  }
  const id = parts.join(" › ") || "(unnamed test)";
  return row.project ? `[${row.project}] ${id}` : id;
}

/** Order of importance, most important first; untagged tests come last. */
export function priorityRank(priority: Priority | undefined): number {
  switch (priority) {
    case "P0":
      return 0;
    case "P1":
      return 1;
    case "P2":
      return 2;
    case "P3":
      return 3;
    case undefined:
      return 4;
    default: {
      const never: never = priority;
      return never;
    }
  }
}

/** The priority of a {@link priorityRank}; `undefined` for an untagged test. */
export function priorityOf(rank: number): Priority | undefined {
  return ([`P0`, `P1`, `P2`, `P3`] as const)[rank];
}

/** P0 and P1: no threshold covers them. */
export function isCritical(rank: number): boolean {
  return rank <= 1;
}

const LANE_A = 0x9e3779b1;
const LANE_B = 0x5f356495;

/** 64 bits over identities, in two lanes of 32. `a` and `b` hold the value of the last row hashed. */
export interface IdentityHash {
  a: number;
  b: number;
  /** Hashes a row. Rows of one suite share its array, so the suite's part is computed once per suite. */
  of(row: TestRow): void;
}

/** A hash whose seed comes from the reports, so that no fixed pair of names collides everywhere. */
export function openIdentityHash(seed: readonly [number, number]): IdentityHash {
  let a = 0;
  let b = 0;
  const mix = (code: number) => {
    a = Math.imul(((a << 5) | (a >>> 27)) ^ code, LANE_A);
    b = Math.imul(((b << 7) | (b >>> 25)) ^ code, LANE_B);
  };
  /** Two UTF-16 units at a time; the length tells a missing second unit from a zero. */
  const text = (value: string) => {
    const { length } = value;
    let x = a;
    let y = b;
    for (let i = 0; i < length; i += 2) {
      const code = i + 1 < length ? value.charCodeAt(i) | (value.charCodeAt(i + 1) << 16) : value.charCodeAt(i);
      x = Math.imul(((x << 5) | (x >>> 27)) ^ code, LANE_A);
      y = Math.imul(((y << 7) | (y >>> 25)) ^ code, LANE_B);
    }
    a = x;
    b = y;
    mix(length); // fields cannot run into each other
  };
  // Neighbouring rows mostly share suite and class, whose part of the hash is then ready.
  let suite: readonly string[] | undefined;
  let project: string | undefined;
  let file: string | undefined;
  let classname: string | undefined;
  let placeA = 0;
  let placeB = 0;
  const place = (row: TestRow) => {
    ({ suite, project, file, classname } = row);
    [a, b] = seed;
    text(project ?? "");
    text(file ?? "");
    for (const part of row.suite) text(part);
    mix(row.suite.length);
    text(classname ?? "");
    placeA = a;
    placeB = b;
  };
  const hash: IdentityHash = {
    a: 0,
    b: 0,
    of: (row) => {
      const same = row.suite === suite && row.classname === classname && row.file === file && row.project === project;
      if (!same) place(row);
      a = placeA;
      b = placeB;
      text(row.name);
      hash.a = finish(a, b);
      hash.b = finish(b, a);
    },
  };
  return hash;
}

function finish(x: number, y: number): number {
  let h = x ^ Math.imul(y ^ (y >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
