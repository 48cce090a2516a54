import { countText, evidenceText, limitText, valueText } from "../wording.ts";
import { BURN_FACTOR, BURN_LONG_MINUTES, BURN_SHORT_MINUTES, type Burn } from "./burn.ts";
import type { Merged } from "./evidence.ts";
import type { Unproven } from "./metric-reading.ts";
import type { MetricReading } from "./reading.ts";
import { HISTORICAL_ALLOWANCE, HISTORICAL_LATENCY_MS } from "./recorded.ts";

/** `3.10 % of 1,204 requests`, or what is missing. */
function levelText(level: MetricReading["candidate"], metric: MetricReading): string {
  if (level.value === undefined) return level.exposure > 0 ? exposureText(level.exposure, metric) : "no requests";
  return `${valueText(level.value)} ${metric.unit} of ${exposureText(level.exposure, metric)}`;
}

/** What the kinds of metrics are counted over. */
function exposureText(exposure: number, { kind, method }: MetricReading): string {
  if (method === "points") return `${countText(exposure)} ${kind === "gauge" ? "values" : "requests or windows"}`;
  if (kind === "throughput") return `${countText(exposure)} s of its share`;
  return `${countText(exposure)} ${kind === "ratio" || kind === "rate" || kind === "gauge" ? "observations" : "requests"}`;
}

/** Which side of an absolute target is the good one. */
export function targetText({
  direction,
  sloTarget = 0,
  unit,
}: Pick<MetricReading, "direction" | "sloTarget" | "unit">): string {
  return `at ${direction === "higher-is-better" ? "least" : "most"} ${limitText(sloTarget)} ${unit}`;
}

function comparisonText(metric: MetricReading): string {
  const candidate = `${metric.id}: candidate ${levelText(metric.candidate, metric)}`;
  if (metric.baselineKind === "none") return candidate;
  const kind = metric.baselineKind === "historical" ? "recorded baseline" : "baseline";
  return `${candidate} against ${kind} ${levelText(metric.baseline, metric)}`;
}

function weighedText(part: number, merged: Merged): string {
  const own = `evidence ${evidenceText(part)} of ${evidenceText(merged.needed)} needed`;
  return part >= merged.needed ? own : `${own}, ${evidenceText(merged.evidence)} with the other metrics`;
}

/** A metric is worse than the baseline by more than a margin. */
export function relativeFailText(metric: MetricReading, part: number, merged: Merged, margin: number): string {
  const allowed = metric.baselineKind === "historical" ? Math.max(margin, historicalAllowance(metric)) : margin;
  const sign = metric.direction === "higher-is-better" ? "-" : "+";
  const limit = allowed > 0 ? `allowed ${sign}${allowedText(metric, allowed)}` : "no worsening allowed";
  return `${comparisonText(metric)}; ${limit}; ${weighedText(part, merged)}`;
}

/** In percent, or in milliseconds where a quick answer makes the least difference in time the larger of the two. */
function allowedText({ kind, baselineKind, changeUnit, baseline }: MetricReading, allowed: number): string {
  const isLeast =
    baselineKind === "historical" &&
    changeUnit === "%" &&
    kind === "latency" &&
    ((baseline.value ?? Number.POSITIVE_INFINITY) * allowed) / 100 < HISTORICAL_LATENCY_MS;
  return isLeast ? `${HISTORICAL_LATENCY_MS} ms` : `${limitText(allowed)} ${changeUnit}`;
}

function historicalAllowance({ changeUnit }: MetricReading): number {
  return changeUnit === "pp" ? HISTORICAL_ALLOWANCE["error-rate"] : HISTORICAL_ALLOWANCE.latency;
}

/** A metric misses its absolute target. */
export function absoluteFailText(metric: MetricReading, part: number, merged: Merged): string {
  const candidate = `${metric.id}: candidate ${levelText(metric.candidate, metric)}`;
  return `${candidate}, target ${targetText(metric)}; ${weighedText(part, merged)}`;
}

/** The error budget of the target burns so fast that nobody waits for a comparison. */
export function burnText(metric: MetricReading, { short, long, failures }: Burn): string {
  const times = (factor: number) => `${limitText(Number(factor.toPrecision(3)))} times`;
  return `${metric.id}: candidate spends the error budget of its target (${targetText(metric)}) ${times(short)} too fast over ${BURN_SHORT_MINUTES} min and ${times(long)} over the last ${BURN_LONG_MINUTES} min, ${countText(failures)} failed requests; ${BURN_FACTOR} times on both is an outage (method: point)`;
}

/** The candidate's evidence would fail it, and the baseline's evidence against itself would too. */
export function downgradedText(metric: MetricReading): string {
  return `${comparisonText(metric)}; the evidence would be enough, but the same test finds that one half of the baseline is worse than the other, so instances differ whatever their version`;
}

/** A required metric excludes a worsening of trigger size. */
export function provenText(metric: MetricReading, beta: number, alone: boolean): string {
  const sure = `${limitText(100 * (1 - beta))} %`;
  if (alone) {
    const target = `the target of ${limitText(metric.sloTarget ?? 0)} ${metric.unit}`;
    return `${comparisonText(metric)}; ${target} is not exceeded by more than the trigger, at ${sure}`;
  }
  const bound = metric.excludedAbove ?? metric.trigger;
  return `${comparisonText(metric)}; a worsening above ${limitText(bound)} ${metric.changeUnit} is excluded at ${sure}`;
}

const UNPROVEN: Record<Unproven, string> = {
  "no-data": "no measurement of the candidate",
  "no-baseline": "nothing to compare with",
  "low-traffic": "too few requests to tell",
  resolution: "latency buckets too coarse for this margin",
  noisy: "the metric scatters too much, or by how much is not known",
  "control-fired": "the baseline differs from itself",
  "historical-baseline": "load too different from the recorded baseline",
};

/** A required metric that neither fails nor is proven. */
export function unprovenText(metric: MetricReading, why: Unproven): string {
  const what = why === "resolution" && metric.method === "points" ? "arms of different size" : UNPROVEN[why];
  return `${comparisonText(metric)}; ${what}; waits for ${metric.waitsFor || "more polls"}`;
}

/** The absolute target is not held against the release because the old version misses it too. */
export function baselineOutsideText(metric: MetricReading): string {
  const target = `${limitText(metric.sloTarget ?? 0)} ${metric.unit}`;
  return `${metric.id}: the baseline misses the target of ${target} itself (${levelText(metric.baseline, metric)}), so the release is judged against the baseline only`;
}
