import type { Arm, Increment, Instance, MetricId, MetricSpec, Quality, Version } from "../../vocab/index.ts";
import { isHistogram, observations, perBucket, sumHistograms } from "./buckets.ts";
import { countersGrowth, type Growth, NOTHING_COUNTED } from "./counters.ts";
import type { InstanceCursor, Mark, ScrapeCursor } from "./cursor.ts";
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

/** The increments of one arm: one per series, or none while its instances are only being met for the first time. */
export function armIncrements(arm: Arm, steps: readonly InstanceStep[], window: Window): Increment[] {
  const polls = steps.map((step) => step.poll.outcome);
  const nobody = polls.every((outcome) => outcome === "missing" || outcome === "stale");
  const grown = steps.flatMap((step) => (step.growth === undefined ? [] : [step.growth]));
  if (!nobody && grown.length === 0) return [];
  const blank: Quality = nobody && polls.includes("stale") ? "stale" : "missing";
  const counted: Quality = grown.some((growth) => growth.isReset) ? "reset" : "ok";
  const span = { arm, from: window.from.at, to: window.to.at };
  const none = (metric: string): Increment => ({
    metric: id(metric),
    arm,
    from: window.last.at,
    to: window.to.at,
    exposure: 0,
    events: 0,
    quality: blank,
  });

  const requests = grown.flatMap((growth) => (growth.requests === undefined ? [] : [growth.requests]));
  const latencies = grown.flatMap((growth) => (growth.latency === undefined ? [] : [growth.latency]));
  const total = requests.reduce((sum, one) => sum + one.total, 0);
  const failed = requests.reduce((sum, one) => sum + one.failed, 0);
  const histogram = sumHistograms(latencies);
  const observed = observations(histogram);
  const seconds = spanSeconds(window.from, window.to);
  return [
    requests.length === 0
      ? none("error-rate")
      : { metric: id("error-rate"), ...span, exposure: total, events: failed, quality: counted },
    latencies.length === 0
      ? none("latency")
      : {
          metric: id("latency"),
          ...span,
          exposure: observed,
          events: observed,
          buckets: perBucket(histogram),
          quality: counted,
        },
    requests.length === 0 || seconds === undefined
      ? none("throughput")
      : { metric: id("throughput"), ...span, exposure: seconds, events: total, quality: counted },
  ];
}
