import { isCritical, priorityOf, testId } from "./identity.ts";
import { type Change, changeOf, type StatusCounts } from "./multiset.ts";
import { pairRenames, type Unpaired } from "./renames.ts";
import type { ListedTest, RenamedTest } from "./result.ts";
import type { TestRow } from "./row.ts";
import type { Tallied } from "./tally.ts";
import { byImportance, openTopList, type TopList } from "./top-list.ts";

/** Up to so many missing and so many new tests are examined for renames. */
export const RENAME_LIMIT = 5_000;

interface Entry {
  readonly test: Tallied;
  readonly row: TestRow;
  readonly listed: ListedTest;
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

/** Empty lists that will hold at most `limit` entries each. */
export function openChangeLists(limit: number, redact: (text: string) => string): ChangeLists {
  const open = (most: number): TopList<Entry> => openTopList(most, (a, b) => byImportance(a.listed, b.listed));
  const failing = open(limit);
  const newlySkipped = open(limit);
  const fixed = open(limit);
  const missing = open(Math.max(limit, RENAME_LIMIT));
  const added = open(Math.max(limit, RENAME_LIMIT));
  return {
    candidate: (row, test) => {
      const before = test.baseline;
      if (unchangedFailure(row, before, test)) return;
      const entry = entryOf(redactedRow(row, redact), test, statusOf(before), row.status);
      if (row.status === "skipped") {
        if (before.passed > 0) newlySkipped.offer(entry);
      } else if (row.status === "passed") {
        if (before.failed + before.errored > 0) fixed.offer(entry);
      } else if (before.failed + before.errored === 0 || before.passed > 0) failing.offer(entry);
      if (rowsOf(test.candidate) > rowsOf(before)) added.offer(entry);
    },
    missing: (row, test) => missing.offer(entryOf(redactedRow(row, redact), test, "passed", "absent")),
    close: (now, examineRenames) => {
      const renamed = examineRenames ? renamesAmong(missing.items(), added.items(), now) : noRenames();
      const changed = (list: TopList<Entry>, share: (change: Change) => number) => stillTrue(list.items(), now, share);
      const failingNow = changed(failing, (change) => change.failing + change.newFailing);
      const lostByFailure = changed(failing, (change) => change.failing);
      const skippedNow = changed(newlySkipped, (change) => change.newlySkipped);
      const missingNow = changed(missing, (change) => change.missing).filter((entry) => !renamed.from.has(entry));
      const addedNow = changed(added, (change) => change.added).filter((entry) => !renamed.to.has(entry));
      const show = (entries: readonly Entry[]) => entries.slice(0, limit).map((entry) => entry.listed);
      return {
        lost: [...show(lostByFailure), ...show(skippedNow), ...show(missingNow)].sort(byImportance).slice(0, limit),
        failing: show(failingNow),
        missing: show(missingNow),
        newlySkipped: show(skippedNow),
        fixed: show(changed(fixed, (change) => change.fixed)),
        added: show(addedNow),
        renamed: renamed.pairs.slice(0, limit),
        excused: renamed.pairs.length,
      };
    },
  };
}

/** Entries that hold with all rows in, each test at most as often as its change says. */
function stillTrue(entries: Entry[], now: (test: Tallied) => Tallied, share: (change: Change) => number): Entry[] {
  const shown = new Map<string, number>();
  return entries.filter((entry) => {
    const test = now(entry.test);
    const key = keyOf(test);
    const times = shown.get(key) ?? 0;
    if (times >= share(changeOf(test.baseline, test.candidate))) return false;
    shown.set(key, times + 1);
    return true;
  });
}

interface Renames {
  readonly pairs: RenamedTest[];
  readonly from: ReadonlySet<Entry>;
  readonly to: ReadonlySet<Entry>;
}

function noRenames(): Renames {
  return { pairs: [], from: new Set(), to: new Set() };
}

/** Only single rows take part: a missing test that is not P0 or P1, and a new test that passes. */
function renamesAmong(missing: Entry[], added: Entry[], now: (test: Tallied) => Tallied): Renames {
  const gone = new Map<Unpaired, Entry>();
  const fresh = new Map<Unpaired, Entry>();
  for (const entry of missing) {
    const test = now(entry.test);
    if (!isCritical(test.rank) && rowsOf(test.baseline) === 1) gone.set(unpaired(entry), entry);
  }
  for (const entry of added) {
    const test = now(entry.test);
    const single = rowsOf(test.baseline) === 0 && rowsOf(test.candidate) === 1;
    if (single && test.candidate.passed === 1) fresh.set(unpaired(entry), entry);
  }
  const pairs = pairRenames([...gone.keys()], [...fresh.keys()]);
  const entriesOf = (of: Map<Unpaired, Entry>, chosen: readonly Unpaired[]) =>
    new Set(chosen.flatMap((test) => of.get(test) ?? []));
  return {
    pairs: pairs.map(({ from, to, kind }) => ({ from: from.id, to: to.id, kind })),
    from: entriesOf(
      gone,
      pairs.map((pair) => pair.from),
    ),
    to: entriesOf(
      fresh,
      pairs.map((pair) => pair.to),
    ),
  };
}

function unpaired(entry: Entry): Unpaired {
  return { id: entry.listed.id, row: entry.row };
}

/** Failing before and failing now, or skipped both times: nothing to list, and there can be many. */
function unchangedFailure(row: TestRow, before: StatusCounts, test: Tallied): boolean {
  if (rowsOf(before) !== 1 || rowsOf(test.candidate) !== 1) return false;
  const failing = row.status === "failed" || row.status === "errored";
  return (failing && before.failed + before.errored === 1) || (row.status === "skipped" && before.skipped === 1);
}

function keyOf(test: Tallied): string {
  return `${test.a}/${test.b}`;
}

function rowsOf(counts: StatusCounts): number {
  return counts.passed + counts.failed + counts.errored + counts.skipped;
}

/** Status of a side in one word; of duplicates the best, because that is what can be lost. */
function statusOf(counts: StatusCounts): ListedTest["before"] {
  if (counts.passed > 0) return "passed";
  if (counts.skipped > 0) return "skipped";
  if (counts.failed > 0) return "failed";
  return counts.errored > 0 ? "errored" : "absent";
}

function redactedRow(row: TestRow, redact: (text: string) => string): TestRow {
  return {
    ...row,
    suite: row.suite.map((part) => redact(part)),
    name: redact(row.name),
    ...(row.classname === undefined ? {} : { classname: redact(row.classname) }),
    ...(row.file === undefined ? {} : { file: redact(row.file) }),
    ...(row.message === undefined ? {} : { message: redact(row.message) }),
  };
}

function entryOf(row: TestRow, test: Tallied, before: ListedTest["before"], after: ListedTest["after"]): Entry {
  const priority = priorityOf(test.rank);
  return {
    test,
    row,
    listed: {
      id: testId(row),
      name: row.name,
      suite: row.suite,
      ...(row.file === undefined ? {} : { file: row.file }),
      ...(priority === undefined ? {} : { priority }),
      before,
      after,
      ...(row.message === undefined || after === "absent" ? {} : { message: row.message }),
    },
  };
}
