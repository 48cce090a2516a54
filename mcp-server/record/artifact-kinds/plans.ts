import { z } from "zod";
import { Advice, Check, Fact, list, SignOff, Text } from "./parts.ts";

/** What will be done, frozen before anything is. */
export const DeploymentPlanView = z.object({
  service: z.string(),
  environment: z.string(),
  version: z.string(),
  digest: z.string(),
  previousVersion: Text,
  previousDigest: Text,
  strategy: z.string(),
  rationale: z.string(),
  rejected: list(z.object({ strategy: z.string(), reason: z.string() })),
  risk: z.string(),
  regressionThresholdPct: z.number().min(0).max(100),
  rollbackOnRegression: z.boolean(),
  planHash: z.string(),
  /** Where each parameter came from. */
  parameters: list(z.object({ name: z.string(), value: z.string(), source: z.string() })),
  stages: list(z.object({ name: z.string(), weightPct: z.number(), observe: z.string(), minimum: Text })),
  slo: list(z.object({ metric: z.string(), target: z.string(), window: z.string(), action: z.string() })),
  /** What each gate judges, and what it does not. */
  dimensions: list(z.object({ gate: z.string(), dimension: z.string(), judged: z.string() })),
  capacity: list(Fact),
  migrations: list(z.object({ id: z.string(), kind: z.string(), reversible: z.string(), backup: Text })),
  steps: list(z.object({ action: z.string(), actor: z.string(), timeout: z.string(), verify: z.string(), undo: Text })),
  risks: list(z.object({ risk: z.string(), mitigation: z.string() })),
  /** What nobody knows yet; approving the plan acknowledges it. */
  unknowns: list(z.string()),
  communication: list(Fact),
  signOffs: list(SignOff),
  advice: list(Advice),
});

/** How to get back. */
export const RollbackPlanView = z.object({
  service: z.string(),
  fromVersion: z.string(),
  toVersion: Text,
  toDigest: Text,
  action: z.string(),
  /** Time within which all traffic shall be back. */
  target: z.string(),
  triggers: list(z.object({ condition: z.string(), limit: z.string(), window: z.string(), action: z.string() })),
  decidedAutomatically: z.string(),
  decidedByPeople: z.string(),
  steps: list(z.object({ action: z.string(), timeout: z.string(), verify: z.string() })),
  lastTest: list(Fact),
  data: list(Fact),
  sideEffects: list(z.object({ what: z.string(), treatment: z.string() })),
  verification: list(Check),
  escalation: list(z.string()),
  advice: list(Advice),
});
