import { z } from "zod";
import { Instant } from "../../vocab/index.ts";
import {
  Advice,
  Check,
  EventRow,
  Fact,
  InstanceRow,
  JourneyRow,
  list,
  MetricRow,
  Moment,
  ShareRow,
  SmokeGroupRow,
  SpanMs,
  Text,
} from "./parts.ts";

/** What was done in one part of the deployment, or in all of it. */
export const ExecutionLogView = z.object({
  title: z.string(),
  status: z.string(),
  /** One sentence: how it ended. */
  summary: z.string(),
  version: z.string(),
  strategy: z.string(),
  startedAt: Instant,
  endedAt: Moment,
  durationMs: SpanMs,
  events: list(EventRow),
  shares: list(ShareRow),
  instances: list(InstanceRow),
  advice: list(Advice),
});

/** How the service did while it was watched. */
export const SloMonitoringView = z.object({
  title: z.string(),
  verdict: z.string(),
  decision: z.enum(["CONTINUE", "HOLD", "ROLLBACK"]),
  summary: z.string(),
  version: z.string(),
  from: Instant,
  to: Instant,
  /** Planned and observed span. */
  plannedMs: SpanMs,
  observedMs: SpanMs,
  metrics: list(MetricRow),
  /** A row per interval, every five minutes by default. */
  intervals: list(
    z.object({
      at: Instant,
      weightPct: z.number().nullable(),
      requests: z.number().nullable(),
      errorRatePct: z.number().nullable(),
      baselineErrorRatePct: z.number().nullable(),
      p99Ms: z.number().nullable(),
      baselineP99Ms: z.number().nullable(),
      status: z.string(),
    }),
  ),
  breaches: list(z.object({ at: Instant, rule: z.string(), value: Text, limit: Text })),
  gaps: list(z.string()),
  advice: list(Advice),
});

/** One run of the smoke checks. */
export const SmokeResultsView = z.object({
  title: z.string(),
  mode: z.string(),
  verdict: z.string(),
  summary: z.string(),
  versionExpected: z.string(),
  url: z.string(),
  at: Instant,
  durationMs: SpanMs,
  passed: z.number().int(),
  total: z.number().int(),
  /** Checks that were really run: those left out or not possible are missing. */
  executed: z.number().int(),
  groups: list(SmokeGroupRow),
  results: list(
    z.object({
      id: z.string(),
      priority: z.string(),
      outcome: z.string(),
      attempts: z.number().int(),
      durationMs: z.number().nullable(),
      versionObserved: Text,
      message: Text,
    }),
  ),
  /** `PASS: 3 of 3 user journeys completed`; null where none were walked. */
  journeysVerdict: Text,
  journeys: list(JourneyRow),
  advice: list(Advice),
});

/** What was done to get back. */
export const RollbackLogView = z.object({
  status: z.string(),
  trigger: z.string(),
  /** Other triggers that were true at the same time. */
  concurrent: list(z.string()),
  strategy: z.string(),
  fromVersion: z.string(),
  toVersion: Text,
  detectedAt: Moment,
  startedAt: Instant,
  trafficRestoredAt: Moment,
  endedAt: Moment,
  durationMs: SpanMs,
  events: list(EventRow),
  shares: list(ShareRow),
  advice: list(Advice),
});

/** Whether the old state is back. */
export const RollbackVerificationView = z.object({
  status: z.enum(["SUCCESS", "PARTIAL", "FAILED"]),
  summary: z.string(),
  version: Text,
  stability: z.string(),
  checkedAt: Instant,
  checks: list(Check),
  metrics: list(MetricRow),
  smoke: list(SmokeGroupRow),
  journeys: list(JourneyRow),
  regression: list(Fact),
  advice: list(Advice),
});
