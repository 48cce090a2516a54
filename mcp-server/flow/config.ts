import { z } from "zod";
import { MetricsConfig, SmokeConfig, StagingConfig, TestsConfig } from "../evidence/config.ts";
import { JourneysConfig, ProbesConfig } from "../evidence/journeys/config.ts";
import { ReadinessConfig } from "../evidence/readiness/config.ts";
import { Migration, TimeRule } from "../judge/index.ts";
import { TargetConfig } from "../target/config.ts";
import { Duration, durationMs } from "../vocab/index.ts";
import {
  Communication,
  ConfigChange,
  DeclaredRisk,
  EscalationConfig,
  RollbackConfig,
  SupportHandover,
} from "./declared.ts";
import { GuardConfig } from "./guard-config.ts";
import { NotifyConfig } from "./notify/config.ts";
import { RoleHolder } from "./roles.ts";
import { Strategy } from "./strategy/name.ts";

/** Ways in which a person's approval can reach the run; docs/approvals.md says what each withstands. */
export const ApprovalWay = z.enum(["terminal", "flag", "ssh-signature", "host-prompt", "elicitation", "none"]);
export type ApprovalWay = z.infer<typeof ApprovalWay>;

const CanaryConfig = z.strictObject({
  /** Percent of production traffic per stage: rising, ending at 100. */
  stages: z.array(z.number().gt(0).lte(100)).min(1).default([5, 25, 50, 100]),
  /** Time served before a stage may advance. */
  stageDuration: Duration.default("10m"),
  /** Requests that the new version must have answered before a stage may advance. */
  minRequests: z.number().int().min(0).default(100),
});

const BlueGreenConfig = z.strictObject({
  /** Keep the old version running without traffic after success, for an instant way back. */
  retainOld: z.boolean().default(true),
});

const RollingConfig = z.strictObject({
  batch: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      "Instances replaced per batch: a tenth of them unless set, never more than a quarter. The first batch is one.",
    ),
  pause: Duration.default("5m").describe(
    "Time a batch is watched before the next; granted once more when the evidence is too thin.",
  ),
  minRequests: z
    .number()
    .int()
    .min(0)
    .default(100)
    .describe("Requests that the new version must have answered before the next batch, and in the observation."),
  window: Duration.default("3h").describe("A plan whose batches and observation take longer than this is refused."),
});

/** Absolute service level targets. */
const SloConfig = z.strictObject({
  /** Failed requests, percent. */
  errorRatePct: z.number().gt(0).lt(100).default(0.1),
  /** 99th percentile of the response time, milliseconds. */
  latencyP99Ms: z.number().gt(0).default(500),
});

/** Worsening against the old version that rolls back whatever the regression flag says. */
const TriggersConfig = z.strictObject({
  /** Percentage points of error rate. */
  errorRatePp: z.number().gt(0).default(2),
  /** Percent of the 99th percentile. */
  latencyP99Pct: z.number().gt(0).default(20),
  /** Percent of the requests answered per second of traffic share. */
  throughputPct: z.number().gt(0).lt(100).default(30),
});

const JudgeConfig = z.strictObject({
  /** Chance per release of rolling back one that is not worse. */
  alpha: z.number().gt(0).lt(0.5).default(0.01),
  /** Chance per metric of calling one proven that is worse by the trigger size. */
  beta: z.number().gt(0).lt(0.5).default(0.05),
  /** Polls at the start of each exposure in which latency counts for neither arm; errors count from the first. */
  warmupPolls: z.number().int().min(0).default(6),
});

const ApprovalsConfig = z.strictObject({
  /** Ways that count; a person's word in any other way is refused. */
  accept: z.array(ApprovalWay).min(1).default(["terminal"]),
  /** Allowed signers file (as ssh-keygen reads it) for the way `ssh-signature`; relative to the project. */
  signers: z.string().min(1).optional(),
  /** Who may sign as what. An approval carries a role only when this names its person. */
  roles: z.array(RoleHolder).max(20).default([]),
});

const WaitsConfig = z.strictObject({
  /** A person has this long to approve the plan. */
  approval: Duration.default("60m"),
  /** An approval that is older than this when production would first be changed does not count. */
  approvalValid: Duration.default("72h"),
  /** A person has this long to answer a question during the rollout. */
  decision: Duration.default("60m"),
  /** The same when nobody watches the run. */
  decisionUnattended: Duration.default("10m"),
  /** A person who investigates has this long before a decision is due. */
  investigate: Duration.default("60m"),
  /** An unanswered question of a held rollout is told again this often. */
  remind: Duration.default("5m"),
  advice: Duration.default("3m").describe(
    "Agents that a deployment was started by have this long to hand in what they found: before readiness is decided, and before the reports are written.",
  ),
  /** Watched time for which an accepted regression counts; then it is asked about again. */
  acceptance: Duration.default("24h"),
  /** An environment that is degraded this long without a break goes back. */
  degraded: Duration.default("10m"),
  /** A share of the traffic that is wrong this long without a break goes back. */
  share: Duration.default("10m"),
  /** A metrics source silent for this long goes back when the smoke checks fail as well. */
  probes: Duration.default("5m"),
  /** All time of one watch in which nothing could be seen or it was held; beyond that a person is asked. */
  unseen: Duration.default("30m"),
  /** Measured time after a rollback before it is called verified. */
  rollbackVerify: Duration.default("10m"),
  poll: Duration.refine((text) => durationMs(text) >= 100, "expected at least 100ms")
    .default("10s")
    .describe("Without a metrics section the environment is looked at, and every decision taken, this often."),
  rollbackTraffic: Duration.refine((text) => durationMs(text) >= 1_000, "expected at least 1s")
    .optional()
    .describe(
      "Traffic must be back on the old version within this time: 1m for blue-green, 2m for canary, 15m for rolling unless set.",
    ),
});

const ReportsConfig = z.strictObject({
  /** A row of the monitoring reports covers this much time. */
  every: Duration.refine((text) => durationMs(text) >= 1_000, "expected at least 1s").default("5m"),
});

/** deploy.yaml: each room owns the schema of its section, this composes them. */
export const DeployConfig = z.strictObject({
  /** Name of the service, as people call it. */
  service: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "expected lower-case letters, digits and dashes"),
  target: TargetConfig,
  /** Instances that carry full production traffic. */
  instances: z.number().int().min(1).max(1000).default(2),
  /** Absent: the recommended one is taken. */
  strategy: Strategy.optional(),
  canary: CanaryConfig.prefault({}),
  blueGreen: BlueGreenConfig.prefault({}),
  rolling: RollingConfig.prefault({}),
  /** Time served at 100 % before the production gate. */
  observe: Duration.default("30m"),
  /** Percent of lost tests, or worsening of a metric in its own unit, that is accepted. */
  regressionThreshold: z.number().min(0).max(100).default(0),
  rollbackOnRegression: z.boolean().default(true),
  slo: SloConfig.prefault({}),
  triggers: TriggersConfig.prefault({}),
  judge: JudgeConfig.prefault({}),
  tests: TestsConfig.optional(),
  smoke: SmokeConfig.optional(),
  journeys: JourneysConfig.optional(),
  probes: ProbesConfig.prefault({}),
  metrics: MetricsConfig.optional(),
  staging: StagingConfig.optional(),
  readiness: ReadinessConfig.prefault({}),
  approvals: ApprovalsConfig.prefault({}),
  /** Who is told while it happens; a receiver that fails never delays anything. */
  notify: NotifyConfig,
  guard: GuardConfig.prefault({}),
  /** What people see coming, do about it, and whom they call: shown to whoever approves, and decides nothing. */
  risks: z.array(DeclaredRisk).max(50).default([]),
  rollback: RollbackConfig.prefault({}),
  escalation: EscalationConfig.prefault({}),
  communication: z.array(Communication).max(50).default([]),
  configChanges: z.array(ConfigChange).max(200).default([]),
  supportHandover: SupportHandover.optional(),
  waits: WaitsConfig.prefault({}),
  reports: ReportsConfig.prefault({}),
  /** Changes of schema and data that the release brings, in their order. */
  migrations: z.array(Migration).default([]),
  /** Times in which no deployment may begin to change production. Going back is always allowed. */
  freeze: z.array(TimeRule).default([]),
  /** Where there are any: the times in which alone a deployment may begin to change production. */
  deploymentWindows: z.array(TimeRule).default([]),
  /** What a runner that finds a run without owner does: go on, or roll back when users are exposed. */
  onOrphan: z.enum(["continue", "rollback"]).default("continue"),
});
export type DeployConfig = z.infer<typeof DeployConfig>;
