import { z } from "zod";
import { Instant, Priority, Version } from "../vocab/index.ts";

/** Result of one smoke check. `error`: it could not be run, which is missing data, not a failure of the service. */
export const SmokeResult = z.object({
  id: z.string(),
  group: z.string(),
  priority: Priority,
  outcome: z.enum(["pass", "fail", "error", "skip"]),
  attempts: z.number().int().min(0),
  durationMs: z.number(),
  /** The version that answered, when it said so. */
  versionObserved: z.string().optional(),
  /** What was expected and found; redacted, capped. */
  message: z.string().optional(),
});
export type SmokeResult = z.infer<typeof SmokeResult>;

/** One run of a suite of smoke checks against one environment. */
export const SmokeRun = z.object({
  mode: z.enum(["pre-deploy", "staging", "pre-cutover", "production", "post-rollback"]),
  /** Version that had to answer. */
  versionExpected: z.string(),
  results: z.array(SmokeResult),
});
export type SmokeRun = z.infer<typeof SmokeRun>;

/** Result of one user journey. `error`: it could not be walked, which is missing data, not a failure of the service. */
export const JourneyResult = z.object({
  id: z.string(),
  priority: Priority,
  outcome: z.enum(["pass", "fail", "error", "skip"]),
  /** Walks at the address that had most of them: one, or two when the first failed. */
  attempts: z.number().int().min(0),
  /** Walks that reached the end, of all that were made, in percent; null when none could be made. */
  completionPct: z.number().min(0).max(100).nullable(),
  steps: z.number().int().min(1),
  /** Steps that passed in the walk that counts. */
  stepsDone: z.number().int().min(0),
  /** `2 POST /login`: the step that stopped it. */
  failedStep: z.string().optional(),
  durationMs: z.number(),
  /** The version that answered, when it said so. */
  versionObserved: z.string().optional(),
  /** What was expected and found; redacted, capped. */
  message: z.string().optional(),
});
export type JourneyResult = z.infer<typeof JourneyResult>;

/** One run of the user journeys against one environment. */
export const JourneysRun = z.object({
  mode: z.enum(["pre-deploy", "staging", "pre-cutover", "production", "post-rollback"]),
  /** Version that had to answer. */
  versionExpected: z.string(),
  results: z.array(JourneyResult),
});
export type JourneysRun = z.infer<typeof JourneysRun>;

/** Health of one version's instances between two observations. Deltas, never totals. */
export const InfraReading = z.object({
  instances: z.number().int(),
  ready: z.number().int(),
  /** Restarts, out-of-memory kills and crashes of this version since the watch began. */
  restarts: z.number().int(),
  /** Those of them that are known to lie in the last five minutes. */
  restartsLast5Min: z.number().int(),
  /** Found in the last five minutes after a time in which nobody watched: when they happened is not known. */
  restartsUnseen: z.number().int().optional(),
  oomKills: z.number().int(),
  crashes: z.number().int(),
  /** Consecutive observations in which more than half of the instances failed their health check. */
  unhealthyStreak: z.number().int(),
});
export type InfraReading = z.infer<typeof InfraReading>;

/** Health of the instances that serve beside the version under watch, since the watch began. */
export const OthersReading = InfraReading.pick({
  instances: true,
  restarts: true,
  oomKills: true,
  crashes: true,
  unhealthyStreak: true,
}).extend({ version: Version });
export type OthersReading = z.infer<typeof OthersReading>;

/** A rollback that was tried in staging: deployed, taken back, deployed again. */
export const RehearsalRecord = z.object({
  at: Instant,
  outcome: z.enum(["PASS", "FAIL"]),
  fromVersion: Version,
  toVersion: Version,
  strategy: z.string(),
  /** The state of the schema that it was tried on. */
  schemaGeneration: z.string(),
  /** From the order to go back to the old version serving everything, milliseconds. */
  backMs: z.number().min(0),
});
export type RehearsalRecord = z.infer<typeof RehearsalRecord>;
