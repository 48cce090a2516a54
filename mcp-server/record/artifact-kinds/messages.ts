import { z } from "zod";
import { Fact, list, Reference, SpanMs, Text } from "./parts.ts";

/** What a line says at a glance. */
export const Mark = z.enum(["done", "running", "failed", "warning", "unknown"]);
export type Mark = z.infer<typeof Mark>;

const MarkedLine = z.object({ mark: Mark, text: z.string() });

/** The end of a run as a person reads it in a terminal or chat. */
export const SummaryView = z.object({
  headline: z.string(),
  status: z.string(),
  version: z.string(),
  runningVersion: Text,
  strategy: z.string(),
  durationMs: SpanMs,
  timeline: list(z.object({ step: z.string(), result: z.string() })),
  gates: list(MarkedLine),
  slo: list(MarkedLine),
  smoke: list(MarkedLine),
  infrastructure: Text,
  /** Anything else that must not be overlooked: what is unproven, unsigned, unknown. */
  notes: list(MarkedLine),
  artifacts: list(Reference),
  nextSteps: list(z.string()),
});
export type SummaryView = z.input<typeof SummaryView>;

/** A deployment stopped by a gate before anybody was exposed. */
export const BlockedView = z.object({
  headline: z.string(),
  status: z.string(),
  version: z.string(),
  runningVersion: Text,
  strategy: z.string(),
  /** What was detected, e.g. `regression 8.0 % > threshold 5.0 %`. */
  detected: z.string(),
  gateName: z.string(),
  gate: list(MarkedLine),
  details: list(z.string()),
  impact: list(Fact),
  remediation: list(z.string()),
  artifacts: list(Reference),
  decision: z.string(),
});
export type BlockedView = z.input<typeof BlockedView>;

/** What a run is about to do, before anything is done. */
export const StartView = z.object({
  service: z.string(),
  version: z.string(),
  replaces: z.string(),
  strategy: z.string(),
  planned: z.string(),
  threshold: z.string(),
  onRegression: z.string(),
  steps: list(z.string()),
  approval: z.string(),
  planHash: z.string(),
});
export type StartView = z.input<typeof StartView>;

/** How far a run is, step by step. */
export const ProgressView = z.object({
  headline: z.string(),
  steps: list(z.object({ mark: Mark, text: z.string(), lines: list(MarkedLine) })),
  next: z.string(),
});
export type ProgressView = z.input<typeof ProgressView>;

/** Something that stopped a deployment, holds it, or sent it back: what was measured, what is done, what to do. */
export const ProblemView = z.object({
  /** What failed, in one line. */
  headline: z.string(),
  /** Measured values beside what they may be. */
  facts: list(Fact),
  /** What was found: gaps, lost tests, failed checks. */
  found: list(z.string()),
  /** What was done about it and how far that is; nothing that was not measured. */
  response: list(MarkedLine),
  /** What a person can decide; empty when nothing is asked. */
  options: list(z.object({ option: z.string(), meaning: z.string() })),
  actions: list(z.string()),
  artifacts: list(Reference),
  /** Name of the incident; UNDECLARED until a person declares one. */
  incident: z.string(),
  closing: z.string(),
});
export type ProblemView = z.input<typeof ProblemView>;
