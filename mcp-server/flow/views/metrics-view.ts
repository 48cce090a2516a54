import { judgeInfra } from "../../judge/index.ts";
import { lastProductionLook } from "./infrastructure.ts";
import { baselineErrorRatePct } from "./metric-rows.ts";
import { gateOf, observationOf, type RunRecord, type WatchRecord, watchesOf } from "./record.ts";
import { armTotals, errorRatePct, pollsOf, quantileEdge, throughputRps } from "./series.ts";
import { smokeCounts, smokeOf } from "./smoke.ts";
import { testsOf } from "./tests.ts";
import { durationMs, exposedMs, restoreMs } from "./times.ts";

/** The figures that the flow is told to track, one object per run. Spans in milliseconds, rates in percent. */
export function metricsView(record: RunRecord): object {
  const { plan, state } = record;
  const observed = observationOf(record) ?? watchesOf(record, "production").at(-1);
  return {
    schema: 1,
    runId: record.runId,
    service: plan.service,
    version: plan.version,
    strategy: plan.strategy,
    outcome: state.outcome?.outcome ?? null,
    startedAt: record.openedAt,
    endedAt: state.outcome?.at ?? null,
    durationMs: durationMs(state) ?? null,
    exposedMs: state.exposed ? (exposedMs(state) ?? null) : 0,
    regression: {
      thresholdPct: plan.regressionThreshold,
      staging: { verdict: verdictOf(record, "staging"), ratePct: testsOf(state)?.regressionRate ?? null },
      production: { verdict: verdictOf(record, "production"), ratePct: null },
    },
    serviceLevels: { before: before(record), newVersion: observed ? levels(record, observed) : null },
    smoke: smoke(record),
    infrastructure: infrastructure(record),
    rollbacks: {
      count: state.latched ? 1 : 0,
      triggeredByRegression: state.latched?.kind === "regression" ? 1 : 0,
      trigger: state.latched?.kind ?? null,
      timeToRestoreMs: restoreMs(state) ?? null,
    },
  };
}

function verdictOf(record: RunRecord, gate: "staging" | "production"): string | null {
  return gateOf(record, gate)?.gate.verdict.outcome ?? null;
}

function before(record: RunRecord): object | null {
  const { baseline } = record.state;
  if (!baseline) return null;
  const rate = baselineErrorRatePct(record);
  const latency = baseline.series.find(({ metric }) => metric === "latency")?.buckets ?? [];
  return {
    errorRatePct: rate,
    availabilityPct: rate === null ? null : 100 - rate,
    latencyP99AtMostMs: quantileEdge(latency, 0.99),
    throughputRps: baseline.throughputRps,
  };
}

function levels(record: RunRecord, watched: WatchRecord): object {
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

function smoke(record: RunRecord): object {
  const modes = ["staging", "pre-cutover", "production", "post-rollback"] as const;
  return Object.fromEntries(
    modes.map((mode) => {
      const found = smokeOf(record, mode);
      if (!found) return [mode, null];
      const { passed, total } = smokeCounts(found.run);
      return [mode, { passed, total, passRatePct: total > 0 ? (100 * passed) / total : null }];
    }),
  );
}

function infrastructure(record: RunRecord): object | null {
  const infra = lastProductionLook(record)?.live?.infra;
  if (!infra) return null;
  const { instances, ready, restarts, oomKills, crashes } = infra;
  return { status: judgeInfra(infra).status, instances, ready, restarts, oomKills, crashes, nodes: null, alerts: null };
}
