import { aggregatePoints, meanInterval, type PointsState } from "../sequential/aggregate-points.ts";
import {
  type DifferenceState,
  differenceSequence,
  type RatioState,
  ratioSequence,
} from "../sequential/confidence-sequence.ts";
import { type TwoArmState, twoArm } from "../sequential/two-arm.ts";
import { edgeAtLeast, exceedances } from "./histogram.ts";
import type { ArmPoll } from "./poll.ts";
import { isInPoints, type MetricRule } from "./rule.ts";

/** One slowdown factor as a null: slower than that, and faster than that. */
interface Factor {
  readonly slower: TwoArmState;
  readonly faster: TwoArmState;
  /** The factor that the buckets could really tell, worst over the polls. */
  readonly reached: number;
}

/**
 * The confidence sequence of a metric's change, for people: no verdict rests on it. Plain JSON. Shares in points as a
 * difference, other counts as a ratio, latency as a slowdown factor, bare values as a mean log ratio.
 */
export type IntervalState =
  | { readonly kind: "difference"; readonly state: DifferenceState }
  | { readonly kind: "ratio"; readonly state: RatioState }
  | { readonly kind: "factors"; readonly factors: readonly Factor[]; readonly lower: number; readonly upper: number }
  | { readonly kind: "points"; readonly state: PointsState };

const FACTORS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.35, 1.5, 2, 3] as const;

/** A fresh interval; `errorRate` is per side. */
export function startInterval(rule: MetricRule, errorRate: number, phi: number, plannedPolls: number): IntervalState {
  if (isInPoints(rule)) return { kind: "difference", state: differenceSequence.start(errorRate) };
  if (rule.kind === "gauge") return { kind: "points", state: aggregatePoints.start() };
  if (rule.kind !== "latency") return { kind: "ratio", state: ratioSequence.start(errorRate) };
  const test = (side: "greater" | "less") =>
    twoArm.start({ form: "bernoulli", side, c: 1, d: 0, phi, plannedPolls, purpose: "ladder" });
  return {
    kind: "factors",
    factors: FACTORS.map((factor) => ({ slower: test("greater"), faster: test("less"), reached: factor })),
    lower: -1,
    upper: FACTORS.length,
  };
}

/** One poll of both arms on counts; `edge` is the latency that stands for the baseline's quantile. */
export function stepInterval(
  interval: IntervalState,
  o: { b: ArmPoll; c: ArmPoll; phi: number; edge: number | undefined; errorRate: number },
): IntervalState {
  const { b, c, phi } = o;
  switch (interval.kind) {
    case "difference":
      return { kind: "difference", state: differenceSequence.step(interval.state, b.counts, c.counts, phi) };
    case "ratio":
      return { kind: "ratio", state: ratioSequence.step(interval.state, b.counts, c.counts, phi) };
    case "factors":
      return o.edge === undefined || c.buckets.length === 0
        ? interval
        : stepFactors(interval, b, c, phi, o.edge, o.errorRate);
    case "points":
      return interval;
    default:
      return interval satisfies never;
  }
}

type Factors = Extract<IntervalState, { kind: "factors" }>;

function stepFactors(interval: Factors, b: ArmPoll, c: ArmPoll, phi: number, edge: number, errorRate: number): Factors {
  const base = exceedances(b.buckets, edge);
  const factors = interval.factors.map((one, i): Factor => {
    const cut = edgeAtLeast(c.buckets, edge * (FACTORS[i] ?? 1), c.grid);
    if (cut === undefined) return one;
    const counts = exceedances(c.buckets, cut);
    return {
      slower: twoArm.step(twoArm.withPhi(one.slower, phi), base, counts),
      faster: twoArm.step(twoArm.withPhi(one.faster, phi), base, counts),
      reached: Math.max(one.reached, cut / edge),
    };
  });
  let { lower, upper } = interval;
  const needed = Math.log(1 / errorRate);
  while ((factors[lower + 1]?.slower.stake.maxLnE ?? 0) >= needed) lower += 1;
  while ((factors[upper - 1]?.faster.stake.maxLnE ?? 0) >= needed) upper -= 1;
  return { kind: "factors", factors, lower, upper };
}

/** One window of bare values: ln(candidate / baseline). */
export function stepPointsInterval(interval: IntervalState, difference: number): IntervalState {
  const state = interval.kind === "points" ? interval.state : aggregatePoints.start();
  return { kind: "points", state: aggregatePoints.step(state, difference) };
}

/** Where the change of the value lies, in pp or relative %; a side is absent while nothing is excluded there. */
export function readInterval(
  interval: IntervalState,
  rule: MetricRule,
  errorRate: number,
): { lower?: number; upper?: number } {
  switch (interval.kind) {
    case "difference": {
      const { lower, upper } = differenceSequence.read(interval.state);
      // Counted are failures; what is shown of availability is the rest.
      if (rule.kind === "availability") return sides(scaled(upper, -100), scaled(lower, -100));
      return sides(scaled(lower, 100), scaled(upper, 100));
    }
    case "ratio": {
      const { lower, upper } = ratioSequence.read(interval.state);
      return sides(percentOf(lower), percentOf(upper));
    }
    case "factors":
      return sides(percentOf(FACTORS[interval.lower]), percentOf(interval.factors[interval.upper]?.reached));
    case "points": {
      const mean = meanInterval(interval.state, 2 * errorRate);
      return mean ? sides(percentOf(Math.exp(mean.lower)), percentOf(Math.exp(mean.upper))) : {};
    }
    default:
      return interval satisfies never;
  }
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function percentOf(factor: number | undefined): number | undefined {
  return factor === undefined ? undefined : (factor - 1) * 100;
}

function sides(lower: number | undefined, upper: number | undefined): { lower?: number; upper?: number } {
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) };
}
