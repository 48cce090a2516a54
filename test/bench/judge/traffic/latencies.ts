import { rampedShare } from "./errors.ts";
import { POLL_SECONDS, slowNoise, wave } from "./noise.ts";
import { type Random, randomOf } from "./random.ts";

/**
 * Latencies are kept in bins of 1/32 octave (2.2 %), the resolution of a native histogram of schema 5, from 1 ms to
 * 131 s. Every coarser histogram is a sum of these bins.
 */
export const BINS_PER_OCTAVE = 32;
export const BINS = 17 * BINS_PER_OCTAVE;
export type Bins = Uint32Array;

const UPPER_EDGES_MS = Array.from({ length: BINS }, (_, bin) => 2 ** ((bin + 1) / BINS_PER_OCTAVE));

/** Upper edge of a bin, milliseconds; of the bin before the first one its lower edge. */
export function upperEdgeMs(bin: number): number {
  return UPPER_EDGES_MS[bin] ?? 2 ** ((bin + 1) / BINS_PER_OCTAVE);
}

/** How long requests take and how they come, identical for both versions. */
export interface LatencyScenario {
  readonly seconds: number;
  readonly rps: (at: number) => number;
  readonly share: (at: number) => number;
  readonly shape: "lognormal" | "bimodal";
  /** Logarithm of the factor that load puts on both arms alike. */
  readonly lnLoad: (at: number) => number;
  /** Standard deviation of the slow noise of each arm's level (logarithmic). */
  readonly armNoiseSd: number;
}

const still: LatencyScenario = {
  seconds: 1800,
  rps: () => 100,
  share: () => 0.1,
  shape: "lognormal",
  lnLoad: () => 0,
  armNoiseSd: 0,
};

export const LATENCY_SCENARIOS = {
  lognormal: still,
  bimodal: { ...still, shape: "bimodal" },
  driftramp: {
    ...still,
    rps: (at: number) => 100 * (1 + 0.5 * wave(at, 1800)),
    share: rampedShare,
    lnLoad: (at: number) => 0.4 * wave(at + 300, 1200) + (at >= 900 && at < 1080 ? Math.log(3) : 0),
  },
  low1: { ...still, seconds: 3600, rps: () => 1, share: () => 0.5 },
  arnoise: { ...still, armNoiseSd: 0.1 },
} satisfies Record<string, LatencyScenario>;
export type LatencyScenarioName = keyof typeof LATENCY_SCENARIOS;

/** What the candidate does to latencies: a factor on all, and milliseconds on a share of them. */
export interface LatencyEffect {
  readonly factor: number;
  readonly tailShare: number;
  readonly tailMs: number;
}

export const NO_LATENCY_EFFECT: LatencyEffect = { factor: 1, tailShare: 0, tailMs: 0 };

/** The latencies of both arms in one poll. */
export interface LatencyPoll {
  readonly atSeconds: number;
  readonly baseline: Bins;
  readonly candidate: Bins;
}

/** The polls of one canary, and the baseline against itself before it. */
export function latencyTraffic(
  scenario: LatencyScenario,
  effect: LatencyEffect,
  o: { seed: number; historySeconds: number },
): { readonly history: readonly LatencyPoll[]; readonly polls: readonly LatencyPoll[] } {
  const random = randomOf(o.seed);
  const pollsFrom = (from: number, to: number, shareAt: (at: number) => number, change: LatencyEffect) => {
    const arms = [armOf(scenario, random, NO_LATENCY_EFFECT), armOf(scenario, random, change)] as const;
    return Array.from({ length: Math.round((to - from) / POLL_SECONDS) }, (_, i): LatencyPoll => {
      const at = from + i * POLL_SECONDS;
      const [rps, share, lnLoad] = [scenario.rps(at), shareAt(at), scenario.lnLoad(at)];
      return {
        atSeconds: at + POLL_SECONDS,
        baseline: arms[0](rps * (1 - share), lnLoad),
        candidate: arms[1](rps * share, lnLoad),
      };
    });
  };
  const history = pollsFrom(-o.historySeconds, 0, () => 0.5, NO_LATENCY_EFFECT);
  return { history, polls: pollsFrom(0, scenario.seconds, scenario.share, effect) };
}

function armOf(scenario: LatencyScenario, random: Random, effect: LatencyEffect) {
  const noise = slowNoise(scenario.armNoiseSd, random);
  const draw = scenario.shape === "lognormal" ? lognormal : bimodal;
  const lnFactor = Math.log(effect.factor);
  return (rps: number, lnLoad: number): Bins => {
    const bins = new Uint32Array(BINS);
    const lnLevel = lnLoad + noise() + lnFactor;
    for (let rest = random.poisson(rps * POLL_SECONDS); rest > 0; rest -= 1) {
      let ln = draw(random) + lnLevel;
      if (effect.tailShare > 0 && random.uniform() < effect.tailShare) ln = Math.log(Math.exp(ln) + effect.tailMs);
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor(ln * BINS_PER_LN)));
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    return bins;
  };
}

const BINS_PER_LN = BINS_PER_OCTAVE / Math.LN2;

/** Median 100 ms, sigma 0.8. */
function lognormal(random: Random): number {
  return Math.log(100) + 0.8 * random.normal();
}

/** Nine in ten about 20 ms, one in ten about 300 ms. */
function bimodal(random: Random): number {
  const quick = random.uniform() < 0.9;
  return Math.log(quick ? 20 : 300) + 0.3 * random.normal();
}
