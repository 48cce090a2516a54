import { z } from "zod";
import { type MetricsConfig, wholeMatch } from "../config.ts";
import { type CumulativeBucket, histogramGrowth } from "./buckets.ts";
import type { Exposition } from "./exposition.ts";
import type { ExtraSeries } from "./extra.ts";
import { Cumulative, ExtraCounter, extrasGrowth, readExtras } from "./extra-counters.ts";
import { attempt, readHistogram, SeriesProblem, trafficSamples } from "./page-series.ts";

/** What one instance has counted since its process started. Plain JSON. */
export const Counters = z.object({
  requests: z.object({ total: z.number(), failed: z.number() }).optional(),
  /** Cumulative over the bounds, which are in milliseconds. Empty: declared, nothing observed yet. */
  latency: Cumulative.optional(),
  /** Further series, by their id. */
  extra: z.record(z.string(), ExtraCounter).optional(),
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

const MS_PER_UNIT = { s: 1000, ms: 1, us: 0.001, ns: 0.000_001 } as const;

/** 0.07 s is 70 ms, not 70.00000000000001. */
function boundMs(le: number, unit: keyof typeof MS_PER_UNIT): number {
  return Number((le * MS_PER_UNIT[unit]).toPrecision(12));
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
  return readHistogram(name, trafficSamples(page, `${name}_bucket`, name, config), (le) => boundMs(le, unit));
}

/** Sums the series of user traffic on one page as the configuration names them. */
export function readCounters(
  page: Exposition,
  config: MetricsConfig,
  further: readonly ExtraSeries[] = [],
): CounterReading {
  const problems: string[] = [];
  const requests = attempt(() => readRequests(page, config), problems);
  const latency = attempt(() => readLatency(page, config), problems);
  const extra = readExtras(page, further, config, problems);
  const processStart = page.samples.find((sample) => sample.name === "process_start_time_seconds")?.value;
  const times = page.samples
    .filter((sample) => sample.name === config.requests.name)
    .flatMap((sample) => (sample.timestampMs === undefined ? [] : [sample.timestampMs]));
  return {
    counters: {
      ...(requests === undefined ? {} : { requests }),
      ...(latency === undefined ? {} : { latency }),
      ...(further.length === 0 ? {} : { extra }),
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
  /** Of a gauge the value at the later read. */
  readonly extra: Readonly<Record<string, ExtraCounter>>;
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

/** An instance that is younger than the watch and was not read yet. */
function isNothing({ requests, latency, extra }: Counters): boolean {
  return requests?.total === 0 && latency?.length === 0 && extra === undefined;
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
  const extra = extrasGrowth(base.extra, now.extra, isNothing(base));
  if (fell || extra.fell || (restartedByStart(base, now) ?? restartCounted)) {
    return { requests: now.requests, latency: now.latency, extra: now.extra ?? {}, isReset: true };
  }
  return { requests, latency, extra: extra.grown, isReset: false };
}
