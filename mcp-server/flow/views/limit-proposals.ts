import { num, pct } from "../../record/figures.ts";
import { spanText } from "../../vocab/index.ts";
import type { EarlierRun } from "../background-facts.ts";
import { metricsView } from "./metrics-view.ts";
import type { RunRecord } from "./record.ts";
import type { Proposal } from "./runbook-updates.ts";
import { levelText } from "./words.ts";

/** A limit that one run could move would follow whatever that run did. */
const LEAST_RUNS = 3;
/** Measured values at most this part of a limit leave room to tighten it. */
const ROOM = 0.5;

/** Proposals about limits and times: only where several runs agree, this one included. Nothing is ever applied. */
export function limitProposals(record: RunRecord): { proposals: Proposal[]; withheld: string[] } {
  const runs = [...(record.background?.earlier ?? []), thisRun(record)];
  if (runs.length < LEAST_RUNS) {
    return {
      proposals: [],
      withheld: [
        `changes of thresholds and times: they need at least ${num(LEAST_RUNS)} runs, and ${num(runs.length)} ${runs.length === 1 ? "is" : "are"} known`,
      ],
    };
  }
  const found = [
    accepted(record, runs),
    latency(record, runs),
    errors(record, runs),
    thin(runs),
    restoring(record, runs),
  ];
  const proposals = found.filter((proposal) => proposal !== undefined);
  const isLoosened = proposals.some(({ effect }) => effect === "loosens");
  return {
    proposals,
    withheld: isLoosened
      ? []
      : [
          `a looser threshold: of ${num(runs.length)} runs fewer than ${num(LEAST_RUNS)} had a regression that a person accepted`,
        ],
  };
}

function thisRun(record: RunRecord): EarlierRun {
  const metrics = metricsView(record);
  const { newVersion } = metrics.serviceLevels;
  const known = <K extends string>(name: K, value: number | null | undefined) =>
    value === null || value === undefined ? {} : { [name]: value };
  return {
    runId: record.runId,
    version: record.plan.version,
    outcome: record.state.outcome?.outcome ?? "RUNNING",
    extendedWatches: metrics.extendedWatches,
    ...known("errorRatePct", newVersion?.errorRatePct),
    ...known("latencyP99AtMostMs", newVersion?.latencyP99AtMostMs),
    ...known("restoreMs", metrics.rollbacks.timeToRestoreMs),
  };
}

/** The only loosening: people keep accepting what the threshold forbids. */
function accepted({ plan }: RunRecord, runs: readonly EarlierRun[]): Proposal | undefined {
  const own = runs.filter(({ outcome }) => outcome === "SUCCESS_RISK_ACCEPTED");
  if (own.length < LEAST_RUNS) return undefined;
  return {
    area: "Regression threshold",
    proposal: `talk about the threshold of ${pct(plan.regressionThreshold)}: either it is too strict, or too much is accepted`,
    basis: `people accepted a regression in ${num(own.length)} of the last ${num(runs.length)} runs`,
    effect: "loosens",
    runs: own.length,
  };
}

function latency({ plan }: RunRecord, runs: readonly EarlierRun[]): Proposal | undefined {
  const target = plan.metrics?.rules.find(({ kind }) => kind === "latency")?.sloTarget;
  const values = proven(runs).flatMap(({ latencyP99AtMostMs: value }) => value ?? []);
  const most = Math.max(...values);
  if (target === undefined || values.length < LEAST_RUNS || most > target * ROOM) return undefined;
  return {
    area: "Service levels",
    proposal: `tighten the target of the latency p99 (now ${levelText(target, "ms")})`,
    basis: `at most ${levelText(most, "ms")} in ${num(values.length)} proven runs`,
    effect: "tightens",
    runs: values.length,
  };
}

function errors({ plan }: RunRecord, runs: readonly EarlierRun[]): Proposal | undefined {
  const target = plan.metrics?.rules.find(({ kind }) => kind === "error-rate")?.sloTarget;
  const values = proven(runs).flatMap(({ errorRatePct: value }) => value ?? []);
  const most = Math.max(...values);
  if (target === undefined || values.length < LEAST_RUNS || most > target * ROOM) return undefined;
  return {
    area: "Service levels",
    proposal: `tighten the target of the error rate (now ${pct(target)})`,
    basis: `at most ${pct(most)} in ${num(values.length)} proven runs`,
    effect: "tightens",
    runs: values.length,
  };
}

function proven(runs: readonly EarlierRun[]): EarlierRun[] {
  return runs.filter(({ outcome }) => outcome === "SUCCESS");
}

function thin(runs: readonly EarlierRun[]): Proposal | undefined {
  const own = runs.filter(({ extendedWatches }) => (extendedWatches ?? 0) > 0);
  if (own.length < LEAST_RUNS) return undefined;
  return {
    area: "Stages",
    proposal: "plan longer stages, or larger first shares: the evidence was too thin",
    basis: `a watch was extended in ${num(own.length)} of the last ${num(runs.length)} runs`,
    effect: "tightens",
    runs: own.length,
  };
}

function restoring({ plan }: RunRecord, runs: readonly EarlierRun[]): Proposal | undefined {
  const values = runs.flatMap(({ restoreMs }) => restoreMs ?? []);
  const limit = plan.waits.rollbackTrafficMs;
  const longest = Math.max(...values);
  if (values.length < LEAST_RUNS || longest > limit * ROOM) return undefined;
  return {
    area: "Rollback",
    proposal: `tighten the time for traffic to be back (now ${spanText(limit)})`,
    basis: `at most ${spanText(longest)} in ${num(values.length)} rollbacks`,
    effect: "tightens",
    runs: values.length,
  };
}
