import { aggregatePoints, type PointsState } from "../sequential/aggregate-points.ts";
import type { ArmPoll } from "./poll.ts";
import { directionOf, type MetricRule } from "./rule.ts";
import type { Probe, Role } from "./state.ts";

/** Polls that are gathered until they make one independent window: the mean log ratio of both arms' values. */
export interface PointsWindow {
  readonly seconds: number;
  readonly polls: number;
  readonly sum: number;
  /** Observations behind the values, 0 when a source does not say. */
  readonly baselineExposure: number;
  readonly candidateExposure: number;
}

/** A closed window: ln(candidate / baseline), and how large the arms were. */
export interface ClosedWindow {
  readonly difference: number;
  readonly sizes: "alike" | "candidate-smaller" | "candidate-larger" | "unknown";
}

const EMPTY: PointsWindow = { seconds: 0, polls: 0, sum: 0, baselineExposure: 0, candidateExposure: 0 };
const WINDOW_SECONDS = 60;

/** Arms within this factor of each other are of the same size. */
const ALIKE_FACTOR = 1.25;

/** Gathers one poll of both arms' values; a window when a minute is full. Values that have no logarithm are no values. */
export function gatherPoints(
  open: PointsWindow | undefined,
  b: ArmPoll,
  c: ArmPoll,
): { open: PointsWindow; closed?: ClosedWindow } {
  const before = open ?? EMPTY;
  if (b.value === undefined || c.value === undefined || !(b.value > 0) || !(c.value > 0)) return { open: before };
  const next: PointsWindow = {
    seconds: before.seconds + Math.max(b.seconds, c.seconds),
    polls: before.polls + 1,
    sum: before.sum + Math.log(c.value / b.value),
    baselineExposure: before.baselineExposure + b.counts.exposure,
    candidateExposure: before.candidateExposure + c.counts.exposure,
  };
  if (next.seconds < WINDOW_SECONDS * 0.98) return { open: next };
  return { open: EMPTY, closed: { difference: next.sum / next.polls, sizes: sizesOf(next) } };
}

function sizesOf({ baselineExposure, candidateExposure }: PointsWindow): ClosedWindow["sizes"] {
  if (baselineExposure <= 0 || candidateExposure <= 0) return "unknown";
  const factor = candidateExposure / baselineExposure;
  if (factor > ALIKE_FACTOR) return "candidate-larger";
  return factor < 1 / ALIKE_FACTOR ? "candidate-smaller" : "alike";
}

/**
 * One closed window of a question. A quantile of fewer requests lies lower: with arms of different size a smaller
 * candidate looks faster and can only fail, a larger one looks slower and can do neither.
 */
export function stepPoints(probe: Probe, rule: MetricRule, closed: ClosedWindow): Probe {
  const points = probe.points ?? aggregatePoints.start();
  if (!isUsable(rule, probe.role, closed.sizes)) return { ...probe, points };
  const beyond = worseningOf(rule, closed.difference) - lnMargin(rule, probe.marginPct);
  return { ...probe, points: aggregatePoints.step(points, probe.role === "exclude" ? -beyond : beyond) };
}

/** Whether windows of these sizes may speak for a question. */
export function isUsable(rule: MetricRule, role: Role, sizes: ClosedWindow["sizes"]): boolean {
  if (rule.kind !== "latency") return true;
  return sizes === "alike" || (role !== "exclude" && sizes === "candidate-smaller");
}

/** How much worse, as a log ratio. */
function worseningOf(rule: MetricRule, difference: number): number {
  return directionOf(rule) === "higher-is-better" ? -difference : difference;
}

/** A relative margin as a log ratio. */
function lnMargin(rule: MetricRule, marginPct: number): number {
  if (directionOf(rule) === "lower-is-better") return Math.log1p(marginPct / 100);
  return marginPct >= 100 ? Number.POSITIVE_INFINITY : -Math.log1p(-marginPct / 100);
}

/** One value against an absolute target, `marginPct` beyond it; positive in the state is a miss, or with `exclude` a hit. */
export function stepTargetPoints(
  state: PointsState,
  rule: MetricRule,
  value: number | undefined,
  o: { target: number; marginPct: number; exclude: boolean },
): PointsState {
  if (value === undefined || !(value > 0) || !(o.target > 0)) return state;
  const beyond = worseningOf(rule, Math.log(value / o.target)) - lnMargin(rule, o.marginPct);
  return aggregatePoints.step(state, o.exclude ? -beyond : beyond);
}
