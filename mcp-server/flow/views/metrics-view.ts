import { judgeInfra, type MetricReading } from "../../judge/index.ts";
import type { Levels, RunMetrics } from "../../record/run-metrics.ts";
import { between } from "../../vocab/index.ts";
import { lastProductionLook } from "./infrastructure.ts";
import { journeysOf } from "./journeys.ts";
import { baselineErrorRatePct } from "./metric-rows.ts";
import { gateOf, observationOf, type RunRecord, type WatchRecord, watchesOf } from "./record.ts";
import { rollbackResult } from "./rollback.ts";
import { armTotals, errorRatePct, pollsOf, quantileEdge, throughputRps } from "./series.ts";
import { smokeCounts, smokeOf } from "./smoke.ts";
import { suiteTestsOf, testsOf } from "./tests.ts";
import { decideMs, durationMs, exposedMs, restoreMs, rollbackMs, stepTimes } from "./times.ts";

/** The figures that the flow is told to track, one object per run. */
export function metricsView(record: RunRecord): RunMetrics {
  const { plan, state } = record;
  const observed = observationOf(record) ?? watchesOf(record, "production").at(-1);
  const back = watchesOf(record, "post-rollback").at(-1);
  return {
    schema: 1,
    runId: record.runId,
    service: plan.service,
    version: plan.version,
    previousVersion: plan.previous?.version ?? null,
    strategy: plan.strategy,
    outcome: state.outcome?.outcome ?? null,
    startedAt: record.openedAt,
    endedAt: state.outcome?.at ?? null,
    durationMs: durationMs(state) ?? null,
    stepsMs: Object.fromEntries(state.steps.map(({ step }) => [step, stepTimes(state, step)?.ms ?? null])),
    exposedMs: state.exposedAt ? (exposedMs(state) ?? null) : 0,
    regression: regression(record, observed),
    serviceLevels: {
      targets: { errorRatePct: target(record, "error-rate"), latencyP99Ms: target(record, "latency") },
      before: before(record),
      newVersion: observed ? levels(record, observed) : null,
      afterRollback: back ? levels(record, back) : null,
    },
    smoke: smoke(record),
    journeys: journeys(record),
    infrastructure: infrastructure(record),
    rollbacks: {
      count: state.latched ? 1 : 0,
      triggeredByRegression: state.latched?.kind === "regression" ? 1 : 0,
      trigger: state.latched?.kind ?? null,
      result: rollbackResult(record) ?? null,
      decideMs: decideMs(state) ?? null,
      timeToRestoreMs: restoreMs(state) ?? null,
      rollbackMs: rollbackMs(state, gateOf(record, "rollback")?.at) ?? null,
    },
    extendedWatches: record.watches.filter(({ extendedMs }) => extendedMs > 0).length,
    delivery: delivery(record),
  };
}

function regression(record: RunRecord, observed: WatchRecord | undefined): RunMetrics["regression"] {
  const verdictOf = (gate: "staging" | "production") => gateOf(record, gate)?.gate.verdict.outcome ?? null;
  const change = (kind: MetricReading["kind"]) =>
    observed?.reading?.metrics.find((metric) => metric.kind === kind)?.change ?? null;
  return {
    thresholdPct: record.plan.regressionThreshold,
    staging: { verdict: verdictOf("staging"), ratePct: testsOf(record.state)?.regressionRate ?? null },
    production: {
      verdict: verdictOf("production"),
      ratePct: suiteTestsOf(record.state, "after")?.regressionRate ?? null,
      errorRateChangePp: change("error-rate"),
      latencyP99ChangePct: change("latency"),
    },
  };
}

/** The absolute target of the plan; null where it judges none. */
function target({ plan }: RunRecord, kind: "error-rate" | "latency"): number | null {
  return plan.metrics?.rules.find((rule) => rule.kind === kind)?.sloTarget ?? null;
}

function before(record: RunRecord): Levels | null {
  const { baseline } = record.state;
  if (!baseline) return null;
  const rate = baselineErrorRatePct(record);
  const requests = baseline.series.find(({ metric }) => metric === "error-rate");
  const latency = baseline.series.find(({ metric }) => metric === "latency")?.buckets ?? [];
  return {
    requests: requests?.exposure ?? null,
    failed: requests?.events ?? null,
    errorRatePct: rate,
    availabilityPct: rate === null ? null : 100 - rate,
    latencyP99AtMostMs: quantileEdge(latency, 0.99),
    throughputRps: baseline.throughputRps,
    observedMs: Math.max(0, between(baseline.from, baseline.to)),
  };
}

function levels(record: RunRecord, watched: WatchRecord): Levels {
  const totals = armTotals(pollsOf(record, watched.key), "candidate");
  const rate = errorRatePct(totals);
  return {
    requests: totals.requests,
    failed: totals.failed,
    errorRatePct: rate,
    availabilityPct: rate === null ? null : 100 - rate,
    latencyP99AtMostMs: quantileEdge(totals.latency, 0.99),
    throughputRps: throughputRps(totals),
    observedMs: watched.servedMs,
  };
}

const SMOKE_MODES = ["staging", "pre-cutover", "production", "post-rollback"] as const;

function smoke(record: RunRecord): RunMetrics["smoke"] {
  const found = SMOKE_MODES.map((mode) => smokeOf(record, mode)).map((own) => own && smokeCounts(own.run));
  const [staging, preCutover, production, postRollback] = found.map(rated);
  const known = found.filter((counts) => counts !== undefined);
  const sum = (member: "passed" | "total") => known.reduce((total, counts) => total + counts[member], 0);
  return {
    staging: staging ?? null,
    "pre-cutover": preCutover ?? null,
    production: production ?? null,
    "post-rollback": postRollback ?? null,
    all: known.length > 0 ? rated({ passed: sum("passed"), total: sum("total") }) : null,
  };
}

function rated(counts: { passed: number; total: number } | undefined): RunMetrics["smoke"]["all"] {
  return counts ? { ...counts, passRatePct: counts.total > 0 ? (100 * counts.passed) / counts.total : null } : null;
}

function journeys(record: RunRecord): RunMetrics["journeys"] {
  const modes = ["pre-deploy", "staging", "pre-cutover", "production", "post-rollback"] as const;
  return Object.fromEntries(
    modes.map((mode) => {
      const found = journeysOf(record, mode);
      if (!found) return [mode, null];
      return [mode, Object.fromEntries(found.run.results.map(({ id, completionPct }) => [id, { completionPct }]))];
    }),
  );
}

function infrastructure(record: RunRecord): RunMetrics["infrastructure"] {
  const infra = lastProductionLook(record)?.live?.infra;
  if (!infra) return null;
  const { instances, ready, restarts, oomKills, crashes } = infra;
  return { status: judgeInfra(infra).status, instances, ready, restarts, oomKills, crashes, nodes: null, alerts: null };
}

/** Lead time ends when the version is there to stay; what was rolled back was not delivered. */
function delivery({ state, plan, background }: RunRecord): RunMetrics["delivery"] {
  const committedAt = background?.commit?.at ?? null;
  const stays = state.outcome?.runningVersion === plan.version ? state.outcome.at : undefined;
  const ms = committedAt && stays ? between(committedAt, stays) : null;
  return { committedAt, leadTimeMs: ms !== null && ms >= 0 ? ms : null };
}
