import { z } from "zod";
import { Instant, RunId, RunOutcome, Version } from "../vocab/index.ts";

/** A measured value, or null where nobody measured it. */
const Measured = z.number().nullable();

/** What a version did while it was measured. Latency is the upper edge of the bucket that holds the 99th percentile. */
const Levels = z.object({
  requests: Measured,
  failed: Measured,
  errorRatePct: Measured,
  availabilityPct: Measured,
  latencyP99AtMostMs: Measured,
  throughputRps: Measured,
  observedMs: Measured,
});
export type Levels = z.infer<typeof Levels>;

const SmokeCounts = z.object({ passed: z.number().int(), total: z.number().int(), passRatePct: Measured }).nullable();

/** `metrics.json` of an archive: the figures of one run. Spans in milliseconds, rates in percent; null is unknown. */
export const RunMetrics = z.object({
  schema: z.literal(1),
  runId: RunId,
  service: z.string(),
  version: Version,
  /** What ran before; null for a first deployment. */
  previousVersion: Version.nullable(),
  strategy: z.string(),
  outcome: RunOutcome.nullable(),
  startedAt: Instant,
  endedAt: Instant.nullable(),
  /** First event of the run to its outcome. */
  durationMs: Measured,
  /** Each step of the flow that was begun. */
  stepsMs: z.record(z.string(), Measured),
  /** Time with production traffic on the new version; 0 when it never had any. */
  exposedMs: Measured,
  regression: z.object({
    thresholdPct: z.number(),
    staging: z.object({ verdict: z.string().nullable(), ratePct: Measured }),
    /** `ratePct`: of the tests; null where no suite is marked safe to run in production. */
    production: z.object({
      verdict: z.string().nullable(),
      ratePct: Measured,
      errorRateChangePp: Measured,
      latencyP99ChangePct: Measured,
    }),
  }),
  serviceLevels: z.object({
    targets: z.object({ errorRatePct: Measured, latencyP99Ms: Measured }),
    before: Levels.nullable(),
    newVersion: Levels.nullable(),
    afterRollback: Levels.nullable(),
  }),
  smoke: z.object({
    staging: SmokeCounts,
    "pre-cutover": SmokeCounts,
    production: SmokeCounts,
    "post-rollback": SmokeCounts,
    /** Over all runs of the checks. */
    all: SmokeCounts,
  }),
  /** Per mode the completion of each user journey, percent of its walks; null where none were walked. */
  journeys: z.record(z.string(), z.record(z.string(), z.object({ completionPct: z.number().nullable() })).nullable()),
  infrastructure: z
    .object({
      status: z.string(),
      instances: z.number().int(),
      ready: z.number().int(),
      restarts: z.number(),
      oomKills: z.number(),
      crashes: z.number(),
      nodes: Measured,
      alerts: Measured,
    })
    .nullable(),
  rollbacks: z.object({
    count: z.number().int(),
    triggeredByRegression: z.number().int(),
    trigger: z.string().nullable(),
    result: z.string().nullable(),
    /** First exposure of users to the decision. */
    decideMs: Measured,
    /** The decision to all traffic on the old version. */
    timeToRestoreMs: Measured,
    /** The decision to the verified old state. */
    rollbackMs: Measured,
  }),
  /** Watches that needed their extension because the evidence was too thin. */
  extendedWatches: z.number().int(),
  delivery: z.object({
    /** Time of the commit that the version's tag names; null where no tag was found. */
    committedAt: Instant.nullable(),
    /** That commit to the outcome that left the version in production. */
    leadTimeMs: Measured,
  }),
});
export type RunMetrics = z.infer<typeof RunMetrics>;
