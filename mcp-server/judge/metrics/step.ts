import type { Increment } from "../../vocab/index.ts";
import { addCounts } from "../sequential/counts.ts";
import { mergeHistograms } from "./histogram.ts";
import { DECAY_PER_SECOND, withLoad } from "./load.ts";
import { type ArmPoll, armPoll } from "./poll.ts";
import { openFrozen, pastEdge, startRule, stepAbsolute, stepConcurrent, stepFrozen } from "./probes.ts";
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
  const state: MetricsState = {
    spec,
    polls: 0,
    warmupLeft: spec.warmupPolls,
    missedStreak: 0,
    rules: spec.rules.map((rule) => startRule(rule, spec)),
  };
  return spec.baseline.kind === "frozen" ? openRecord(state, spec.baseline.snapshot, spec.plannedPolls) : state;
}

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
 * One poll: the increments of both arms since the last one, and how many of the candidate's requests were probes. What
 * is missing or stale gives no evidence and is counted. Throws FlowError `damaged` on numbers that no measurement gives.
 */
export function stepMetrics(state: MetricsState, poll: readonly Increment[], probes = 0): MetricsState {
  const arms = new Map(
    state.spec.rules.map((rule) => [
      rule.id,
      { candidate: armPoll(poll, rule, "candidate"), baseline: armPoll(poll, rule, "baseline") },
    ]),
  );
  const armsOf = (rule: MetricRule) => arms.get(rule.id) ?? NO_ARMS;
  const traffic = state.spec.rules.some((rule) => (armsOf(rule).candidate?.counts.exposure ?? 0) > 0);
  const warm = state.warmupLeft === 0;
  const frozen = state.frozen && withLoad(state.frozen, { ...candidateLoad(state.spec.rules.map(armsOf)), probes });
  const comparable = !frozen || frozen.offLoadPolls === (state.frozen?.offLoadPolls ?? 0);
  return {
    ...state,
    ...(frozen ? { frozen } : {}),
    polls: state.polls + 1,
    warmupLeft: traffic ? Math.max(0, state.warmupLeft - 1) : state.warmupLeft,
    missedStreak: requiredRules(state.spec).some((rule) => missed(state, armsOf(rule))) ? state.missedStreak + 1 : 0,
    rules: eachRule(state, (own, rule) => {
      // A cold start is slow; it is no excuse for errors, and users must not wait for a warm-up to be protected from them.
      const step = { rule, ...armsOf(rule), warm: warm || rule.kind !== "latency", comparable };
      return state.frozen ? frozenPoll(own, step) : concurrentPoll(own, step);
    }),
  };
}

interface Arms {
  readonly candidate: ArmPoll | undefined;
  readonly baseline: ArmPoll | undefined;
}

const NO_ARMS: Arms = { candidate: undefined, baseline: undefined };

interface RulePoll extends Arms {
  readonly rule: MetricRule;
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

function concurrentPoll(own: RuleState, { rule, candidate, baseline, warm }: RulePoll): RuleState {
  const missedPolls = own.missedPolls + (candidate ? 0 : 1);
  const past = baseline && rule.kind === "latency" ? remember(own, baseline) : own.past;
  if (!warm) return { ...own, missedPolls, past };
  const paired = candidate !== undefined && baseline !== undefined;
  // The edges of this poll come from what was known before it.
  const edge = paired ? pastEdge(own.past, rule) : undefined;
  return {
    ...own,
    missedPolls,
    probes: paired ? own.probes.map((probe) => stepConcurrent(probe, rule, edge, baseline, candidate)) : own.probes,
    past,
    ...(own.absolute ? { absolute: stepAbsolute(own.absolute, rule, candidate, baseline) } : {}),
    baseline: addSeen(own.baseline, rule, baseline),
    candidate: addSeen(own.candidate, rule, candidate),
  };
}

function frozenPoll(own: RuleState, { rule, candidate, warm, comparable }: RulePoll): RuleState {
  if (!candidate) return { ...own, missedPolls: own.missedPolls + 1 };
  if (!warm) return own;
  return {
    ...own,
    probes: comparable ? own.probes.map((probe) => stepFrozen(probe, rule, own.recorded?.edge, candidate)) : own.probes,
    ...(own.absolute ? { absolute: stepAbsolute(own.absolute, rule, candidate, undefined) } : {}),
    candidateFrozen: addSeen(own.candidateFrozen, rule, candidate),
  };
}

function remember(own: RuleState, baseline: ArmPoll): RuleState["past"] {
  return mergeHistograms(own.past, baseline.buckets, DECAY_PER_SECOND ** Math.max(0, baseline.seconds));
}

function addSeen(seen: Seen, rule: MetricRule, arm: ArmPoll | undefined): Seen {
  if (!arm) return seen;
  return {
    counts: addCounts(seen.counts, arm.counts),
    buckets: rule.kind === "latency" ? mergeHistograms(seen.buckets, arm.buckets) : seen.buckets,
  };
}

function eachRule(state: MetricsState, change: (own: RuleState, rule: MetricRule) => RuleState): RuleState[] {
  return state.rules.map((own) => {
    const rule = state.spec.rules.find((one) => one.id === own.id);
    if (!rule) throw misuse("metrics state and rules do not belong together", own.id);
    return change(own, rule);
  });
}
