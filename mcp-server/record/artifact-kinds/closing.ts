import { z } from "zod";
import { Instant } from "../../vocab/index.ts";
import { Advice, Check, Fact, list, MetricRow, Reference, SpanMs, Text } from "./parts.ts";

/** What users noticed, with what that rests on. */
export const UserImpact = z.object({
  category: z.enum(["None", "Minor", "Moderate", "Severe", "Unknown"]),
  basis: z.string(),
});
export type UserImpact = z.infer<typeof UserImpact>;

/** What people are told about a run. Drafted; a person reads, corrects and sends it. */
export const StakeholderNotificationView = z.object({
  outcome: z.string(),
  service: z.string(),
  /** For those who run the service: with figures and places. */
  internal: z.object({
    subject: z.string(),
    audience: z.string(),
    summary: z.string(),
    attemptedVersion: z.string(),
    runningVersion: Text,
    strategy: z.string(),
    startedAt: Instant,
    endedAt: Instant,
    durationMs: SpanMs,
    exposedMs: SpanMs,
    impact: UserImpact,
    gates: list(Check),
    slo: list(MetricRow),
    knownIssues: list(z.string()),
    nextSteps: list(z.string()),
    references: list(Reference),
  }),
  /** For everybody else: no hosts, digests, paths, causes or figures of the inside. */
  external: z.object({ subject: z.string(), audience: z.string(), paragraphs: z.array(z.string()).min(1) }),
  advice: list(Advice),
});

/** Changes of runbooks, checks and limits that the facts of a run suggest. Applied by nobody but people. */
export const RunbookUpdatesView = z.object({
  service: z.string(),
  version: z.string(),
  outcome: z.string(),
  summary: z.string(),
  proposals: list(
    z.object({
      area: z.string(),
      proposal: z.string(),
      /** What was measured. */
      basis: z.string(),
      effect: z.enum(["adds", "tightens", "loosens", "clarifies"]),
      /** Runs that it rests on. */
      runs: z.number().int().min(1),
    }),
  ),
  /** What is deliberately not proposed. */
  notProposed: list(z.string()),
  considered: list(Fact),
  advice: list(Advice),
});
