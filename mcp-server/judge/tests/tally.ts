import { openIdentityHash, priorityRank } from "./identity.ts";
import { openIdentityTable } from "./identity-table.ts";
import { type Change, changeOf, noRows, type StatusCounts } from "./multiset.ts";
import type { TestRow, TestStatus } from "./row.ts";

/** One test in both runs. */
export interface Tallied {
  /** The two lanes of its identity. */
  readonly a: number;
  readonly b: number;
  readonly baseline: StatusCounts;
  readonly candidate: StatusCounts;
  /** Rank of the most important priority that either run gave it. */
  readonly rank: number;
}

/** Rows of both runs by test, a few bits each, however many there are. */
export interface Tally {
  baselineRow(row: TestRow): void;
  /** The test of the row when anything about it changed; `undefined` when it passed in the baseline and passes. */
  candidateRow(row: TestRow): Tallied | undefined;
  /** The test that a baseline row belongs to, when the candidate lacks it. */
  missing(row: TestRow): Tallied | undefined;
  /** The test of an identity that was given before. */
  at(a: number, b: number): Tallied | undefined;
  each(visit: (change: Change, rank: number, baseline: StatusCounts, candidate: StatusCounts) => void): void;
}

const STATUS: readonly TestStatus[] = ["passed", "failed", "errored", "skipped"];
const CODE: Record<TestStatus, number> = { passed: 0, failed: 1, errored: 2, skipped: 3 };

// An entry: three bits per side (status, and whether there is a row), three bits of priority rank, and whether the
// counts are in the map of duplicates instead.
const BASELINE = 0;
const CANDIDATE = 3;
const PRESENT = 4;
const BOTH_SIDES = 0x3f;
const RANK_SHIFT = 6;
const RANK_MASK = 7 << RANK_SHIFT;
const DUPLICATE = 1 << 9;
const PASSED_TWICE = (PRESENT << BASELINE) | (PRESENT << CANDIDATE);

interface Both {
  readonly baseline: StatusCounts;
  readonly candidate: StatusCounts;
}

function unpack(bits: number): Both {
  const both = { baseline: noRows(), candidate: noRows() };
  const count = (counts: StatusCounts, side: number) => {
    const status = STATUS[side & 3];
    if ((side & PRESENT) !== 0 && status) counts[status] = 1;
  };
  count(both.baseline, bits >> BASELINE);
  count(both.candidate, bits >> CANDIDATE);
  return both;
}

/** What each of the 64 combinations of two single rows means, worked out once. */
const SINGLES = Array.from({ length: BOTH_SIDES + 1 }, (_, bits) => {
  const both = unpack(bits);
  return { ...both, change: changeOf(both.baseline, both.candidate) };
});

/** An empty tally. The seed spreads identities differently for every pair of reports. */
export function openTally(seed: readonly [number, number]): Tally {
  const hash = openIdentityHash(seed);
  const table = openIdentityTable();
  const duplicates = new Map<number, Both>();
  const keyOf = (a: number, b: number) => a * 0x200000 + (b >>> 11);

  const add = (row: TestRow, side: typeof BASELINE | typeof CANDIDATE): number => {
    hash.of(row);
    const { a, b } = hash;
    const rank = priorityRank(row.priority);
    const single = (CODE[row.status] | PRESENT) << side;
    const found = table.find(a, b);
    if (found < 0) {
      table.set(table.insertAt(found, a, b), single | (rank << RANK_SHIFT));
      return single;
    }
    const bits = table.get(found);
    const kept = Math.min(rank, (bits & RANK_MASK) >> RANK_SHIFT) << RANK_SHIFT;
    if ((bits & DUPLICATE) === 0 && ((bits >> side) & PRESENT) === 0) {
      table.set(found, (bits & BOTH_SIDES) | kept | single);
      return (bits & BOTH_SIDES) | single;
    }
    const both = duplicates.get(keyOf(a, b)) ?? unpack(bits);
    both[side === BASELINE ? "baseline" : "candidate"][row.status] += 1;
    duplicates.set(keyOf(a, b), both);
    table.set(found, DUPLICATE | kept);
    return DUPLICATE;
  };
  const bothOf = (bits: number, a: number, b: number): Both =>
    ((bits & DUPLICATE) === 0 ? SINGLES[bits & BOTH_SIDES] : duplicates.get(keyOf(a, b))) ?? unpack(0);
  const at = (a: number, b: number): Tallied | undefined => {
    const slot = table.find(a, b);
    if (slot < 0) return undefined;
    const bits = table.get(slot);
    const { baseline, candidate } = bothOf(bits, a, b);
    return { a, b, baseline, candidate, rank: (bits & RANK_MASK) >> RANK_SHIFT };
  };
  return {
    baselineRow: (row) => {
      add(row, BASELINE);
    },
    candidateRow: (row) => (add(row, CANDIDATE) === PASSED_TWICE ? undefined : at(hash.a, hash.b)),
    missing: (row) => {
      hash.of(row);
      const slot = table.find(hash.a, hash.b);
      const bits = slot < 0 ? PASSED_TWICE : table.get(slot);
      const single = (bits & DUPLICATE) === 0 ? SINGLES[bits & BOTH_SIDES] : undefined;
      if (single?.change.missing === 0) return undefined;
      const test = at(hash.a, hash.b);
      return test && changeOf(test.baseline, test.candidate).missing > 0 ? test : undefined;
    },
    at,
    each: (visit) => {
      table.each((bits, a, b) => {
        const rank = (bits & RANK_MASK) >> RANK_SHIFT;
        const single = (bits & DUPLICATE) === 0 ? SINGLES[bits & BOTH_SIDES] : undefined;
        const both = single ?? bothOf(bits, a, b);
        visit(single ? single.change : changeOf(both.baseline, both.candidate), rank, both.baseline, both.candidate);
      });
    },
  };
}
