import type { Reason, Verdict } from "../../vocab/index.ts";
import { compareTests } from "./comparison.ts";
import { testsDimension } from "./dimension.ts";
import { judgeFirstDeployment, judgeTests, type TestRules } from "./regression.ts";
import type { ComparedTests, TestsVerdict } from "./result.ts";
import type { TestRow } from "./row.ts";

/** What a run of a suite brought: its tests, or why they are not known. */
export type SuiteRun = { readonly rows: readonly TestRow[] } | { readonly problem: string };

/** One suite that is run in production: against the version before, and against the new one. */
export interface SuitePair {
  readonly id: string;
  readonly before: SuiteRun;
  readonly after: SuiteRun;
  /** What the run after is about: the new version, or the one before once it serves again. */
  readonly subject?: string;
}

/** The verdict over all suites as a dimension of a gate, and the comparison of those that could be compared. */
export interface SuitesVerdict {
  readonly dimension: Omit<Verdict, "inputs">;
  readonly check: TestsVerdict | null;
}

interface Sides {
  readonly id: string;
  readonly before: readonly TestRow[];
  readonly after: readonly TestRow[];
}

/**
 * Judges suites that were run against production by the rule of scope critical: a lost or newly failing P0 or P1 test
 * fails. Only a suite with results on both sides is compared: a run that crashed, took too long or left no readable
 * report says nothing of the version, so it is never a loss, and never a pass either.
 */
export function judgeSuites(pairs: readonly SuitePair[], rules: TestRules, judge: string): SuitesVerdict {
  const known = pairs.flatMap(({ id, before, after }) =>
    "rows" in before && "rows" in after ? [{ id, before: before.rows, after: after.rows }] : [],
  );
  const problems = pairs.flatMap(({ id, before, after, subject = "the new version" }) => [
    ...problemOf(id, "the version before", before),
    ...problemOf(id, subject, after),
  ]);
  return judgeKnown(known, problems, (compared) => judgeTests(compared, rules), judge);
}

/** Without a version before there is nothing to lose: no critical test may fail. */
export function judgeFirstSuites(suites: readonly Pick<SuitePair, "id" | "after">[], judge: string): SuitesVerdict {
  const known = suites.flatMap(({ id, after }) =>
    "rows" in after ? [{ id, before: [], after: after.rows.filter(isCritical) }] : [],
  );
  const problems = suites.flatMap(({ id, after }) => problemOf(id, "the new version", after));
  return judgeKnown(known, problems, judgeFirstDeployment, judge);
}

function isCritical({ priority }: TestRow): boolean {
  return priority === "P0" || priority === "P1";
}

/** Together where each of them has something to say; a suite that has nothing must not hide behind another one. */
function judgeKnown(
  known: readonly Sides[],
  problems: readonly Reason[],
  rule: (compared: ComparedTests) => TestsVerdict,
  judge: string,
): SuitesVerdict {
  const over = (sides: readonly Sides[]) =>
    rule(
      compareTests(
        sides.flatMap(({ before }) => before),
        sides.flatMap(({ after }) => after),
        { scope: "critical" },
      ),
    );
  const alone = known.map((sides) => ({ sides, verdict: over([sides]) }));
  const empty = alone.flatMap(({ sides, verdict }) => emptyOf(sides.id, verdict));
  const telling = alone.filter(({ verdict }) => verdict.verdict !== "INCONCLUSIVE").map(({ sides }) => sides);
  return verdictOf(telling.length > 0 ? over(telling) : null, [...problems, ...empty], judge);
}

function problemOf(id: string, whose: string, run: SuiteRun): Reason[] {
  return "problem" in run ? [{ code: "suite-no-result", text: `suite ${id} against ${whose}: ${run.problem}` }] : [];
}

function emptyOf(id: string, alone: TestsVerdict): Reason[] {
  return alone.verdict === "INCONCLUSIVE"
    ? alone.reasons.map(({ code, text }) => ({ code, text: `suite ${id}: ${text}` }))
    : [];
}

/** FAIL outranks a gap, a gap outranks a pass. */
function verdictOf(check: TestsVerdict | null, gaps: readonly Reason[], judge: string): SuitesVerdict {
  const whole = check && testsDimension(check, judge);
  if (whole && whole.outcome === "FAIL")
    return { check, dimension: { ...whole, reasons: [...whole.reasons, ...gaps] } };
  if (whole && whole.outcome === "PASS" && gaps.length === 0) return { check, dimension: whole };
  return {
    check,
    dimension: {
      outcome: "INCONCLUSIVE",
      reasons: gaps.length > 0 ? [...gaps] : (whole?.reasons ?? []),
      wouldPassIf: "every suite leaves a readable report of both versions with P0 or P1 tests that passed before",
      judge,
    },
  };
}
