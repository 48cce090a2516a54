import { z } from "zod";
import { Instant } from "../../vocab/index.ts";
import {
  Advice,
  Check,
  Contact,
  EventRow,
  Fact,
  JourneyRow,
  list,
  MetricRow,
  Reference,
  SideEffect,
  SignOff,
  SmokeGroupRow,
  SpanMs,
  Text,
} from "./parts.ts";

/** Something to be done. Owner and day are for people to fill in. */
const Action = z.object({ priority: z.string(), action: z.string(), kind: z.string(), owner: Text, due: Text });

/** A file that must not be lost, relative to the archive. */
const Preserved = z.object({ name: z.string(), path: z.string(), sha256: z.string() });

/** The incident side of a rollback. */
export const RollbackReportView = z.object({
  /** From the incident system, or UNDECLARED; never made up. */
  incidentId: z.string(),
  severity: z.string(),
  /** The rule that gave the severity. */
  severityWhy: z.string(),
  service: z.string(),
  fromVersion: z.string(),
  toVersion: Text,
  strategy: z.string(),
  result: z.string(),
  summary: z.string(),
  trigger: z.string(),
  concurrent: list(z.string()),
  /** The measurements that triggered it. */
  triggerMetrics: list(MetricRow),
  /** Window, polls and rule of the trigger. */
  evidence: list(Fact),
  regression: list(Fact),
  timeline: list(EventRow),
  /** Time to detect, decide and roll back, exposure, requests affected: measured or unknown. */
  derived: list(Fact),
  /** Estimates are marked as such by the flow. */
  impact: list(Fact),
  checks: list(Check),
  /** What may still be wrong. */
  residual: list(z.string()),
  /** What the plan said that going back leaves behind. */
  sideEffects: list(SideEffect),
  preserved: list(Preserved),
  analysisStatus: z.enum(["not started", "in progress", "done"]),
  findings: list(z.string()),
  hypotheses: list(z.string()),
  actions: list(Action),
  review: Text,
  /** Whom to turn to, and where people meet; as the plan names them. */
  contacts: list(Contact),
  /** When they are called. */
  turnTo: z.string().default("when something of this is still wrong"),
  channel: Text.default(null),
  notifications: list(z.object({ at: Instant, audience: z.string(), channel: z.string(), what: z.string() })),
  references: list(Reference),
  advice: list(Advice),
});

/** The report of a run, whatever its outcome. */
export const DeploymentReportView = z.object({
  runId: z.string(),
  planHash: z.string(),
  outcome: z.string(),
  exitCode: z.number().int(),
  /** One or two sentences: what happened and what runs now. */
  summary: z.string(),
  project: z.string(),
  service: z.string(),
  environment: z.string(),
  version: z.string(),
  digest: z.string(),
  previousVersion: Text,
  runningVersion: Text,
  strategy: z.string(),
  userImpact: z.string(),
  startedAt: Instant,
  endedAt: Instant,
  durationMs: SpanMs,
  exposedMs: SpanMs,
  timeline: list(z.object({ step: z.string(), startedAt: Instant.nullable(), durationMs: SpanMs, result: z.string() })),
  preDeployment: list(Check),
  gates: list(
    z.object({
      gate: z.string(),
      verdict: z.string(),
      thresholdPct: z.number().nullable(),
      ratePct: z.number().nullable(),
      decidedBy: z.string(),
    }),
  ),
  rollbackTriggered: z.string(),
  /** Trigger, times and result of a rollback. */
  rollback: list(Fact),
  execution: list(Check),
  slo: list(MetricRow),
  /** The picture beside the report, and the same as bars of text; null where nothing was measured. */
  plot: z
    .object({
      file: z.string(),
      alt: z.string(),
      lines: z.array(z.object({ version: z.string(), errorRate: z.string(), p99: z.string() })),
    })
    .nullable()
    .default(null),
  smoke: list(SmokeGroupRow),
  smokeFailures: list(z.string()),
  journeys: list(JourneyRow),
  infrastructure: list(Fact),
  issues: list(
    z.object({ id: z.string(), severity: z.string(), description: z.string(), resolution: Text, timeToResolve: Text }),
  ),
  wentWell: list(z.string()),
  improve: list(z.string()),
  actions: list(Action),
  /** Proposed changes of runbooks, in a sentence each. */
  runbookChanges: list(Fact),
  signOffs: list(SignOff),
  /** The flow's quality gates and success criteria, computed. */
  criteria: list(Check),
  references: list(Reference),
  /** Every value that nobody measured. */
  unknowns: list(z.string()),
  advice: list(Advice),
});

/** The journal for readers: who did and decided what, when. */
export const AuditTrailView = z.object({
  outcome: z.string(),
  version: z.string(),
  report: z.string(),
  chain: z.object({ events: z.number().int(), firstHash: z.string(), lastHash: z.string() }),
  decisions: list(z.object({ at: Instant, decision: z.string(), by: z.string(), way: z.string(), result: z.string() })),
  gates: list(Check),
  sloSnapshots: list(z.object({ at: Instant, step: z.string(), errorRate: Text, p99: Text, throughput: Text })),
  events: list(
    z.object({
      seq: z.number().int(),
      epoch: z.number().int(),
      at: Instant,
      actor: z.string(),
      what: z.string(),
      detail: Text,
    }),
  ),
});

/** Any other document: of an agent, of a person, or of a step that has no template of its own. */
export const StandAloneView = z.object({
  title: z.string(),
  verdict: z.string().nullable().default(null),
  summary: z.string().nullable().default(null),
  facts: list(Fact),
  tables: list(
    z
      .object({ heading: z.string(), columns: z.array(z.string()).min(1), rows: z.array(z.array(Text)) })
      .refine(
        ({ columns, rows }) => rows.every((row) => row.length === columns.length),
        "a row needs one value per column",
      ),
  ),
  sections: list(z.object({ heading: z.string(), text: z.string() })),
  findings: list(z.object({ severity: z.string(), text: z.string(), where: Text })),
});
