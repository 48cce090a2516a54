import type { Increment } from "../../vocab/index.ts";
import { addCounts } from "../sequential/counts.ts";
import { openAbsolutePoints, stepAbsolute, stepAbsolutePoints } from "./absolute.ts";
import { stepBurn } from "./burn.ts";
import { type PairedPoll, pastEdge, stepConcurrent } from "./concurrent.ts";
import { livePhi, stepControl } from "./control.ts";
import { commonGrid, KEPT_SCHEMA, kept, mergeHistograms } from "./histogram.ts";
import { stepInterval, stepPointsInterval } from "./interval.ts";
import { DECAY_PER_SECOND, withLoad } from "./load.ts";
import { gatherPoints, stepPoints } from "./points.ts";
import { type ArmPoll, type ArmRead, armPoll } from "./poll.ts";
import { startRule } from "./probes.ts";
import { openFrozen, stepFrozen } from "./recorded.ts";
import type { MetricRule, MetricsSnapshot, MetricsSpec } from "./rule.ts";
import { type MetricsState, misuse, type RuleState, requiredRules, type Seen } from "./state.ts";

/** State before the first poll. Throws FlowError on rules that cannot be tested. */
export function startMetrics(spec: MetricsSpec): MetricsState {
  const ids = new Set(spec.rules.map((rule) => rule.id));
  if (spec.rules.length === 0 || ids.size < spec.rules.length) {
    throw misuse(
      "metric rules need at least one rule and ids of their own",
      spec.rules.map((rule) => rule.id),
    );
  }
  const { baseline } = spec;
  const state: MetricsState = {
    spec,
    polls: 0,
    warmupLeft: spec.warmupPolls,
    missedStreak: 0,
    rules: spec.rules.map((rule) => primed(startRule(rule, spec), rule, spec)),
  };
  return baseline.kind === "frozen" ? openRecord(state, baseline.snapshot, spec.plannedPolls) : state;
}

/** What the baseline did before the first change tells its quantiles for the first poll already, as if it were a minute. */
function primed(own: RuleState, rule: MetricRule, { baseline }: MetricsSpec): RuleState {
  if (baseline.kind !== "concurrent" || !baseline.before || rule.kind !== "latency") return own;
  const { before } = baseline;
  const seconds = Math.max(PRIMED_SECONDS, (Date.parse(before.to) - Date.parse(before.from)) / 1000);
  const buckets = before.series.find(({ metric }) => metric === rule.series)?.buckets ?? [];
  return { ...own, past: buckets.map(({ le, count }) => ({ le, count: (count * PRIMED_SECONDS) / seconds })) };
}

const PRIMED_SECONDS = 60;

/**
 * At 100 % of traffic there is no concurrent arm any more: from here on the candidate is compared with a recorded
 * baseline. The evidence so far stays; a share of the stake was kept for this from the start, so that the total
 * false-alarm rate stays at alpha. Throws FlowError when a record is in use already or the run has no baseline.
 */
export function enterFrozen(state: MetricsState, snapshot: MetricsSnapshot, plannedPolls: number): MetricsState {
  if (state.spec.baseline.kind !== "concurrent" || state.frozen) {
    throw misuse("a recorded baseline can follow a concurrent one once", state.spec.baseline.kind);
  }
  return openRecord(state, snapshot, Math.max(1, Math.round(plannedPolls)));
}

function openRecord(state: MetricsState, snapshot: MetricsSnapshot, plannedPolls: number): MetricsState {
  const { version, from, to, throughputRps, users } = snapshot;
  const load = { requests: 0, seconds: 0, probes: 0, unread: 0 };
  return {
    ...state,
    frozen: { version, from, to, throughputRps, ...(users ? { users } : {}), load, offLoadPolls: 0 },
    rules: eachRule(state, (own, rule) => openFrozen(own, rule, state.spec, snapshot, plannedPolls)),
  };
}

/** New instances joined the candidate: its latencies warm up once more. */
export function rearmWarmup(state: MetricsState): MetricsState {
  return { ...state, warmupLeft: state.spec.warmupPolls };
}

/**
/**
 * One poll: the increments of both arms since the last one, and how many of the candidate's requests were probes. What
 * is missing, stale or counted already gives no evidence. Throws FlowError `damaged` on numbers that no measurement gives.
 */
export function stepMetrics(state: MetricsState, poll: readonly Increment[], probes = 0): MetricsState {
  const reads = new Map(state.rules.map((own) => [own.id, readArms(state, own, poll)]));
  const armsOf = (rule: MetricRule) => reads.get(rule.id)?.arms ?? NO_ARMS;
  const traffic = state.spec.rules.some((rule) => hasTraffic(armsOf(rule).candidate));
  const warm = state.warmupLeft === 0;
  const counted = state.spec.rules.filter(countsRequests).map(armsOf);
  const frozen = state.frozen && withLoad(state.frozen, { ...candidateLoad(counted), probes });
  const comparable = !frozen || frozen.offLoadPolls === (state.frozen?.offLoadPolls ?? 0);
  return {
    ...state,
    ...(frozen ? { frozen } : {}),
    polls: state.polls + 1,
    warmupLeft: traffic ? Math.max(0, state.warmupLeft - 1) : state.warmupLeft,
    missedStreak: requiredRules(state.spec).some((rule) => missed(state, armsOf(rule))) ? state.missedStreak + 1 : 0,
    rules: eachRule(state, (own, rule) => {
      const step = { rule, ...armsOf(rule), warm: warm || !warmsUp(rule), comparable, spec: state.spec };
      const seen = { ...own, windows: reads.get(own.id)?.windows ?? own.windows };
      return state.frozen ? frozenPoll(seen, step) : concurrentPoll(seen, step);
    }),
  };
}

interface Arms {
  readonly candidate: ArmPoll | undefined;
  readonly baseline: ArmPoll | undefined;
}

const NO_ARMS: Arms = { candidate: undefined, baseline: undefined };

function readArms(state: MetricsState, own: RuleState, poll: readonly Increment[]) {
  const rule = state.spec.rules.find((one) => one.id === own.id);
  if (!rule) return { arms: NO_ARMS, windows: own.windows };
  const [candidate, baseline] = [
    armPoll(poll, rule, "candidate", own.windows),
    armPoll(poll, rule, "baseline", own.windows),
  ];
  const usable = ({ arm }: ArmRead) => (arm && isOfMethod(arm, own) ? arm : undefined);
  return {
    arms: { candidate: usable(candidate), baseline: usable(baseline) },
    windows: { candidate: candidate.windows, baseline: baseline.windows },
  };
}

/** A source that gave counts first does not go on with bare values, nor the other way round: they measure differently. */
function isOfMethod(arm: ArmPoll, { method }: RuleState): boolean {
  return method === undefined || arm.counts.exposure === 0 || (method === "points") === (arm.value !== undefined);
}

function hasTraffic(arm: ArmPoll | undefined): boolean {
  return arm !== undefined && (arm.counts.exposure > 0 || arm.value !== undefined);
}

/**
 * A cold start is slow, and traffic that has just moved does not have its share yet. Neither is an excuse for errors, and
 * users must not wait for a warm-up to be protected from them.
 */
function warmsUp({ kind }: MetricRule): boolean {
  return kind === "latency" || kind === "throughput" || kind === "rate";
}

function countsRequests({ kind }: MetricRule): boolean {
  return kind === "error-rate" || kind === "availability" || kind === "latency";
}

interface RulePoll extends Arms {
  readonly rule: MetricRule;
  readonly spec: MetricsSpec;
  /** Warm-up is over: this poll is judged. */
  readonly warm: boolean;
  /** Load is near enough to the recorded one. */
  readonly comparable: boolean;
}

function candidateLoad(arms: readonly Arms[]): { requests: number; seconds: number } {
  return {
    requests: Math.max(0, ...arms.map(({ candidate }) => candidate?.counts.exposure ?? 0)),
    seconds: Math.max(0, ...arms.map(({ candidate }) => candidate?.seconds ?? 0)),
  };
}

function missed(state: MetricsState, arms: Arms): boolean {
  const needsBaseline = state.spec.baseline.kind === "concurrent" && !state.frozen;
  return arms.candidate === undefined || (needsBaseline && arms.baseline === undefined);
}

function concurrentPoll(own: RuleState, poll: RulePoll): RuleState {
  const { rule, candidate, baseline, warm } = poll;
  const missedPolls = own.missedPolls + (candidate ? 0 : 1);
  const met = withMethod(own, candidate ?? baseline);
  const next = { ...met, missedPolls, ...(baseline && rule.kind === "latency" ? remember(met, baseline) : {}) };
  if (!warm) return next;
  const judged = candidate && baseline ? paired(own, next, poll, candidate, baseline) : next;
  return {
    ...judged,
    ...absolutes(own, rule, candidate, baseline),
    ...(own.burn ? { burn: stepBurn(own.burn, candidate, baseline) } : {}),
    baseline: addSeen(own.baseline, rule, baseline),
    candidate: addSeen(own.candidate, rule, candidate),
  };
}

function withMethod(own: RuleState, arm: ArmPoll | undefined): RuleState {
  if (own.method || !hasTraffic(arm)) return own;
  return { ...own, method: arm?.value === undefined ? "counts" : "points" };
}

/** Both arms were measured: `own` is what was known before this poll, from which its edges and its dispersion come. */
function paired(own: RuleState, next: RuleState, poll: RulePoll, candidate: ArmPoll, baseline: ArmPoll): RuleState {
  const { rule, spec } = poll;
  const seconds = own.seconds + Math.max(candidate.seconds, baseline.seconds);
  if (candidate.value !== undefined && baseline.value !== undefined) {
    return { ...next, seconds, ...pairedPoints(own, rule, candidate, baseline) };
  }
  const paired: PairedPoll = { rule, candidate, baseline, edge: pastEdge(own.past, rule), phi: own.phi };
  const control = own.control && baseline.halves ? stepControl(own.control, paired, spec.alpha) : own.control;
  const phi = risen(own.phi, livePhi(control));
  return {
    ...next,
    seconds,
    probes: own.probes.map((probe) => stepConcurrent(probe, paired, spec.alpha)),
    ...(control ? { control } : {}),
    ...(phi === undefined ? {} : { phi }),
    ...(own.interval
      ? {
          interval: stepInterval(own.interval, {
            b: baseline,
            c: candidate,
            phi: own.phi ?? spec.phi,
            edge: paired.edge,
            errorRate: spec.beta / 2,
          }),
        }
      : {}),
  };
}

/** Dispersion may rise during a watch, never fall. */
function risen(known: number | undefined, live: number | undefined): number | undefined {
  if (known === undefined || live === undefined) return known ?? live;
  return Math.max(known, live);
}

function pairedPoints(own: RuleState, rule: MetricRule, candidate: ArmPoll, baseline: ArmPoll): Partial<RuleState> {
  const { open, closed } = gatherPoints(own.pointsWindow, baseline, candidate);
  if (!closed) return { pointsWindow: open };
  return {
    pointsWindow: open,
    probes: own.probes.map((probe) => stepPoints(probe, rule, closed)),
    ...(own.interval ? { interval: stepPointsInterval(own.interval, closed.difference) } : {}),
  };
}

function absolutes(
  own: RuleState,
  rule: MetricRule,
  candidate: ArmPoll | undefined,
  baseline: ArmPoll | undefined,
): Pick<RuleState, "absolute" | "absolutePoints"> {
  const valued = candidate?.value !== undefined || baseline?.value !== undefined;
  if (rule.sloTarget !== undefined && valued) {
    const points = own.absolutePoints ?? openAbsolutePoints(own.absolute?.exclude ? "none" : "concurrent");
    return { absolutePoints: stepAbsolutePoints(points, rule, candidate, baseline) };
  }
  return own.absolute ? { absolute: stepAbsolute(own.absolute, rule, candidate, baseline) } : {};
}

function frozenPoll(own: RuleState, { rule, candidate, warm, comparable }: RulePoll): RuleState {
  if (!candidate) return { ...own, missedPolls: own.missedPolls + 1 };
  if (!warm) return own;
  return {
    ...withMethod(own, candidate),
    probes: comparable ? own.probes.map((probe) => stepFrozen(probe, rule, own.recorded?.edge, candidate)) : own.probes,
    ...absolutes(own, rule, candidate, undefined),
    ...(own.burn ? { burn: stepBurn(own.burn, candidate, undefined) } : {}),
    candidateFrozen: addSeen(own.candidateFrozen, rule, candidate),
  };
}

function remember(own: RuleState, baseline: ArmPoll): Pick<RuleState, "past" | "grid"> {
  const decay = DECAY_PER_SECOND ** Math.max(0, baseline.seconds);
  const grid = keptGrid(baseline);
  const common = own.past.length === 0 ? grid : commonGrid(own.grid ?? grid, grid);
  return {
    past: mergeHistograms(own.past, kept(baseline.buckets, baseline.grid), decay),
    ...(common === undefined ? {} : { grid: common }),
  };
}

function keptGrid({ grid }: ArmPoll): RuleState["grid"] {
  return grid === "exact" ? { schema: KEPT_SCHEMA } : grid;
}

function addSeen(seen: Seen, rule: MetricRule, arm: ArmPoll | undefined): Seen {
  if (!arm) return seen;
  const { value } = arm;
  return {
    counts: addCounts(seen.counts, arm.counts),
    buckets: rule.kind === "latency" ? mergeHistograms(seen.buckets, kept(arm.buckets, arm.grid)) : seen.buckets,
    ...(value === undefined
      ? seen.values && { values: seen.values }
      : { values: { count: (seen.values?.count ?? 0) + 1, sum: (seen.values?.sum ?? 0) + value } }),
  };
}

function eachRule(state: MetricsState, change: (own: RuleState, rule: MetricRule) => RuleState): RuleState[] {
  return state.rules.map((own) => {
    const rule = state.spec.rules.find((one) => one.id === own.id);
    if (!rule) throw misuse("metrics state and rules do not belong together", own.id);
    return change(own, rule);
  });
}
