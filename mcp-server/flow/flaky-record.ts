import { z } from "zod";
import { redactRows } from "../evidence/tests/stored.ts";
import { type FlakyRecord, identityKey, type TestRow, withRun } from "../judge/tests/index.ts";
import type { LoadedBaseline } from "../record/baselines.ts";
import { redact } from "../record/redact.ts";
import { FlowError, type Json, type Sha256 } from "../vocab/index.ts";

/** The part of a baseline that says how often each test failed in the runs that were stored under its label. */
const Stored = z.object({
  format: z.literal("deploy-flow-flakiness/1"),
  /** Failures and runs by identity, names redacted as in stored rows. */
  tests: z.record(z.string(), z.tuple([z.number().int().min(0), z.number().int().min(0)])),
});

/** Of larger suites no record is kept: it is read whole with every baseline. */
const MOST_TESTS = 100_000;

/** What is recorded under a label; empty when nothing is. */
export function flakyRecordOf(stored: LoadedBaseline | undefined): FlakyRecord {
  if (stored?.flakiness === undefined) return new Map();
  const read = Stored.safeParse(stored.flakiness);
  if (!read.success) {
    throw new FlowError({
      code: "damaged",
      what: "the record of failing runs of a baseline is damaged",
      found: stored.record.label,
      next: "capture the baseline again with `deploy-flow baseline-capture`",
    });
  }
  return new Map(Object.entries(read.data.tests).map(([key, [failures, runs]]) => [key, { failures, runs }]));
}

/**
 * The record with one more run, to be stored with it. The same bytes a second time are the same run: then it stays as it
 * is. Undefined where the suite is too large.
 */
export function nextFlakyRecord(
  stored: LoadedBaseline | undefined,
  run: { readonly rows: readonly TestRow[]; readonly rawSha256: Sha256 },
): Json | undefined {
  const before = flakyRecordOf(stored);
  const known = stored?.record.testsRef?.rawSha256 === run.rawSha256 && before.size > 0;
  const record = known ? before : withRun(before, run.rows.map(redactRows((text) => redact(text))));
  if (record.size > MOST_TESTS) return undefined;
  return {
    format: "deploy-flow-flakiness/1",
    tests: Object.fromEntries([...record].map(([key, { failures, runs }]) => [key, [failures, runs]])),
  };
}

/** Keys of the tests that passed, named as in the record. */
export function passedKeys(rows: readonly TestRow[]): ReadonlySet<string> {
  const safe = redactRows((text) => redact(text));
  return new Set(rows.flatMap((row) => (row.status === "passed" ? [identityKey(safe(row))] : [])));
}
