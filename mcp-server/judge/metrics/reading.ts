import { z } from "zod";
import { MetricId, Outcome3, Verdict } from "../../vocab/index.ts";

/** A verdict before its evidence references are attached. */
export const BareVerdict = Verdict.omit({ inputs: true });
export type BareVerdict = z.infer<typeof BareVerdict>;

const Level = z.object({
  /** In the metric's unit; absent without exposure. */
  value: z.number().optional(),
  /** Requests it rests on. */
  exposure: z.number(),
});

/** What is known about one metric now. */
export const MetricReading = z.object({
  id: MetricId,
  unit: z.string(),
  /** `historical`: compared with a recorded baseline of another time. */
  baselineKind: z.enum(["concurrent", "historical", "none"]),
  baseline: Level,
  candidate: Level,
  /** Point estimate of the worsening; for people, no verdict rests on it. */
  change: z.number().optional(),
  changeUnit: z.enum(["pp", "%"]),
  /** Worsenings above this are excluded at error rate beta; absent while none is. */
  excludedAbove: z.number().optional(),
  /** Regression threshold and relative trigger, in `changeUnit`. */
  limit: z.number(),
  trigger: z.number(),
  sloTarget: z.number().optional(),
  /** e-value of "worse than the limit", and the value at which this metric alone fails the release. */
  evidence: z.number(),
  needed: z.number(),
  outcome: Outcome3,
  /** What this metric still waits for; empty when decided. */
  waitsFor: z.string(),
});
export type MetricReading = z.infer<typeof MetricReading>;

/** What is known about all metrics of a watch now. Stands in the journal. */
export const MetricsReading = z.object({
  /** Is it worse than the threshold? */
  regression: BareVerdict,
  /** Is a relative trigger or an absolute target broken? */
  slo: BareVerdict,
  /** Every required metric excludes a worsening of trigger size. */
  proven: z.boolean(),
  polls: z.number().int(),
  /** Polls in a row in which a required metric could not be read. */
  missedStreak: z.number().int(),
  /** Judged requests of the candidate. */
  candidateExposure: z.number(),
  metrics: z.array(MetricReading),
  /** Metrics that carry a FAIL. */
  blame: z.array(MetricId),
});
export type MetricsReading = z.infer<typeof MetricsReading>;
