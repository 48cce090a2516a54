import { z } from "zod";
import { Actor, EvidenceRef, Instant } from "../../vocab/index.ts";
import { CriterionId } from "./criteria.ts";

/** `unknown` is what is missing, stale, malformed, future-dated or could not be asked; it is never a pass. */
export const AnswerStatus = z.enum(["pass", "fail", "unknown", "not-applicable"]);
export type AnswerStatus = z.infer<typeof AnswerStatus>;

/** What one check says of one criterion. */
export const Answer = z.object({
  criterion: CriterionId,
  /** Id of the check. */
  check: z.string(),
  status: AnswerStatus,
  /** One sentence with what was found; redacted. */
  text: z.string(),
  by: Actor,
  at: Instant,
  /** From then on the answer is unknown. */
  validUntil: Instant.optional(),
  /** Answered later in the run: by the staging gate, or by the person who approves the plan. Goes with `unknown`. */
  pending: z.enum(["staging", "approval"]).optional(),
  /** Named acceptances without which it would not have passed. The approved plan lists them. */
  accepted: z.array(z.string()).default([]),
  evidence: z.array(EvidenceRef).default([]),
});
export type Answer = z.infer<typeof Answer>;

/** A criterion as the plan of a run has it. */
export const PlannedCriterion = z.object({
  id: CriterionId,
  mandatory: z.boolean(),
  /** Ids of the checks, and who makes them; empty: nobody answers, which the plan says before it is approved. */
  answeredBy: z.array(z.string()),
});
export type PlannedCriterion = z.infer<typeof PlannedCriterion>;
