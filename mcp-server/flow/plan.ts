import { z } from "zod";
import { MetricsConfig, SmokeConfig, StagingConfig, TestsConfig } from "../evidence/config.ts";
import { JourneysConfig } from "../evidence/journeys/config.ts";
import { ReadinessCheck } from "../evidence/readiness/config.ts";
import {
  FreezeRules,
  MetricRule,
  Migration,
  PlannedCriterion,
  ReadinessProfile,
  RehearsalRecord,
} from "../judge/index.ts";
import { TargetConfig } from "../target/config.ts";
import { Digest, type Ms, Sha256, sha256Json, Version } from "../vocab/index.ts";
import { ApprovalWay } from "./config.ts";
import { Declared } from "./declared.ts";
import { Receiver } from "./notify/config.ts";
import { Understood } from "./parameters.ts";
import { RoleHolder } from "./roles.ts";
import { StrategyChoice } from "./strategy/choice.ts";
import { Strategy } from "./strategy/name.ts";

/** One exposure of the new version. The last stage is always 100 % and is the observation. */
export const Stage = z.object({
  weightPct: z.number().gt(0).lte(100),
  /** Time to serve before advancing, milliseconds. */
  durationMs: z.number().min(0),
  /** Granted once when the evidence is too thin, milliseconds. */
  extensionMs: z.number().min(0),
  /** Requests that the new version must have answered in it. */
  minRequests: z.number().int().min(0),
});
export type Stage = z.infer<typeof Stage>;

/** Evidence that is too thin is waited for once more, for as long again; never for no time at all. */
export function extensionOf(plannedMs: Ms): Ms {
  return Math.max(plannedMs, 1_000);
}

/** How instances are replaced in place; only in a rolling plan over an old version. */
export const RollingPlan = z.object({
  /** Instances per batch; the first batch is the smallest that can be given traffic. */
  batch: z.number().int().min(1),
  /** Traffic follows the instances, as on a target that counts replicas: none can be held ready without it. */
  byReplica: z.boolean(),
  /** Instances of the old version that may take all traffic in a rollback when not all of them start again. */
  enough: z.number().int().min(1),
});
export type RollingPlan = z.infer<typeof RollingPlan>;

/** A report file that somebody hands in; only these bytes may decide a gate of this run. */
export const PresentedFile = z.object({ path: z.string(), sha256: Sha256 });
export type PresentedFile = z.infer<typeof PresentedFile>;

/** A migration, with the digest of what is done instead of undoing it: the plan approves those very words. */
export const PlannedMigration = Migration.extend({ forwardFix: PresentedFile.optional() });
export type PlannedMigration = z.infer<typeof PlannedMigration>;

/**
 * What will be done, frozen at the start. It holds no run id, time or approval, so its hash is the same whenever
 * the same thing is planned, and that hash is what a person approves.
 */
export const Plan = z.object({
  schema: z.literal(1),
  service: z.string(),
  version: Version,
  digest: Digest,
  /** What runs in production now; null for a first deployment. */
  previous: z.object({ version: Version, digest: Digest }).nullable(),
  target: TargetConfig,
  /** Real users are behind the target. */
  production: z.boolean(),
  instances: z.number().int(),
  strategy: Strategy,
  /** How the strategies were weighed, and who named the one that is used. */
  strategyChoice: StrategyChoice,
  retainOld: z.boolean(),
  rolling: RollingPlan.optional(),
  risk: z.enum(["low", "medium", "high"]),
  depth: z.enum(["minimal", "standard", "thorough"]),
  stages: z.array(Stage).min(1),
  regressionThreshold: z.number(),
  rollbackOnRegression: z.boolean(),
  metrics: z
    .object({
      config: MetricsConfig,
      rules: z.array(MetricRule),
      alpha: z.number(),
      beta: z.number(),
      warmupPolls: z.number().int(),
      pollMs: z.number(),
    })
    .nullable(),
  /** A row of the monitoring reports covers this much time, milliseconds. */
  reportEveryMs: z.number().gt(0),
  /** Used as the rhythm of the watch when there are no metrics. */
  pollMs: z.number(),
  tests: z
    .object({
      config: TestsConfig,
      /** Where the baseline's results come from: a stored label or the files of deploy.yaml. */
      baseline: z.discriminatedUnion("from", [
        z.object({
          from: z.literal("label"),
          label: z.string(),
          version: Version,
          sha256: Sha256,
          /** Digest of the record of failing runs, where there is one. */
          flakiness: Sha256.optional(),
        }),
        z.object({ from: z.literal("files"), version: Version, files: z.array(PresentedFile) }),
        z.object({ from: z.literal("none"), reason: z.string() }),
      ]),
      /** Digests of candidate reports that are handed in; empty when the suite is executed. */
      candidate: z.array(PresentedFile),
    })
    .nullable(),
  smoke: SmokeConfig.nullable(),
  /** User journeys, walked as checks. */
  journeys: JourneysConfig.nullable(),
  /** Journeys sent again and again as traffic of our own; null where none may be. */
  probes: z
    .object({
      /** Journeys per second to each of the two versions. */
      ratePerSecond: z.number(),
      /** How long the version before is probed where probes are the only source. */
      recordForMs: z.number(),
      /** The journeys that leave nothing behind. */
      journeys: z.array(z.string()),
      /** They make the load of the staging watch. */
      stagingLoad: z.boolean(),
    })
    .nullable(),
  staging: z.object({ config: StagingConfig, observeMs: z.number() }).nullable(),
  waits: z.object({
    approvalMs: z.number(),
    approvalValidMs: z.number(),
    decisionMs: z.number(),
    decisionUnattendedMs: z.number(),
    investigateMs: z.number(),
    remindMs: z.number(),
    acceptanceMs: z.number(),
    degradedMs: z.number(),
    shareMs: z.number(),
    probesMs: z.number(),
    unseenMs: z.number(),
    rollbackVerifyMs: z.number(),
    rollbackTrafficMs: z.number(),
  }),
  /** Whether going back is tried in staging, and if not, why not and what earlier runs showed of it. */
  rehearsal: z.object({
    planned: z.boolean(),
    reason: z.string(),
    /** Names the state of the schema after the migrations of this plan. */
    schemaGeneration: z.string(),
    earlier: z.array(RehearsalRecord),
  }),
  /** Run in this order, in staging and then in production, before anybody meets the new version. */
  migrations: z.array(PlannedMigration),
  /** What has to be known before production is touched, and who answers. */
  readiness: z.object({
    profile: ReadinessProfile,
    criteria: z.array(PlannedCriterion),
    checks: z.array(ReadinessCheck),
    /** After this everything is asked again before the first change of production, milliseconds. */
    validMs: z.number(),
    /** A person has this long to attest or to acknowledge conditions, milliseconds. */
    answerMs: z.number(),
  }),
  /** When the run may begin to change production; `override`: why a person lets it begin in a freeze all the same. */
  freeze: FreezeRules.extend({ override: z.string().nullable() }),
  /** Ways in which the approval of this plan may come. */
  approvals: z.array(ApprovalWay),
  /** Text of the allowed signers file, frozen: who may sign is part of what is approved. */
  signers: z.string().optional(),
  /** Who may sign as what; absent where nobody may. */
  roles: z.array(RoleHolder).optional(),
  /** What people said of risks, side effects and whom to call; decides nothing. */
  declared: Declared.optional(),
  /** Receivers of messages; they decide nothing, but who approves the plan sees who is told. */
  notify: z.array(Receiver).optional(),
  onOrphan: z.enum(["continue", "rollback"]),
  /** Dimensions that will not be judged, with the reason. Approving the plan accepts them. */
  notApplicable: z.record(z.string(), z.string()),
  /** Every parameter as it was understood: from which source, from which words. */
  understood: z.array(Understood),
  /** The incident that this release ends, with a person's reason; readiness then waives "no incident" and "inside SLO". */
  fixes: z.object({ incident: z.string(), reason: z.string() }).nullable(),
  /** What is not known before the start. Approving the plan acknowledges it. */
  expectedUnknowns: z.array(z.string()),
  /** Digest of the deploy.yaml that the plan was made from. */
  configSha256: Sha256,
});
export type Plan = z.infer<typeof Plan>;

/** The hash that a person approves. */
export function planHash(plan: Plan): Sha256 {
  return sha256Json(plan);
}

/** Sum of the planned times, milliseconds: what the run takes when nothing is extended or asked. */
export function plannedMs(plan: Plan): number {
  const staging = plan.staging ? plan.staging.observeMs : 0;
  return staging + plan.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
}
