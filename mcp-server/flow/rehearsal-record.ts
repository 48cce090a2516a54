import { JUDGE, type RehearsalRecord } from "../judge/index.ts";
import { between, type Dimension, type Outcome3, type Reason, spanText } from "../vocab/index.ts";
import type { RunState } from "./run-state.ts";

/** Keys of the rehearsal in the journal. */
export const REHEARSAL = {
  before: "rehearsal/before",
  deploy: "rehearsal/deploy",
  back: "rehearsal/back",
  verify: "rehearsal/verify",
  scale: "rehearsal/scale",
  end: "rehearsal/end",
} as const;

type Seen = Pick<RunState, "plan" | "results" | "smokes" | "times">;

/** The rehearsal as a dimension of the staging gate; undefined where the plan has none. Pure, from the journal. */
export function rehearsalDimension(state: Seen): Dimension | undefined {
  if (!state.plan.rehearsal.planned) return undefined;
  const { outcome, reason } = judged(state);
  const smoke = state.smokes.get(REHEARSAL.verify)?.verdict;
  return {
    outcome,
    reasons: [reason, ...(smoke && outcome !== "PASS" ? smoke.reasons : [])],
    wouldPassIf: outcome === "PASS" ? "" : "going back in staging works, and the old version is well after it",
    judge: JUDGE,
    inputs: smoke?.inputs ?? [],
  };
}

function judged(state: Seen): { outcome: Outcome3; reason: Reason } {
  const old = state.plan.previous?.version ?? "the old version";
  const end = state.results.get(REHEARSAL.end) as { error?: string | null } | undefined;
  const says = (outcome: Outcome3, code: string, text: string) => ({ outcome, reason: { code, text } });
  if (end === undefined) return says("INCONCLUSIVE", "rehearsal-not-run", "going back was not rehearsed");
  if (end.error !== null) return says("FAIL", "rehearsal-failed", `going back failed in staging: ${end.error}`);
  const found = state.results.get(REHEARSAL.verify) as { isBack?: boolean } | undefined;
  if (found?.isBack !== true)
    return says("FAIL", "rehearsal-not-back", `${old} did not have all traffic of staging again`);
  const smoke = state.smokes.get(REHEARSAL.verify)?.verdict.outcome;
  if (state.plan.smoke && smoke === undefined) {
    return says("INCONCLUSIVE", "rehearsal-unchecked", `nobody checked ${old} after going back in staging`);
  }
  if (smoke !== undefined && smoke !== "PASS") {
    return says(smoke, "rehearsal-smoke", `${old} did not pass its smoke checks after going back in staging`);
  }
  const took = backMs(state);
  return says(
    "PASS",
    "rehearsed",
    `${state.plan.version} was deployed to staging and ${old} put back${took === undefined ? "" : ` in ${spanText(took)}`}`,
  );
}

/** From the order to go back to the old version having all traffic. A crash in between counts in. */
function backMs({ times }: Pick<RunState, "times">): number | undefined {
  const back = times.get(REHEARSAL.back);
  return back?.endedAt ? Math.max(0, between(back.startedAt, back.endedAt)) : undefined;
}

/** What the history keeps of it; undefined where nothing was rehearsed to an end. */
export function rehearsalRecord(state: Seen): RehearsalRecord | undefined {
  const { plan, times } = state;
  const dimension = rehearsalDimension(state);
  const at = times.get(REHEARSAL.end)?.endedAt;
  if (!dimension || !at || !plan.previous) return undefined;
  return {
    at,
    outcome: dimension.outcome === "PASS" ? "PASS" : "FAIL",
    fromVersion: plan.version,
    toVersion: plan.previous.version,
    strategy: plan.strategy,
    schemaGeneration: plan.rehearsal.schemaGeneration,
    backMs: backMs(state) ?? 0,
  };
}
