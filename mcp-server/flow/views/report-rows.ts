import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import { spanText } from "../../vocab/index.ts";
import type { StepName } from "../events.ts";
import { decidedBy } from "./gate-views.ts";
import { judgedRows, trafficRows } from "./metric-rows.ts";
import { decisionText, readinessReportOf, readinessRows } from "./readiness.ts";
import { gateOf, observationOf, type RunRecord, type WatchRecord, watchesOf } from "./record.ts";
import { rehearsalText } from "./rehearsal.ts";
import { rollbackResult } from "./rollback.ts";
import { armTotals, pollsOf } from "./series.ts";
import { strategyRows } from "./strategy-rows.ts";
import { spanMs, stepTimes } from "./times.ts";
import { APPROVAL, known, poolsText, requestsText } from "./words.ts";

type View = ArtifactView<"deployment-report">;
type Checks = NonNullable<View["execution"]>;

const STEPS: Record<Exclude<StepName, "strategy" | "report" | "archive">, string> = {
  readiness: "pre-deployment validation",
  staging: "staging regression gate",
  approval: "approval of the plan",
  baseline: "production baseline",
  migrations: "migrations in production",
  execute: "deployment",
  observe: "observation and production regression gate",
  rollback: "rollback",
};

/** The steps that were begun and the watches inside them, then the end. */
export function timelineRows(record: RunRecord): NonNullable<View["timeline"]> {
  const rows = (Object.keys(STEPS) as (keyof typeof STEPS)[]).flatMap((step) => {
    const times = stepTimes(record.state, step);
    if (!times) return [];
    const own = {
      step: STEPS[step],
      startedAt: times.startedAt,
      durationMs: times.ms ?? null,
      result: stepResult(record, step),
    };
    return step === "execute" ? [own, ...stageRows(record)] : [own];
  });
  const { outcome } = record.state;
  return outcome
    ? [
        ...rows,
        {
          step: "end",
          startedAt: outcome.at,
          durationMs: spanMs(record.openedAt, outcome.at),
          result: outcome.outcome,
        },
      ]
    : rows;
}

function stageRows(record: RunRecord): NonNullable<View["timeline"]> {
  return watchesOf(record, "production")
    .filter((watched) => !watched.plan.final)
    .map((watched) => ({
      step: `– ${watched.plan.text}`,
      startedAt: watched.startedAt,
      durationMs: watched.servedMs,
      result: watchResult(record, watched),
    }));
}

/** How a step ended, in a word. */
export function stepResult(record: RunRecord, step: keyof typeof STEPS): string {
  const { state } = record;
  const isDone = state.steps.some((entry) => entry.step === step && entry.endedAt !== undefined);
  switch (step) {
    case "readiness":
      return known(readinessReportOf(record), decisionText) ?? (state.outcome ? "not judged" : "running");
    case "staging":
      return gateOf(record, "staging")?.gate.verdict.outcome ?? (state.outcome ? "not judged" : "running");
    case "approval":
      return known(state.approval, ({ decision }) => APPROVAL[decision]) ?? (state.outcome ? "not given" : "waiting");
    case "baseline":
      return state.baseline === undefined ? "not recorded" : state.baseline ? "recorded" : "none";
    case "migrations":
      return isDone ? "applied" : state.outcome ? "not all applied" : "running";
    case "execute":
      return isDone ? "done" : state.latched ? "stopped for the rollback" : state.outcome ? "stopped" : "running";
    case "observe":
      return (
        gateOf(record, "production")?.gate.verdict.outcome ??
        (state.latched ? "stopped for the rollback" : "not judged")
      );
    case "rollback":
      return rollbackResult(record) ?? "running";
    default:
      return step satisfies never;
  }
}

function watchResult(record: RunRecord, watched: WatchRecord): string {
  if (watched.end?.end === "trigger") return "BREACH";
  const gate = record.gates.findLast(({ key }) => key === watched.key);
  return gate?.gate.verdict.outcome ?? (watched.end ? "served" : "not finished");
}

/** What was known before production was touched. */
export function preDeploymentRows(record: RunRecord): Checks {
  const { plan, state } = record;
  const staging = gateOf(record, "staging");
  return [
    ...readinessRows(record),
    {
      name: "Staging gate",
      status: staging?.gate.verdict.outcome ?? "not judged",
      detail: staging ? decidedBy(staging.gate) : "–",
    },
    {
      name: "Approval of the plan",
      status: known(state.approval, ({ decision }) => APPROVAL[decision]) ?? "not given",
      detail: state.approval?.person ?? "–",
    },
    { name: "Artifact", status: "identified", detail: plan.digest },
    {
      name: "Way back",
      status: plan.previous ? "known" : "none",
      detail: plan.previous
        ? `${plan.previous.version}, ${plan.previous.digest}; ${rehearsalText(record)}`
        : "a first deployment",
    },
  ];
}

/** What the strategy came to; then every change of production and every watch of it, in order. */
export function executionRows(record: RunRecord): Checks {
  const { state } = record;
  const verdictOf = (watched: WatchRecord) =>
    watched.plan.final ? stepResult(record, "observe") : watchResult(record, watched);
  const changes = record.events.flatMap(({ event }) => {
    if (event.event === "intent" && event.intent.env === "production") {
      const isDone = state.results.has(event.key);
      return [
        {
          name: event.intent.text,
          status: isDone ? "done" : "not finished",
          detail: poolsText(event.intent.pools ?? []),
        },
      ];
    }
    if (event.event !== "watch-started" || event.watch.track === "staging") return [];
    const watched = record.watches.find(({ key }) => key === event.key);
    return watched ? [watchRow(record, watched)] : [];
  });
  return [...strategyRows(record, verdictOf), ...changes];
}

function watchRow(record: RunRecord, watched: WatchRecord): Checks[number] {
  const { requests } = armTotals(pollsOf(record, watched.key), "candidate");
  const served = `${spanText(watched.servedMs)} of ${spanText(watched.plan.plannedMs + watched.extendedMs)} served`;
  const extended = watched.extendedMs > 0 ? `, extended by ${spanText(watched.extendedMs)}` : "";
  const share = watched.live ? `, ${num(watched.live.measuredRequests)} measured at the router` : "";
  return {
    name: watched.plan.text,
    status: watched.plan.final ? stepResult(record, "observe") : watchResult(record, watched),
    detail: `${served}${extended}; ${requestsText(requests)} answered by the watched version${share}`,
  };
}

/** The observation where it was reached, else the last watch of the new version; after a rollback also the old version's. */
export function sloRows(record: RunRecord): NonNullable<View["slo"]> {
  const own = observationOf(record) ?? watchesOf(record, "production").at(-1);
  const back = watchesOf(record, "post-rollback").at(-1);
  return [
    ...(own ? [...judgedRows(record, own.reading), ...trafficRows(record, own)] : []),
    ...(back
      ? judgedRows(record, back.reading).map((row) => ({ ...row, metric: `${row.metric}, after the rollback` }))
      : []),
  ];
}
