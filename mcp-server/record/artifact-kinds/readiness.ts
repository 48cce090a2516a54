import { z } from "zod";
import { Instant } from "../../vocab/index.ts";
import { Advice, Check, list, SpanMs, Text } from "./parts.ts";

/** One criterion with what was found and who answered. */
const CriterionRow = z.object({
  id: z.string(),
  gate: z.string(),
  criterion: z.string(),
  needed: z.enum(["mandatory", "advisory"]),
  status: z.string(),
  detail: z.string(),
  by: z.string(),
});

/** What is in the way, and what to do about it. */
const GapRow = z.object({ criterion: z.string(), found: z.string(), todo: z.string() });

const Head = {
  service: z.string(),
  version: z.string(),
  decision: z.enum(["GO", "CONDITIONAL-GO", "NO-GO"]),
  profile: z.string(),
  judgedAt: Instant,
};
const EnvironmentStatus = z.enum(["HEALTHY", "DEGRADED", "UNHEALTHY", "UNKNOWN"]);
const ArtifactStatus = z.enum(["READY", "INVALID", "UNKNOWN"]);
const RollbackStatus = z.enum(["READY", "NOT_READY"]);
const GatesStatus = z.enum(["PASS", "FAIL"]);

/** Whether the quality gates before a deployment are met. */
export const GateValidationView = z.object({
  ...Head,
  status: GatesStatus,
  gates: list(Check),
  criteria: list(CriterionRow),
  gaps: list(GapRow),
  advice: list(Advice),
});

/** Whether production and the artifact are as they have to be before a deployment. */
export const EnvironmentHealthView = z.object({
  ...Head,
  status: EnvironmentStatus,
  artifact: ArtifactStatus,
  digest: z.string(),
  criteria: list(CriterionRow),
  gaps: list(GapRow),
  unknowns: list(z.string()),
  advice: list(Advice),
});

/** Whether the way back is ready before a deployment. */
export const RollbackValidationView = z.object({
  ...Head,
  status: RollbackStatus,
  strategy: z.string(),
  toVersion: Text,
  /** Time within which all traffic shall be back. */
  withinMs: SpanMs,
  automation: z.string(),
  communication: Text,
  criteria: list(CriterionRow),
  gaps: list(GapRow),
  advice: list(Advice),
});

/** The decision whether to deploy, with everything that it rests on. */
export const DeploymentReadinessView = z.object({
  ...Head,
  validUntil: Instant,
  /** Row of the decision table. */
  row: z.string(),
  gates: GatesStatus,
  environment: EnvironmentStatus,
  artifact: ArtifactStatus,
  rollback: RollbackStatus,
  wayBack: z.string(),
  checklist: list(CriterionRow),
  rationale: z.string(),
  /** The run ended here. */
  stopped: z.boolean(),
  gaps: list(GapRow),
  conditions: list(z.object({ criterion: z.string(), text: z.string(), todo: z.string(), acknowledgedBy: Text })),
  /** Every look, the last one being what this document shows. */
  looks: list(z.object({ name: z.string(), at: Instant, decision: z.string(), detail: z.string() })),
  advice: list(Advice),
});
