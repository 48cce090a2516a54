import { z } from "zod";
import { Instant } from "../../vocab/index.ts";
import { Advice, Check, Fact, JourneyRow, list, MetricRow, SmokeGroupRow, Text } from "./parts.ts";

const Outcome = z.enum(["PASS", "FAIL", "INCONCLUSIVE"]);

/** One side of a test comparison in numbers. */
const CountsRow = z.object({
  arm: z.string(),
  version: z.string(),
  tests: z.number().int().nullable(),
  passed: z.number().int().nullable(),
  failed: z.number().int().nullable(),
  errored: z.number().int().nullable(),
  skipped: z.number().int().nullable(),
  flaky: z.number().int().nullable(),
});

const TestRow = z.object({ id: z.string(), priority: Text, change: z.string(), message: Text });

/** The judgement of a regression gate, or of the check after a rollback. */
export const RegressionGateView = z.object({
  gate: z.enum(["staging", "production", "post-rollback"]),
  service: z.string(),
  environment: z.string(),
  version: z.string(),
  baseline: z.string(),
  verdict: Outcome,
  /** One sentence: what decided it, with the values. */
  decidedBy: z.string(),
  wouldPassIf: z.string(),
  severity: z.enum(["CRITICAL", "HIGH", "MEDIUM", "LOW", "NONE"]),
  scope: z.string(),
  thresholdPct: z.number().min(0).max(100),
  ratePct: z.number().nullable(),
  judgedAt: Instant,
  judge: z.string(),
  reasons: list(z.object({ code: z.string(), text: z.string() })),
  blockers: list(z.string()),
  dimensions: list(Check),
  counts: list(CountsRow),
  /** Lost, missing, newly skipped and newly failing tests; the flow caps the list and says so in `testsOmitted`. */
  tests: list(TestRow),
  testsOmitted: z.number().int().min(0).default(0),
  metrics: list(MetricRow),
  journeys: list(JourneyRow),
  /** Only where a rollback can follow. */
  rollback: list(Fact),
  advice: list(Advice),
});

/** What production was like before it was touched. */
export const BaselineSnapshotView = z.object({
  label: z.string(),
  service: z.string(),
  version: Text,
  capturedAt: Instant,
  window: z.string(),
  source: z.string(),
  metrics: list(z.object({ metric: z.string(), value: Text, samples: Text, quality: z.string() })),
  journeys: list(z.object({ id: z.string(), completion: Text })),
  /** Smoke checks of the old version. */
  smoke: list(SmokeGroupRow),
  tests: list(z.object({ suite: z.string(), passed: z.number().int(), total: z.number().int() })),
  gaps: list(z.string()),
  advice: list(Advice),
});
