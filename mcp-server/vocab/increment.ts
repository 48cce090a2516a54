import { z } from "zod";
import { Arm, MetricId } from "./ids.ts";
import { Instant } from "./time.ts";

/** `ok`; `reset`: a counter restarted inside the window, the value counts from the restart; `stale`: the source answered with old data; `missing`: no answer. */
export const Quality = z.enum(["ok", "reset", "stale", "missing"]);
export type Quality = z.infer<typeof Quality>;

/** Counts per bucket (not cumulative over le), upper bounds ascending in the metric's unit, `le` null for +Inf and last. */
export const Buckets = z.array(z.object({ le: z.number().nullable(), count: z.number().min(0) }));
export type Buckets = z.infer<typeof Buckets>;

/**
 * What the bounds of buckets are. Absent: fixed bounds, the same in every poll, empty buckets listed. `exact`: raw
 * samples, each bound is an observed value itself. `schema`: exponential (native) buckets whose bounds are powers of
 * 2^(2^-schema), larger schemas finer; a bound that is not listed belongs to an empty bucket.
 */
export const BucketGrid = z.union([z.literal("exact"), z.object({ schema: z.number().int().min(-4).max(8) })]);
export type BucketGrid = z.infer<typeof BucketGrid>;

/** What one half of the baseline's instances (or sessions) did in the window. */
export const Half = z.object({
  exposure: z.number().min(0),
  events: z.number().min(0),
  buckets: Buckets.optional(),
  value: z.number().optional(),
});
export type Half = z.infer<typeof Half>;

/** What one arm did of one metric between two polls. Never a cumulative value. */
export const Increment = z.object({
  metric: MetricId,
  arm: Arm,
  from: Instant,
  to: Instant,
  /**
   * Opportunities in the window: requests for error rate, availability and latency, what a further counter is counted
   * over, seconds for throughput and rates as a source tells them; judged, these are multiplied by the arm's share of
   * the traffic. Of a bare value: observations that it sums up, 0 when not known.
   */
  exposure: z.number().min(0),
  /** Events among them: failed requests, completed requests. */
  events: z.number().min(0),
  buckets: Buckets.optional(),
  grid: BucketGrid.optional(),
  /** A bare value where the source has no counts: a gauge, or an aggregate point such as the p99 of the window. */
  value: z.number().optional(),
  /** Baseline arm only: the same window in two halves, split by a stable hash of the instance (or session), never by time. */
  halves: z.tuple([Half, Half]).optional(),
  /** Part of the traffic (endpoint, region, tenant) that is compared with the same part of the other arm. */
  stratum: z.string().optional(),
  quality: Quality,
});
export type Increment = z.infer<typeof Increment>;

/** What a source can measure. */
export const MetricSpec = z.object({
  id: MetricId,
  kind: z.enum(["ratio", "distribution", "rate", "gauge"]),
  /** Unit of values and bucket bounds: `requests`, `ms`, `rps`. */
  unit: z.string(),
  direction: z.enum(["lower-is-better", "higher-is-better"]),
});
export type MetricSpec = z.infer<typeof MetricSpec>;
