import type { Answer } from "./answer.ts";
import type { CriterionId } from "./criteria.ts";
import type { CriterionResult } from "./settle.ts";

/** A condition that a person took upon themselves, as it was shown to them. */
export interface Acknowledgement {
  readonly criterion: CriterionId;
  readonly status: CriterionResult["status"];
  /** What failed then, check by check. */
  readonly failing: readonly string[];
  readonly person: string;
}

type Shown = Pick<CriterionResult, "criterion" | "status">;

/** A person's word on one criterion as it stands in a report. */
export function acknowledge({ criterion, status }: Shown, answers: readonly Answer[], person: string): Acknowledgement {
  return { criterion, status, failing: failing(criterion, answers), person };
}

/**
 * Who took a condition upon themselves; null: nobody. What was shown counts and no more: a word on what was not known
 * says nothing about what fails now, and one on a failure nothing about another failure.
 */
export function acknowledgedBy(
  { criterion, status }: Shown,
  answers: readonly Answer[],
  taken: readonly Acknowledgement[],
): string | null {
  const now = failing(criterion, answers);
  const covers = taken.findLast(
    (one) =>
      one.criterion === criterion && one.status === status && now.every((failure) => one.failing.includes(failure)),
  );
  return covers?.person ?? null;
}

function failing(criterion: CriterionId, answers: readonly Answer[]): string[] {
  return answers
    .filter((answer) => answer.criterion === criterion && answer.status === "fail")
    .map(({ check, text }) => `${check}: ${text}`);
}
