import type { Histogram, MetricRule, MetricsSnapshot, MetricsSpec } from "../../../mcp-server/judge/index.ts";
import {
  type Arm,
  type Increment,
  type Instant,
  instantOf,
  type MetricId,
  type Version,
} from "../../../mcp-server/vocab/index.ts";

/** Bucket edges in ms with a ratio of at most 1.25 around the quantiles that matter. */
export const FINE_EDGES = Array.from({ length: 32 }, (_, i) => Math.round(10 * 1.2 ** i));
/** The edges many services export by default. */
export const COARSE_EDGES = [5, 10, 25, 50, 100, 250, 500, 1000, 2500];

export const errorRule: MetricRule = {
  id: "error-rate" as MetricId,
  kind: "error-rate",
  series: "error-rate" as MetricId,
  unit: "%",
  weight: 2 / 3,
  required: true,
  threshold: 0,
  trigger: 2,
  tolerance: 0.1,
};
export const latencyRule: MetricRule = {
  id: "latency-p99" as MetricId,
  kind: "latency",
  series: "latency" as MetricId,
  unit: "ms",
  quantile: 0.99,
  weight: 1 / 3,
  required: false,
  threshold: 0,
  trigger: 20,
  tolerance: 5,
};

/** A specification at the default error rates. */
export function specOf(change: Partial<MetricsSpec> = {}): MetricsSpec {
  return {
    alpha: 0.01,
    beta: 0.05,
    plannedPolls: 60,
    phi: 1,
    warmupPolls: 0,
    rules: [errorRule, latencyRule],
    baseline: { kind: "concurrent" },
    ...change,
  };
}

/** One service's behaviour: requests a second, share of failures, factor on its latencies. */
export interface Behaviour {
  readonly rps: number;
  readonly errorRate: number;
  readonly slowness: number;
}

export const healthy: Behaviour = { rps: 100, errorRate: 0.002, slowness: 1 };

/** A source of polls with reproducible noise. */
export function trafficOf(seed: number, o: { seconds?: number; edges?: readonly number[] } = {}) {
  const random = mulberry(seed);
  const { seconds = 10, edges = FINE_EDGES } = o;
  let at = Date.UTC(2026, 0, 5, 12);
  const window = (arm: Arm, behaviour: Behaviour, from: Instant, to: Instant): Increment[] => {
    const requests = poisson(behaviour.rps * seconds, random);
    const events = count(requests, () => random() < behaviour.errorRate);
    const buckets = latencies(requests, behaviour.slowness, edges, random);
    return [
      { metric: errorRule.series, arm, from, to, exposure: requests, events, quality: "ok" },
      { metric: latencyRule.series, arm, from, to, exposure: requests, events: 0, buckets, quality: "ok" },
    ];
  };
  return {
    /** One poll; an arm that is not named has no increments. */
    poll(arms: Partial<Record<Arm, Behaviour>>): Increment[] {
      const [from, to] = [instantOf(at), instantOf(at + seconds * 1000)];
      at += seconds * 1000;
      return [
        ...(arms.baseline ? window("baseline", arms.baseline, from, to) : []),
        ...(arms.candidate ? window("candidate", arms.candidate, from, to) : []),
      ];
    },
    /** What a version did over the last windows, as a record. */
    snapshot(behaviour: Behaviour, windows: number): MetricsSnapshot {
      const from = instantOf(at);
      const polls = Array.from({ length: windows }, () => this.poll({ baseline: behaviour })).flat();
      const series = [errorRule.series, latencyRule.series].map((metric) => {
        const own = polls.filter((increment) => increment.metric === metric);
        const sum = (pick: (increment: Increment) => number) => own.reduce((total, one) => total + pick(one), 0);
        const buckets = own[0]?.buckets?.map(({ le }, i) => ({
          le,
          count: sum((one) => one.buckets?.[i]?.count ?? 0),
        }));
        const counts = { metric, exposure: sum((one) => one.exposure), events: sum((one) => one.events) };
        return buckets ? { ...counts, buckets } : counts;
      });
      return { from, to: instantOf(at), version: "1.0.0" as Version, series, throughputRps: behaviour.rps };
    },
  };
}

/** The same behaviour at a share of its traffic, in percent. */
export function share(behaviour: Behaviour, percent: number): Behaviour {
  return { ...behaviour, rps: (behaviour.rps * percent) / 100 };
}

function latencies(requests: number, slowness: number, edges: readonly number[], random: () => number): Histogram {
  const buckets: Histogram = [...edges.map((le) => ({ le, count: 0 })), { le: null, count: 0 }];
  for (let i = 0; i < requests; i++) {
    const value = 100 * slowness * Math.exp(0.5 * gauss(random));
    const found = edges.findIndex((edge) => value <= edge);
    const bucket = buckets[found < 0 ? edges.length : found];
    if (bucket) bucket.count += 1;
  }
  return buckets;
}

function count(times: number, happens: () => boolean): number {
  let total = 0;
  for (let i = 0; i < times; i++) if (happens()) total += 1;
  return total;
}

function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function poisson(mean: number, random: () => number): number {
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss(random)));
  let [k, p] = [0, random()];
  while (p > Math.exp(-mean)) {
    p *= random();
    k += 1;
  }
  return k;
}

function mulberry(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
