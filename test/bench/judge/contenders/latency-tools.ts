import { addBins, binnedQuantile } from "../traffic/bins.ts";
import { BINS, BINS_PER_OCTAVE, type Bins, type LatencyPoll } from "../traffic/latencies.ts";
import type { Contender } from "./contender.ts";
import { kayentaSaysHigh, mannWhitneyZ, Z } from "./mann-whitney.ts";
import { failedChecks, perMinute } from "./windows.ts";

/** What is known before a latency canary begins. */
export interface LatencyWorld {
  readonly quantile: number;
  /** Allowed worsening, relative: 0.2 for 20 %. */
  readonly allowed: number;
  readonly plannedPolls: number;
  readonly history: readonly LatencyPoll[];
}

export type LatencyContender = Contender<LatencyWorld, LatencyPoll>;

/** Today's ways of judging a latency quantile, each with the same threshold against the baseline. */
export const LATENCY_TOOLS: readonly LatencyContender[] = [
  twoValued("strict comparison of totals", ({ quantile, allowed }) => {
    const total = totals();
    return (poll) => {
      total.add(poll);
      return exceeds(total.baseline, total.candidate, quantile, allowed) ? "FAIL" : undefined;
    };
  }),
  checks("Flagger, 5 failed checks", 5, false),
  checks("5 failed checks in a row", 5, true),
  checks("Argo Rollouts, failureLimit 3", 4, false),
  twoValued("Kayenta on 1-minute points", ({ quantile, allowed }) => {
    const points = { baseline: [] as number[], candidate: [] as number[] };
    return perMinute((polls: readonly LatencyPoll[]) => {
      const { baseline, candidate } = merged(polls);
      const [b, c] = [binnedQuantile(baseline, quantile), binnedQuantile(candidate, quantile)];
      if (b === undefined || c === undefined) return undefined;
      points.baseline.push(b * (1 + allowed));
      points.candidate.push(c);
      return points.baseline.length >= 10 && kayentaSaysHigh(points.baseline, points.candidate) ? "FAIL" : undefined;
    });
  }),
  mannWhitney("Mann-Whitney .05 on raw values, each poll", false),
  mannWhitney("Mann-Whitney .05 on raw values, once at the end", true),
];

function twoValued(name: string, open: LatencyContender["open"]): LatencyContender {
  return { name, threeValued: false, open };
}

function checks(name: string, limit: number, inARow: boolean): LatencyContender {
  return twoValued(name, ({ quantile, allowed }) => {
    const counted = failedChecks(limit, { inARow });
    return perMinute((polls: readonly LatencyPoll[]) => {
      const { baseline, candidate } = merged(polls);
      return counted(exceeds(baseline, candidate, quantile, allowed));
    });
  });
}

/** Whole distributions: a threshold above 0 shifts the baseline by that factor. */
function mannWhitney(name: string, onlyAtEnd: boolean): LatencyContender {
  return twoValued(name, ({ allowed }) => {
    const total = totals();
    const shift = Math.round(Math.log2(1 + allowed) * BINS_PER_OCTAVE);
    return (poll, last) => {
      total.add(poll);
      if (onlyAtEnd && !last) return undefined;
      const limit = shift === 0 ? total.baseline : shifted(total.baseline, shift);
      return mannWhitneyZ(limit, total.candidate) > Z.p95 ? "FAIL" : undefined;
    };
  });
}

function shifted(bins: Bins, by: number): Bins {
  const out = new Uint32Array(BINS);
  out.set(bins.subarray(0, BINS - by), by);
  return out;
}

function exceeds(baseline: Bins, candidate: Bins, quantile: number, allowed: number): boolean {
  const [b, c] = [binnedQuantile(baseline, quantile), binnedQuantile(candidate, quantile)];
  return b !== undefined && c !== undefined && c > b * (1 + allowed);
}

function totals() {
  const total = { baseline: new Uint32Array(BINS), candidate: new Uint32Array(BINS) };
  return {
    ...total,
    add(poll: LatencyPoll) {
      addBins(total.baseline, poll.baseline);
      addBins(total.candidate, poll.candidate);
    },
  };
}

/** Both arms of several polls together. */
export function merged(polls: readonly LatencyPoll[]): { baseline: Bins; candidate: Bins } {
  const total = totals();
  for (const poll of polls) total.add(poll);
  return total;
}
