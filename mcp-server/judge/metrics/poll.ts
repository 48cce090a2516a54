import { type Arm, between, type Increment } from "../../vocab/index.ts";
import { addCounts, type Counts, checkCounts, NO_COUNTS } from "../sequential/counts.ts";
import { checkHistogram, mergeHistograms, totalOf } from "./histogram.ts";
import type { Histogram, MetricRule } from "./rule.ts";

/** What one arm showed of one series in one poll. */
export interface ArmPoll {
  readonly counts: Counts;
  /** Empty unless the series is a distribution. */
  readonly buckets: Histogram;
  readonly seconds: number;
}

/**
 * The usable measurement of a rule's series in a poll, strata added up; undefined when the source did not answer,
 * answered with old data, or gave a latency without buckets. A counter reset is usable: the increment counts from
 * the restart. Throws FlowError `damaged` on numbers that no measurement gives.
 */
export function armPoll(poll: readonly Increment[], rule: MetricRule, arm: Arm): ArmPoll | undefined {
  const found = poll.filter((increment) => increment.metric === rule.series && increment.arm === arm);
  if (found.length === 0 || found.some(({ quality }) => quality === "missing" || quality === "stale")) return undefined;
  const what = `${rule.series} (${arm})`;
  let counts = NO_COUNTS;
  let buckets: Histogram = [];
  let seconds = 0;
  for (const increment of found) {
    checkCounts(increment, what, { eventsWithinExposure: rule.kind === "error-rate" });
    counts = addCounts(counts, increment);
    seconds = Math.max(seconds, between(increment.from, increment.to) / 1000);
    if (rule.kind !== "latency") continue;
    if (increment.buckets === undefined) {
      if (increment.exposure > 0) return undefined;
      continue;
    }
    checkHistogram(increment.buckets, what);
    buckets = mergeHistograms(buckets, increment.buckets);
  }
  // Buckets and counters may be read a moment apart; the buckets alone are consistent with themselves.
  if (rule.kind === "latency") counts = { exposure: totalOf(buckets), events: 0 };
  return { counts, buckets, seconds };
}
