import { type GateVerdict, type ListedTest, TestsVerdict } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import type { RunState } from "../run-state.ts";
import { type SuiteSide, suitesOf } from "../suites-record.ts";
import type { RunRecord } from "./record.ts";

type GateView = ArtifactView<"regression-gate">;

/** Tests that a report lists; all of them are in the evidence. */
const MOST_LISTED = 50;

/** The comparison of the tests as it was judged in staging; undefined when there is none. */
export function testsOf(state: RunState): TestsVerdict | undefined {
  const result = state.results.get("staging/tests");
  const check = result !== null && typeof result === "object" && "check" in result ? result.check : undefined;
  const parsed = TestsVerdict.safeParse(check);
  return parsed.success ? parsed.data : undefined;
}

/** The comparison of the suites that ran in production: of the new version, or of the old one after going back. */
export function suiteTestsOf(state: RunState, side: Exclude<SuiteSide, "before">): TestsVerdict | undefined {
  return TestsVerdict.safeParse(suitesOf(state, side)?.check).data;
}

/** The comparison of tests that a gate rests on; undefined where it rests on none. */
export function comparedIn({ state }: RunRecord, { gate }: Pick<GateVerdict, "gate">): TestsVerdict | undefined {
  if (gate === "staging") return testsOf(state);
  if (gate === "production") return suiteTestsOf(state, "after");
  return gate === "rollback" ? suiteTestsOf(state, "back") : undefined;
}

/** What a report of a gate shows of a comparison. */
export function listedTests(verdict: TestsVerdict | undefined): Pick<GateView, "ratePct" | "tests" | "testsOmitted"> {
  const listed = verdict && testRows(verdict);
  return {
    ratePct: verdict?.regressionRate ?? null,
    tests: listed?.rows ?? [],
    testsOmitted: listed?.omitted ?? 0,
  };
}

/** Numbers of both sides as their reports state them. */
export function countRows(record: RunRecord, verdict: TestsVerdict): NonNullable<GateView["counts"]> {
  const { baseline, candidate } = verdict.tests;
  const source = record.plan.tests?.baseline;
  const before = source && source.from !== "none" ? source.version : (record.plan.previous?.version ?? "unknown");
  return [
    ...(baseline ? [{ arm: "baseline", version: before, ...baseline }] : []),
    ...(candidate ? [{ arm: "candidate", version: record.plan.version, ...candidate }] : []),
  ];
}

/** Lost tests first, then failing ones that are new. */
export function testRows(verdict: TestsVerdict): { rows: NonNullable<GateView["tests"]>; omitted: number } {
  const { lost, failing, totals } = verdict.tests;
  const known = new Set(lost.map(({ id }) => id));
  const fresh = failing.filter(({ id, before }) => before === "absent" && !known.has(id));
  const all = [...lost, ...fresh];
  const rows = all.slice(0, MOST_LISTED).map(testRow);
  return { rows, omitted: Math.max(0, totals.lost + totals.newFailing - rows.length) };
}

function testRow({ id, priority, before, after, message }: ListedTest) {
  return { id, priority: priority ?? "none", change: `${before}, now ${after}`, message: message ?? "–" };
}

/** `12 of 150 tests that passed before do not pass now`; what is said where there was nothing to compare with. */
export function lostText(verdict: TestsVerdict): string {
  const { tests } = verdict;
  if (tests.method === "no-failing-test") {
    const failing = (tests.candidate?.failed ?? 0) + (tests.candidate?.errored ?? 0);
    return `${num(failing)} of ${num(tests.candidate?.tests ?? 0)} tests fail; there is nothing to compare with`;
  }
  return `${num(tests.totals.lost)} of ${num(tests.baselinePassed)} tests that passed before do not pass now`;
}

/** Suites or files of the lost and newly failing tests with their counts, most first. */
export function affectedAreas(verdict: TestsVerdict): { area: string; tests: number }[] {
  const counts = new Map<string, number>();
  const listed = new Map([...verdict.tests.lost, ...verdict.tests.failing].map((test) => [test.id, test]));
  for (const test of listed.values()) {
    if (test.before === "failed" || test.before === "errored") continue;
    const area = test.suite[0] ?? test.file ?? "no suite";
    counts.set(area, (counts.get(area) ?? 0) + 1);
  }
  return [...counts]
    .map(([area, tests]) => ({ area, tests }))
    .sort((a, b) => b.tests - a.tests || (a.area < b.area ? -1 : 1));
}
