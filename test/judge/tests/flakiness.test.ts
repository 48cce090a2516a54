import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  breakingOf,
  confirmRuns,
  evidenceOfBreaking,
  type FlakyRecord,
  flakyRate,
  identityKey,
  MOST_RUNS,
  needsRerun,
  type RecordedRuns,
  withRun,
} from "../../../mcp-server/judge/tests/index.ts";
import { row } from "./rows.ts";

const failed = (text: string) => [...text].map((letter) => letter === "f");

describe("the sequential rule", () => {
  test.each<[string, RecordedRuns, string, "broken" | "flaky" | "open"]>([
    ["stable in 50 runs, failed once", { failures: 0, runs: 50 }, "f", "open"],
    ["stable in 50 runs, failed twice", { failures: 0, runs: 50 }, "ff", "open"],
    ["stable in 50 runs, failed three of three", { failures: 0, runs: 50 }, "fff", "broken"],
    ["stable in 500 runs, failed two of two", { failures: 0, runs: 500 }, "ff", "broken"],
    ["stable in 50 runs, one pass does not clear it", { failures: 0, runs: 50 }, "fp", "open"],
    ["stable in 50 runs, many passes do", { failures: 0, runs: 50 }, "fppppppppp", "flaky"],
    ["fails half of the time, fails and passes", { failures: 25, runs: 50 }, "fpp", "flaky"],
    ["fails half of the time, fails three of three", { failures: 25, runs: 50 }, "fff", "open"],
    ["fails one in ten, fails eight of eight", { failures: 5, runs: 50 }, "ffffffff", "broken"],
  ])("%s", (_, recorded, runs, expected) => {
    expect(breakingOf(recorded, failed(runs), 2_000)).toBe(expected);
  });

  test("is fair: the expected evidence of one more run of an unchanged test is what it was", () => {
    fc.assert(
      fc.property(fc.nat({ max: 50 }), fc.array(fc.boolean(), { maxLength: 9 }), (failures, runs) => {
        const recorded = { failures, runs: 50 };
        const rate = flakyRate(recorded);
        const next =
          rate * evidenceOfBreaking(recorded, [...runs, true]) +
          (1 - rate) * evidenceOfBreaking(recorded, [...runs, false]);
        expect(next).toBeCloseTo(evidenceOfBreaking(recorded, runs), 6);
      }),
    );
  });

  test("one more failure never makes a test look better, and a better record makes a failure weigh more", () => {
    fc.assert(
      fc.property(fc.nat({ max: 49 }), fc.array(fc.boolean(), { maxLength: 9 }), (failures, runs) => {
        const evidence = (k: number, outcomes: boolean[]) => evidenceOfBreaking({ failures: k, runs: 50 }, outcomes);
        expect(evidence(failures, [...runs, true])).toBeGreaterThanOrEqual(evidence(failures, runs));
        expect(evidence(failures, [true])).toBeGreaterThanOrEqual(evidence(failures + 1, [true]));
      }),
    );
  });
});

describe("runs of a suite with a record", () => {
  const key = identityKey(row("a"));
  const known = (runs: number, failures = 0) => ({
    record: new Map([[key, { failures, runs }]]) as FlakyRecord,
    passed: new Set([key]),
  });
  const rerunsOf = (text: string) => [...text].map((letter) => [row("a", letter === "f" ? "failed" : "passed")]);
  const first = [row("a", "failed")];

  test.each([
    ["49 runs: a pass clears it, as without a record", 49, "p", "flakyObserved", false],
    ["50 runs: a pass does not", 50, "p", "undecided", true],
    ["50 runs, failing three of three", 50, "ff", "confirmed", false],
    ["50 runs, open after the last run, but it can pass", 50, "pppfpppfp", "flakyObserved", false],
  ] as const)("%s", (_, runs, reruns, expected, again) => {
    const flaky = reruns.length > 4 ? 5 : 0;
    const result = confirmRuns(first, rerunsOf(reruns), known(runs, flaky));
    expect(result[expected].map(({ name }) => name)).toEqual(["a"]);
    expect(needsRerun(result, reruns.length + 1, known(runs, flaky))).toBe(again);
  });

  test("a test that did not pass in the baseline is no loss, and needs no ten runs", () => {
    const never = { ...known(50, 50), passed: new Set<string>() };
    expect(confirmRuns(first, rerunsOf("ff"), never).confirmed).toHaveLength(1);
  });

  test("never more than ten runs, and one that never passed stays a failure", () => {
    const flaky = known(50, 45);
    const result = confirmRuns(first, rerunsOf("f".repeat(MOST_RUNS - 1)), flaky);
    expect(result.undecided).toHaveLength(1);
    expect(result.rows[0]?.status).toBe("failed");
    expect(needsRerun(result, MOST_RUNS, flaky)).toBe(false);
  });
});

test("the record counts first failures, also of tests that passed when run again, and no skips", () => {
  let record: FlakyRecord = new Map();
  record = withRun(record, [row("a"), row("b", "failed"), { ...row("c"), flaky: true }, row("d", "skipped")]);
  record = withRun(record, [row("a"), row("a", "errored"), row("b")]);
  const counts = ["a", "b", "c", "d"].map((name) => record.get(identityKey(row(name))));
  expect(counts).toEqual([{ failures: 1, runs: 2 }, { failures: 1, runs: 2 }, { failures: 1, runs: 1 }, undefined]);
});
