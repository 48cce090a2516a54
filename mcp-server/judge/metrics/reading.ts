import { z } from "zod";
import { MetricId, Outcome3, Verdict } from "../../vocab/index.ts";
import { MetricKind } from "./rule.ts";

/** A verdict before its evidence references are attached. */
export const BareVerdict = Verdict.omit({ inputs: true });
export type BareVerdict = z.infer<typeof BareVerdict>;

const Level = z.object({
  /** In the metric's unit; absent without exposure. */
  value: z.number().optional(),
  /** What it rests on: requests, share x seconds, what a counter is counted over, or the number of bare values. */
  exposure: z.number(),
});

/** What is known about one metric now. */
export const MetricReading = z.object({
  id: MetricId,
  kind: MetricKind.optional(),
  direction: z.enum(["lower-is-better", "higher-is-better"]).optional(),
  unit: z.string(),
  /** `historical`: compared with a recorded baseline of another time. */
  baselineKind: z.enum(["concurrent", "historical", "none"]),
  /**
   * Which test compares the arms: the two-arm test on counts, the self-normalised one where dispersion is not known,
   * the tests on aggregate points, a recorded baseline, or the absolute target alone.
   */
  method: z.enum(["two-arm", "self-normalised", "points", "recorded", "target"]).optional(),
  /** Dispersion by which log evidence is divided; absent while not known. */
  phi: z.number().optional(),
  baseline: Level,
  candidate: Level,
  /** Point estimate of the change of the value, signed as it is (a drop is negative); for people, no verdict rests on it. */
  change: z.number().optional(),
  changeUnit: z.enum(["pp", "%"]),
  /**
   * Where the change lies, valid at every poll at once; a side is absent while nothing is excluded there. For people,
   * the verdict rests on tests of their own.
   */
  interval: z.object({ lower: z.number().optional(), upper: z.number().optional(), levelPct: z.number() }).optional(),
  /** Worsenings above this are excluded at error rate beta; absent while none is. */
  excludedAbove: z.number().optional(),
  /** Regression threshold and relative trigger, in `changeUnit`. */
  limit: z.number(),
  trigger: z.number(),
  sloTarget: z.number().optional(),
  /** e-value of "worse than the limit", and the value at which this metric alone fails the release. */
  evidence: z.number(),
  needed: z.number(),
  /** The baseline differs from itself by the same test: this comparison neither fails nor passes. */
  controlFired: z.boolean().optional(),
  outcome: Outcome3,
  /** What this metric still waits for; empty when decided. */
  waitsFor: z.string(),
  /** Seconds until its proof at the traffic so far, if both arms are alike. */
  waitSeconds: z.number().optional(),
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
