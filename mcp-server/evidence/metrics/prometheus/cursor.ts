import { z } from "zod";
import { Instant } from "../../../vocab/index.ts";

/** Seconds of the server's clock up to which each target of a series was counted. */
const Targets = z.record(z.string(), z.number());

/** Up to where a Prometheus server has been read. The server keeps the values; only times stand here. Plain JSON. */
export const PrometheusCursor = z.object({
  /** Server's clock at the last poll that it answered, seconds. */
  server: z.number(),
  at: Instant,
  series: z.record(
    z.string(),
    z.object({
      /** Server's clock when this series was last told, seconds. */
      told: z.number(),
      /** Time between two scrapes, as far as it was seen. */
      intervalSeconds: z.number().optional(),
      arms: z.object({ baseline: Targets, candidate: Targets }),
    }),
  ),
});
export type PrometheusCursor = z.infer<typeof PrometheusCursor>;
export type SeriesCursor = PrometheusCursor["series"][string];
