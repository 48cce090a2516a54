import { z } from "zod";
import { type StepKey, Verdict } from "../vocab/index.ts";
import { stepKey } from "./engine.ts";
import type { WatchPlan } from "./events.ts";
import type { RunState } from "./run-state.ts";

/** When the production suites are run: on the version before, on the new one, and again after going back. */
export const SuiteSide = z.enum(["before", "after", "back"]);
export type SuiteSide = z.infer<typeof SuiteSide>;

/** What running the suites of one side came to, as its result stands in the journal. */
export const SuitesResult = z.object({
  suites: z.array(z.object({ id: z.string(), problem: z.string().optional() })),
  /** Absent for the version before, which is only recorded. */
  verdict: Verdict.optional(),
  /** The comparison as `regression-check` prints it. */
  check: z.json().optional(),
});
export type SuitesResult = z.infer<typeof SuitesResult>;

const KEYS: Record<SuiteSide, StepKey> = {
  before: stepKey("baseline", "suites"),
  after: stepKey("production", "suites"),
  back: stepKey("rollback", "suites"),
};

/** Key of the effect that runs the suites of a side. */
export function suitesKey(side: SuiteSide): StepKey {
  return KEYS[side];
}

/** The side whose suites a key is about; undefined for every other key. */
export function suiteSideOf(key: string): SuiteSide | undefined {
  return SuiteSide.options.find((side) => KEYS[side] === key);
}

/** The side whose suites run beside a watch; undefined where none do. */
export function suiteSideIn({ track, final }: Pick<WatchPlan, "track" | "final">): SuiteSide | undefined {
  return track === "production" && final ? "after" : undefined;
}

const NAMES: Record<SuiteSide, string> = { before: "pre-deploy", after: "post-deploy", back: "post-rollback" };

/** Name of the evidence that holds a suite's rows. */
export function suiteEvidence(side: SuiteSide, suite: string): string {
  return `suites/production-${NAMES[side]}/${suite}`;
}

/** What the suites of a side came to; undefined while they have not ended. */
export function suitesOf(state: RunState, side: SuiteSide): SuitesResult | undefined {
  return SuitesResult.safeParse(state.results.get(suitesKey(side))).data;
}

/** The verdict of the suites that run beside a watch, once they have ended. */
export function suitesVerdictIn(state: RunState, watch: Pick<WatchPlan, "track" | "final">): Verdict | undefined {
  const side = suiteSideIn(watch);
  return side && suitesOf(state, side)?.verdict;
}

/** The plan has suites for production, and they apply to this run. */
export function hasSuites({ plan }: Pick<RunState, "plan">): boolean {
  return (plan.tests?.config.production ?? []).length > 0;
}
