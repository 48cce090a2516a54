import { sha256Json } from "../vocab/index.ts";
import type { PlanFacts } from "./make-plan.ts";
import type { Plan } from "./plan.ts";

/** Whether the run rehearses going back. Where it does, what earlier runs showed is no part of the plan. */
export function rehearsalOf(
  facts: PlanFacts,
  previous: Plan["previous"],
  strategy: Plan["strategy"],
): Plan["rehearsal"] {
  const { config } = facts;
  const schemaGeneration = schemaGenerationOf([
    ...(facts.appliedMigrations ?? []),
    ...config.migrations.map(({ id }) => id),
  ]);
  const reason = whyNot(config.staging, previous);
  if (reason === undefined) return { planned: true, reason: "", schemaGeneration, earlier: [] };
  const earlier = (facts.earlierRehearsals ?? []).filter(
    (record) => record.strategy === strategy && record.schemaGeneration === schemaGeneration,
  );
  return { planned: false, reason, schemaGeneration, earlier: earlier.slice(-KEPT) };
}

/** Of earlier rehearsals only the newest is judged; a few beside it, for one that is dated in the future. */
const KEPT = 3;

function whyNot(staging: PlanFacts["config"]["staging"], previous: Plan["previous"]): string | undefined {
  if (!previous) return "a first deployment has nothing to go back to";
  if (!staging) return "there is no staging environment";
  return staging.rehearse ? undefined : "staging.rehearse is off";
}

/** One name for one set of applied migrations, in whatever order and however often they are named. */
export function schemaGenerationOf(applied: readonly string[]): string {
  const ids = [...new Set(applied)].sort();
  return ids.length === 0 ? "none" : sha256Json(ids).slice(0, 12);
}
