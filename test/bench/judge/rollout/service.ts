import type { Histogram } from "../../../../mcp-server/judge/index.ts";
import { bucketed, NATIVE_EDGES } from "../traffic/bins.ts";
import { BINS, BINS_PER_OCTAVE } from "../traffic/latencies.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";
import type { Random } from "../traffic/random.ts";

/** How one version behaves at a moment. */
export interface Behaviour {
  /** Share of 1. */
  readonly errorRate: number;
  /** Factor on every latency. */
  readonly slowness: number;
}

/** What one version did in one poll. */
export interface Served {
  readonly requests: number;
  readonly failed: number;
  readonly buckets: Histogram;
}

/** Median 100 ms, sigma 0.8: a 99th percentile of 643 ms. */
const MEDIAN_MS = 100;
const SIGMA = 0.8;

/** Answers about `rps` requests a second for one poll. */
export function serve(rps: number, { errorRate, slowness }: Behaviour, random: Random): Served {
  const requests = random.poisson(rps * POLL_SECONDS);
  const failed = Math.min(requests, random.poisson(requests * errorRate));
  const bins = new Uint32Array(BINS);
  const log2 = Math.log2(MEDIAN_MS * slowness);
  for (let rest = requests; rest > 0; rest -= 1) {
    const bin = Math.floor((log2 + (SIGMA / Math.LN2) * random.normal()) * BINS_PER_OCTAVE);
    const kept = Math.min(BINS - 1, Math.max(0, bin));
    bins[kept] = (bins[kept] ?? 0) + 1;
  }
  return { requests, failed, buckets: bucketed(bins, NATIVE_EDGES) };
}
