import type { Verdict } from "../../vocab/index.ts";
import type { TestsVerdict } from "./result.ts";

/** The tests' verdict as one dimension of a gate; the caller adds the evidence that it rests on. */
export function testsDimension(tests: TestsVerdict, judge: string): Omit<Verdict, "inputs"> {
  return {
    outcome: tests.verdict,
    reasons: [...tests.reasons, ...tests.warnings],
    wouldPassIf: tests.wouldPassIf,
    judge,
  };
}
