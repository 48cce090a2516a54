import {
  type BucketGrid,
  type Buckets,
  FlowError,
  type Increment,
  type LiveState,
  type MetricId,
  type Version,
} from "../../../vocab/index.ts";
import type { MetricsConfig } from "../../config.ts";
import type { MetricsHistory } from "../history.ts";
import type { Series } from "./answer.ts";
import { byTarget } from "./arm-reading.ts";
import { historyMs, type PrometheusClient } from "./client.ts";
import type { PrometheusConfig } from "./config.ts";
import { type Family, familyIncrements, targetGrowth, withoutIgnored } from "./family.ts";
import type { PrometheusNames } from "./names.ts";
import { SeriesProblem } from "./points.ts";

/** Errors scatter within a minute; dispersion is calibrated on windows of this length. */
const WINDOW_SECONDS = 60;
/** Fewer windows than these: the server has not known the version for long, and its last samples are all there is. */
const FEWEST_WINDOWS = 3;
const RECENT_SECONDS = 300;
/** Load is that of the last minutes; the mean of an hour would not be the present one. */
const LOAD_WINDOWS = 5;

export interface PrometheusHistory {
  readonly client: PrometheusClient;
  readonly config: PrometheusConfig;
  readonly names: PrometheusNames;
  readonly families: readonly Family[];
  readonly selector: (metric: string, version: Version) => string;
  readonly ignore: MetricsConfig["ignore"];
  readonly version: Version | undefined;
}

/**
 * What one version did over the configured time, minute by minute. Counters are read at the minute and subtracted, so
 * that counts stay whole numbers. FlowError `unreadable` when the server does not answer or knows no such series.
 */
export async function readPrometheusHistory(
  o: PrometheusHistory,
  live: LiveState,
  signal: AbortSignal,
): Promise<MetricsHistory> {
  const { version } = o;
  if (version === undefined) throw unreadable("there is no version to read a history of", "none");
  const server = await serverSeconds(o, signal);
  const windows: Increment[] = [];
  for (const family of o.families) {
    const minutes = await familyWindows(o, family, {
      version,
      server,
      signal,
      spanSeconds: historyMs(o.config) / 1000,
    });
    const isShort = minutes.length < FEWEST_WINDOWS;
    windows.push(...(isShort ? await recentWindow(o, family, { version, server, signal }) : minutes).flat());
  }
  const requests = windows.filter(({ metric }) => metric === "error-rate");
  if (requests.length === 0)
    throw unreadable("the server has no requests of this version", `no growth of ${o.names.requests.name}`);
  const serving = live.instances.filter(
    (instance) => instance.version === version && instance.state === "ready",
  ).length;
  return {
    from: requests.map(({ from }) => from).reduce((a, b) => (a < b ? a : b)),
    to: requests.map(({ to }) => to).reduce((a, b) => (a > b ? a : b)),
    version,
    series: o.families.flatMap((family) => {
      const id = (family.kind === "requests" ? "error-rate" : family.id) as MetricId;
      const own = windows.filter(({ metric }) => metric === id);
      return own.length === 0 ? [] : [total(id, own)];
    }),
    throughputRps: presentLoad(windows.filter(({ metric }) => metric === "throughput")),
    windows,
    answered: serving,
    asked: serving,
  };
}

async function serverSeconds(o: PrometheusHistory, signal: AbortSignal): Promise<number> {
  const answer = await o.client.query("time()", undefined, signal);
  if ("failure" in answer) throw unreadable("the metrics server cannot be read", answer.failure);
  return answer.series[0]?.points.at(-1)?.t ?? Number.NaN;
}

interface Asked {
  readonly version: Version;
  readonly server: number;
  readonly signal: AbortSignal;
}

function metricsOf(family: Family): string[] {
  return family.kind === "histogram" ? [`${family.name}_bucket`, family.name] : [family.name];
}

async function familyWindows(
  o: PrometheusHistory,
  family: Family,
  asked: Asked & { spanSeconds: number },
): Promise<Increment[][]> {
  const end = Math.floor(asked.server / WINDOW_SECONDS) * WINDOW_SECONDS;
  const span = { start: end - asked.spanSeconds, end, step: WINDOW_SECONDS };
  const series = await askAll(o, family, (metric) =>
    o.client.range(o.selector(metric, asked.version), span, asked.signal),
  );
  const windows: Increment[][] = [];
  for (let until = span.start + WINDOW_SECONDS; until <= end; until += WINDOW_SECONDS) {
    const increments = windowOf(o, family, series, { after: until - WINDOW_SECONDS, until });
    if (increments.length > 0) windows.push(increments);
  }
  return windows;
}

/** The last samples as one window. */
async function recentWindow(o: PrometheusHistory, family: Family, asked: Asked): Promise<Increment[][]> {
  const series = await askAll(o, family, (metric) =>
    o.client.query(`${o.selector(metric, asked.version)}[${RECENT_SECONDS}s]`, asked.server, asked.signal),
  );
  const times = extentOf(series, { after: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY });
  if (times === undefined) return [];
  const increments = windowOf(o, family, series, { after: times.first, until: times.last });
  return increments.length > 0 ? [increments] : [];
}

async function askAll(
  o: PrometheusHistory,
  family: Family,
  ask: (metric: string) => ReturnType<PrometheusClient["query"]>,
): Promise<readonly Series[]> {
  const answers = await Promise.all(metricsOf(family).map(ask));
  const series = answers.flatMap((answer) => {
    if ("failure" in answer) throw unreadable("the metrics server cannot be read", answer.failure);
    return answer.series;
  });
  return withoutIgnored(family, series, o.ignore);
}

function windowOf(
  o: PrometheusHistory,
  family: Family,
  all: readonly Series[],
  span: { after: number; until: number },
): Increment[] {
  try {
    const grown = [...byTarget(all, o.names.instance)].flatMap(([name, series]) => {
      const times = extentOf(series, span);
      if (times === undefined || times.last <= times.first) return [];
      return targetGrowth(family, name, series, { after: times.first, until: times.last, newFromZero: true }) ?? [];
    });
    return grown.length === 0 ? [] : familyIncrements(family, "baseline", grown, { from: span.after, to: span.until });
  } catch (error) {
    if (error instanceof SeriesProblem)
      throw unreadable("the history cannot be read", `${family.name}: ${error.message}`);
    throw error;
  }
}

/** First and last sample time in a span; a busy mesh has more samples than a call takes arguments. */
function extentOf(
  all: readonly Series[],
  span: { after: number; until: number },
): { first: number; last: number } | undefined {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { points } of all) {
    for (const { t } of points) {
      if (t < span.after || t > span.until) continue;
      first = Math.min(first, t);
      last = Math.max(last, t);
    }
  }
  return last < first ? undefined : { first, last };
}

function total(metric: MetricId, windows: readonly Increment[]) {
  const exposure = windows.reduce((sum, one) => sum + one.exposure, 0);
  const events = windows.reduce((sum, one) => sum + one.events, 0);
  const buckets = windows.flatMap((one) => (one.buckets ? [one.buckets] : []));
  const grid = windows.find((one) => one.grid !== undefined)?.grid;
  return { metric, exposure, events, ...(buckets.length > 0 ? { buckets: addBuckets(buckets), ...gridOf(grid) } : {}) };
}

function gridOf(grid: BucketGrid | undefined): { grid?: BucketGrid } {
  return grid === undefined ? {} : { grid };
}

function addBuckets(all: readonly Buckets[]): Buckets {
  const counts = new Map<number | null, number>();
  for (const { le, count } of all.flat()) counts.set(le, (counts.get(le) ?? 0) + count);
  return [...counts]
    .map(([le, count]) => ({ le, count }))
    .sort((a, b) => (a.le ?? Number.POSITIVE_INFINITY) - (b.le ?? Number.POSITIVE_INFINITY));
}

function presentLoad(windows: readonly Increment[]): number | null {
  const recent = windows.slice(-LOAD_WINDOWS);
  const seconds = recent.reduce((sum, one) => sum + one.exposure, 0);
  return seconds > 0 ? recent.reduce((sum, one) => sum + one.events, 0) / seconds : null;
}

function unreadable(what: string, found: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what,
    expected: "samples of the configured requests",
    found,
    where: { file: "deploy.yaml", key: "metrics.prometheus" },
    next: "compare the names and matchers with what the server shows for them",
  });
}
