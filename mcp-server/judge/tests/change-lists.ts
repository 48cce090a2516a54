import { isCritical, priorityOf, priorityRank, testId } from "./identity.ts";
import { type Change, changeOf, rowsOf, type StatusCounts } from "./multiset.ts";
import { pairRenames, type RenamePair, type Unpaired } from "./renames.ts";
import type { ListedTest, RenamedTest } from "./result.ts";
import type { TestRow } from "./row.ts";
import type { Tallied } from "./tally.ts";
import { compareText, openTopList, type TopList } from "./top-list.ts";

/** Up to so many missing and so many new tests are examined for renames. */
export const RENAME_LIMIT = 5_000;

interface Entry {
  readonly test: Tallied;
  readonly row: TestRow;
  readonly id: string;
}

/** The texts of the tests that changed, kept while rows stream by; the counts are the tally's business. */
export interface ChangeLists {
  /** A candidate row about which something changed. */
  candidate(row: TestRow, test: Tallied): void;
  /** A baseline row that the candidate lacks. */
  missing(row: TestRow, test: Tallied): void;
  /** The lists when all rows are in. `now` looks a test up again: later rows may have changed it. */
  close(now: (test: Tallied) => Tallied, examineRenames: boolean): ClosedLists;
}

/** Lists in order of importance; `excused` counts the renames, also those beyond the list's limit. */
export interface ClosedLists {
  readonly lost: ListedTest[];
  readonly failing: ListedTest[];
  readonly missing: ListedTest[];
  readonly newlySkipped: ListedTest[];
  readonly fixed: ListedTest[];
  readonly added: ListedTest[];
  readonly renamed: RenamedTest[];
  readonly excused: number;
}

/** Empty lists that will hold at most `limit` entries each; `redact` masks the texts that are shown. */
export function openChangeLists(limit: number, redact: (text: string) => string): ChangeLists {
  const failing = openTopList(limit, byImportance);
  const newlySkipped = openTopList(limit, byImportance);
  const fixed = openTopList(limit, byImportance);
  const missing = openTopList(Math.max(limit, RENAME_LIMIT), byImportance);
  const added = openTopList(Math.max(limit, RENAME_LIMIT), byImportance);
  return {
    candidate: (row, test) => {
      const before = test.baseline;
      const list = row.status === "skipped" ? newlySkipped : row.status === "passed" ? fixed : failing;
      const failedBefore = before.failed + before.errored > 0;
      const listed =
        list === newlySkipped ? before.passed > 0 : list === fixed ? failedBefore : !failedBefore || before.passed > 0;
      const isNew = rowsOf(before) === 0;
      if (!listed && !isNew) return;
      const entry = { test, row, id: testId(row) };
      if (listed) list.offer(entry);
      if (isNew) added.offer(entry);
    },
    missing: (row, test) => missing.offer({ test, row, id: testId(row) }),
    close: (now, examineRenames) => {
      const settled = (list: TopList<Entry>) =>
        list
          .items()
          .map((entry) => ({ ...entry, test: now(entry.test) }))
          .sort(byImportance);
      const failingNow = settled(failing);
      const missingNow = stillTrue(settled(missing), (change) => change.missing);
      const addedNow = stillTrue(settled(added), (change) => change.added);
      const skippedNow = stillTrue(settled(newlySkipped), (change) => change.newlySkipped);
      const renamed = examineRenames ? renamesAmong(missingNow, addedNow) : noRenames();
      const gone = missingNow.filter((entry) => !renamed.from.has(entry));
      const lostByFailure = stillTrue(failingNow, (change) => change.failing);
      const show = (entries: readonly Entry[], absent = false) =>
        entries.slice(0, limit).map((entry) => listedOf(entry, redact, absent));
      return {
        lost: [...show(lostByFailure), ...show(skippedNow), ...show(gone, true)].sort(byPriorityAndId).slice(0, limit),
        failing: show(stillTrue(failingNow, (change) => change.failing + change.newFailing)),
        missing: show(gone, true),
        newlySkipped: show(skippedNow),
        fixed: show(stillTrue(settled(fixed), (change) => change.fixed)),
        added: show(addedNow.filter((entry) => !renamed.to.has(entry))),
        renamed: renamed.pairs
          .slice(0, limit)
          .map(({ from, to, kind }) => ({ from: redact(from.id), to: redact(to.id), kind })),
        excused: renamed.pairs.length,
      };
    },
  };
}

/** Most important first, then by name, then by what is said of it: no list depends on the order of the reports. */
function byImportance(a: Entry, b: Entry): number {
  return (
    a.test.rank - b.test.rank ||
    compareText(a.id, b.id) ||
    compareText(a.row.status, b.row.status) ||
    compareText(a.row.message ?? "", b.row.message ?? "")
  );
}

function byPriorityAndId(a: ListedTest, b: ListedTest): number {
  return (
    priorityRank(a.priority) - priorityRank(b.priority) || compareText(a.id, b.id) || compareText(a.after, b.after)
  );
}

/** Entries that hold with all rows in, each test at most as often as its change says. */
function stillTrue(entries: readonly Entry[], share: (change: Change) => number): Entry[] {
  const shown = new Map<string, number>();
  return entries.filter(({ test }) => {
    const key = `${test.a}/${test.b}`;
    const times = shown.get(key) ?? 0;
    if (times >= share(changeOf(test.baseline, test.candidate))) return false;
    shown.set(key, times + 1);
    return true;
  });
}

interface Renames {
  readonly pairs: RenamePair[];
  readonly from: ReadonlySet<Unpaired>;
  readonly to: ReadonlySet<Unpaired>;
}

function noRenames(): Renames {
  return { pairs: [], from: new Set(), to: new Set() };
}

/**
 * Excuses a missing test that is not P0 or P1 when a new, passing test took its place, single rows both. All missing and
 * all new tests are looked at before: what may not be excused or excuse still makes a pairing ambiguous, or a new test
 * that breaks would leave the other one as the only successor and so lower the rate.
 */
function renamesAmong(missing: readonly Entry[], added: readonly Entry[]): Renames {
  const excused = new Set<Unpaired>(
    missing.filter(({ test }) => !isCritical(test.rank) && rowsOf(test.baseline) === 1),
  );
  const passing = new Set<Unpaired>(
    added.filter(({ test }) => rowsOf(test.candidate) === 1 && test.candidate.passed === 1),
  );
  const pairs = pairRenames(missing, added).filter(({ from, to }) => excused.has(from) && passing.has(to));
  return { pairs, from: new Set(pairs.map((pair) => pair.from)), to: new Set(pairs.map((pair) => pair.to)) };
}

/** Status of a side in one word; of duplicates the best, because that is what can be lost. */
function statusOf(counts: StatusCounts): ListedTest["before"] {
  if (counts.passed > 0) return "passed";
  if (counts.skipped > 0) return "skipped";
  if (counts.failed > 0) return "failed";
  return counts.errored > 0 ? "errored" : "absent";
}

function listedOf({ row, test }: Entry, redact: (text: string) => string, absent: boolean): ListedTest {
  const safe = {
    ...row,
    suite: row.suite.map((part) => redact(part)),
    name: redact(row.name),
    ...(row.classname === undefined ? {} : { classname: redact(row.classname) }),
    ...(row.file === undefined ? {} : { file: redact(row.file) }),
  };
  const priority = priorityOf(test.rank);
  return {
    id: testId(safe),
    name: safe.name,
    suite: safe.suite,
    ...(safe.file === undefined ? {} : { file: safe.file }),
    ...(priority === undefined ? {} : { priority }),
    before: absent ? "passed" : statusOf(test.baseline),
    after: absent ? "absent" : row.status,
    ...(row.message === undefined || absent ? {} : { message: redact(row.message) }),
  };
}
