import { type MetricSource, type Prober, probedArms } from "../evidence/index.ts";
import type { MetricsSnapshot } from "../judge/index.ts";
import type { Clock } from "../ports/index.ts";
import { reachOf } from "../target/index.ts";
import type { Increment, LiveState, MetricId, Ms, Version } from "../vocab/index.ts";
import { probeJourneys, recordedProbeRate } from "./probing.ts";
import type { RunState } from "./run-state.ts";

export interface RecordOptions {
  readonly state: RunState;
  readonly source: MetricSource;
  /** Of this recording alone. */
  readonly prober: Prober;
  readonly clock: Clock;
  readonly live: LiveState;
  readonly version: Version;
  readonly signal: AbortSignal;
}

/** What the old version does in production, and minute by minute in two halves where the source knows it. */
export interface Recording {
  readonly snapshot: MetricsSnapshot;
  readonly windows: readonly Increment[];
}

/**
 * What the old version does in production, to be held against the new one. From pages of counters it is all that its
 * instances counted; where users are too few to compare with, it is what they count under probe traffic. FlowError
 * `unreadable` when nothing can be read.
 */
export async function recordProduction(o: RecordOptions): Promise<Recording> {
  const { state, source, live, version, signal } = o;
  const kind = state.plan.metrics?.config.source;
  if (kind !== "scrape") {
    const { from, to, series, throughputRps, windows = [] } = await source.history(live, signal);
    const seconds = Math.max(0.001, (Date.parse(to) - Date.parse(from)) / 1000);
    // No user is in the counts of probes; a Prometheus server has an hour of them, which chance changes little.
    const users = kind === "probes" ? { users: { requests: 0, seconds } } : {};
    return { snapshot: { from, to, version, series, throughputRps: throughputRps ?? 0, ...users }, windows };
  }
  const users = await usersLoad(o);
  const rate = users ? recordedProbeRate(state, users) : 0;
  const probed = rate > 0 ? await recordProbed(o, rate) : undefined;
  if (probed) return { snapshot: { ...probed, ...(users ? { users } : {}) }, windows: [] };
  const { from, to, series, throughputRps, windows = [] } = await source.history(live, signal);
  const rps = users ? users.requests / users.seconds : (throughputRps ?? 0);
  return { snapshot: { from, to, version, series, throughputRps: rps, ...(users ? { users } : {}) }, windows };
}

const LOAD_WINDOW_POLLS = 3;
const LONGEST_LOAD_WINDOW_MS = 10_000;

/** Requests that the old version gets now. A mean since its start would count nights and idle hours in. */
async function usersLoad(o: RecordOptions): Promise<MetricsSnapshot["users"]> {
  const { increments } = await overWindow(o, Math.min(LOAD_WINDOW_POLLS * o.state.plan.pollMs, LONGEST_LOAD_WINDOW_MS));
  const seen = increments.find(
    ({ metric, arm, quality }) => metric === "throughput" && arm === "baseline" && quality === "ok",
  );
  return seen && seen.exposure > 0 ? { requests: seen.events, seconds: seen.exposure } : undefined;
}

/** What users and probes of this rate meet together; undefined when it cannot be counted. */
async function recordProbed(o: RecordOptions, probesPerSecond: number): Promise<MetricsSnapshot | undefined> {
  const { prober, state, live, version } = o;
  const forMs = state.plan.probes?.recordForMs ?? 0;
  const arms = probedArms(live, { baseline: version, candidate: undefined }, reachOf(state.plan.target));
  try {
    prober.keep(arms, probeJourneys(state), probesPerSecond, forMs + STARTING_MS);
    const { increments, from, to } = await overWindow(o, forMs);
    const series = SERIES.flatMap((metric) => seriesOf(increments, metric));
    const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
    const requests = series.find(({ metric }) => metric === "error-rate")?.exposure ?? 0;
    if (requests === 0 || seconds <= 0) return undefined;
    return { from, to, version, series, throughputRps: requests / seconds, probesPerSecond };
  } finally {
    prober.rest();
  }
}

/** The two readings themselves take time, and the probes go on during them. */
const STARTING_MS = 20_000;

const SERIES = ["error-rate", "latency"] as const;

function seriesOf(increments: readonly Increment[], metric: (typeof SERIES)[number]): MetricsSnapshot["series"] {
  const seen = increments.find((one) => one.metric === metric && one.arm === "baseline" && one.quality === "ok");
  if (!seen) return [];
  const { exposure, events, buckets } = seen;
  return [{ metric: metric as MetricId, exposure, events, ...(buckets ? { buckets } : {}) }];
}

async function overWindow({ source, clock, live, signal }: RecordOptions, forMs: Ms) {
  const first = await source.poll(live, undefined, signal);
  const from = clock.wall();
  await clock.sleep(forMs, signal);
  const { increments } = await source.poll(live, first.cursor, signal);
  signal.throwIfAborted();
  return { increments, from, to: clock.wall() };
}
