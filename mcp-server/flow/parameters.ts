import { z } from "zod";
import { Duration, IncidentId, Sha256, Version } from "../vocab/index.ts";
import { Strategy } from "./strategy/name.ts";

export const Risk = z.enum(["low", "medium", "high"]);
export type Risk = z.infer<typeof Risk>;

export const Depth = z.enum(["minimal", "standard", "thorough"]);
export type Depth = z.infer<typeof Depth>;

/** How soon users must be back on the old version: `instant` is within a minute. */
export const RollbackTolerance = z
  .string()
  .regex(/^(instant|\d+(\.\d+)?(ms|s|m|h|d))$/, "expected instant or a duration such as 5m")
  .describe("instant, 5m, 30m");
export type RollbackTolerance = z.infer<typeof RollbackTolerance>;

/** What a person answered to the six questions; each one may be left open. */
export const Answers = z.strictObject({
  strategy: Strategy.optional(),
  risk: Risk.optional(),
  slo: z
    .strictObject({
      errorRatePct: z.number().gt(0).lt(100).optional(),
      latencyP99Ms: z.number().gt(0).optional(),
      availabilityPct: z.number().gt(0).lt(100).optional(),
    })
    .optional(),
  /** A schema or data change comes with the release. */
  migrations: z.boolean().optional(),
  rollbackTolerance: RollbackTolerance.optional(),
  observe: Duration.optional(),
});
export type Answers = z.infer<typeof Answers>;

/**
 * What a person or a job asks for. An absent member means that this source says nothing; precedence is flag over
 * answer over guidance over deploy.yaml over default (flow/understanding/).
 */
export const RunParameters = z.object({
  version: Version.describe("the version to deploy, e.g. 2.4.0"),
  guidance: z.string().max(2_000).optional().describe("free words; set strategy and stages, else only tighten"),
  answers: Answers.optional().describe("a person's answers to the six questions"),
  strategy: Strategy.optional().describe("how traffic moves; else as recommended"),
  risk: Risk.optional().describe("risk of this release; default medium"),
  regressionThreshold: z.number().min(0).max(100).optional().describe("accepted regression in percent, 0-100"),
  rollbackOnRegression: z.boolean().optional().describe("roll back by itself on a regression; else hold and ask"),
  observe: Duration.optional().describe("time at 100 % before the production gate, e.g. 30m"),
  depth: Depth.optional().describe("how many smoke checks and agents; removes no gate"),
  firstDeploy: z.boolean().default(false).describe("nothing runs in production yet: absolute rules only"),
  overrideFreeze: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("why this run may begin in a freeze; a person then approves"),
  fixes: IncidentId.optional().describe("incident that this release ends; needs reason"),
  reason: z.string().min(1).max(500).optional().describe("why, for the record of `fixes`"),
  approve: Sha256.optional().describe("hash of the plan that a person approved"),
});
export type RunParameters = z.infer<typeof RunParameters>;

/** Where the value of a parameter came from, the strongest first. */
export const Source = z.enum(["flag", "answer", "guidance", "deploy.yaml", "default", "recommendation"]);
export type Source = z.infer<typeof Source>;

/** One parameter as it was understood: what it came to, from which source, from which words of a person. */
export const Understood = z.object({
  name: z.string(),
  value: z.string(),
  source: Source,
  /** Words of the guidance; null where the source is not made of words. */
  words: z.string().nullable(),
});
export type Understood = z.infer<typeof Understood>;

/** The usual thresholds per risk, shown beside the one in force. */
export const RECOMMENDED_THRESHOLD: Record<Risk, string> = {
  high: "0 %",
  medium: "2-5 %",
  low: "5-10 %",
};
