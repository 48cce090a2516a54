import type { MetricsSnapshot } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import { type Instant, spanText } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { completionText, journeysOf } from "./journeys.ts";
import { availabilityText, baselineErrorRatePct, metricName } from "./metric-rows.ts";
import type { RunRecord } from "./record.ts";
import { quantileEdge } from "./series.ts";
import { groupRows, smokeOf } from "./smoke.ts";
import { testsOf } from "./tests.ts";
import { spanMs } from "./times.ts";
import { known, levelText } from "./words.ts";

type View = ArtifactView<"production-baseline-snapshot">;

/** What was recorded before the first production change, and when; undefined while that has not been asked. */
function baselineEvent(
  record: RunRecord,
): { at: Instant; snapshot: MetricsSnapshot | null; reason: string | undefined } | undefined {
  for (const { at, event } of record.events) {
    if (event.event === "baseline") return { at, snapshot: event.snapshot, reason: event.reason };
  }
  return undefined;
}

/** Production as it was before it was touched. */
export function baselineView(record: RunRecord): View | undefined {
  const recorded = baselineEvent(record);
  if (!recorded) return undefined;
  const { at, snapshot, reason } = recorded;
  const tests = testsOf(record.state)?.tests.baseline;
  const smoke = smokeOf(record, "pre-deploy");
  return {
    label: "production-pre-deploy",
    service: record.plan.service,
    version: record.plan.previous?.version ?? "none",
    capturedAt: at,
    window: snapshot
      ? `${spanText(spanMs(snapshot.from, snapshot.to))} (${snapshot.from} to ${snapshot.to})`
      : "no time",
    source: sourceText(record, snapshot),
    metrics: snapshot ? metricRows(record, snapshot) : [],
    journeys: (journeysOf(record, "pre-deploy")?.run.results ?? []).map((result) => ({
      id: `${result.id} (${result.priority})`,
      completion: completionText(result),
    })),
    smoke: smoke ? groupRows(smoke.run) : [],
    tests: tests ? [{ suite: "tests of the version before", passed: tests.passed, total: tests.tests }] : [],
    gaps: gaps(record, snapshot, reason),
    advice: adviceOf(record, "baseline"),
  };
}

const SOURCE_TEXT = {
  scrape: "the instances' own metrics pages",
  prometheus: "a Prometheus server",
  probes: "probe traffic",
} as const;

function sourceText({ plan }: RunRecord, snapshot: MetricsSnapshot | null): string {
  if (!plan.metrics) return "no metrics source";
  const text = SOURCE_TEXT[plan.metrics.config.source];
  const rate = snapshot?.probesPerSecond;
  return rate === undefined ? text : `${text}, under probe traffic: ${num(rate)} journeys per second beside the users`;
}

function metricRows(record: RunRecord, snapshot: MetricsSnapshot): NonNullable<View["metrics"]> {
  const requests = snapshot.series.find(({ metric }) => metric === "error-rate");
  const latency = snapshot.series.find(({ metric }) => metric === "latency");
  const rate = baselineErrorRatePct(record);
  const quantile = (q: number, name: string) => ({
    metric: `latency ${name}`,
    value: known(quantileEdge(latency?.buckets ?? [], q), (v) => `at most ${levelText(v, "ms")}`),
    samples: known(latency, ({ exposure }) => num(exposure)),
    quality: "upper edge of the histogram bucket",
  });
  const samples = known(requests, ({ exposure }) => num(exposure));
  return [
    { metric: "error rate", value: known(rate, (v) => levelText(v, "%")), samples, quality: "counted" },
    {
      metric: "availability (requests that did not fail)",
      value: known(rate, (v) => availabilityText(100 - v)),
      samples,
      quality: "counted",
    },
    quantile(0.5, "p50"),
    quantile(0.95, "p95"),
    quantile(0.99, "p99"),
    {
      metric: "throughput",
      value: levelText(snapshot.throughputRps, "rps"),
      samples,
      quality: "when it was recorded; the mean since the start where that could not be read",
    },
    ...dispersionRows(snapshot),
  ];
}

/** How much more the metrics scatter than independent requests would: evidence against the new version is divided by it. */
function dispersionRows({ dispersions = {} }: MetricsSnapshot): NonNullable<View["metrics"]> {
  return Object.entries(dispersions).map(([id, { phi, windows, status }]) => ({
    metric: `scatter of ${metricName(id)}`,
    value: status === "too-few" ? "not known" : `${num(phi, 1)} times that of independent requests`,
    samples: `${num(windows)} minutes`,
    quality:
      status === "too-noisy" ? "too noisy to compare without a margin" : "the old version's instances in two halves",
  }));
}

function gaps(record: RunRecord, snapshot: MetricsSnapshot | null, reason: string | undefined): string[] {
  const missing = snapshot ? [] : [`metrics: ${reason ?? "not recorded"}`];
  return [
    ...missing,
    ...(journeysOf(record, "pre-deploy")
      ? []
      : [`completion of user journeys: ${record.plan.journeys ? "not run" : "no journeys are configured"}`]),
    ...(smokeOf(record, "pre-deploy") ? [] : ["smoke checks of the old version before the change: not run"]),
    ...(testsOf(record.state)?.tests.baseline ? [] : ["tests of the version before: no results"]),
  ];
}

/** The same for machines. */
export function baselineJson(record: RunRecord): object | undefined {
  const recorded = baselineEvent(record);
  if (!recorded) return undefined;
  const { at, snapshot, reason } = recorded;
  return {
    label: "production-pre-deploy",
    runId: record.runId,
    service: record.plan.service,
    version: record.plan.previous?.version ?? null,
    capturedAt: at,
    ...(reason === undefined ? {} : { reason }),
    snapshot,
    smoke: smokeOf(record, "pre-deploy")?.run ?? null,
    journeys: journeysOf(record, "pre-deploy")?.run ?? null,
  };
}
