import { quantileOf } from "./histogram.ts";
import { type MetricRule, quantileAsked } from "./rule.ts";
import type { Seen } from "./state.ts";

/** What an arm showed, in the metric's unit, and the exposure it rests on; no value without any. */
export function levelOf(rule: MetricRule, seen: Seen | undefined): { value?: number; exposure: number } {
  const exposure = seen?.counts.exposure ?? 0;
  if (seen?.values) {
    const { count, sum } = seen.values;
    return { value: rounded(sum / count), exposure: exposure > 0 ? exposure : count };
  }
  if (!seen || exposure === 0) return { exposure };
  const value = shownOf(rule, seen);
  return value === undefined ? { exposure } : { value: rounded(value), exposure };
}

function shownOf(rule: MetricRule, { counts, buckets }: Seen): number | undefined {
  const share = counts.events / counts.exposure;
  switch (rule.kind) {
    case "error-rate":
    case "ratio":
      return 100 * share;
    case "availability":
      return 100 * (1 - share);
    case "latency":
      return quantileOf(buckets, quantileAsked(rule));
    case "throughput":
    case "rate":
      return share;
    case "gauge":
      return undefined;
    default:
      return rule.kind satisfies never;
  }
}

function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12));
}
