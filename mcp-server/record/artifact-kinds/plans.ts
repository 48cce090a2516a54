import { z } from "zod";
import { Advice, Check, Contact, Fact, list, Moment, SideEffect, SignOff, Tell, Text } from "./parts.ts";

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
  /** Names of settings that change with the release, never values. */
  configChanges: list(z.object({ name: z.string(), flagDefault: z.string() })),
  steps: list(z.object({ action: z.string(), actor: z.string(), timeout: z.string(), verify: z.string(), undo: Text })),
  /** Declared by people, or computed from the plan. */
  risks: list(
    z.object({
      risk: z.string(),
      likelihood: Text.default(null),
      impact: Text.default(null),
      mitigation: z.string(),
      owner: Text.default(null),
      source: z.string().default("declared"),
    }),
  ),
  /** What nobody knows yet; approving the plan acknowledges it. */
  unknowns: list(z.string()),
  communication: list(Fact),
  /** Whom people tell, and when. */
  tell: list(Tell),
  /** Who answers users' questions, as declared. */
  supportHandover: list(Fact),
  signOffs: list(SignOff),
  /** Until when the approval counts, where there is one: production has to be changed first by then. */
  approvedUntil: Moment.default(null),
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
  /** As declared; empty where nobody said anything of them. */
  sideEffects: list(SideEffect),
  verification: list(Check),
  escalation: list(z.string()),
  contacts: list(Contact),
  /** Where people meet; null where nobody said. */
  channel: Text.default(null),
  /** Whom people tell of a rollback. */
  tell: list(Tell),
  advice: list(Advice),
});
