import { z } from "zod";
import { Arm, MetricId } from "./ids.ts";
import { Instant } from "./time.ts";

/** `ok`; `reset`: a counter restarted inside the window, the value counts from the restart; `stale`: the source answered with old data; `missing`: no answer. */
export const Quality = z.enum(["ok", "reset", "stale", "missing"]);
export type Quality = z.infer<typeof Quality>;

/** What one arm did of one metric between two polls. Never a cumulative value. */
export const Increment = z.object({
  metric: MetricId,
  arm: Arm,
  from: Instant,
  to: Instant,
  /** Opportunities in the window: requests for error rate and latency, share x seconds for throughput. */
  exposure: z.number().min(0),
  /** Events among them: failed requests, completed requests. */
  events: z.number().min(0),
  /** Per-bucket counts of the window (not cumulative over le), upper bounds ascending in the metric's unit, `le` null for +Inf. */
  buckets: z.array(z.object({ le: z.number().nullable(), count: z.number().min(0) })).optional(),
  /** A bare value where the source has no counts (gauge, aggregate point). */
  value: z.number().optional(),
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
