import type { MetricReading, MetricsReading } from "../../judge/index.ts";
import { HISTORICAL_ALLOWANCE, HISTORICAL_LATENCY_MS } from "../../judge/metrics/recorded.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import type { RunRecord, WatchRecord } from "./record.ts";
import { armTotals, errorRatePct, pollsOf, probedText, throughputRps } from "./series.ts";
import { changeText, known, levelText, requestsText, worsenedText } from "./words.ts";

export type MetricRow = NonNullable<ArtifactView<"slo-monitoring-report">["metrics"]>[number];

const NOT_JUDGED = "not judged";
/** The recorded baseline is production's. */
const NOT_COMPARED = "–";

/** The judged metrics of a reading, each against its baseline and its limits. */
export function judgedRows(record: RunRecord, reading: MetricsReading | undefined): MetricRow[] {
  return judgedMetrics(reading).map((metric) => judgedRow(metric, isRequired(record, metric)));
}

/** The metrics of a reading that a report shows as judged: a rate that no share was known for was not. */
export function judgedMetrics(reading: MetricsReading | undefined): readonly MetricReading[] {
  return (reading?.metrics ?? []).filter(
    ({ kind, candidate }) => (kind !== "throughput" && kind !== "rate") || candidate.exposure > 0,
  );
}

/** Whether a release counts as proven only with this metric. */
export function isRequired({ plan }: RunRecord, { id }: MetricReading): boolean {
  return plan.metrics?.rules.find((rule) => rule.id === id)?.required ?? true;
}

function judgedRow(metric: MetricReading, required: boolean): MetricRow {
  return {
    metric: metricName(metric.id),
    baseline: metric.baselineKind === "none" ? "none" : known(metric.baseline.value, (v) => levelText(v, metric.unit)),
    current: known(metric.candidate.value, (v) => levelText(v, metric.unit)),
    change: known(metric.change, (v) => changeText(v, metric.changeUnit)),
    limit: limitText(metric),
    samples: samplesText(metric),
    status: statusText(metric, required),
  };
}

/** `latency-p99` as people write it: `latency p99`. */
export function metricName(id: string): string {
  return id.replaceAll("-", " ");
}

function limitText(metric: MetricReading): string {
  const { changeUnit, trigger, sloTarget, unit, direction } = metric;
  const target = sloTarget === undefined ? "" : `target ${levelText(sloTarget, unit)}`;
  if (metric.baselineKind === "none") return target || NOT_JUDGED;
  const threshold = `threshold ${worseningText(allowed(metric), changeUnit, direction)}`;
  return [threshold, `trigger ${worsenedText(trigger, changeUnit, direction)}`, target].filter(Boolean).join(", ");
}

/** A recorded baseline is of another moment: what that can explain is allowed there. */
function allowed({ baselineKind, changeUnit, limit, baseline }: MetricReading): number {
  if (baselineKind !== "historical") return limit;
  if (changeUnit === "pp") return Math.max(limit, HISTORICAL_ALLOWANCE["error-rate"]);
  const least = baseline.value ? (100 * HISTORICAL_LATENCY_MS) / baseline.value : 0;
  return Math.max(limit, HISTORICAL_ALLOWANCE.latency, least);
}

/** A regression threshold; zero allows no worsening beyond noise. */
export function worseningText(limit: number, unit: "pp" | "%", direction?: string): string {
  return limit === 0 ? "no worsening" : worsenedText(limit, unit, direction);
}

function samplesText({ baseline, baselineKind, candidate, kind }: MetricReading): string {
  if (kind === "throughput" || kind === "rate") {
    return `${num(candidate.exposure, 1)} against ${num(baseline.exposure, 1)} s of all traffic`;
  }
  if (baselineKind === "none") return requestsText(candidate.exposure);
  return `${num(candidate.exposure)} against ${requestsText(baseline.exposure)}`;
}

function statusText(metric: MetricReading, required: boolean): string {
  const { outcome, excludedAbove, changeUnit, direction, waitsFor } = metric;
  const bound =
    excludedAbove === undefined ? "" : `worsening above ${worsenedText(excludedAbove, changeUnit, direction)} excluded`;
  const waits = outcome === "INCONCLUSIVE" && waitsFor ? `waits for ${waitsFor}` : "";
  const why = waits && !required ? `${waits}; the plan does not require its proof` : waits;
  return [outcome, bound, why].filter(Boolean).join(", ");
}

/** Throughput of all versions together and share of requests that did not fail; shown, and judged by nothing. */
export function trafficRows(record: RunRecord, watched: WatchRecord): MetricRow[] {
  const polls = pollsOf(record, watched.key);
  const [candidate, baseline] = [armTotals(polls, "candidate"), armTotals(polls, "baseline")];
  const requests = candidate.requests + baseline.requests;
  if (requests === 0) return [];
  const rates = [throughputRps(candidate), throughputRps(baseline)].filter((rate) => rate !== null);
  const rps = rates.length > 0 ? rates.reduce((sum, rate) => sum + rate, 0) : null;
  const isCompared = watched.plan.track !== "staging";
  const before = record.state.baseline?.throughputRps;
  const probed = probedText(record, polls);
  return [
    {
      metric: "throughput, all versions",
      baseline: isCompared ? known(before, (v) => levelText(v, "rps")) : NOT_COMPARED,
      current: known(rps, (v) => levelText(v, "rps")),
      change: isCompared ? known(relativePct(before, rps), (v) => changeText(v, "%")) : NOT_COMPARED,
      limit: NOT_JUDGED,
      samples: requestsText(requests),
      status: probed ? `shown; ${probed}` : "shown",
    },
    availabilityRow(record, watched, candidate),
  ];
}

function availabilityRow(
  record: RunRecord,
  watched: WatchRecord,
  candidate: { requests: number; failed: number },
): MetricRow {
  const isCompared = watched.plan.track !== "staging";
  const before = baselineErrorRatePct(record);
  const now = errorRatePct(candidate);
  const lost = before === null || now === null ? null : before - now;
  return {
    metric: "availability (requests that did not fail)",
    baseline: isCompared ? known(before, (v) => availabilityText(100 - v)) : NOT_COMPARED,
    current: known(now, (v) => availabilityText(100 - v)),
    change: isCompared ? known(lost, (v) => changeText(v, "pp")) : NOT_COMPARED,
    limit: NOT_JUDGED,
    samples: requestsText(candidate.requests),
    status: "shown",
  };
}

/** Three decimals: the usual targets differ in the third. */
export function availabilityText(value: number): string {
  return `${num(value, 3)} %`;
}

/** Failed requests of the recorded production baseline in percent; null without one. */
export function baselineErrorRatePct(record: RunRecord): number | null {
  const series = record.state.baseline?.series.find((candidate) => candidate.metric === "error-rate");
  return series ? errorRatePct({ requests: series.exposure, failed: series.events }) : null;
}

function relativePct(before: number | null | undefined, now: number | null): number | null {
  return before && now !== null ? (now / before - 1) * 100 : null;
}

/** A few metrics in one line, for a sentence: `error rate 0.15 % (+0.12 pp), latency p99 580 ms (+18 %)`. */
export function metricsLine(reading: MetricsReading | undefined): string {
  const one = (metric: MetricReading) => {
    const value = known(metric.candidate.value, (v) => levelText(v, metric.unit)) ?? "unknown";
    const change = known(metric.change, (v) => ` (${changeText(v, metric.changeUnit)})`) ?? "";
    return `${metricName(metric.id)} ${value}${change}`;
  };
  return judgedMetrics(reading).map(one).join(", ");
}
