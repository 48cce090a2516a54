import { z } from "zod";
import { Instant } from "../../vocab/index.ts";
import { ProbeTotals } from "../probes/totals.ts";
import { Counters } from "./counters.ts";
import { PrometheusCursor } from "./prometheus/cursor.ts";

/** A moment: the wall clock's as a label, the monotonic clock's for spans. */
export const Mark = z.object({
  at: Instant,
  monoMs: z.number(),
  /** Whose monotonic clock that is; the reading of another process says nothing about a span. */
  source: z.string(),
});
export type Mark = z.infer<typeof Mark>;

/** Up to where each instance has been counted. Plain JSON: it stands in the journal and outlives the process that wrote it. */
export const ScrapeCursor = z.object({
  /** The last poll. */
  last: Mark,
  /** Per arm the last poll that any of its instances answered. */
  arms: z.object({ baseline: Mark.optional(), candidate: Mark.optional() }),
  instances: z.record(
    z.string(),
    z.object({
      version: z.string(),
      /** Restarts that the platform had counted at the last answer. */
      restarts: z.number().int(),
      /** Counters at the last answer; null: it ran before the watch began and has not answered yet. */
      counters: Counters.nullable(),
    }),
  ),
});
export type ScrapeCursor = z.infer<typeof ScrapeCursor>;
export type InstanceCursor = ScrapeCursor["instances"][string];

/** Up to where the probes of both arms have been counted. Plain JSON: it stands in the journal. */
export const ProbeCursor = z.object({
  /** The process whose counts these are: another one began at zero. */
  probes: z.string(),
  at: Instant,
  totals: z.object({ baseline: ProbeTotals, candidate: ProbeTotals }),
});
export type ProbeCursor = z.infer<typeof ProbeCursor>;

/** Where a source of metrics goes on counting. */
export const MetricCursor = z.union([ScrapeCursor, ProbeCursor, PrometheusCursor]);
export type MetricCursor = z.infer<typeof MetricCursor>;
