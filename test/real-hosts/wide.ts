import type { Edit } from "../e2e/world.ts";

/** Wide where a busy machine could look like a bad release. */
export const WIDE: readonly Edit[] = [
  [["regressionThreshold"], 5],
  [["triggers", "latencyP99Pct"], 5_000],
  [["slo", "latencyP99Ms"], 8_000],
  [["waits", "advice"], "2m"],
];
