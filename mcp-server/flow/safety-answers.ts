import { migrationsPrepared, rehearsedBefore } from "../judge/index.ts";
import type { Instant } from "../vocab/index.ts";
import { rehearsalDimension, rehearsalRecord } from "./rehearsal-record.ts";
import type { RunState } from "./run-state.ts";

/** What the plan and the journal say of one readiness criterion. */
export interface SafetyAnswer {
  readonly status: "pass" | "fail" | "unknown" | "not-applicable";
  readonly text: string;
  readonly validUntil?: Instant;
  /** The staging gate answers it later. */
  readonly pending?: "staging";
}

/** Criterion RBK-2: whether the migrations of the plan are prepared. */
export function migrationsAnswer({ plan }: Pick<RunState, "plan">, at: Instant): SafetyAnswer {
  return migrationsPrepared(plan.migrations, at);
}

/** Criterion REHEARSAL: this run's own where it rehearses, else the newest earlier one of its kind. */
export function rehearsalAnswer(state: RunState, at: Instant): SafetyAnswer {
  const { previous, rehearsal, strategy } = state.plan;
  if (!previous) return { status: "not-applicable", text: "a first deployment has nothing to go back to" };
  const { schemaGeneration } = rehearsal;
  if (!rehearsal.planned) {
    const { status, text, validUntil } = rehearsedBefore(rehearsal.earlier, { strategy, schemaGeneration, at });
    return { status, text: `${rehearsal.reason}; ${text}`, ...(validUntil ? { validUntil } : {}) };
  }
  const own = rehearsalRecord(state);
  const found = rehearsalDimension(state);
  if (!own || !found || found.outcome === "NOT_APPLICABLE") {
    return { status: "unknown", text: "the staging step rehearses it", pending: "staging" };
  }
  const text = found.reasons.map((reason) => reason.text).join("; ");
  return { status: found.outcome === "PASS" ? "pass" : found.outcome === "FAIL" ? "fail" : "unknown", text };
}
