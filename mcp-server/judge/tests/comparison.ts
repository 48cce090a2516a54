import { openChangeLists, RENAME_LIMIT } from "./change-lists.ts";
import { isCritical } from "./identity.ts";
import { rowsOf } from "./multiset.ts";
import type { ComparedTests, TestTotals } from "./result.ts";
import { countRow, noTests, type TestRow } from "./row.ts";
import { type TestScope, targetMatcher } from "./scope.ts";
import { openTally, type Tally } from "./tally.ts";

/** Entries per list of a result. */
export const LIST_LIMIT = 200;

export interface ComparisonOptions {
  readonly scope: TestScope;
  /** Ids, names, files, classes or suites of a targeted comparison. */
  readonly targets?: readonly string[];
  /** Spreads the identity hash: any two 32-bit numbers, best taken from the reports' digests. */
  readonly seed?: readonly [number, number];
  readonly listLimit?: number;
  /** Masks what is secret in texts that are listed; they are quoted to people and agents. */
  readonly redact?: (text: string) => string;
}

/**
 * Compares two runs row by row without holding them: all baseline rows, then all candidate rows; then, when
 * {@link mustName} says so, the baseline rows again, because only then it is known which of them are missing.
 */
export interface OpenComparison {
  baselineRow(row: TestRow): void;
  candidateRow(row: TestRow): void;
  mustName(): boolean;
  nameRow(row: TestRow): void;
  finish(): ComparedTests;
}

/** Starts a comparison. */
export function openComparison(options: ComparisonOptions): OpenComparison {
  const tally = openTally(options.seed ?? [0x243f6a88, 0x85a308d3]);
  const matches = options.scope === "targeted" ? targetMatcher(options.targets ?? []) : () => true;
  const inScope = (rank: number) => options.scope !== "critical" || isCritical(rank);
  const lists = openChangeLists(options.listLimit ?? LIST_LIMIT, options.redact ?? ((text) => text));
  const baseline = noTests();
  const candidate = noTests();
  let counted: InScope | undefined;
  const count = () => {
    counted ??= countTally(tally, inScope);
    return counted;
  };
  return {
    baselineRow: (row) => {
      countRow(baseline, row);
      if (matches(row)) tally.baselineRow(row);
    },
    candidateRow: (row) => {
      countRow(candidate, row);
      const changed = matches(row) ? tally.candidateRow(row) : undefined;
      if (changed && inScope(changed.rank)) lists.candidate(row, changed);
    },
    mustName: () => count().totals.missing > 0,
    nameRow: (row) => {
      const test = matches(row) ? tally.missing(row) : undefined;
      if (test && inScope(test.rank)) lists.missing(row, test);
    },
    finish: () => {
      const { totals, ...facts } = count();
      const examinable = totals.missing <= RENAME_LIMIT && totals.added <= RENAME_LIMIT;
      const { excused, ...listed } = lists.close((test) => tally.at(test.a, test.b) ?? test, examinable);
      return {
        scope: options.scope,
        baseline,
        candidate,
        ...facts,
        totals: {
          ...totals,
          lost: totals.lost - excused,
          missing: totals.missing - excused,
          added: totals.added - excused,
          renamed: excused,
        },
        ...listed,
        renamesExamined: examinable,
      };
    },
  };
}

/** Compares two runs held in memory. */
export function compareTests(
  baseline: Iterable<TestRow>,
  candidate: Iterable<TestRow>,
  options: ComparisonOptions,
): ComparedTests {
  const comparison = openComparison(options);
  const before = [...baseline];
  for (const row of before) comparison.baselineRow(row);
  for (const row of candidate) comparison.candidateRow(row);
  if (comparison.mustName()) for (const row of before) comparison.nameRow(row);
  return comparison.finish();
}

type InScope = Pick<ComparedTests, "totals" | "critical" | "baselinePassed" | "candidatePassed" | "matched">;

function countTally(tally: Tally, inScope: (rank: number) => boolean): InScope {
  const totals: TestTotals = {
    lost: 0,
    failing: 0,
    missing: 0,
    newlySkipped: 0,
    newFailing: 0,
    stillFailing: 0,
    fixed: 0,
    added: 0,
    renamed: 0,
    gone: 0,
  };
  const critical = { P0: { lost: 0, newFailing: 0 }, P1: { lost: 0, newFailing: 0 } };
  let baselinePassed = 0;
  let candidatePassed = 0;
  let matched = 0;
  tally.each((change, rank, baseline, candidate) => {
    if (!inScope(rank)) return;
    baselinePassed += baseline.passed;
    candidatePassed += candidate.passed;
    matched += Math.min(rowsOf(baseline), rowsOf(candidate));
    totals.lost += change.lost;
    totals.failing += change.failing + change.newFailing;
    totals.missing += change.missing;
    totals.newlySkipped += change.newlySkipped;
    totals.newFailing += change.newFailing;
    totals.stillFailing += change.stillFailing;
    totals.fixed += change.fixed;
    totals.added += change.added;
    totals.gone += change.gone;
    if (isCritical(rank)) {
      const level = rank === 0 ? critical.P0 : critical.P1;
      level.lost += change.lost;
      level.newFailing += change.newFailing;
    }
  });
  return { totals, critical, baselinePassed, candidatePassed, matched };
}
