import type { Clock } from "../../ports/index.ts";
import {
  type Arm,
  addressesOf,
  FlowError,
  type Increment,
  type Instant,
  type Json,
  type LiveState,
  type MetricId,
  type Ms,
  type Reach,
} from "../../vocab/index.ts";
import type { JourneyConfig } from "../journeys/config.ts";
import { ProbeCursor } from "../metrics/cursor.ts";
import { type ArmVersions, armOf, SCRAPED_SERIES } from "../metrics/poll.ts";
import type { MetricSource } from "../metrics/source.ts";
import type { ProbedArm, Prober } from "./prober.ts";
import { latencyBuckets, NOTHING_PROBED, type ProbeTotals, probedSince, timedAnswers } from "./totals.ts";

export interface ProbeSourceOptions {
  /** A prober of this source alone: its counts are the measurement. */
  readonly prober: Prober;
  readonly clock: Clock;
  readonly versions: ArmVersions;
  /** How one version is asked. */
  readonly reach: Reach;
  /** Journeys to send, looked up at every poll. */
  readonly journeys: () => readonly JourneyConfig[];
  readonly ratePerSecond: number;
  readonly pollMs: Ms;
  /** How long the baseline is probed to record it. */
  readonly recordForMs: Ms;
}

const ARMS = ["baseline", "candidate"] as const satisfies readonly Arm[];

/** A poll may be late by so many intervals before the traffic stops of itself. */
const GRANTED_POLLS = 3;

/**
 * Where both arms are asked. Of instances that have a URL, slow and dead ones too: leaving them out would hide what users
 * meet. An entry is asked for the one version that has all of its traffic.
 */
export function probedArms(live: LiveState, versions: ArmVersions, reach: Reach): ProbedArm[] {
  return ARMS.flatMap((arm): ProbedArm[] => {
    const version = versions[arm];
    if (version === undefined) return [];
    if (reach !== "instances") return [{ arm, version, urls: addressesOf(live, version, reach), shared: true }];
    const own = live.instances.filter((one) => armOf(one, versions) === arm && one.state !== "draining");
    return [{ arm, version, urls: own.flatMap(({ url }) => (url ? [url] : [])), shared: false }];
  });
}

/**
 * Measures both versions by journeys that are sent to their instances, at the same rate and in turns. An answer that is
 * not as expected and a request without an answer are failures; what this machine could not send is missing.
 */
export function createProbeSource(o: ProbeSourceOptions): MetricSource<ProbeCursor> {
  const { prober, clock, versions } = o;
  const source = `${clock.wall()}+${clock.mono()}`;
  return {
    metrics: SCRAPED_SERIES.filter(({ id }) => id !== "throughput"),
    rest: () => prober.rest(),
    history: async (live, signal) => {
      const [baseline] = probedArms(live, { baseline: versions.baseline, candidate: undefined }, o.reach);
      const from = clock.wall();
      const started = clock.mono();
      if (baseline) prober.keep([baseline], o.journeys(), o.ratePerSecond, o.recordForMs);
      await clock.sleep(o.recordForMs, signal);
      prober.rest();
      signal.throwIfAborted();
      const totals = prober.totals().baseline;
      if (!baseline || totals.requests === 0) throw nothingAnswered();
      const seconds = Math.max(0.001, (clock.mono() - started) / 1000);
      return {
        from,
        to: clock.wall(),
        version: baseline.version,
        series: seriesOf(totals),
        throughputRps: totals.requests / seconds,
        answered: baseline.urls.length,
        asked: baseline.urls.length,
      };
    },
    poll: async (live, cursor, signal) => {
      signal.throwIfAborted();
      const since = readCursor(cursor);
      const arms = probedArms(live, versions, o.reach);
      const totals = prober.totals();
      const at = clock.wall();
      prober.keep(arms, o.journeys(), o.ratePerSecond, GRANTED_POLLS * o.pollMs);
      const increments =
        since === undefined
          ? []
          : arms.flatMap((probed) => {
              const before = since.probes === source ? since.totals[probed.arm] : NOTHING_PROBED;
              return armIncrements(probed, probedSince(totals[probed.arm], before), since.at, at);
            });
      return { increments, cursor: { probes: source, at, totals }, perInstance: {} };
    },
  };
}

function armIncrements({ arm, urls }: ProbedArm, grown: ProbeTotals, from: Instant, to: Instant): Increment[] {
  // Nobody to ask, or nothing that could be sent: that is no failure and no zero either.
  const isMissing = grown.requests === 0 && (urls.length === 0 || grown.unsent > 0);
  const quality = isMissing ? "missing" : "ok";
  return seriesOf(grown).map((series) => ({ ...series, arm, from, to, quality }));
}

function seriesOf(totals: ProbeTotals) {
  const timed = timedAnswers(totals);
  return [
    { metric: "error-rate" as MetricId, exposure: totals.requests, events: totals.failed },
    { metric: "latency" as MetricId, exposure: timed, events: timed, buckets: latencyBuckets(totals) },
  ];
}

function readCursor(cursor: Json | undefined): ProbeCursor | undefined {
  if (cursor === undefined || cursor === null) return undefined;
  const parsed = ProbeCursor.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new FlowError({
    code: "damaged",
    what: "the place up to which probes were counted cannot be read",
    expected: "a cursor that an earlier poll returned",
    next: "begin the watch anew; what was counted so far stays",
  });
}

function nothingAnswered(): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "no probe of the version before was answered",
    expected: "at least one request that could be sent to an instance",
    where: { file: "deploy.yaml", key: "journeys" },
    next: "try the journeys with `deploy-flow smoke-test production`",
  });
}
