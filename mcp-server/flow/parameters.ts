import { z } from "zod";
import { Duration, Sha256, Version } from "../vocab/index.ts";
import { Strategy } from "./config.ts";

/**
 * What a person or a job asks for. An absent member means "as deploy.yaml says"; precedence is parameter over
 * deploy.yaml over default.
 */
export const RunParameters = z.object({
  version: Version.describe("the version to deploy, e.g. 2.4.0"),
  strategy: Strategy.optional().describe("canary, blue-green or rolling"),
  risk: z
    .enum(["low", "medium", "high"])
    .default("medium")
    .describe("risk of this release; shown with a recommended threshold, never applied"),
  regressionThreshold: z.number().min(0).max(100).optional().describe("accepted regression in percent, 0-100"),
  rollbackOnRegression: z
    .boolean()
    .optional()
    .describe("roll back by itself when a regression shows at 100 % or on the way"),
  observe: Duration.optional().describe("time at 100 % before the production gate, e.g. 30m"),
  depth: z
    .enum(["minimal", "standard", "thorough"])
    .default("standard")
    .describe("how many smoke checks and agents; removes no gate"),
  firstDeploy: z.boolean().default(false).describe("nothing runs in production yet: absolute rules only"),
  overrideFreeze: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("why this run may begin in a freeze; a person then has to approve the plan, whatever the target"),
  approve: Sha256.optional().describe("hash of the plan that a person approved"),
});
export type RunParameters = z.infer<typeof RunParameters>;

/** The mission's recommended thresholds per risk, shown beside the one in force. */
export const RECOMMENDED_THRESHOLD: Record<RunParameters["risk"], string> = {
  high: "0 %",
  medium: "2-5 %",
  low: "5-10 %",
};
