import { z } from "zod";
import { identityKey } from "./identity.ts";
import type { TestRow } from "./row.ts";

/** How often a test failed in how many recorded runs of versions that were kept. */
export const RecordedRuns = z.object({ failures: z.number().int().min(0), runs: z.number().int().min(0) });
export type RecordedRuns = z.infer<typeof RecordedRuns>;

/** Recorded runs per test, by {@link identityKey}. */
export type FlakyRecord = ReadonlyMap<string, RecordedRuns>;

/** With fewer recorded runs than this nothing is known of a test's flakiness. */
export const RUNS_TO_KNOW = 50;
/** Runs of the candidate at the most, the first one included. */
export const MOST_RUNS = 10;
/** Chance that a suite without a regression is stopped, over all its tests together. */
const ALPHA = 0.05;
/** Rates of failure that a broken test may have; bets are placed on those above the recorded rate. */
const BROKEN_RATES = [0.3, 0.6, 0.9, 0.99] as const;

/** Smoothed share of failing runs (Laplace): a test that never failed in 50 runs may fail once in 52. */
export function flakyRate({ failures, runs }: RecordedRuns): number {
  return (failures + 1) / (runs + 2);
}

/**
 * Evidence that a test fails more often than it used to: the mean of likelihood ratios of its runs against its recorded
 * rate, an e-process, so that it may be looked at after every run (statistics of Vovk and Wang; Ville's inequality).
 * `failed` says of each run of the candidate whether the test failed in it.
 */
export function evidenceOfBreaking(recorded: RecordedRuns, failed: readonly boolean[]): number {
  const usual = flakyRate(recorded);
  const bets = BROKEN_RATES.map((rate) =>
    rate <= usual ? 1 : failed.reduce((bet, failing) => bet * (failing ? rate / usual : (1 - rate) / (1 - usual)), 1),
  );
  return bets.reduce((sum, bet) => sum + bet, 0) / bets.length;
}

/**
 * What is known of a test of a suite of `tests` tests after some runs. `broken`: evidence reached tests / alpha, which in a
 * suite without a regression happens to any test with a chance of at most alpha. `flaky`: it fails no more than it used to.
 */
export function breakingOf(
  recorded: RecordedRuns,
  failed: readonly boolean[],
  tests: number,
): "broken" | "flaky" | "open" {
  const evidence = evidenceOfBreaking(recorded, failed);
  if (evidence >= Math.max(1, tests) / ALPHA) return "broken";
  return evidence < 1 ? "flaky" : "open";
}

/**
 * The record with one more run of a version that was kept: a test counts as failing that failed in it at first, also when
 * it passed when run again. A skipped test did not run.
 */
export function withRun(record: FlakyRecord, rows: Iterable<TestRow>): FlakyRecord {
  const next = new Map(record);
  const failing = new Map<string, boolean>();
  for (const row of rows) {
    if (row.status === "skipped") continue;
    const key = identityKey(row);
    failing.set(key, failing.get(key) === true || row.status !== "passed" || row.flaky === true);
  }
  for (const [key, failed] of failing) {
    const { failures, runs } = next.get(key) ?? { failures: 0, runs: 0 };
    next.set(key, { failures: failures + (failed ? 1 : 0), runs: runs + 1 });
  }
  return next;
}
