import type { HistoryEntry } from "../../record/history.ts";
import type { RunMetrics } from "../../record/run-metrics.ts";
import type { Instant } from "../../vocab/index.ts";

/** The line of an ended run in the history: what delivery measures and later proposals need, and nothing that nobody measured. */
export function historyEntry(metrics: RunMetrics, run: { endedAt: Instant; archive: string }): HistoryEntry {
  const { rollbacks, regression, serviceLevels, smoke, outcome } = metrics;
  if (outcome === null) throw new RangeError("only a run that has ended enters the history");
  return {
    runId: metrics.runId,
    version: metrics.version,
    strategy: metrics.strategy,
    outcome,
    startedAt: metrics.startedAt,
    endedAt: run.endedAt,
    durationMs: metrics.durationMs ?? 0,
    regressionThresholdPct: regression.thresholdPct,
    extendedWatches: metrics.extendedWatches,
    archive: run.archive,
    ...known("previousVersion", metrics.previousVersion),
    ...known("exposedMs", metrics.exposedMs === 0 ? null : metrics.exposedMs),
    ...known("restoreMs", rollbacks.timeToRestoreMs),
    ...known("rollbackMs", rollbacks.rollbackMs),
    ...known("trigger", rollbacks.trigger),
    ...known("testRegressionPct", regression.staging.ratePct),
    ...known("errorRatePct", serviceLevels.newVersion?.errorRatePct),
    ...known("latencyP99AtMostMs", serviceLevels.newVersion?.latencyP99AtMostMs),
    ...known("smokePassed", smoke.all?.passed),
    ...known("smokeTotal", smoke.all?.total),
    ...known("committedAt", metrics.delivery.committedAt),
  };
}

function known<K extends string, V>(name: K, value: V | null | undefined): { [P in K]?: V } {
  return value === null || value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}
