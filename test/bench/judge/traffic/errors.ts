import type { Counts } from "../../../../mcp-server/judge/index.ts";
import { POLL_SECONDS, slowNoise, wave } from "./noise.ts";
import { type Random, randomOf } from "./random.ts";

/** How requests come and fail, identical for both versions. Rates are shares of 1, times seconds since the canary began. */
export interface ErrorScenario {
  readonly seconds: number;
  readonly rps: (at: number) => number;
  /** The candidate's share of the requests. */
  readonly share: (at: number) => number;
  readonly errorRate: (at: number) => number;
  /** Failures come in clusters of this mean size, each in one arm: sticky sessions, retries. 1: each by itself. */
  readonly clusterSize: number;
  /** Standard deviation of the slow noise of each arm's error level (logarithmic). */
  readonly armNoiseSd: number;
}

const still: ErrorScenario = {
  seconds: 1800,
  rps: () => 100,
  share: () => 0.1,
  errorRate: () => 0.01,
  clusterSize: 1,
  armNoiseSd: 0,
};

export const ERROR_SCENARIOS = {
  web100: still,
  big2000: { ...still, rps: () => 2000, share: () => 0.05, errorRate: () => 0.001 },
  low1: { ...still, seconds: 3600, rps: () => 1, share: () => 0.5 },
  zero: { ...still, errorRate: () => 0 },
  driftramp: {
    ...still,
    rps: (at: number) => 100 * (1 + 0.5 * wave(at, 1800)),
    share: rampedShare,
    errorRate: (at: number) => 0.005 + 0.004 * wave(at + 300, 1200) + (at >= 900 && at < 1080 ? 0.08 : 0),
  },
  bursty: { ...still, clusterSize: 5 },
  arnoise: { ...still, armNoiseSd: 0.3 },
} satisfies Record<string, ErrorScenario>;
export type ErrorScenarioName = keyof typeof ERROR_SCENARIOS;

/** A canary in three stages. */
export function rampedShare(at: number): number {
  return at < 600 ? 0.05 : at < 1200 ? 0.25 : 0.5;
}

/** What the candidate does to the error rate. */
export interface ErrorEffect {
  readonly factor: number;
  /** Added, as a share of 1. */
  readonly added: number;
  /** Second at which it begins. */
  readonly from: number;
}

export const NO_ERROR_EFFECT: ErrorEffect = { factor: 1, added: 0, from: 0 };

/** What both arms did in one poll. */
export interface CountsPoll {
  readonly atSeconds: number;
  readonly baseline: Counts;
  readonly candidate: Counts;
}

/** The baseline against itself, before the canary: its two halves, poll by poll. */
export type HalvesPoll = Pick<CountsPoll, "baseline" | "candidate">;

/** The polls of one canary, and its history of halves. The same seed gives the same bits. */
export function errorTraffic(
  scenario: ErrorScenario,
  effect: ErrorEffect,
  o: { seed: number; historySeconds: number },
): { readonly history: readonly HalvesPoll[]; readonly polls: readonly CountsPoll[] } {
  const random = randomOf(o.seed);
  const half = () => armOf(scenario, random);
  const halves = [half(), half()] as const;
  const history = times(-o.historySeconds, 0).map((at) => ({
    baseline: halves[0](at, scenario.rps(at) / 2, scenario.errorRate(at)),
    candidate: halves[1](at, scenario.rps(at) / 2, scenario.errorRate(at)),
  }));
  const arms = [armOf(scenario, random), armOf(scenario, random)] as const;
  const polls = times(0, scenario.seconds).map((at) => {
    const [rps, share, rate] = [scenario.rps(at), scenario.share(at), scenario.errorRate(at)];
    const worse = at >= effect.from ? rate * effect.factor + effect.added : rate;
    return {
      atSeconds: at + POLL_SECONDS,
      baseline: arms[0](at, rps * (1 - share), rate),
      candidate: arms[1](at, rps * share, worse),
    };
  });
  return { history, polls };
}

function times(from: number, to: number): number[] {
  return Array.from({ length: Math.round((to - from) / POLL_SECONDS) }, (_, i) => from + i * POLL_SECONDS);
}

function armOf(scenario: ErrorScenario, random: Random) {
  const noise = slowNoise(scenario.armNoiseSd, random);
  const { clusterSize, armNoiseSd } = scenario;
  return (_at: number, rps: number, errorRate: number): Counts => {
    const exposure = random.poisson(rps * POLL_SECONDS);
    const rate = Math.min(1, errorRate * Math.exp(noise() - armNoiseSd ** 2 / 2));
    if (clusterSize === 1) return { exposure, events: Math.min(exposure, random.poisson(exposure * rate)) };
    let events = 0;
    const clusters = random.poisson((exposure * rate) / clusterSize);
    for (let i = 0; i < clusters; i += 1) events += random.geometric(clusterSize);
    return { exposure, events: Math.min(exposure, events) };
  };
}
