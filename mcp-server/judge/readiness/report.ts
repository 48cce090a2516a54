import { z } from "zod";
import { epochMs, Instant, instantOf, Reason } from "../../vocab/index.ts";
import { JUDGE } from "../name.ts";
import { type Acknowledgement, acknowledgedBy } from "./acknowledged.ts";
import { Answer, type PlannedCriterion } from "./answer.ts";
import { CRITERIA, CRITERION_IDS, CriterionId, isMandatory, ReadinessProfile, WAIVED_BY_FIX } from "./criteria.ts";
import { CriterionResult, settle } from "./settle.ts";

export const ReadinessDecision = z.enum(["GO", "CONDITIONAL_GO", "NO_GO"]);
export type ReadinessDecision = z.infer<typeof ReadinessDecision>;

/** Rows of the decision table; the first that fits decides. */
export const ReadinessRow = z.enum(["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"]);
export type ReadinessRow = z.infer<typeof ReadinessRow>;

export const EnvironmentHealth = z.enum(["HEALTHY", "DEGRADED", "UNHEALTHY", "UNKNOWN"]);
export type EnvironmentHealth = z.infer<typeof EnvironmentHealth>;

/** What keeps a deployment from going, and what to do about it. */
export const Gap = z.object({ criterion: CriterionId, status: z.string(), text: z.string(), todo: z.string() });
export type Gap = z.infer<typeof Gap>;

/** What is not as it should be and may be gone with, once somebody said so. */
export const Condition = z.object({
  criterion: CriterionId,
  text: z.string(),
  todo: z.string(),
  /** `plan`: the approved plan names it. A person's name: they took it upon themselves. Null: nobody yet. */
  acknowledgedBy: z.string().nullable(),
});
export type Condition = z.infer<typeof Condition>;

/** The decision before a deployment with everything that it rests on. Stands in the journal. */
export const ReadinessReport = z.object({
  decision: ReadinessDecision,
  row: ReadinessRow,
  /** `staging`: production needs another look, after the staging gate and the approval have answered what is pending. */
  reach: z.enum(["none", "staging", "production"]),
  profile: ReadinessProfile,
  at: Instant,
  /** From then on everything is asked again. */
  validUntil: Instant,
  results: z.array(CriterionResult),
  gaps: z.array(Gap),
  conditions: z.array(Condition),
  pending: z.array(CriterionId),
  environment: EnvironmentHealth,
  artifact: z.enum(["READY", "INVALID", "UNKNOWN"]),
  rollback: z.enum(["READY", "NOT_READY"]),
  reasons: z.array(Reason),
  answers: z.array(Answer),
  judge: z.string(),
});
export type ReadinessReport = z.infer<typeof ReadinessReport>;

export interface ReadinessInput {
  readonly profile: ReadinessProfile;
  readonly criteria: readonly PlannedCriterion[];
  readonly answers: readonly Answer[];
  readonly at: Instant;
  readonly validMs: number;
  /** Conditions that a person took upon themselves. */
  readonly acknowledged: readonly Acknowledgement[];
  /** The incident that this release ends; waives what {@link WAIVED_BY_FIX} lists and no more. */
  readonly fixes: string | undefined;
}

/** Whether this version may go. Pure: the same answers at the same moment give the same report. */
export function judgeReadiness(input: ReadinessInput): ReadinessReport {
  const { profile, answers, at, validMs, fixes } = input;
  const results = CRITERION_IDS.map((id) => settle(plannedOf(id, input), answers, at));
  const judged = results.filter((result) => !isWaived(result, fixes));
  const environment = environmentOf(judged);
  const rollback = rollbackOf(judged);
  const pending = judged.filter((result) => result.pending !== undefined).map(({ criterion }) => criterion);
  const gaps = judged.filter((result) => isGap(result)).map(gapOf);
  const conditions = results.flatMap((result) => conditionsOf(result, input));
  const row = rowOf({ judged, environment, rollback, pending: pending.length, conditions: conditions.length });
  const isNoGo = row === "A1" || row === "A2" || row === "A3" || row === "A4" || row === "A5";
  const decision: ReadinessDecision = isNoGo ? "NO_GO" : conditions.length > 0 ? "CONDITIONAL_GO" : "GO";
  return {
    decision,
    row,
    reach: isNoGo ? "none" : pending.length > 0 ? "staging" : "production",
    profile,
    at,
    validUntil: instantOf(epochMs(at) + validMs),
    results,
    gaps,
    conditions: isNoGo ? [] : conditions,
    pending,
    environment,
    artifact: artifactOf(judged),
    rollback,
    reasons: isNoGo ? gaps.map(reasonOf) : conditions.map(reasonOf),
    answers: [...answers],
    judge: JUDGE,
  };
}

/** A criterion that the plan leaves out is asked all the same; the plan can ask for more than its profile, not for less. */
function plannedOf(id: CriterionId, { criteria, profile }: ReadinessInput): PlannedCriterion {
  const planned = criteria.find((candidate) => candidate.id === id);
  return {
    id,
    mandatory: isMandatory(id, profile) || (planned?.mandatory ?? false),
    answeredBy: planned?.answeredBy ?? [],
  };
}

/** Conditions that nobody has taken upon themselves; with one of them nothing goes on. */
export function openConditions(report: ReadinessReport): Condition[] {
  return report.conditions.filter(({ acknowledgedBy }) => acknowledgedBy === null);
}

function isWaived({ criterion, status }: CriterionResult, fixes: string | undefined): boolean {
  return fixes !== undefined && WAIVED_BY_FIX.has(criterion) && (status === "fail" || status === "unknown");
}

const isOpen = ({ status, pending }: CriterionResult) => status === "fail" || (status === "unknown" && !pending);

/** A failing environment or way back stops also where the profile asks for neither. */
function isGap(result: CriterionResult): boolean {
  if (!isOpen(result)) return false;
  const { gate } = CRITERIA[result.criterion];
  return result.mandatory || (result.status === "fail" && (gate === "environment" || gate === "rollback"));
}

/** Table A: the first row that fits. */
function rowOf(o: {
  judged: readonly CriterionResult[];
  environment: EnvironmentHealth;
  rollback: "READY" | "NOT_READY";
  pending: number;
  conditions: number;
}): ReadinessRow {
  const mandatory = o.judged.filter((result) => result.mandatory);
  if (mandatory.some((result) => (result.criterion === "PLAN" || result.criterion === "LOCK") && isOpen(result)))
    return "A1";
  if (mandatory.some(({ status }) => status === "fail")) return "A2";
  if (mandatory.some(isOpen)) return "A3";
  if (o.environment !== "HEALTHY") return "A4";
  if (o.rollback === "NOT_READY") return "A5";
  if (o.pending > 0) return "A6";
  return o.conditions > 0 ? "A7" : "A8";
}

function environmentOf(results: readonly CriterionResult[]): EnvironmentHealth {
  const own = results.filter(({ criterion }) => CRITERIA[criterion].gate === "environment");
  if (own.some(({ mandatory, status }) => mandatory && status === "fail")) return "UNHEALTHY";
  if (own.some((result) => result.mandatory && isOpen(result))) return "UNKNOWN";
  return own.some(({ status }) => status === "fail") ? "DEGRADED" : "HEALTHY";
}

function rollbackOf(results: readonly CriterionResult[]): "READY" | "NOT_READY" {
  const own = results.filter(({ criterion }) => CRITERIA[criterion].gate === "rollback");
  return own.some((result) => isGap(result)) ? "NOT_READY" : "READY";
}

function artifactOf(results: readonly CriterionResult[]): ReadinessReport["artifact"] {
  const own = results.filter(({ criterion }) => CRITERIA[criterion].gate === "artifact");
  if (own.some(({ status }) => status === "fail")) return "INVALID";
  return own.length > 0 && own.every(({ status }) => status === "pass") ? "READY" : "UNKNOWN";
}

function gapOf({ criterion, status, text }: CriterionResult): Gap {
  return { criterion, status, text, todo: CRITERIA[criterion].todo };
}

function conditionsOf(result: CriterionResult, input: ReadinessInput): Condition[] {
  const { criterion, status, text } = result;
  const { todo } = CRITERIA[criterion];
  const person = acknowledgedBy(result, input.answers, input.acknowledged);
  if (isWaived(result, input.fixes)) {
    return [{ criterion, text: `waived, this release fixes ${input.fixes}: ${text}`, todo, acknowledgedBy: "plan" }];
  }
  if (isOpen(result)) {
    if (isGap(result)) return [];
    // What the plan says that nobody answers was read by whoever approved it.
    const expected = status === "unknown" && isUnanswered(criterion, input);
    return [{ criterion, text, todo, acknowledgedBy: expected ? "plan" : person }];
  }
  return result.accepted.map((acceptance) => ({ criterion, text: acceptance, todo, acknowledgedBy: "plan" }));
}

function isUnanswered(criterion: CriterionId, { criteria, answers }: ReadinessInput): boolean {
  const planned = criteria.find(({ id }) => id === criterion);
  return (planned?.answeredBy ?? []).length === 0 && !answers.some((answer) => answer.criterion === criterion);
}

function reasonOf({ criterion, text }: { criterion: CriterionId; text: string }): Reason {
  return { code: `readiness-${criterion.toLowerCase()}`, text: `${criterion}, ${CRITERIA[criterion].title}: ${text}` };
}
