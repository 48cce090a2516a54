import type { MetricReading } from "../../judge/index.ts";
import { percentText } from "../../judge/tests/index.ts";
import type { MessageView } from "../../record/artifact-kinds/index.ts";
import { renderMessage } from "../../record/artifacts.ts";
import { pct } from "../../record/figures.ts";
import type { Stamped } from "../../record/journal.ts";
import { spanText } from "../../vocab/index.ts";
import type { FlowEvent } from "../events.ts";
import type { RunState } from "../run-state.ts";
import { blockedView } from "./blocked.ts";
import { documentPath, documentsOf } from "./documents.ts";
import { decidedBy } from "./gate-views.ts";
import { infrastructureLine } from "./infrastructure.ts";
import { type JourneysRecord, journeysOf, journeysText } from "./journeys.ts";
import { masked } from "./masked.ts";
import { isRequired, judgedMetrics, metricName, trafficRows } from "./metric-rows.ts";
import { nextSteps, outcomeText, rollbackText, runningVersion } from "./outcome-words.ts";
import { observationOf, type RunRecord, recordOf, type WatchRecord, watchesOf } from "./record.ts";
import { stepResult } from "./report-rows.ts";
import { rollbackResult } from "./rollback.ts";
import { groupsText, type SmokeRecord, smokeOf, smokeText } from "./smoke.ts";
import { gateStage } from "./strategy-parts.ts";
import { testsOf } from "./tests.ts";
import { durationMs, exposedMs, stepTimes } from "./times.ts";
import { boundText, changeText, known, levelText, reasonsText } from "./words.ts";

type View = MessageView<"final-summary">;
type Line = NonNullable<View["gates"]>[number];

/** The framed last words on a run for a terminal or chat: the outcome, what was measured, where it is written, what to do. */
export function finalSummary(run: { state: RunState; events: readonly Stamped<FlowEvent>[] }): string {
  const record = recordOf(run.state.plan, run.events);
  const archived = run.state.archiveDir === undefined ? [] : [{ name: "archive", path: run.state.archiveDir }];
  const artifacts = [...documents(record), ...archived];
  if (record.state.outcome?.outcome === "BLOCKED")
    return renderMessage("blocked", masked(blockedView(record, artifacts)));
  return renderMessage("final-summary", masked(summaryView(record, artifacts)));
}

/** What stays readable between runs; drafts are in the archive. */
function documents(record: RunRecord): { name: string; path: string }[] {
  return documentsOf(record)
    .filter(({ place }) => place !== "working")
    .map(({ place, name }) => ({ name, path: documentPath(place, name) }));
}

function summaryView(record: RunRecord, artifacts: View["artifacts"]): View {
  const { plan, state } = record;
  const outcome = state.outcome?.outcome ?? "RUNNING";
  return {
    headline: `Deployment ${outcome}: ${plan.service} ${plan.version}`,
    status: `${outcome}: ${outcomeText(record)}`,
    version: plan.version,
    runningVersion: runningVersion(record),
    strategy: plan.strategy,
    durationMs: durationMs(state) ?? null,
    timeline: timeline(record),
    gates: gateLines(record),
    slo: sloLines(record),
    smoke: smokeLines(record),
    infrastructure: infrastructureLine(record) ?? "not observed",
    notes: notes(record),
    artifacts,
    nextSteps: nextSteps(record),
  };
}

const STEPS = [
  ["readiness", "Pre-deployment validation"],
  ["staging", "Staging regression gate"],
  ["approval", "Approval"],
  ["execute", "Deployment"],
  ["observe", "Observation and production gate"],
  ["rollback", "Rollback"],
] as const;

function timeline(record: RunRecord): NonNullable<View["timeline"]> {
  const rows = STEPS.flatMap(([step, name]) => {
    const times = stepTimes(record.state, step);
    if (!times) return [];
    const took = known(times.ms, (v) => `, ${spanText(v)}`) ?? "";
    const rate =
      step === "staging" ? known(testsOf(record.state)?.regressionRate, (v) => `, regression ${pct(v)}`) : null;
    return [{ step: name, result: `${stepResult(record, step)}${rate ?? ""}${took}` }];
  });
  const total = durationMs(record.state);
  return total === undefined ? rows : [...rows, { step: "Total", result: spanText(total) }];
}

function gateLines(record: RunRecord): Line[] {
  const { plan, state } = record;
  const lines = record.gates
    .filter(({ gate }) => gate.gate !== "rollback")
    .map(({ key, gate }): Line => {
      const { outcome } = gate.verdict;
      const name = gate.gate === "stage" ? gateStage(plan, key) : gate.gate;
      const why = outcome === "PASS" ? `threshold ${percentText(plan.regressionThreshold)}` : decidedBy(gate);
      return { mark: markOf(outcome), text: `${name}: ${outcome} (${why})` };
    });
  if (!state.latched) return lines;
  const result = rollbackResult(record);
  return [
    ...lines,
    ...breachLines(record),
    { mark: result === "SUCCESS" ? "done" : "failed", text: `rollback: ${result ?? "not verified"}` },
  ];
}

/** Watches that ended in a breach never reached their gate. */
function breachLines(record: RunRecord): Line[] {
  return record.watches
    .filter(({ end }) => end?.end === "trigger")
    .map(({ plan }) => ({ mark: "failed", text: `${plan.text}: BREACH` }));
}

function markOf(outcome: string): Line["mark"] {
  return outcome === "PASS" ? "done" : outcome === "FAIL" ? "failed" : "warning";
}

/** The new version as it was last measured, and after a rollback what users meet now. */
function sloLines(record: RunRecord): Line[] {
  const own = observationOf(record) ?? watchesOf(record, "production").at(-1);
  const back = watchesOf(record, "post-rollback").at(-1);
  if (!back) return own ? [...judgedLines(record, own), ...trafficLines(record, own)] : [];
  const old = `${record.plan.previous?.version ?? "the old version"} again: `;
  return [
    ...(own ? judgedLines(record, own, `${record.plan.version}: `) : []),
    ...judgedLines(record, back, old),
    ...trafficLines(record, back, old),
  ];
}

function judgedLines(record: RunRecord, { reading }: WatchRecord, whose = ""): Line[] {
  return judgedMetrics(reading).map((metric) => sloLine(metric, isRequired(record, metric), whose));
}

/** Not judged by themselves; failed requests are judged as the error rate, so a failed one marks them too. */
function trafficLines(record: RunRecord, watched: WatchRecord, whose = ""): Line[] {
  const isFailed =
    watched.reading?.metrics.some(({ id, outcome }) => id === "error-rate" && outcome === "FAIL") ?? false;
  return trafficRows(record, watched).map(({ metric, current, baseline }) => ({
    mark: current === null ? "unknown" : isFailed ? "failed" : "done",
    text: `${whose}${metric}: ${current ?? "unknown"} (before: ${baseline ?? "unknown"})`,
  }));
}

function sloLine(metric: MetricReading, required: boolean, whose: string): Line {
  const { candidate, unit, sloTarget, change, changeUnit, direction, outcome } = metric;
  const value = known(candidate.value, (v) => levelText(v, unit)) ?? "unknown";
  const target = known(sloTarget, (v) => `target ${boundText(v, unit, direction)}`);
  const against = known(change, (v) => `${changeText(v, changeUnit)} against the baseline`);
  const open = outcome === "INCONCLUSIVE" ? `not proven${required ? "" : ", which the plan does not require"}` : "";
  const particulars = [target, against, open].filter(Boolean).join(", ");
  const isUnknown = candidate.value === undefined || (outcome === "INCONCLUSIVE" && !required);
  const text = `${whose}${metricName(metric.id)}: ${value}${particulars ? ` (${particulars})` : ""}`;
  return { mark: isUnknown ? "unknown" : markOf(outcome), text };
}

const CHECKED = [
  ["before traffic", "pre-cutover"],
  ["production", "production"],
  ["after the rollback", "post-rollback"],
] as const;

function smokeLines(record: RunRecord): Line[] {
  return CHECKED.flatMap(([name, mode]) => {
    const smoke = smokeOf(record, mode);
    const journeys = journeysOf(record, mode);
    return [...(smoke ? [smokeLine(name, smoke)] : []), ...(journeys ? [journeysLine(name, journeys)] : [])];
  });
}

function smokeLine(name: string, { run, verdict }: SmokeRecord): Line {
  const groups = groupsText(run);
  return { mark: markOf(verdict.outcome), text: `${name}: ${smokeText(run)}${groups ? ` (${groups})` : ""}` };
}

function journeysLine(name: string, { run, verdict }: JourneysRecord): Line {
  return { mark: markOf(verdict.outcome), text: `${name}: ${journeysText(run)}` };
}

function notes(record: RunRecord): Line[] {
  const { state } = record;
  const trigger = rollbackText(record);
  const exposed = known(exposedMs(state), spanText);
  return [
    ...(trigger ? [{ mark: "failed" as const, text: `rolled back: ${trigger}` }] : []),
    ...(state.outcome?.outcome === "UNPROVEN"
      ? [{ mark: "warning" as const, text: `unproven: ${reasonsText(state.outcome.reasons)}` }]
      : []),
    ...state.answers
      .filter(({ answer }) => answer === "accept")
      .map(({ person, reason }) => ({
        mark: "warning" as const,
        text: `risk accepted by ${person}: ${reason}`,
      })),
    ...(state.outcome && !state.latched && exposed
      ? [{ mark: "done" as const, text: `production traffic on the new version for ${exposed}` }]
      : []),
    ...state.notices
      .filter(({ level }) => level === "warning")
      .map(({ text }) => ({ mark: "warning" as const, text: text })),
  ];
}
