import type { MetricId, Reason } from "../../vocab/index.ts";
import { JUDGE } from "../name.ts";
import { limitText } from "../wording.ts";
import { BURN_FACTOR, type Burn, budgetOf, burnOf, isBurning } from "./burn.ts";
import { NO_EDGE_PCT } from "./concurrent.ts";
import { baselineMissesTarget } from "./e-values.ts";
import { type Merged, mergedEvidence } from "./evidence.ts";
import { exposureOf, isCoarse, readMetric, unprovenBecause } from "./metric-reading.ts";
import type { BareVerdict, MetricReading, MetricsReading } from "./reading.ts";
import { changeUnit, type MetricRule, thresholdMargin } from "./rule.ts";
import {
  absoluteFailText,
  baselineOutsideText,
  burnText,
  downgradedText,
  provenText,
  relativeFailText,
  targetText,
  unprovenText,
} from "./sentences.ts";
import { type MetricsState, misuse, type RuleState, requiredRules } from "./state.ts";

/** Reads what the evidence says now. Looking changes nothing and may be done at every poll. */
export function readMetrics(state: MetricsState): MetricsReading {
  const regression = mergedEvidence(state, "regression");
  const trigger = mergedEvidence(state, "trigger");
  const absolute = mergedEvidence(state, "absolute");
  const burning = burningRules(state);
  const blame = [
    ...new Set([...[regression, trigger, absolute].flatMap(blamedIds), ...burning.map(({ rule }) => rule.id)]),
  ];
  const metrics = state.rules.flatMap((own) => {
    const rule = state.spec.rules.find((one) => one.id === own.id);
    return rule ? [readMetric(state, own, rule, blame.includes(rule.id))] : [];
  });
  const required = requiredRules(state.spec);
  const rejected = regression.rejected || trigger.rejected || absolute.rejected || burning.length > 0;
  // A finding that its control takes back speaks neither against the release nor for it.
  const doubtful = regression.downgraded.length > 0 || trigger.downgraded.length > 0;
  const excluded =
    !doubtful &&
    required.every((rule) => {
      const own = state.rules.find((one) => one.id === rule.id);
      return own !== undefined && unprovenBecause(state, own, rule) === undefined;
    });
  const found = { metrics, trigger, absolute, burning, excluded };
  return {
    regression: regressionVerdict(state, metrics, regression, excluded),
    slo: sloVerdict(state, found),
    proven: excluded && !rejected,
    polls: state.polls,
    missedStreak: state.missedStreak,
    candidateExposure: Math.min(...required.map((rule) => exposureById(state, rule.id))),
    metrics,
    blame,
  };
}

function exposureById(state: MetricsState, id: MetricId): number {
  const own = state.rules.find((one) => one.id === id);
  return own ? exposureOf(own) : 0;
}

function blamedIds(merged: Merged): MetricId[] {
  return merged.blamed.map(({ rule }) => rule.id);
}

function regressionVerdict(
  state: MetricsState,
  metrics: readonly MetricReading[],
  merged: Merged,
  excluded: boolean,
): BareVerdict {
  if (!merged.rejected) return notRejected(state, metrics, merged, excluded);
  return {
    outcome: "FAIL",
    reasons: merged.blamed.map(({ rule, part }) => ({
      code: "regression",
      text: relativeFailText(metricOf(metrics, rule), part, merged, thresholdMargin(rule)),
    })),
    wouldPassIf: `${merged.blamed.map(({ rule }) => `${rule.id} not worse than the baseline by more than ${limitText(thresholdMargin(rule))} ${changeUnit(rule)}`).join("; ")}`,
    judge: JUDGE,
  };
}

interface Found {
  readonly metrics: readonly MetricReading[];
  readonly trigger: Merged;
  readonly absolute: Merged;
  readonly burning: readonly BurningRule[];
  readonly excluded: boolean;
}

function sloVerdict(state: MetricsState, { metrics, trigger, absolute, burning, excluded }: Found): BareVerdict {
  if (!trigger.rejected && !absolute.rejected && burning.length === 0) {
    const quiet = notRejected(state, metrics, trigger, excluded);
    return { ...quiet, reasons: [...quiet.reasons, ...targetsSetAside(state, metrics)] };
  }
  const worse = trigger.blamed.map(({ rule, part }) => ({
    reason: {
      code: "slo-trigger",
      text: relativeFailText(metricOf(metrics, rule), part, trigger, rule.trigger),
    },
    cure: `${rule.id} not worse than the baseline by more than ${limitText(rule.trigger)} ${changeUnit(rule)}`,
  }));
  const missed = absolute.blamed.map(({ rule, part }) => ({
    reason: { code: "slo-target", text: absoluteFailText(metricOf(metrics, rule), part, absolute) },
    cure: `${rule.id} ${targetText(metricOf(metrics, rule))}`,
  }));
  const burnt = burning.map(({ rule, burn }) => ({
    reason: { code: "slo-burn-rate", text: burnText(metricOf(metrics, rule), burn) },
    cure: `${rule.id} spends its error budget at most ${BURN_FACTOR} times too fast`,
  }));
  const all = [...worse, ...missed, ...burnt];
  return {
    outcome: "FAIL",
    reasons: [...all.map(({ reason }) => reason), ...targetsSetAside(state, metrics)],
    wouldPassIf: all.map(({ cure }) => cure).join("; "),
    judge: JUDGE,
  };
}

/** Nothing speaks against the release: PASS once every required metric is proven, INCONCLUSIVE until then. */
function notRejected(
  state: MetricsState,
  metrics: readonly MetricReading[],
  merged: Merged,
  excluded: boolean,
): BareVerdict {
  if (merged.downgraded.length > 0) return downgraded(metrics, merged);
  const judged = requiredRules(state.spec).map((rule) => judgedRule(state, metrics, rule));
  const open = judged.filter(({ unproven }) => unproven);
  const reasons: Reason[] = excluded ? judged.map(({ reason }) => reason) : open.map(({ reason }) => reason);
  return {
    outcome: excluded ? "PASS" : "INCONCLUSIVE",
    reasons: [...reasons, ...recordNotes(state), ...coarseNotes(state)],
    wouldPassIf: excluded ? "" : open.map(({ metric }) => `${metric.id}: ${metric.waitsFor}`).join("; "),
    judge: JUDGE,
  };
}

/** A FAIL that the live control takes back. */
function downgraded(metrics: readonly MetricReading[], merged: Merged): BareVerdict {
  return {
    outcome: "INCONCLUSIVE",
    reasons: merged.downgraded.map(({ rule }) => ({
      code: "control-fired",
      text: downgradedText(metricOf(metrics, rule)),
    })),
    wouldPassIf: "instances of one version behave alike, so that versions can be compared",
    judge: JUDGE,
  };
}

interface BurningRule {
  readonly rule: MetricRule;
  readonly burn: Burn;
}

/**
 * Rules whose error budget burns on both windows. Not held against the release where the old version spent more than
 * its budget before the first change, or does so now and nobody knows what it did before.
 */
function burningRules(state: MetricsState): BurningRule[] {
  return state.rules.flatMap((own) => {
    const rule = state.spec.rules.find((one) => one.id === own.id);
    const burn = rule && own.burn && burnOf(own.burn.candidate, rule);
    if (!rule || !own.burn || !burn || !isBurning(burn, own.phi ?? 1)) return [];
    return baselineBurns(state, own, rule) ? [] : [{ rule, burn }];
  });
}

function baselineBurns(state: MetricsState, own: RuleState, rule: MetricRule): boolean {
  const budget = budgetOf(rule) ?? 0;
  const { baseline } = state.spec;
  const before = baseline.kind === "concurrent" ? baseline.before : undefined;
  const recorded = before?.series.find(({ metric }) => metric === rule.series) ?? own.recorded?.seen.counts;
  if (recorded && recorded.exposure > 0) return recorded.events / recorded.exposure > budget;
  const { exposure, events } = own.baseline.counts;
  return exposure > 0 && events / exposure > budget;
}

function judgedRule(state: MetricsState, metrics: readonly MetricReading[], rule: MetricRule) {
  const metric = metricOf(metrics, rule);
  const own = state.rules.find((one) => one.id === rule.id);
  const unproven = own ? unprovenBecause(state, own, rule) : "no-data";
  const reason: Reason = unproven
    ? { code: unproven, text: unprovenText(metric, unproven) }
    : { code: "excluded", text: provenText(metric, state.spec.beta, state.spec.baseline.kind === "none") };
  return { metric, reason, unproven };
}

/** A comparison with a recorded baseline is marked as such, with what was left out of it. */
function recordNotes(state: MetricsState): Reason[] {
  const { frozen } = state;
  if (!frozen) return [];
  const left =
    frozen.offLoadPolls > 0 ? `; ${frozen.offLoadPolls} polls left out because their load was too different` : "";
  const text = `compared with the recorded baseline of ${frozen.version}, ${frozen.from} to ${frozen.to}${left}`;
  return [{ code: "historical-baseline", text }];
}

/** Metrics that are not required but cannot answer what the plan asks are named all the same. */
function coarseNotes(state: MetricsState): Reason[] {
  const required = requiredRules(state.spec);
  return state.rules.flatMap((own) => {
    const coarse = own.probes.filter((probe) => probe.role !== "exclude" && isCoarse(probe));
    const rule = state.spec.rules.find((one) => one.id === own.id);
    const [worst] = coarse;
    if (!rule || !worst || required.includes(rule)) return [];
    const reached =
      worst.reachedPct >= NO_EDGE_PCT
        ? "no bucket edge lies above it"
        : `the next bucket edge is +${Math.round(worst.reachedPct)} %`;
    return [{ code: "resolution", text: `${rule.id}: asked for +${limitText(worst.marginPct)} %, ${reached}` }];
  });
}

function targetsSetAside(state: MetricsState, metrics: readonly MetricReading[]): Reason[] {
  return state.rules.flatMap((own: RuleState) => {
    const metric = metrics.find((one) => one.id === own.id);
    if (!metric || !baselineMissesTarget(own, state.spec)) return [];
    return [{ code: "baseline-outside-target", text: baselineOutsideText(metric) }];
  });
}

function metricOf(metrics: readonly MetricReading[], rule: MetricRule): MetricReading {
  const metric = metrics.find((one) => one.id === rule.id);
  if (!metric) throw misuse("a metric of the plan was not read", rule.id);
  return metric;
}
