import {
  type GateInput,
  type GateVerdict,
  JUDGE,
  judgeInfra,
  type MetricsReading,
  productionGate,
  type RollbackVerdict,
  readMetrics,
  rollbackVerification,
  stageVerdict,
  stagingGate,
} from "../judge/index.ts";
import { type Dimension, type Reason, Verdict, type Version } from "../vocab/index.ts";
import { rehearsalDimension } from "./rehearsal-record.ts";
import type { RunState, WatchState } from "./run-state.ts";
import { hasSuites, suitesOf } from "./suites-record.ts";
import { STAGE_SMOKE, STAGING_REGRESSION } from "./target-limits.ts";

/**
 * Every gate is a pure function of the folded journal, so that `verify` can compute it again from an archive and
 * find the same bytes. What was not measured is INCONCLUSIVE here; only the approved plan can make it NOT_APPLICABLE.
 */

function notApplicable(state: RunState, key: string): Dimension | undefined {
  const reason = state.plan.notApplicable[key];
  return reason === undefined ? undefined : { outcome: "NOT_APPLICABLE", reason };
}

function missing(code: string, text: string): Verdict {
  return {
    outcome: "INCONCLUSIVE",
    reasons: [{ code, text }],
    wouldPassIf: "the evidence is there",
    judge: JUDGE,
    inputs: [],
  };
}

function fromMetrics(reading: MetricsReading | undefined, part: "regression" | "slo", what: string): Dimension {
  return reading ? { ...reading[part], inputs: [] } : missing("no-data", `no ${what} was measured`);
}

function readingOf(state: RunState, watched: WatchState | undefined): MetricsReading | undefined {
  const track = watched && state.tracks.get(watched.watch.track);
  return track && readMetrics(track);
}

function smokeOf(watched: WatchState | undefined): Dimension {
  return watched?.smoke?.verdict ?? missing("smoke-not-run", "the smoke checks were not run");
}

function journeysOf(watched: WatchState | undefined): Dimension {
  return watched?.journeys?.verdict ?? missing("journeys-not-run", "the journeys were not run");
}

function infraOf(watched: WatchState | undefined): Dimension {
  if (!watched?.live) return missing("not-observed", "the instances were never read back");
  const { status, reasons } = judgeInfra(watched.live.infra);
  const outcome = status === "HEALTHY" ? "PASS" : status === "UNHEALTHY" ? "FAIL" : "INCONCLUSIVE";
  const { ready, instances } = watched.live.infra;
  const healthy: Reason = { code: "healthy", text: `${ready} of ${instances} instances ready, no restart` };
  return {
    outcome,
    reasons: outcome === "PASS" ? [healthy] : reasons,
    wouldPassIf: outcome === "PASS" ? "" : "all instances ready and no restart",
    judge: JUDGE,
    inputs: [],
  };
}

function deployOf(state: RunState, watched: WatchState | undefined): Dimension {
  if (!watched?.live) return missing("not-observed", "the environment was never read back");
  const pool = watched.live.pools.find((candidate) => candidate.version === state.plan.version);
  const right = pool?.digest === state.plan.digest && watched.live.versionsKnown;
  const text = right
    ? `${state.plan.version} runs with the digest of the plan`
    : "what runs is not, or not only, what the plan names";
  return {
    outcome: right ? "PASS" : "FAIL",
    reasons: [{ code: right ? "digest-verified" : "digest-differs", text }],
    wouldPassIf: right ? "" : "the running digest equals the plan's",
    judge: JUDGE,
    inputs: [],
  };
}

function testsOf(state: RunState): Dimension {
  const result = state.results.get("staging/tests") as { verdict?: unknown } | undefined;
  const verdict = Verdict.safeParse(result?.verdict);
  return verdict.success ? verdict.data : missing("tests-not-run", "the tests were not run");
}

/** The staging regression gate over everything that staging brought. */
export function stagingGateOf(state: RunState, _key: string): GateVerdict {
  const watched = state.watches.get("staging/watch");
  const reading = readingOf(state, watched);
  const metrics = notApplicable(state, "staging.metrics");
  return stagingGate({
    threshold: state.plan.regressionThreshold,
    deploy: notApplicable(state, "staging.deploy") ?? deployOf(state, watched),
    rehearsal: rehearsalDimension(state),
    tests: notApplicable(state, "staging.tests") ?? testsOf(state),
    metrics:
      metrics ??
      notApplicable(state, "production.regression") ??
      notApplicable(state, STAGING_REGRESSION) ??
      fromMetrics(reading, "regression", "metric"),
    slo: metrics ?? fromMetrics(reading, "slo", "service level"),
    smoke: notApplicable(state, "staging.smoke") ?? notApplicable(state, "staging.deploy") ?? smokeOf(watched),
    journeys: notApplicable(state, "staging.journeys") ?? notApplicable(state, "staging.deploy") ?? journeysOf(watched),
    infra: notApplicable(state, "staging.deploy") ?? infraOf(watched),
  });
}

/** The verdict with which a stage below 100 % was left. Where the hold went unanswered it stays INCONCLUSIVE. */
export function stageGate(state: RunState, key: string): GateVerdict {
  const watched = state.watches.get(key);
  const reading = readingOf(state, watched);
  const metrics = notApplicable(state, "production.metrics");
  return stageVerdict({
    threshold: state.plan.regressionThreshold,
    proven: watched?.end?.end === "served" && watched.end.proven,
    reasons: watched?.end?.end === "served" ? watched.end.reasons : [],
    metrics: metrics ?? notApplicable(state, "production.regression") ?? fromMetrics(reading, "regression", "metric"),
    slo: metrics ?? fromMetrics(reading, "slo", "service level"),
    smoke: notApplicable(state, "production.smoke") ?? notApplicable(state, STAGE_SMOKE) ?? smokeOf(watched),
    journeys: notApplicable(state, "production.journeys") ?? notApplicable(state, STAGE_SMOKE) ?? journeysOf(watched),
    infra: infraOf(watched),
    deploy: deployOf(state, watched),
  });
}

/** The production regression gate at the end of the observation. */
export function productionGateOf(state: RunState, watchKey: string): GateVerdict {
  const watched = state.watches.get(watchKey);
  const reading = readingOf(state, watched);
  const metrics = notApplicable(state, "production.metrics");
  return productionGate({
    threshold: state.plan.regressionThreshold,
    deploy: deployOf(state, watched),
    tests:
      notApplicable(state, "production.tests") ??
      suitesOf(state, "after")?.verdict ??
      missing("tests-not-run", "the production suites have not ended"),
    metrics: metrics ?? notApplicable(state, "production.regression") ?? fromMetrics(reading, "regression", "metric"),
    slo: metrics ?? fromMetrics(reading, "slo", "service level"),
    smoke: notApplicable(state, "production.smoke") ?? smokeOf(watched),
    journeys: notApplicable(state, "production.journeys") ?? journeysOf(watched),
    infra: infraOf(watched),
  });
}

/** Whether production is back on the old version and well; after a first deployment, whether nobody is served any more. */
export function rollbackGateOf(state: RunState, watchKey: string): RollbackVerdict {
  return rollbackVerification({ ...backInput(state, watchKey), ...suitesBack(state) });
}

/** The same without the suites, which run once the watch is over. */
export function rollbackWatchOf(state: RunState, watchKey: string): RollbackVerdict {
  return rollbackVerification(backInput(state, watchKey));
}

function backInput(state: RunState, watchKey: string): GateInput {
  const watched = state.watches.get(watchKey);
  const reading = readingOf(state, watched);
  const { plan } = state;
  const nothing: Dimension | undefined = plan.previous
    ? undefined
    : { outcome: "NOT_APPLICABLE", reason: "a first deployment has no version to go back to" };
  const metrics = nothing ?? notApplicable(state, "production.metrics");
  return {
    threshold: plan.regressionThreshold,
    traffic: plan.previous ? trafficOf(state, watched, plan.previous.version) : withdrawnOf(state),
    smoke: nothing ?? notApplicable(state, "production.smoke") ?? smokeOf(watched),
    journeys: nothing ?? notApplicable(state, "production.journeys") ?? journeysOf(watched),
    slo: metrics ?? fromMetrics(reading, "slo", "service level"),
    infra: nothing ?? infraOf(watched),
    metrics: metrics ?? fromMetrics(reading, "regression", "metric"),
  };
}

function suitesBack(state: RunState): Partial<Pick<GateInput, "tests">> {
  if (!state.plan.previous || !hasSuites(state)) return {};
  return {
    tests:
      suitesOf(state, "back")?.verdict ??
      missing("tests-not-run", "the production suites were not run after the rollback"),
  };
}

function withdrawnOf(state: RunState): Dimension {
  const withdrawn = state.results.get("rollback/withdrawn") === true;
  return {
    outcome: withdrawn ? "PASS" : "FAIL",
    reasons: [
      {
        code: withdrawn ? "withdrawn" : "still-serving",
        text: withdrawn ? "no version gets traffic" : "traffic still reaches a version",
      },
    ],
    wouldPassIf: withdrawn ? "" : "no version gets traffic",
    judge: JUDGE,
    inputs: [],
  };
}

/** The old version has all traffic: by configuration, by measurement where there was traffic, and by digest. */
function trafficOf(state: RunState, watched: WatchState | undefined, version: Version): Dimension {
  const live = watched?.live;
  if (!live) return missing("not-observed", "production was never read back after the rollback");
  const pool = live.pools.find((candidate) => candidate.version === version);
  const measured = live.measuredSharePct[version];
  const configured = pool?.weightPct === 100 && pool.digest === state.plan.previous?.digest;
  const flows = measured === undefined || live.measuredRequests === 0 || measured >= 99.5;
  const share =
    measured === undefined ? "no traffic to measure" : `${measured.toFixed(1)} % of ${live.measuredRequests} requests`;
  const outcome = configured && flows ? "PASS" : "FAIL";
  return {
    outcome,
    reasons: [
      {
        code: outcome === "PASS" ? "traffic-restored" : "traffic-not-restored",
        text: `${version}: weight ${pool?.weightPct ?? 0} %, measured ${share}`,
      },
    ],
    wouldPassIf: outcome === "PASS" ? "" : `${version} has 100 % of the traffic with the recorded digest`,
    judge: JUDGE,
    inputs: [],
  };
}
