import type { Arm, Half, Increment, Instance, MetricId, MetricSpec, Quality, Version } from "../../vocab/index.ts";
import { isHistogram, observations, perBucket, sumHistograms } from "./buckets.ts";
import { countersGrowth, type Growth, NOTHING_COUNTED } from "./counters.ts";
import type { InstanceCursor, Mark, ScrapeCursor } from "./cursor.ts";
import { halvesOf } from "./halves.ts";
import type { PageResult } from "./page.ts";
import type { InstancePoll } from "./source.ts";

/** The versions whose instances make up the two arms. */
export interface ArmVersions {
  readonly baseline: Version | undefined;
  readonly candidate: Version | undefined;
}

const id = (name: string) => name as MetricId;

/** Series that a scrape of request counters and a latency histogram gives. */
export const SCRAPED_SERIES: readonly MetricSpec[] = [
  { id: id("error-rate"), kind: "ratio", unit: "requests", direction: "lower-is-better" },
  { id: id("latency"), kind: "distribution", unit: "ms", direction: "lower-is-better" },
  { id: id("throughput"), kind: "rate", unit: "rps", direction: "higher-is-better" },
];

/** The arm that an instance belongs to, if it is one that serves or may have served. */
export function armOf(instance: Instance, versions: ArmVersions): Arm | undefined {
  if (instance.state === "starting" || instance.state === "stopped") return undefined;
  if (instance.version === versions.candidate) return "candidate";
  return instance.version === versions.baseline ? "baseline" : undefined;
}

/** One instance's part of a poll. */
export interface InstanceStep {
  readonly poll: InstancePoll;
  readonly cursor: InstanceCursor;
  readonly growth: Growth | undefined;
}

/**
 * Where counting an instance starts. One that the cursor does not know, though the cursor exists, began after the
 * watch did: everything it counted belongs to the watch. No clock is asked for that.
 */
export function knownInstance(since: ScrapeCursor | undefined, instance: Instance): InstanceCursor {
  if (since === undefined) return { version: instance.version, restarts: instance.restarts, counters: null };
  const known = since.instances[instance.id];
  if (known !== undefined && known.version === instance.version) return known;
  return { version: instance.version, restarts: 0, counters: NOTHING_COUNTED };
}

/** Compares an instance's page with what was known of it. */
export function stepInstance(known: InstanceCursor, instance: Instance, arm: Arm, page: PageResult): InstanceStep {
  const about = { arm, version: instance.version };
  const unanswered = (outcome: "stale" | "missing", problem: string): InstanceStep => ({
    poll: { ...about, outcome, problem },
    cursor: known,
    growth: undefined,
  });
  if ("failure" in page) return unanswered("missing", page.failure);
  const { counters, problems } = page.reading;
  const problem = problems.length === 0 ? {} : { problem: problems.join("; ") };
  if (counters.requests === undefined && counters.latency === undefined) {
    return unanswered("missing", problems.join("; "));
  }
  const base = known.counters;
  if (base === null) {
    const cursor = { version: instance.version, restarts: instance.restarts, counters };
    return { poll: { ...about, outcome: "first", ...problem }, cursor, growth: undefined };
  }
  if (counters.sampledAtMs !== undefined && counters.sampledAtMs === base.sampledAtMs) {
    return unanswered("stale", "the page carries the same sample time as before");
  }
  const restartCounted = instance.restarts > known.restarts;
  const growth = countersGrowth(base, counters, restartCounted);
  if (growth.latency !== undefined && growth.latency.length > 0 && !isHistogram(growth.latency)) {
    return unanswered("missing", "the latency buckets were read in the middle of a change");
  }
  return {
    poll: { ...about, outcome: growth.isReset ? "reset" : "ok", ...problem },
    cursor: {
      version: instance.version,
      // The page can show a restart before the platform counts it; counted later, it must not reset a second time.
      restarts: growth.isReset && !restartCounted ? known.restarts + 1 : Math.max(known.restarts, instance.restarts),
      counters: growth.isReset ? counters : { ...base, ...counters },
    },
    growth,
  };
}

/** The window of one arm in one poll. */
export interface Window {
  readonly last: Mark;
  readonly from: Mark;
  readonly to: Mark;
}

/** Seconds between two marks; `undefined` when they are of different processes, whose monotonic clocks share no zero. */
export function spanSeconds(from: Mark, to: Mark): number | undefined {
  const seconds = (to.monoMs - from.monoMs) / 1000;
  return from.source === to.source && seconds > 0 ? seconds : undefined;
}

/** An instance of an arm by its name. */
export interface NamedStep extends InstanceStep {
  readonly name: string;
}

type Counted = Pick<Increment, "metric" | "exposure" | "events" | "buckets" | "value">;

/** What several instances did together, one entry per series that any of them gave. */
function counted(
  steps: readonly InstanceStep[],
  seconds: number | undefined,
  metrics: readonly MetricSpec[],
): Counted[] {
  const grown = steps.flatMap((step) => (step.growth === undefined ? [] : [step.growth]));
  const requests = grown.flatMap((growth) => (growth.requests === undefined ? [] : [growth.requests]));
  const latencies = grown.flatMap((growth) => (growth.latency === undefined ? [] : [growth.latency]));
  const total = requests.reduce((sum, one) => sum + one.total, 0);
  const failed = requests.reduce((sum, one) => sum + one.failed, 0);
  const histogram = sumHistograms(latencies);
  const observed = observations(histogram);
  return [
    ...(requests.length === 0 ? [] : [{ metric: id("error-rate"), exposure: total, events: failed }]),
    ...(latencies.length === 0
      ? []
      : [{ metric: id("latency"), exposure: observed, events: observed, buckets: perBucket(histogram) }]),
    ...(requests.length === 0 || seconds === undefined
      ? []
      : [{ metric: id("throughput"), exposure: seconds, events: total }]),
    ...metrics.flatMap((spec) => countedExtra(grown, seconds, spec) ?? []),
  ];
}

/** One further series of several instances; undefined where none of them gave it. */
function countedExtra(
  grown: readonly Growth[],
  seconds: number | undefined,
  { id: metric, kind }: MetricSpec,
): Counted | undefined {
  const own = grown.flatMap(({ extra }) => extra[metric] ?? []);
  if (own.length === 0) return undefined;
  const gauges = own.flatMap((one) => ("gauge" in one ? [one.gauge] : []));
  if (gauges.length > 0) {
    const value = gauges.reduce((sum, one) => sum + one, 0) / gauges.length;
    return { metric, exposure: gauges.length, events: 0, value };
  }
  const histograms = own.flatMap((one) => ("buckets" in one ? [one.buckets] : []));
  if (histograms.length > 0) {
    const histogram = sumHistograms(histograms);
    const observed = observations(histogram);
    return { metric, exposure: observed, events: observed, buckets: perBucket(histogram) };
  }
  const counts = own.flatMap((one) => ("total" in one ? [one] : []));
  const total = counts.reduce((sum, one) => sum + one.total, 0);
  if (kind === "rate") return seconds === undefined ? undefined : { metric, exposure: seconds, events: total };
  return { metric, exposure: total, events: counts.reduce((sum, one) => sum + one.matching, 0) };
}

/**
 * The increments of one arm: one per series, or none while its instances are only being met for the first time. Those of
 * a baseline with several instances carry its two halves.
 */
export function armIncrements(
  arm: Arm,
  steps: readonly NamedStep[],
  window: Window,
  metrics: readonly MetricSpec[] = SCRAPED_SERIES,
): Increment[] {
  const polls = steps.map((step) => step.poll.outcome);
  const nobody = polls.every((outcome) => outcome === "missing" || outcome === "stale");
  const grown = steps.filter((step) => step.growth !== undefined);
  if (!nobody && grown.length === 0) return [];
  const blank: Quality = nobody && polls.includes("stale") ? "stale" : "missing";
  const quality: Quality = grown.some((step) => step.growth?.isReset) ? "reset" : "ok";
  const seconds = spanSeconds(window.from, window.to);
  const whole = counted(grown, seconds, metrics);
  const halves = arm === "baseline" ? halvesOf(grown)?.map((half) => counted(half, seconds, metrics)) : undefined;
  return metrics.map(({ id: metric }): Increment => {
    const values = whole.find((one) => one.metric === metric);
    const to = window.to.at;
    if (values === undefined) {
      return { metric, arm, from: window.last.at, to, exposure: 0, events: 0, quality: blank };
    }
    const [first, second] = (halves ?? []).map((half) => half.find((one) => one.metric === metric));
    return {
      ...values,
      arm,
      from: window.from.at,
      to,
      ...(first && second ? { halves: [asHalf(first), asHalf(second)] } : {}),
      quality,
    };
  });
}

function asHalf({ exposure, events, buckets, value }: Counted): Half {
  return { exposure, events, ...(buckets === undefined ? {} : { buckets }), ...(value === undefined ? {} : { value }) };
}
