import { z } from "zod";
import { Outcome3, Reason } from "../../vocab/index.ts";

const Level = z.object({
  value: z.number().nullable(),
  /** Requests or response times behind it; null where a file only has the figure. */
  observations: z.number().nullable(),
});

/** One compared metric. */
export const LoadMetric = z.object({
  id: z.string(),
  unit: z.string(),
  direction: z.enum(["lower-is-better", "higher-is-better"]),
  /** `sequential`: judged from counts, valid at whatever moment one looks; `point`: two figures, compared strictly. */
  method: z.enum(["sequential", "point"]),
  /** Stretches of both loads that were compared with each other. */
  looks: z.number().int(),
  baseline: Level,
  candidate: Level,
  /** Signed change of the value; null where there is none to divide by. */
  change: z.number().nullable(),
  changeUnit: z.enum(["pp", "%"]),
  limit: z.number(),
  /** A worsening above this is excluded. */
  excludedAbove: z.number().optional(),
  /** Evidence of "worse than the limit", and the value at which this metric alone fails. */
  evidence: z.number().optional(),
  needed: z.number().optional(),
  outcome: Outcome3,
  waitsFor: z.string(),
});
export type LoadMetric = z.infer<typeof LoadMetric>;

/** Verdict over the metrics of two load tests. */
export const LoadVerdict = z.object({
  verdict: Outcome3,
  metrics: z.array(LoadMetric),
  reasons: z.array(Reason),
  warnings: z.array(Reason),
  /** What would have passed; empty for PASS. */
  wouldPassIf: z.string(),
});
export type LoadVerdict = z.infer<typeof LoadVerdict>;
