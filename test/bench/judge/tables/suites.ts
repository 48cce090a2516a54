import {
  confirmRuns,
  type FlakyRecord,
  identityKey,
  needsRerun,
  type TestRow,
  withRun,
} from "../../../../mcp-server/judge/index.ts";
import type { Ending } from "../play.ts";
import { isRequired } from "../required.ts";
import { type Random, randomOf } from "../traffic/random.ts";
import type { Column, Table, Truth } from "./column.ts";

/** Two in a hundred of 2,000 tests are flaky; they fail one run in ten on average (beta distribution 1, 9). */
const FLAKY = 40;
const TESTS = 2_000;
const MEAN_OF_REST = 9;
const STABLE = "stable";

interface Test {
  readonly name: string;
  readonly failsWith: number;
}

/** What is wrong with the release: one stable test that fails with this probability from now on. */
function suite(random: Random, broken: number): Test[] {
  const flaky = Array.from({ length: FLAKY }, (_, i) => ({
    name: `flaky ${i}`,
    failsWith: 1 - random.uniform() ** (1 / MEAN_OF_REST),
  }));
  return broken > 0 ? [...flaky, { name: STABLE, failsWith: broken }] : flaky;
}

/** Tests that pass. Of them only the number matters. */
const OTHERS = Array.from({ length: TESTS - FLAKY }, (_, i) => row({ name: `other ${i}`, failsWith: 0 }, false));

interface Policy {
  readonly name: string;
  /** Whether the release is stopped. `passedBefore`: names of the tests that passed in the baseline's run. */
  blocks(tests: readonly Test[], passedBefore: ReadonlySet<string>, random: Random): boolean;
}

const fails = (test: Test, random: Random) => random.uniform() < test.failsWith;

const POLICIES: readonly Policy[] = [
  {
    name: "strict: a test that failed is lost",
    blocks: (tests, known, random) => newFailures(tests, known, random).length > 0,
  },
  {
    name: "one rerun: lost when it fails twice",
    blocks: (tests, known, random) => newFailures(tests, known, random).some((test) => fails(test, random)),
  },
  {
    name: "quarantine: strict, without tests that failed in the last 50 runs",
    blocks: (tests, known, random) =>
      newFailures(tests, known, random).some((test) => failuresBefore(test, random) === 0),
  },
  { name: "deploy-flow, fewer than 50 recorded runs: lost when it fails 3 of 3", blocks: confirmedLoss },
  { name: "**deploy-flow, 50 recorded runs: sequential**", blocks: sequentialLoss(50) },
  { name: "**deploy-flow, 200 recorded runs: sequential**", blocks: sequentialLoss(200) },
];

const HISTORY_RUNS = 50;

/** Failures in the runs of versions that were good. */
function failuresBefore(test: Test, random: Random): number {
  let failures = 0;
  if (test.name !== STABLE) for (let i = 0; i < HISTORY_RUNS; i += 1) if (fails(test, random)) failures += 1;
  return failures;
}

/** Failing tests that passed in the baseline's run. */
function newFailures(tests: readonly Test[], passedBefore: ReadonlySet<string>, random: Random): Test[] {
  return tests.filter((test) => passedBefore.has(test.name) && fails(test, random));
}

function confirmedLoss(tests: readonly Test[], passedBefore: ReadonlySet<string>, random: Random): boolean {
  const first = newFailures(tests, passedBefore, random);
  const rows = (failing: (test: Test) => boolean) => first.map((test) => row(test, failing(test)));
  const again = () => rows((test) => fails(test, random));
  return (
    confirmRuns(
      rows(() => true),
      [again(), again()],
    ).confirmed.length > 0
  );
}

/** The rule of the product with a record of runs, in none of which the stable test failed. */
function sequentialLoss(recorded: number): Policy["blocks"] {
  return (tests, passedBefore, random) => {
    const record = recordOf(tests, recorded, random);
    const passed = new Set(
      tests.filter(({ name }) => passedBefore.has(name)).map((test) => identityKey(row(test, false))),
    );
    const run = () => tests.map((test) => row(test, fails(test, random)));
    const first = [...run(), ...OTHERS];
    const reruns: TestRow[][] = [];
    const known = { record, passed };
    while (needsRerun(confirmRuns(first, reruns, known), reruns.length + 1, known)) reruns.push(run());
    const { confirmed, undecided } = confirmRuns(first, reruns, known);
    return [...confirmed, ...undecided].some((lost) => passedBefore.has(lost.name));
  };
}

function recordOf(tests: readonly Test[], runs: number, random: Random): FlakyRecord {
  let record: FlakyRecord = new Map();
  for (let i = 0; i < runs; i += 1) {
    record = withRun(
      record,
      tests.map((test) => row(test, test.name !== STABLE && fails(test, random))),
    );
  }
  return record;
}

function row({ name }: Test, isFailing: boolean): TestRow {
  return { suite: ["shop"], name, status: isFailing ? "failed" : "passed" };
}

function column(title: string, truth: Truth, broken: number, number: number): Column {
  const id = `suites/${title}`;
  return {
    id,
    title,
    truth,
    from: 0,
    runs: { short: isRequired(id) ? 400 : 0, full: 1000 },
    rows: () => POLICIES.map(({ name }) => name),
    play: (run) =>
      POLICIES.map(({ blocks }, policy): Ending => {
        const random = randomOf(9_000_011 * (number + 1) + 31 * run + policy);
        const tests = suite(random, broken);
        const passedBefore = new Set(
          tests.filter((test) => test.name === STABLE || !fails(test, random)).map(({ name }) => name),
        );
        return { outcome: blocks(tests, passedBefore, random) ? "FAIL" : "PASS", atSeconds: 0 };
      }),
  };
}

/** Part of table 4: suites with flaky tests. */
export const SUITES_TABLE: Table = {
  id: "suites",
  title: "A suite with 40 flaky tests among 2,000",
  text: "Share of releases that are stopped (undecided ones too). A test that newly fails only in 30 % of its runs is caught by no rule over one release.",
  columns: [
    column("nothing broken", "identical", 0, 0),
    column("one test broken", "worse", 1, 1),
    column("one fails 80 %", "worse", 0.8, 2),
    column("one fails 30 %", "worse", 0.3, 3),
  ],
};
