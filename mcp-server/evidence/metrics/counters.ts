import { z } from "zod";
import { type MetricsConfig, wholeMatch } from "../config.ts";
import { type CumulativeBucket, histogramGrowth, isHistogram, sumHistograms } from "./buckets.ts";
import type { Exposition, Sample } from "./exposition.ts";

/** What one instance has counted since its process started. Plain JSON. */
export const Counters = z.object({
  requests: z.object({ total: z.number(), failed: z.number() }).optional(),
  /** Cumulative over the bounds, which are in milliseconds. Empty: declared, nothing observed yet. */
  latency: z.array(z.object({ le: z.number().nullable(), count: z.number() })).optional(),
  /** Epoch seconds at which the process says that it started. */
  processStart: z.number().optional(),
  /** Newest time that the samples carry, when they carry one. */
  sampledAtMs: z.number().optional(),
});
export type Counters = z.infer<typeof Counters>;

/** Counters of one page, and what was wrong with it. A series with a problem is absent, never zero. */
export interface CounterReading {
  readonly counters: Counters;
  readonly problems: readonly string[];
}

class SeriesProblem extends Error {}

const MS_PER_UNIT = { s: 1000, ms: 1, us: 0.001, ns: 0.000_001 } as const;

/** 0.07 s is 70 ms, not 70.00000000000001. */
function boundMs(le: number, unit: keyof typeof MS_PER_UNIT): number {
  return Number((le * MS_PER_UNIT[unit]).toPrecision(12));
}

/** The labels of a series in one spelling. */
function seriesKey(sample: Sample, without?: string): string {
  return JSON.stringify([...sample.labels].filter(([label]) => label !== without).sort());
}

function isDeclared(page: Exposition, name: string): boolean {
  return page.types.has(name) || (name.endsWith("_total") && page.types.has(name.slice(0, -"_total".length)));
}

/** The samples of user traffic of one name; refuses a page that does not know the name at all or says a series twice. */
function trafficSamples(page: Exposition, name: string, declared: string, config: MetricsConfig): Sample[] {
  const all = page.samples.filter((sample) => sample.name === name);
  if (all.length === 0 && !isDeclared(page, declared)) throw new SeriesProblem(`the page has no metric ${name}`);
  const seen = new Set<string>();
  for (const sample of all) {
    const key = seriesKey(sample);
    if (seen.has(key)) throw new SeriesProblem(`a series of ${name} is on the page twice`);
    seen.add(key);
    if (!Number.isFinite(sample.value) || sample.value < 0) throw new SeriesProblem(`a value of ${name} is no count`);
  }
  const { ignore } = config;
  const pattern = ignore === undefined ? undefined : wholeMatch(ignore.matches);
  if (ignore === undefined || pattern === undefined) return all;
  return all.filter((sample) => !pattern.test(sample.labels.get(ignore.label) ?? ""));
}

function readRequests(page: Exposition, config: MetricsConfig): { total: number; failed: number } {
  const { name, failed } = config.requests;
  const pattern = wholeMatch(failed.matches);
  let total = 0;
  let failures = 0;
  for (const sample of trafficSamples(page, name, name, config)) {
    const value = sample.labels.get(failed.label);
    // Without the label no request could ever count as failed: that is no error rate of zero.
    if (value === undefined) throw new SeriesProblem(`a series of ${name} has no label ${failed.label}`);
    total += sample.value;
    if (pattern?.test(value)) failures += sample.value;
  }
  return { total, failed: failures };
}

function readLatency(page: Exposition, config: MetricsConfig): CumulativeBucket[] {
  const { name, unit } = config.latency;
  const series = new Map<string, CumulativeBucket[]>();
  for (const sample of trafficSamples(page, `${name}_bucket`, name, config)) {
    const le = sample.labels.get("le");
    const seconds = le === "+Inf" || le === "Inf" ? Number.POSITIVE_INFINITY : Number(le || Number.NaN);
    if (Number.isNaN(seconds)) throw new SeriesProblem(`a bucket of ${name} has no bound`);
    const key = seriesKey(sample, "le");
    const buckets = series.get(key) ?? [];
    buckets.push({ le: Number.isFinite(seconds) ? boundMs(seconds, unit) : null, count: sample.value });
    series.set(key, buckets);
  }
  for (const buckets of series.values()) {
    buckets.sort((a, b) => (a.le === null ? 1 : b.le === null ? -1 : a.le - b.le));
    if (!isHistogram(buckets)) throw new SeriesProblem(`a series of ${name} is no cumulative histogram up to +Inf`);
  }
  return sumHistograms([...series.values()]);
}

function attempt<T>(read: () => T, problems: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SeriesProblem)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

/** Sums the series of user traffic on one page as the configuration names them. */
export function readCounters(page: Exposition, config: MetricsConfig): CounterReading {
  const problems: string[] = [];
  const requests = attempt(() => readRequests(page, config), problems);
  const latency = attempt(() => readLatency(page, config), problems);
  const processStart = page.samples.find((sample) => sample.name === "process_start_time_seconds")?.value;
  const times = page.samples
    .filter((sample) => sample.name === config.requests.name)
    .flatMap((sample) => (sample.timestampMs === undefined ? [] : [sample.timestampMs]));
  return {
    counters: {
      ...(requests === undefined ? {} : { requests }),
      ...(latency === undefined ? {} : { latency }),
      ...(processStart === undefined || !Number.isFinite(processStart) ? {} : { processStart }),
      ...(times.length === 0 ? {} : { sampledAtMs: times.reduce((a, b) => Math.max(a, b)) }),
    },
    problems,
  };
}

/** What an instance counted between two reads. A series is absent when either read lacks it. */
export interface Growth {
  readonly requests: { readonly total: number; readonly failed: number } | undefined;
  readonly latency: readonly CumulativeBucket[] | undefined;
  /** A restart lies between: the growth counts from the restart, what came before it since the last read is lost. */
  readonly isReset: boolean;
}

/** Nothing counted yet: what an instance that started after the watch began is compared with. */
export const NOTHING_COUNTED: Counters = { requests: { total: 0, failed: 0 }, latency: [] };

/** Process start times are derived from boot time and clock ticks; adjusting the clock moves them by about a second. */
const START_JITTER_SECONDS = 2;

function restartedByStart(base: Counters, now: Counters): boolean | undefined {
  if (base.processStart === undefined || now.processStart === undefined) return undefined;
  return Math.abs(now.processStart - base.processStart) > START_JITTER_SECONDS;
}

/** Every value that both reads have grew or stayed, and failures did not outgrow requests. */
function requestGrowth(base: Counters["requests"], now: Counters["requests"]) {
  if (base === undefined || now === undefined) return undefined;
  const total = now.total - base.total;
  const failed = now.failed - base.failed;
  return total < 0 || failed < 0 || failed > total ? undefined : { total, failed };
}

/**
 * Growth from `base` to `now`. A counter that fell, another process start time, or (where the page has no start time)
 * a restart that the platform counted means that the process began again: then the whole new value is the growth.
 */
export function countersGrowth(base: Counters, now: Counters, restartCounted: boolean): Growth {
  const requests = requestGrowth(base.requests, now.requests);
  const latency =
    base.latency === undefined || now.latency === undefined ? undefined : histogramGrowth(base.latency, now.latency);
  const fell =
    (requests === undefined && base.requests !== undefined && now.requests !== undefined) ||
    (latency === undefined && base.latency !== undefined && now.latency !== undefined);
  if (fell || (restartedByStart(base, now) ?? restartCounted)) {
    return { requests: now.requests, latency: now.latency, isReset: true };
  }
  return { requests, latency, isReset: false };
}
