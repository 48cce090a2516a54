import { z } from "zod";
import { MetricCursor } from "../evidence/metrics/index.ts";
import {
  AnswerStatus,
  CriterionId,
  GateVerdict,
  InfraReading,
  JourneysRun,
  MetricsSnapshot,
  OthersReading,
  ReadinessReport,
  RollbackVerdict,
  SmokeRun,
} from "../judge/index.ts";
import {
  Env,
  EvidenceRef,
  IncidentId,
  Increment,
  Pool,
  Reason,
  RunId,
  RunOutcome,
  Sha256,
  StepKey,
  Verdict,
  Version,
} from "../vocab/index.ts";
import { Commit, EarlierRun } from "./background-facts.ts";

import { ApprovalWay } from "./config.ts";
import { NotifyOn } from "./notify/config.ts";
import { Role } from "./roles.ts";

/** The steps of a run in their order. */
export const StepName = z.enum([
  "strategy",
  "readiness",
  "approval",
  "staging",
  "baseline",
  "migrations",
  "execute",
  "observe",
  "rollback",
  "report",
  "archive",
]);
export type StepName = z.infer<typeof StepName>;

/** Why production goes back to the old version. */
export const Trigger = z.object({
  kind: z.enum(["slo", "regression", "smoke", "infra", "data", "manual", "target", "orphan"]),
  reasons: z.array(Reason),
});
export type Trigger = z.infer<typeof Trigger>;

/** Why a run stops before anybody was exposed. */
export const Stop = z.object({ outcome: z.enum(["BLOCKED", "ABORTED"]), reasons: z.array(Reason) });
export type Stop = z.infer<typeof Stop>;

/** What an effect is going to do; written before it is done. */
export const Intent = z.object({
  /** One sentence for people. */
  text: z.string(),
  env: Env.optional(),
  pools: z.array(Pool).optional(),
  /** After this the new version may have production traffic, or production is changed for good. */
  exposes: z.boolean().optional(),
});
export type Intent = z.infer<typeof Intent>;

const Counted = z.object({ restarts: z.number(), oomKills: z.number(), crashes: z.number() });

/** What one observation of the target said; the parts of LiveState that decide and that reports show. */
export const LiveSummary = z.object({
  pools: z.array(Pool),
  measuredSharePct: z.record(z.string(), z.number()),
  measuredRequests: z.number(),
  infra: InfraReading,
  /** Every running instance is one of the two versions of the plan, by digest. */
  versionsKnown: z.boolean(),
  /** Restarts that this observation found after a time in which nobody watched. */
  unseenRestarts: z.number().optional(),
  /** What instances that had run before the watch had counted when it began; `infra` counts from there. */
  since: Counted.optional(),
  /** The instances of the other version, and what those that had counted anything had counted when the watch began. */
  others: OthersReading.extend({ since: z.record(z.string(), Counted) }).optional(),
});
export type LiveSummary = z.infer<typeof LiveSummary>;

/** What a watch is for. The measurements of one track are one statistical process, across stages and restarts. */
export const Track = z.enum(["staging", "production", "post-rollback"]);
export type Track = z.infer<typeof Track>;

/** One watch: who is watched, for how long, under which exposure. */
export const WatchPlan = z.object({
  track: Track,
  text: z.string(),
  /** Percent of traffic on the version under watch. */
  weightPct: z.number(),
  plannedMs: z.number(),
  extensionMs: z.number(),
  minRequests: z.number(),
  /** No concurrent baseline: compare with the recorded one. */
  frozen: z.boolean(),
  /** The last watch before the production gate. */
  final: z.boolean(),
});
export type WatchPlan = z.infer<typeof WatchPlan>;

/** How one watch ended. */
export const WatchEnd = z.discriminatedUnion("end", [
  z.object({ end: z.literal("served"), proven: z.boolean(), reasons: z.array(Reason) }),
  z.object({ end: z.literal("trigger"), trigger: Trigger }),
]);
export type WatchEnd = z.infer<typeof WatchEnd>;

export const Question = z.object({
  about: z.enum(["approval", "regression", "inconclusive", "data", "conditions", "attestation"]),
  text: z.string(),
  options: z.array(z.string()),
  deadlineMs: z.number(),
  /** At the start of the deadline a person investigates: nobody is reminded yet. */
  quietMs: z.number().optional(),
  /** Asked in the middle of a watch: unless people go back, it serves the rest of its time. */
  early: z.literal(true).optional(),
  /** What happens when nobody answers in time. */
  onExpiry: z.enum(["abort", "rollback", "advance-unproven", "block", "unknown"]),
});
export type Question = z.infer<typeof Question>;

/** An SSH signature over the decision; its owner is checked before the request is taken, and again by `verify`. */
const Armoured = z.string().max(8_192).optional();

/** A request of a person or client, taken over the socket or from the inbox. */
export const Request = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("abort"), reason: z.string() }),
  z.object({ kind: z.literal("rollback"), reason: z.string() }),
  z.object({
    kind: z.literal("approve"),
    decision: z.enum(["approve", "reject"]),
    planHash: Sha256,
    way: ApprovalWay,
    person: z.string(),
    /** As whom the person signs; counts only where the plan names them so. */
    role: Role.optional(),
    reason: z.string().optional(),
    signature: Armoured,
  }),
  z.object({
    kind: z.literal("answer"),
    answer: z.enum(["rollback", "accept", "investigate", "continue", "attest", "reject"]),
    /** Key of the question that the person was shown: the answer counts for no other. */
    question: z.string().optional(),
    way: ApprovalWay,
    person: z.string(),
    reason: z.string(),
    signature: Armoured,
  }),
  z.object({
    kind: z.literal("advice"),
    step: StepName,
    role: z.string(),
    text: z.string(),
    /** What it says of a readiness criterion: it may lower a result, never raise a mandatory one. */
    finding: z.object({ criterion: CriterionId, status: AnswerStatus }).optional(),
  }),
  /** The incident that the run belongs to, as people have declared it; decides nothing. */
  z.object({ kind: z.literal("incident"), incident: IncidentId, way: z.literal("terminal"), person: z.string() }),
  z.object({ kind: z.literal("resume") }),
]);
export type Request = z.infer<typeof Request>;

/** Everything that can stand in the journal of a run. All state of a run is a fold over these. */
export const FlowEvent = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("run-opened"),
    runId: RunId,
    version: Version,
    planHash: Sha256,
    /** Nobody watches: questions wait only for the unattended deadline. */
    unattended: z.boolean(),
    /** How long agents are waited for at a step; absent or 0 where none take part. */
    adviceMs: z.number().min(0).optional(),
    /** Where deploy.yaml was read, to notice a later change of it. */
    configFile: z.string().optional(),
  }),
  z.object({
    event: z.literal("ownership"),
    reason: z.enum(["start", "resume"]),
    pid: z.number(),
    host: z.string(),
    /** What a resuming runner found, for people. */
    found: z.string().optional(),
  }),
  z.object({ event: z.literal("step"), step: StepName, state: z.enum(["started", "finished"]) }),
  z.object({ event: z.literal("intent"), key: StepKey, intent: Intent }),
  z.object({ event: z.literal("result"), key: StepKey, value: z.json(), reconciled: z.boolean().optional() }),
  z.object({ event: z.literal("attempt-failed"), key: StepKey, message: z.string(), retryable: z.boolean() }),
  z.object({ event: z.literal("evidence"), key: StepKey, ref: EvidenceRef, file: z.string() }),
  z.object({ event: z.literal("baseline"), snapshot: MetricsSnapshot.nullable(), reason: z.string().optional() }),
  z.object({ event: z.literal("watch-started"), key: StepKey, watch: WatchPlan }),
  z.object({
    event: z.literal("poll"),
    key: StepKey,
    /** Observed time since the poll before it in the same process, by the monotonic clock. */
    elapsedMs: z.number(),
    increments: z.array(Increment),
    cursor: MetricCursor.nullable(),
    live: LiveSummary.nullable(),
    problem: z.string().optional(),
    probesFail: z.boolean().optional(),
    /** Requests of probe traffic that were answered since the poll before: among what was measured, and no user's. */
    probes: z.object({ baseline: z.number().int(), candidate: z.number().int() }).optional(),
  }),
  z.object({ event: z.literal("extended"), key: StepKey, byMs: z.number(), reasons: z.array(Reason) }),
  z.object({ event: z.literal("smoke"), key: StepKey, run: SmokeRun, verdict: Verdict }),
  z.object({ event: z.literal("journeys"), key: StepKey, run: JourneysRun, verdict: Verdict }),
  z.object({ event: z.literal("watch-ended"), key: StepKey, result: WatchEnd }),
  z.object({ event: z.literal("gate"), key: StepKey, gate: z.union([RollbackVerdict, GateVerdict]) }),
  z.object({
    event: z.literal("readiness"),
    key: StepKey,
    /** Everything was asked; else only what is asked again right before the first change of production. */
    full: z.boolean(),
    report: ReadinessReport,
  }),
  z.object({ event: z.literal("question"), key: StepKey, question: Question }),
  z.object({ event: z.literal("waited"), key: StepKey, ms: z.number() }),
  z.object({
    event: z.literal("answer"),
    key: StepKey,
    /** `withdrawn`: what was asked about is over, or something else has to be asked. */
    answer: z.enum([
      "approve",
      "reject",
      "rollback",
      "accept",
      "investigate",
      "continue",
      "attest",
      "expired",
      "withdrawn",
    ]),
    way: z.string(),
    person: z.string(),
    reason: z.string(),
    /** `accept`: how much longer of watched time it counts. */
    validMs: z.number().optional(),
  }),
  /** A question of a held rollout is still unanswered: whoever is to answer is told again. */
  z.object({ event: z.literal("reminded"), key: StepKey, waitedMs: z.number(), remainingMs: z.number() }),
  /** A watch is held without a question: the environment is degraded, or the share of the traffic is wrong. */
  z.object({ event: z.literal("held"), key: StepKey, reasons: z.array(Reason) }),
  z.object({
    event: z.literal("approval"),
    decision: z.enum(["approve", "reject", "expired"]),
    planHash: Sha256,
    way: z.string(),
    person: z.string(),
    role: Role.optional(),
    reason: z.string().optional(),
  }),
  /** One more person stands by the approved plan, in a role that the plan gives them; decides nothing. */
  z.object({ event: z.literal("sign-off"), planHash: Sha256, role: Role, way: z.string(), person: z.string() }),
  /** A person named the incident that the run belongs to. */
  z.object({ event: z.literal("incident"), incident: IncidentId, way: z.string(), person: z.string() }),
  z.object({
    event: z.literal("request"),
    id: z.string(),
    request: Request,
    taken: z.boolean(),
    note: z.string().optional(),
  }),
  z.object({ event: z.literal("stopping"), stop: Stop }),
  z.object({ event: z.literal("rollback-latched"), trigger: Trigger }),
  z.object({ event: z.literal("trigger-noted"), trigger: Trigger }),
  z.object({ event: z.literal("notice"), level: z.enum(["info", "warning"]), text: z.string() }),
  z.object({
    event: z.literal("outcome"),
    outcome: RunOutcome,
    reasons: z.array(Reason),
    /** Version that serves production now; null when nothing does, absent when nobody could read it. */
    runningVersion: Version.nullable().optional(),
  }),
  /** What reports need from outside of the run; decides nothing. */
  z.object({ event: z.literal("background"), commit: Commit.nullable(), earlier: z.array(EarlierRun) }),
  /** A message to a receiver of the plan was taken, or given up with this problem. */
  z.object({
    event: z.literal("notified"),
    id: z.string(),
    /** Counted from one, in the order of the plan. */
    receiver: z.number().int(),
    kind: NotifyOn,
    ms: z.number(),
    problem: z.string().optional(),
  }),
  z.object({ event: z.literal("artifact"), path: z.string(), sha256: Sha256 }),
  z.object({ event: z.literal("archiving"), dir: z.string() }),
]);
export type FlowEvent = z.infer<typeof FlowEvent>;
