import { z } from "zod";
import { Instant } from "../vocab/index.ts";

/** One earlier run, as far as proposals look at it. */
export const EarlierRun = z.object({
  runId: z.string(),
  version: z.string(),
  outcome: z.string(),
  errorRatePct: z.number().optional(),
  latencyP99AtMostMs: z.number().optional(),
  testRegressionPct: z.number().optional(),
  restoreMs: z.number().optional(),
  extendedWatches: z.number().optional(),
});
export type EarlierRun = z.infer<typeof EarlierRun>;

/** The commit of a version, found by its tag. */
export const Commit = z.object({ tag: z.string(), sha: z.string().regex(/^[0-9a-f]{40,64}$/), at: Instant });
export type Commit = z.infer<typeof Commit>;
