import { openConditions, type ReadinessReport } from "../../judge/index.ts";
import type { MessageView } from "../../record/artifact-kinds/index.ts";
import { renderMessage } from "../../record/artifacts.ts";
import { pct } from "../../record/figures.ts";
import type { Stamped } from "../../record/journal.ts";
import { type Outcome3, spanText } from "../../vocab/index.ts";
import type { FlowEvent, StepName } from "../events.ts";
import type { Plan } from "../plan.ts";
import { stoppedByReadiness } from "../readiness-state.ts";
import { decidedBy } from "./gate-views.ts";
import { masked } from "./masked.ts";
import { gatesStatus, QUALITY_GATES, readinessReportOf } from "./readiness.ts";
import { type RunRecord, recordOf, type WatchRecord, watchesOf } from "./record.ts";
import { stepResult } from "./report-rows.ts";
import { smokeText } from "./smoke.ts";
import { gateStage } from "./strategy-parts.ts";
import { testsOf } from "./tests.ts";
import { stepTimes } from "./times.ts";
import { known } from "./words.ts";

type View = MessageView<"progress">;
type Step = NonNullable<View["steps"]>[number];
type Line = NonNullable<Step["lines"]>[number];

/** How far a run is, as it is told while it goes on; undefined before it was opened. */
export function progressText(plan: Plan, events: readonly Stamped<FlowEvent>[], next: string): string | undefined {
  if (events.length === 0) return undefined;
  return renderMessage("progress", masked(progressView(recordOf(plan, events), next)));
}

const NAMES: Partial<Record<StepName, string>> = {
  readiness: "Readiness",
  staging: "Staging regression gate",
  approval: "Approval of the plan",
  baseline: "Production baseline",
  migrations: "Migrations in production",
  execute: "Deployment",
  observe: "Observation and production gate",
  rollback: "Rollback",
  report: "Reports",
};

function progressView(record: RunRecord, next: string): View {
  const { plan, state } = record;
  const steps = state.steps.flatMap(({ step, endedAt }): Step[] => {
    const name = NAMES[step];
    if (name === undefined) return [];
    const isOver =
      endedAt !== undefined || state.outcome !== undefined || (state.latched !== undefined && step !== "rollback");
    const took = isOver ? known(stepTimes(state, step)?.ms, (ms) => `, ${spanText(ms)}`) : null;
    const result = isOver ? `: ${resultOf(record, step)}${took ?? ""}` : " ...";
    return [
      {
        mark: isOver ? markOfStep(record, step, endedAt !== undefined) : "running",
        text: `${name}${result}`,
        lines: linesOf(record, step),
      },
    ];
  });
  return { headline: `${plan.service} ${plan.version}, ${plan.strategy}, run ${record.runId}`, steps, next };
}

function resultOf(record: RunRecord, step: StepName): string {
  switch (step) {
    case "readiness":
    case "staging":
    case "approval":
    case "baseline":
    case "migrations":
    case "execute":
    case "observe":
    case "rollback":
      return stepResult(record, step);
    default:
      return "done";
  }
}

/** Cut short is failed, unless the run merely ended there because somebody stopped it. */
function markOfStep(record: RunRecord, step: StepName, isFinished: boolean): Line["mark"] {
  if (step === "rollback") return record.state.outcome?.outcome === "ROLLED_BACK" ? "done" : "failed";
  if (step === "readiness" && stoppedByReadiness(record.state)) return "failed";
  if (!isFinished) return record.state.outcome?.outcome === "ABORTED" ? "warning" : "failed";
  if (step === "readiness") return readinessReportOf(record)?.decision === "GO" ? "done" : "warning";
  const outcomes = record.gates.filter(({ key }) => stepOf(key) === step).map(({ gate }) => gate.verdict.outcome);
  if (outcomes.includes("FAIL")) return "failed";
  return outcomes.includes("INCONCLUSIVE") ? "warning" : "done";
}

/** The step that a gate belongs to. */
function stepOf(gateKey: string): StepName {
  if (gateKey.startsWith("staging/")) return "staging";
  if (gateKey.startsWith("rollback/")) return "rollback";
  return gateKey.startsWith("production/") ? "observe" : "execute";
}

function linesOf(record: RunRecord, step: StepName): Line[] {
  switch (step) {
    case "readiness":
      return readinessLines(record);
    case "staging":
      return [
        ...testLines(record),
        ...watchesOf(record, "staging").flatMap((watched) => watchLines(record, watched)),
        ...gateLines(record, step),
      ];
    case "execute":
      return [...productionLines(record, false), ...gateLines(record, step)];
    case "observe":
      return [...productionLines(record, true), ...gateLines(record, step)];
    case "rollback":
      return [
        ...watchesOf(record, "post-rollback").flatMap((watched) => watchLines(record, watched)),
        ...gateLines(record, step),
      ];
    default:
      return [];
  }
}

/** The three parts of readiness, then what is in the way or under a condition. */
function readinessLines(record: RunRecord): Line[] {
  const report = readinessReportOf(record);
  if (!report) return [];
  const isHealthy = report.environment === "HEALTHY";
  const gates = gatesStatus(report, QUALITY_GATES);
  return [
    { mark: gates === "PASS" ? "done" : "failed", text: `quality gates: ${gates}` },
    { mark: isHealthy ? "done" : "failed", text: `environment: ${report.environment}` },
    { mark: report.rollback === "READY" ? "done" : "failed", text: `rollback plan: ${report.rollback}` },
    ...report.gaps.map(({ criterion, text }): Line => ({ mark: "failed", text: `${criterion}: ${text}` })),
    ...conditionLines(report),
  ];
}

/** Conditions that somebody took in one line, the others each with what was found. */
function conditionLines(report: ReadinessReport): Line[] {
  const open = openConditions(report);
  const taken = report.conditions.filter((condition) => !open.includes(condition)).map(({ criterion }) => criterion);
  return [
    ...(taken.length > 0 ? [{ mark: "warning" as const, text: `conditions of the plan: ${taken.join(", ")}` }] : []),
    ...open.map(({ criterion, text }): Line => ({ mark: "warning", text: `${criterion}: ${text}` })),
  ];
}

function productionLines(record: RunRecord, final: boolean): Line[] {
  return watchesOf(record, "production")
    .filter(({ plan }) => plan.final === final)
    .flatMap((watched) => watchLines(record, watched));
}

function testLines(record: RunRecord): Line[] {
  const tests = testsOf(record.state);
  if (!tests) return [];
  const rate = known(
    tests.regressionRate,
    (value) => `, regression ${pct(value)} of at most ${pct(record.plan.regressionThreshold)}`,
  );
  return [{ mark: markOf(tests.verdict), text: `tests: ${tests.verdict}${rate ?? ""}` }];
}

function watchLines(record: RunRecord, watched: WatchRecord): Line[] {
  const { plan, end, servedMs, extendedMs, key } = watched;
  const served = `${spanText(servedMs)} of ${spanText(plan.plannedMs + extendedMs)}`;
  const smoke = record.state.smokes.get(key);
  return [
    watchLine(plan.text, end, served),
    ...(smoke ? [{ mark: markOf(smoke.verdict.outcome), text: smokeText(smoke.run) }] : []),
  ];
}

function watchLine(text: string, end: WatchRecord["end"], served: string): Line {
  if (!end) return { mark: "running", text: `${text}: ${served}` };
  if (end.end === "trigger") return { mark: "failed", text: `${text}: BREACH after ${served}` };
  return { mark: end.proven ? "done" : "warning", text: `${text}: ${served}${end.proven ? "" : ", not proven"}` };
}

function gateLines(record: RunRecord, step: StepName): Line[] {
  return record.gates
    .filter(({ key }) => stepOf(key) === step)
    .map(({ key, gate }) => {
      const { outcome } = gate.verdict;
      const name = gate.gate === "stage" ? gateStage(record.plan, key) : gate.gate;
      return {
        mark: markOf(outcome),
        text: `gate ${name}: ${outcome}${outcome === "PASS" ? "" : `, ${decidedBy(gate)}`}`,
      };
    });
}

function markOf(outcome: Outcome3): Line["mark"] {
  return outcome === "PASS" ? "done" : outcome === "FAIL" ? "failed" : "warning";
}
