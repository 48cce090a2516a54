import type { Clock, Http } from "../../ports/index.ts";
import {
  epochMs,
  FlowError,
  type Increment,
  type Instance,
  type Instant,
  instantOf,
  type LiveState,
  type MetricId,
  type Version,
} from "../../vocab/index.ts";
import type { MetricsConfig } from "../config.ts";
import { observations, perBucket, sumHistograms } from "./buckets.ts";
import type { Counters } from "./counters.ts";
import { readPage } from "./page.ts";

/** What one version has counted so far. Exposure and events as in an increment; buckets in milliseconds, not cumulative. */
export interface MetricsHistory {
  readonly from: Instant;
  readonly to: Instant;
  readonly version: Version;
  readonly series: {
    metric: MetricId;
    exposure: number;
    events: number;
    buckets?: { le: number | null; count: number }[];
  }[];
  /** Requests per second of all its instances; null when the wall clock leaves no span to divide by. */
  readonly throughputRps: number | null;
  /** Minute by minute what the version did, in two halves of its instances: what dispersion is calibrated on. */
  readonly windows?: readonly Increment[];
  /** Instances that answered, of those asked. */
  readonly answered: number;
  readonly asked: number;
}

interface HistorySource {
  readonly config: MetricsConfig;
  readonly http: Http;
  readonly clock: Clock;
  readonly version: Version | undefined;
}

function unreadable(what: string, found: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what,
    expected: "a metrics page with the configured counters from at least one instance",
    found,
    where: { file: "deploy.yaml", key: "metrics" },
    next: "open the metrics page of an instance and compare its names with metrics.requests and metrics.latency",
  });
}

/** When the counting of an instance began: its process start where it tells one, else its instance's. */
function countedFromMs(instance: Instance, counters: Counters): number {
  return counters.processStart === undefined ? epochMs(instance.startedAt) : counters.processStart * 1000;
}

/**
 * Reads all that the running instances of one version have counted. A page cannot say what happened in the last hour,
 * only since its process started; the caller shows the span. FlowError `unreadable` when nobody answers.
 */
export async function readHistory(o: HistorySource, live: LiveState, signal: AbortSignal): Promise<MetricsHistory> {
  const { version } = o;
  const serving = live.instances.filter((instance) => instance.version === version && instance.state === "ready");
  if (version === undefined || serving.length === 0) {
    throw unreadable("there is no running instance to read a history from", `${live.instances.length} instances`);
  }
  const pages = await Promise.all(
    serving.map(async (instance) => ({ instance, page: await readPage(instance, o.config, o.http, signal) })),
  );
  signal.throwIfAborted();
  const failures: string[] = [];
  const read = pages.flatMap(({ instance, page }) => {
    if ("failure" in page) failures.push(`${instance.id}: ${page.failure}`);
    else if (page.reading.counters.requests !== undefined) return [{ instance, counters: page.reading.counters }];
    else failures.push(`${instance.id}: ${page.reading.problems.join("; ")}`);
    return [];
  });
  if (read.length === 0) throw unreadable("no instance gave its counters", failures.join(" | "));

  const now = o.clock.wall();
  const total = read.reduce((sum, { counters }) => sum + (counters.requests?.total ?? 0), 0);
  const failed = read.reduce((sum, { counters }) => sum + (counters.requests?.failed ?? 0), 0);
  const latencies = read.flatMap(({ counters }) => (counters.latency === undefined ? [] : [counters.latency]));
  const histogram = sumHistograms(latencies);
  const observed = observations(histogram);
  const starts = read.map(({ instance, counters }) => countedFromMs(instance, counters));
  const rates = read.map(({ counters }, index): number | null => {
    const seconds = (epochMs(now) - (starts[index] ?? epochMs(now))) / 1000;
    return seconds > 0 ? (counters.requests?.total ?? 0) / seconds : null;
  });
  return {
    from: instantOf(starts.reduce((a, b) => Math.min(a, b), epochMs(now))),
    to: now,
    version,
    series: [
      { metric: "error-rate" as MetricId, exposure: total, events: failed },
      ...(latencies.length === 0
        ? []
        : [
            {
              metric: "latency" as MetricId,
              exposure: observed,
              events: observed,
              buckets: perBucket(histogram),
            },
          ]),
    ],
    throughputRps: rates.reduce<number | null>((a, b) => (a === null || b === null ? null : a + b), 0),
    answered: read.length,
    asked: serving.length,
  };
}
