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
