import { type NullSpec, twoArm } from "../../../../mcp-server/judge/index.ts";
import type { Word } from "../contenders/contender.ts";
import { phiOf, quantileFollower } from "../contenders/latency-judges.ts";
import type { LatencyContender, LatencyWorld } from "../contenders/latency-tools.ts";
import { type Edges, FINEST_EDGES, NATIVE_EDGES } from "../traffic/bins.ts";
import type { LatencyPoll } from "../traffic/latencies.ts";
import { lnAdd } from "./bets.ts";

const ALPHA = 0.01;

/** Ways to find a worse 99th percentile sooner, each at alpha .01 and threshold 0, without a warm-up. */
export const LATENCY_IDEAS: readonly LatencyContender[] = [
  idea("**one edge at p99, buckets 9 % apart (taken)**", { quantiles: [0.99], edges: NATIVE_EDGES, form: "bernoulli" }),
  idea("buckets 2.2 % apart", { quantiles: [0.99], edges: FINEST_EDGES, form: "bernoulli" }),
  idea("Poisson instead of Bernoulli", { quantiles: [0.99], edges: NATIVE_EDGES, form: "poisson" }),
  idea("mean over p98, p99 and p99.5", { quantiles: [0.98, 0.99, 0.995], edges: NATIVE_EDGES, form: "bernoulli" }),
  idea("mean over p50, p75, p90, p95 and p99", {
    quantiles: [0.5, 0.75, 0.9, 0.95, 0.99],
    edges: NATIVE_EDGES,
    form: "bernoulli",
  }),
];

interface Idea {
  readonly quantiles: readonly number[];
  readonly edges: Edges;
  readonly form: NullSpec["form"];
}

function idea(name: string, { quantiles, edges, form }: Idea): LatencyContender {
  return {
    name,
    threeValued: true,
    open: (world) => {
      const tests = quantiles.map((quantile) => oneQuantile({ ...world, quantile }, edges, form));
      return (poll): Word => {
        const lnE = tests.map((test) => test(poll)).reduce(lnAdd) - Math.log(tests.length);
        return lnE >= -Math.log(ALPHA) ? "FAIL" : undefined;
      };
    },
  };
}

function oneQuantile(world: LatencyWorld, edges: Edges, form: NullSpec["form"]): (poll: LatencyPoll) => number {
  const follow = quantileFollower(world.quantile, edges);
  const phi = phiOf(world, edges);
  const { plannedPolls } = world;
  let state = twoArm.start({ form, side: "greater", c: 1, d: 0, phi, plannedPolls, purpose: "detect" });
  return (poll) => {
    const counts = follow(poll)?.[0];
    if (counts) state = twoArm.step(state, counts[0], counts[1]);
    return twoArm.read(state).lnE;
  };
}
