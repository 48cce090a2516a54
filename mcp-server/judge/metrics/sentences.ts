import { countText, evidenceText, limitText, valueText } from "../wording.ts";
import type { Merged } from "./evidence.ts";
import type { Unproven } from "./metric-reading.ts";
import { HISTORICAL_ALLOWANCE, HISTORICAL_LATENCY_MS } from "./probes.ts";
import type { MetricReading } from "./reading.ts";

/** `3.10 % of 1,204 requests`, or what is missing. */
function levelText(level: MetricReading["candidate"], metric: MetricReading): string {
  if (level.value === undefined) return level.exposure > 0 ? `${countText(level.exposure)} requests` : "no requests";
  return `${valueText(level.value)} ${metric.unit} of ${countText(level.exposure)} requests`;
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
  const limit = allowed > 0 ? `allowed +${allowedText(metric, allowed)}` : "no worsening allowed";
  return `${comparisonText(metric)}; ${limit}; ${weighedText(part, merged)}`;
}

/** In percent, or in milliseconds where a quick answer makes the least difference in time the larger of the two. */
function allowedText({ baselineKind, changeUnit, baseline }: MetricReading, allowed: number): string {
  const isLeast =
    baselineKind === "historical" &&
    changeUnit === "%" &&
    ((baseline.value ?? Number.POSITIVE_INFINITY) * allowed) / 100 < HISTORICAL_LATENCY_MS;
  return isLeast ? `${HISTORICAL_LATENCY_MS} ms` : `${limitText(allowed)} ${changeUnit}`;
}

function historicalAllowance({ changeUnit }: MetricReading): number {
  return changeUnit === "pp" ? HISTORICAL_ALLOWANCE["error-rate"] : HISTORICAL_ALLOWANCE.latency;
}

/** A metric misses its absolute target. */
export function absoluteFailText(metric: MetricReading, part: number, merged: Merged): string {
  const target = `${limitText(metric.sloTarget ?? 0)} ${metric.unit}`;
  const candidate = `${metric.id}: candidate ${levelText(metric.candidate, metric)}`;
  return `${candidate}, target at most ${target}; ${weighedText(part, merged)}`;
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
  "historical-baseline": "load too different from the recorded baseline",
};

/** A required metric that neither fails nor is proven. */
export function unprovenText(metric: MetricReading, why: Unproven): string {
  return `${comparisonText(metric)}; ${UNPROVEN[why]}; waits for ${metric.waitsFor || "more polls"}`;
}

/** The absolute target is not held against the release because the old version misses it too. */
export function baselineOutsideText(metric: MetricReading): string {
  const target = `${limitText(metric.sloTarget ?? 0)} ${metric.unit}`;
  return `${metric.id}: the baseline misses the target of ${target} itself (${levelText(metric.baseline, metric)}), so the release is judged against the baseline only`;
}
