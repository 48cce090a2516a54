import {
  type Counts,
  calibratePhi,
  type Dispersion,
  type Histogram,
  type MetricRule,
  type MetricsState,
  selfNormalised,
  stepMetrics,
  twoArm,
} from "../../../../mcp-server/judge/index.ts";
import { edgeNearQuantile, exceedances, mergeHistograms } from "../../../../mcp-server/judge/metrics/histogram.ts";
import type { Increment } from "../../../../mcp-server/vocab/index.ts";
import { binnedQuantile, bucketed, DEFAULT_EDGES, type Edges, NATIVE_EDGES, sizeOf } from "../traffic/bins.ts";
import type { Bins, LatencyPoll } from "../traffic/latencies.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";
import type { Word } from "./contender.ts";
import { wordOf } from "./error-judges.ts";
import type { LatencyContender, LatencyWorld } from "./latency-tools.ts";
import { defaultRules, incrementOf, openJudge, specOf } from "./spec.ts";

/** Minutes of history from which the dispersion of latencies is calibrated. */
export const LATENCY_HISTORY_SECONDS = 3600;

/** The judge of this project on one latency quantile, the only configured metric. */
export const LATENCY_JUDGES: readonly LatencyContender[] = [
  engine("engine .05, phi 1", { alpha: 0.05, calibrated: false }),
  engine("engine .05, phi calibrated", { alpha: 0.05, calibrated: true }),
  engine("engine .01, phi calibrated", { alpha: 0.01, calibrated: true }),
  selfNormalisedTest("self-normalised .05, 60 s", 0.05),
  wholeJudge("deploy-flow, one value a look and no buckets", { calibrated: false }),
  wholeJudge("deploy-flow, default buckets, per-request routing", { edges: DEFAULT_EDGES, calibrated: false }),
  wholeJudge("**deploy-flow, native buckets, per-request routing**", { edges: NATIVE_EDGES, calibrated: false }),
  wholeJudge("**deploy-flow, native buckets, phi calibrated**", { edges: NATIVE_EDGES, calibrated: true }),
];

/** Native buckets, no warm-up discarded. */
function engine(name: string, o: { alpha: number; calibrated: boolean }): LatencyContender {
  return {
    name,
    threeValued: true,
    open: (world) => {
      const { plannedPolls, quantile, allowed } = world;
      const phi = o.calibrated ? phiOf(world, NATIVE_EDGES) : 1;
      const follow = quantileFollower(quantile, NATIVE_EDGES, allowed);
      let state = twoArm.start({
        form: "bernoulli",
        side: "greater",
        c: 1,
        d: 0,
        phi,
        plannedPolls,
        purpose: "detect",
      });
      return (poll): Word => {
        const counts = follow(poll)?.[0];
        if (counts) state = twoArm.step(state, counts[0], counts[1]);
        return twoArm.read(state).maxLnE >= -Math.log(o.alpha) ? "FAIL" : undefined;
      };
    },
  };
}

/** Without edges the source tells the quantile of each poll, and no distribution. */
function wholeJudge(name: string, { edges, calibrated }: { edges?: Edges; calibrated: boolean }): LatencyContender {
  return {
    name,
    threeValued: true,
    open: (world) => {
      const dispersion = calibrated && edges ? dispersionOf(world, edges) : undefined;
      const { plannedPolls } = world;
      let state = openJudge(specOf([latencyRule(world)], { plannedPolls, dispersion }));
      return (poll): Word => {
        state = stepLatency(state, poll, (bins) =>
          edges ? histogramOf(bins, edges) : quantileOf(bins, world.quantile),
        );
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

type Measured = Pick<Increment, "exposure" | "events"> & Partial<Increment>;

function stepLatency(state: MetricsState, poll: LatencyPoll, measured: (bins: Bins) => Measured): MetricsState {
  const series = state.spec.rules[0]?.series;
  if (series === undefined) return state;
  const arm = (name: "baseline" | "candidate") => incrementOf(series, name, state.polls, measured(poll[name]));
  return stepMetrics(state, [arm("baseline"), arm("candidate")]);
}

function histogramOf(bins: Bins, edges: Edges): Measured {
  return { exposure: sizeOf(bins), events: 0, buckets: bucketed(bins, edges) };
}

function quantileOf(bins: Bins, quantile: number): Measured {
  const value = binnedQuantile(bins, quantile);
  return { exposure: sizeOf(bins), events: 0, ...(value === undefined ? { quality: "missing" } : { value }) };
}

/** What log evidence on the share of slow requests is divided by. */
export function phiOf(world: Pick<LatencyWorld, "quantile" | "history">, edges: Edges): number {
  return dispersionOf(world, edges).phi;
}

/** Dispersion of the share of slow requests, from a history of baseline halves. */
function dispersionOf({ quantile, history }: Pick<LatencyWorld, "quantile" | "history">, edges: Edges): Dispersion {
  return calibratePhi(
    slowCounts(history, quantile, edges).map((halves) => ({ seconds: POLL_SECONDS, halves })),
    "share",
  );
}

/** Per poll: requests of each arm above the edge that stood for the baseline's quantile before this poll. */
function slowCounts(polls: readonly LatencyPoll[], quantile: number, edges: Edges): (readonly [Counts, Counts])[] {
  const follow = quantileFollower(quantile, edges);
  return polls.flatMap((poll) => follow(poll) ?? []);
}

const DECAY_PER_POLL = 0.95;

/**
 * Follows the first arm's quantile as the judge does, and counts what lies above it; of the second arm what lies above
 * the next edge that is `allowed` beyond it. Nothing for the first poll.
 */
export function quantileFollower(quantile: number, edges: Edges, allowed = 0) {
  let past: Histogram = [];
  return (poll: LatencyPoll): [readonly [Counts, Counts]] | undefined => {
    const [b, c] = [bucketed(poll.baseline, edges), bucketed(poll.candidate, edges)];
    const edge = edgeNearQuantile(past, quantile);
    past = mergeHistograms(past, b, DECAY_PER_POLL);
    if (edge === undefined) return undefined;
    const cut = b.find(({ le }) => le !== null && le >= edge * (1 + allowed))?.le ?? undefined;
    return cut === undefined ? undefined : [[exceedances(b, edge), exceedances(c, cut)]];
  };
}

/** The fallback without calibration. */
function selfNormalisedTest(name: string, alpha: number): LatencyContender {
  return {
    name,
    threeValued: true,
    open: ({ quantile, allowed }) => {
      let state = selfNormalised.start({ side: "greater", c: 1, d: 0, windowSeconds: 60, alpha });
      const follow = quantileFollower(quantile, NATIVE_EDGES, allowed);
      return (poll): Word => {
        const counts = follow(poll)?.[0];
        if (counts) state = selfNormalised.step(state, counts[0], counts[1], POLL_SECONDS);
        return selfNormalised.read(state).maxLnE >= -Math.log(alpha) ? "FAIL" : undefined;
      };
    },
  };
}
