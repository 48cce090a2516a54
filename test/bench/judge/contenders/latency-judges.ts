import {
  type Counts,
  calibratePhi,
  type Histogram,
  type MetricRule,
  type MetricsState,
  selfNormalised,
  startMetrics,
  stepMetrics,
} from "../../../../mcp-server/judge/index.ts";
import { edgeNearQuantile, exceedances, mergeHistograms } from "../../../../mcp-server/judge/metrics/histogram.ts";
import { bucketed, DEFAULT_EDGES, type Edges, NATIVE_EDGES } from "../traffic/bins.ts";
import type { LatencyPoll } from "../traffic/latencies.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";
import type { Word } from "./contender.ts";
import { wordOf } from "./error-judges.ts";
import type { LatencyContender, LatencyWorld } from "./latency-tools.ts";
import { defaultRules, incrementOf, specOf } from "./spec.ts";

/** Minutes of history from which the dispersion of latencies is calibrated. */
export const LATENCY_HISTORY_SECONDS = 3600;

/** The judge of this project on one latency quantile, the only configured metric. */
export const LATENCY_JUDGES: readonly LatencyContender[] = [
  selfNormalisedTest("self-normalised .05, 60 s", 0.05),
  wholeJudge("deploy-flow, default buckets, per-request routing", { edges: DEFAULT_EDGES, calibrated: false }),
  wholeJudge("**deploy-flow, native buckets, per-request routing**", { edges: NATIVE_EDGES, calibrated: false }),
  wholeJudge("**deploy-flow, native buckets, phi calibrated**", { edges: NATIVE_EDGES, calibrated: true }),
];

function wholeJudge(name: string, o: { edges: Edges; calibrated: boolean; warmupPolls?: number }): LatencyContender {
  return {
    name,
    threeValued: true,
    open: (world) => {
      let state = startLatency(world, o.calibrated ? phiOf(world, o.edges) : 1, o.warmupPolls);
      return (poll): Word => {
        state = stepLatency(state, poll, o.edges);
        return wordOf(state);
      };
    },
  };
}

/** The default's latency rule, as the only metric. */
export function latencyRule({ quantile, allowed }: Pick<LatencyWorld, "quantile" | "allowed">): MetricRule {
  const rule = defaultRules(allowed * 100).find(({ kind }) => kind === "latency");
  if (!rule) throw new Error("no latency is judged by default");
  return { ...rule, quantile, required: true };
}

function startLatency(world: LatencyWorld, phi: number, warmupPolls?: number): MetricsState {
  const { plannedPolls } = world;
  const warmup = warmupPolls === undefined ? {} : { warmupPolls };
  return startMetrics(specOf([latencyRule(world)], { plannedPolls, phi, ...warmup }));
}

function stepLatency(state: MetricsState, poll: LatencyPoll, edges: Edges): MetricsState {
  const series = state.spec.rules[0]?.series;
  if (series === undefined) return state;
  const arm = (name: "baseline" | "candidate") => {
    const buckets = bucketed(poll[name], edges);
    return incrementOf(series, name, state.polls, { exposure: total(buckets), events: 0, buckets });
  };
  return stepMetrics(state, [arm("baseline"), arm("candidate")]);
}

function total(buckets: Histogram): number {
  return buckets.reduce((sum, { count }) => sum + count, 0);
}

/** Dispersion of the share of slow requests, from a history of baseline halves. */
export function phiOf({ quantile, history }: Pick<LatencyWorld, "quantile" | "history">, edges: Edges): number {
  return calibratePhi(
    slowCounts(history, quantile, edges).map((halves) => ({ seconds: POLL_SECONDS, halves })),
    "share",
  ).phi;
}

/** Per poll: requests of each arm above the edge that stood for the baseline's quantile before this poll. */
function slowCounts(polls: readonly LatencyPoll[], quantile: number, edges: Edges): (readonly [Counts, Counts])[] {
  const follow = quantileFollower(quantile, edges);
  return polls.flatMap((poll) => follow(poll) ?? []);
}

const DECAY_PER_POLL = 0.95;

/** Follows the first arm's quantile as the judge does, and counts what lies above it. Nothing for the first poll. */
export function quantileFollower(quantile: number, edges: Edges) {
  let past: Histogram = [];
  return (poll: LatencyPoll): [readonly [Counts, Counts]] | undefined => {
    const [b, c] = [bucketed(poll.baseline, edges), bucketed(poll.candidate, edges)];
    const edge = edgeNearQuantile(past, quantile);
    past = mergeHistograms(past, b, DECAY_PER_POLL);
    return edge === undefined ? undefined : [[exceedances(b, edge), exceedances(c, edge)]];
  };
}

/** The fallback without calibration; a threshold above 0 is asked of the scaled baseline. */
function selfNormalisedTest(name: string, alpha: number): LatencyContender {
  return {
    name,
    threeValued: true,
    open: ({ quantile }) => {
      let state = selfNormalised.start({ side: "greater", c: 1, d: 0, windowSeconds: 60, alpha });
      const follow = quantileFollower(quantile, NATIVE_EDGES);
      return (poll): Word => {
        const counts = follow(poll)?.[0];
        if (counts) state = selfNormalised.step(state, counts[0], counts[1], POLL_SECONDS);
        return selfNormalised.read(state).maxLnE >= -Math.log(alpha) ? "FAIL" : undefined;
      };
    },
  };
}
