import type { RenamedTest } from "./result.ts";
import type { TestRow } from "./row.ts";
import { compareText } from "./top-list.ts";

/** A test that only one of the two runs has. */
export interface Unpaired {
  readonly id: string;
  readonly row: TestRow;
}

/** A missing test and the new one that took its place. */
export interface RenamePair {
  readonly from: Unpaired;
  readonly to: Unpaired;
  readonly kind: RenamedTest["kind"];
}

/** Share of common letter pairs from which two names are taken for the same test renamed. */
const SIMILAR_NAME = 0.5;

/**
 * Pairs missing tests with new passing tests, one to one. First tests of the same name elsewhere (class included,
 * then name alone), where that name is missing once and new once. Then tests in the same file, suite and class with
 * a similar name, where each is the other's best match. Names that differ only in their digits are different cases
 * of a table, not one test renamed. Whatever stays ambiguous is not a rename: the missing test counts as lost.
 */
export function pairRenames(missing: readonly Unpaired[], added: readonly Unpaired[]): RenamePair[] {
  const gone = new Set(missing);
  const fresh = new Set(added);
  const pairs: RenamePair[] = [];
  const pair = (from: Unpaired, to: Unpaired, kind: RenamedTest["kind"]) => {
    gone.delete(from);
    fresh.delete(to);
    pairs.push({ from, to, kind });
  };
  for (const key of [classAndName, nameOnly]) {
    const candidates = groupBy(fresh, key);
    for (const [name, group] of groupBy(gone, key)) {
      const [from, other] = group;
      const [to, another] = candidates.get(name) ?? [];
      if (from && to && !other && !another) pair(from, to, "moved");
    }
  }
  const places = groupBy(fresh, place);
  for (const [where, group] of groupBy(gone, place)) {
    for (const [from, to] of mutualBest(group, places.get(where) ?? [])) pair(from, to, "renamed");
  }
  return pairs.sort((a, b) => compareText(a.from.id, b.from.id));
}

function classAndName({ row }: Unpaired): string | undefined {
  return row.classname ? JSON.stringify([row.project ?? "", row.classname, row.name]) : undefined;
}

function nameOnly({ row }: Unpaired): string | undefined {
  return row.name === "" ? undefined : JSON.stringify([row.project ?? "", row.name]);
}

function place({ row }: Unpaired): string | undefined {
  return JSON.stringify([row.project ?? "", row.file ?? "", row.suite, row.classname ?? ""]);
}

function groupBy(tests: Iterable<Unpaired>, key: (test: Unpaired) => string | undefined): Map<string, Unpaired[]> {
  const groups = new Map<string, Unpaired[]>();
  for (const test of tests) {
    const name = key(test);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(test);
    else groups.set(name, [test]);
  }
  return groups;
}

/** Above this many tests on either side of one place nobody can say what was renamed to what. */
const LARGEST_PLACE = 200;

function mutualBest(missing: readonly Unpaired[], added: readonly Unpaired[]): [Unpaired, Unpaired][] {
  if (missing.length > LARGEST_PLACE || added.length > LARGEST_PLACE) return [];
  const bestFor = (one: Unpaired, others: readonly Unpaired[]): Unpaired | undefined => {
    const scores = others.map((other) => similarity(one.row.name, other.row.name));
    const best = Math.max(...scores);
    const winners = others.filter((_, i) => scores[i] === best);
    return best >= SIMILAR_NAME && winners.length === 1 ? winners[0] : undefined;
  };
  const pairs: [Unpaired, Unpaired][] = [];
  for (const from of missing) {
    const to = bestFor(from, added);
    if (to && bestFor(to, missing) === from) pairs.push([from, to]);
  }
  return pairs;
}

/** Dice coefficient of the letter pairs of two names; 0 when they differ in digits only. */
export function similarity(a: string, b: string): number {
  if (a.replace(/\d+/g, "0") === b.replace(/\d+/g, "0")) return 0;
  const pairsOf = (text: string) => {
    const letters = text.toLowerCase().replace(/[\s_\-.]+/g, " ");
    const pairs = new Map<string, number>();
    for (let i = 0; i + 1 < letters.length; i++) {
      const two = letters.slice(i, i + 2);
      pairs.set(two, (pairs.get(two) ?? 0) + 1);
    }
    return pairs;
  };
  const [left, right] = [pairsOf(a), pairsOf(b)];
  let common = 0;
  let total = 0;
  for (const [two, count] of left) {
    common += Math.min(count, right.get(two) ?? 0);
    total += count;
  }
  for (const count of right.values()) total += count;
  return total === 0 ? 0 : (2 * common) / total;
}
