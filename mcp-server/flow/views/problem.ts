import {
  type GateVerdict,
  type MetricReading,
  openConditions,
  type ReadinessReport,
  readMetrics,
} from "../../judge/index.ts";
import { percentText } from "../../judge/tests/index.ts";
import type { MessageView, ProblemKind } from "../../record/artifact-kinds/index.ts";
import { renderMessage } from "../../record/artifacts.ts";
import { pct } from "../../record/figures.ts";
import type { Stamped } from "../../record/journal.ts";
import { type Reason, spanText } from "../../vocab/index.ts";
import type { FlowEvent, Trigger } from "../events.ts";
import type { Plan } from "../plan.ts";
import { stoppedByReadiness } from "../readiness-state.ts";
import { sideEffectSteps } from "./contacts.ts";
import { documentPath, documentsOf } from "./documents.ts";
import { masked } from "./masked.ts";
import { metricName } from "./metric-rows.ts";
import { afterReadiness, nextSteps } from "./outcome-words.ts";
import { decisionText, gatesStatus, QUALITY_GATES, rationale, readinessReportOf } from "./readiness.ts";
import { gateOf, type RunRecord, recordOf } from "./record.ts";
import { rollbackResult } from "./rollback.ts";
import { incidentText } from "./severity.ts";
import { failureLines, type SmokeRecord } from "./smoke.ts";
import { affectedAreas, lostText, testRows, testsOf } from "./tests.ts";
import { restoreMs } from "./times.ts";
import { boundText, changeText, known, levelText, reasonsText, triggerText, worsenedText } from "./words.ts";

type View = MessageView<ProblemKind>;
type Line = NonNullable<View["response"]>[number];

/** Lost tests named in a message; the gate report lists more. */
const TESTS_NAMED = 5;

/** What went wrong with a run, as it is told when it happens; undefined while nothing has. Pure. */
export function problemText(plan: Plan, events: readonly Stamped<FlowEvent>[]): string | undefined {
  if (events.length === 0) return undefined;
  const record = recordOf(plan, events);
  const kind = problemOf(record);
  return kind && renderMessage(kind, masked(viewOf(record, kind)));
}

/** True for an event after which {@link problemText} has something to say that it had not before. */
export function tellsProblem(event: FlowEvent): boolean {
  switch (event.event) {
    case "stopping":
    case "rollback-latched":
      return true;
    case "question":
      return event.question.about === "regression";
    case "outcome":
      return event.outcome === "ROLLBACK_FAILED";
    default:
      return false;
  }
}

/** Which of the problems a run has. What a person asked for, or nobody approved, is none. */
export function problemOf(record: RunRecord): ProblemKind | undefined {
  const { state } = record;
  if (state.outcome?.outcome === "ROLLBACK_FAILED") return "rollback-failed";
  if (state.latched) return OF_TRIGGER[state.latched.kind];
  if (state.question?.question.about === "regression") return "production-regression";
  return stopOf(record) && ofStop(record);
}

/** Why the run stopped before anybody was exposed; undefined where it did not. */
function stopOf({ state }: RunRecord): { outcome: string; reasons: readonly Reason[] } | undefined {
  const { stopping, outcome } = state;
  if (stopping) return stopping;
  return outcome?.outcome === "BLOCKED" || outcome?.outcome === "ABORTED" ? outcome : undefined;
}

const OF_TRIGGER: Record<Trigger["kind"], ProblemKind | undefined> = {
  slo: "slo-breach",
  regression: "production-regression",
  smoke: "smoke-failed",
  infra: "execution-failed",
  data: "execution-failed",
  target: "execution-failed",
  orphan: "execution-failed",
  manual: undefined,
};

const ASKED_FOR = new Set(["manual-abort", "not-approved", "approval-expired"]);

function ofStop(record: RunRecord): ProblemKind | undefined {
  const stop = stopOf(record);
  const reasons = stop?.reasons ?? [];
  if (reasons.some(({ code }) => ASKED_FOR.has(code))) return undefined;
  if (stoppedByReadiness(record.state))
    return readinessReportOf(record)?.environment === "HEALTHY" ? "quality-gate" : "environment-degraded";
  const gate = gateOf(record, "staging")?.gate;
  if (gate && gate.verdict.outcome !== "PASS") return gate.worst === "smoke" ? "smoke-failed" : "staging-regression";
  if (failedSmokes(record).length > 0) return "smoke-failed";
  return stop?.outcome === "BLOCKED" ? "quality-gate" : "execution-failed";
}

function viewOf(record: RunRecord, kind: ProblemKind): View {
  const common = { artifacts: artifactsOf(record), incident: incidentText(record) };
  switch (kind) {
    case "quality-gate":
    case "environment-degraded":
      return { ...common, ...readinessProblem(record, kind) };
    case "staging-regression":
      return { ...common, ...stagingProblem(record) };
    case "slo-breach":
      return { ...common, ...breach(record) };
    case "production-regression":
      return { ...common, ...productionRegression(record) };
    case "smoke-failed":
      return { ...common, ...smokeProblem(record) };
    case "rollback-failed":
      return { ...common, ...rollbackFailed(record) };
    case "execution-failed":
      return { ...common, ...executionFailed(record) };
    default:
      return kind satisfies never;
  }
}

type Own = Omit<View, "artifacts" | "incident">;

function readinessProblem(record: RunRecord, kind: "quality-gate" | "environment-degraded"): Own {
  const { plan, state } = record;
  const report = stoppedByReadiness(state) ? readinessReportOf(record) : undefined;
  const what = kind === "quality-gate" ? "Pre-deployment validation failed" : `Production is ${report?.environment}`;
  const open = report && (report.gaps.length > 0 ? report.gaps : openConditions(report));
  return {
    headline: `${what}: ${plan.service} ${plan.version}`,
    facts: report ? readinessFacts(report) : [],
    found: open
      ? open.map(({ criterion, text }) => `${criterion}: ${text}`)
      : (stopOf(record)?.reasons.map(({ text }) => text) ?? []),
    actions: report ? afterReadiness(record) : toDo(record),
    closing: "Deployment BLOCKED: production was not touched.",
  };
}

function readinessFacts(report: ReadinessReport): NonNullable<View["facts"]> {
  return [
    { name: "Decision", value: `${decisionText(report)}: ${rationale(report)}` },
    { name: "Quality gates", value: gatesStatus(report, QUALITY_GATES) },
    { name: "Environment", value: report.environment },
    { name: "Artifact", value: report.artifact },
    { name: "Rollback plan", value: report.rollback },
  ];
}

function stagingProblem(record: RunRecord): Own {
  const { plan } = record;
  const gate = gateOf(record, "staging")?.gate;
  const tests = testsOf(record.state);
  const rate = tests?.regressionRate ?? null;
  const isOver = rate !== null && rate > plan.regressionThreshold;
  const detected = isOver
    ? `${percentText(rate, plan.regressionThreshold)} > threshold ${percentText(plan.regressionThreshold, rate)}`
    : decided(gate);
  const outcome = gate?.verdict.outcome === "INCONCLUSIVE" ? "could not be judged" : "failed";
  return {
    headline: `Staging regression gate ${outcome}: ${detected}`,
    found: [...(tests ? lostLines(tests) : []), ...openReasons(gate?.verdict.reasons ?? [], isOver)],
    actions: [
      ...(gate?.verdict.wouldPassIf ? [`would have passed: ${gate.verdict.wouldPassIf}`] : []),
      ...toDo(record),
    ],
    closing: "Deployment BLOCKED: production was not touched.",
  };
}

/** What decided a gate: the gravest dimension of the kind that it came to, not the first that left something open. */
function decided(gate: GateVerdict | undefined): string {
  const worst = gate?.worst === undefined ? undefined : gate.dimensions[gate.worst];
  if (!gate || !worst || worst.outcome === "NOT_APPLICABLE")
    return reasonsText(gate?.verdict.reasons.slice(0, 1) ?? []);
  return `${gate.worst}: ${reasonsText(worst.reasons.slice(0, 1))}`;
}

function lostLines(tests: NonNullable<ReturnType<typeof testsOf>>): string[] {
  const { rows } = testRows(tests);
  const areas = affectedAreas(tests).map(({ area, tests: count }) => `${area} (${count})`);
  return [
    lostText(tests),
    ...rows.slice(0, TESTS_NAMED).map(({ id, change }) => `${id}: ${change}`),
    ...(areas.length > 0 ? [`suites or files: ${areas.join(", ")}`] : []),
  ];
}

/** What the list of tests says already is not said again. */
function openReasons(reasons: readonly Reason[], testsTold: boolean): string[] {
  return reasons.filter(({ text }) => !(testsTold && text.startsWith("tests:"))).map(({ text }) => text);
}

function breach(record: RunRecord): Own {
  const { plan, state } = record;
  const broken = (metricsOf(record) ?? []).filter(({ outcome }) => outcome === "FAIL");
  return {
    headline: `Service level broken: ${broken.map(({ id }) => metricName(id)).join(", ") || plan.version}`,
    facts: broken.flatMap(metricFacts),
    found: state.latched?.reasons.map(({ text }) => text) ?? [],
    response: wayBack(record),
    actions: toDo(record),
    closing: endText(record),
  };
}

function productionRegression(record: RunRecord): Own {
  const { plan, state } = record;
  const blamed = (metricsOf(record) ?? []).filter(({ outcome }) => outcome === "FAIL");
  const asked = state.question;
  const reasons = state.latched?.reasons.map(({ text }) => text) ?? [];
  return {
    headline: `Production regression: ${plan.service} ${plan.version}`,
    facts: [...blamed.flatMap(metricFacts), { name: "Threshold", value: pct(plan.regressionThreshold) }],
    found: reasons.length > 0 ? reasons : asked ? [asked.question.text] : [],
    response: wayBack(record),
    options: asked ? asked.question.options.map((option) => ({ option, meaning: MEANING[option] ?? option })) : [],
    actions: asked ? [] : toDo(record),
    closing: asked
      ? `Unanswered within ${spanText(asked.question.deadlineMs)}: back to the old version.`
      : endText(record),
  };
}

const MEANING: Record<string, string> = {
  rollback: "go back to the old version now",
  accept: "take the risk upon yourself, with a reason; the watch goes on",
  investigate: "keep it as it is for now and look for the cause; asked again afterwards",
};

function smokeProblem(record: RunRecord): Own {
  const failed = failedSmokes(record);
  const names = failed.flatMap(({ run }) =>
    run.results.filter(({ outcome }) => outcome === "fail").map(({ id }) => id),
  );
  return {
    headline: `Smoke checks failed: ${[...new Set(names)].join(", ") || record.plan.version}`,
    found: failed.flatMap(({ run }) => failureLines(run)),
    response: record.state.latched
      ? wayBack(record)
      : [{ mark: "done", text: "stopped before any user was served by it: nothing to roll back" }],
    actions: toDo(record),
    closing: endText(record),
  };
}

function executionFailed(record: RunRecord): Own {
  const { state } = record;
  const reasons = state.latched?.reasons ?? stopOf(record)?.reasons ?? [];
  return {
    headline: `Deployment failed: ${state.latched ? triggerText(state.latched) : reasonsText(reasons.slice(0, 1))}`,
    found: state.latched ? [] : reasons.slice(1).map(({ text }) => text),
    response: state.latched
      ? wayBack(record)
      : [{ mark: "done", text: "stopped before any user was served by it: nothing to roll back" }],
    actions: toDo(record),
    closing: endText(record),
  };
}

function rollbackFailed(record: RunRecord): Own {
  const { state } = record;
  return {
    headline: `CRITICAL: the rollback failed: ${reasonsText(state.outcome?.reasons.slice(0, 1) ?? [])}`,
    facts: [{ name: "Rolled back because of", value: state.latched ? triggerText(state.latched) : null }],
    found: state.outcome?.reasons.map(({ text }) => text) ?? [],
    response: wayBack(record),
    actions: [...toDo(record), ...sideEffectSteps(record.plan)],
    closing: "No deployment starts here until a person has released the hold.",
  };
}

/** What people do now, which is known before the run has its outcome. */
function toDo(record: RunRecord): string[] {
  if (record.state.outcome) return nextSteps(record);
  if (stopOf(record)) return ["mend what is named here", "deploy again: everything is judged anew"];
  return ["`deploy-flow status --watch` follows the way back"];
}

/** What going back has reached so far, by the record; empty while nothing goes back. */
function wayBack(record: RunRecord): Line[] {
  const { plan, state } = record;
  if (!state.latched) return [];
  const to = plan.previous ? `all traffic on ${plan.previous.version}` : "traffic withdrawn";
  const restored = known(restoreMs(state), (ms) => `${to} ${spanText(ms)} after the decision`);
  const result = rollbackResult(record);
  const traffic: Line = restored
    ? { mark: "done", text: restored }
    : { mark: state.outcome ? "failed" : "running", text: state.outcome ? `${to}: not shown` : `${to}: under way` };
  const verified: Line[] = result
    ? [{ mark: result === "SUCCESS" ? "done" : "failed", text: `rollback verified: ${result}` }]
    : [];
  return [traffic, ...verified];
}

function endText(record: RunRecord): string {
  const { plan, state } = record;
  if (!state.latched) return "Production was not touched.";
  const old = plan.previous?.version ?? "the state before";
  if (state.outcome?.outcome === "ROLLED_BACK") return `Production is back on ${old}.`;
  return `Going back to ${old} by itself; \`deploy-flow status --watch\` follows.`;
}

/** Each blamed metric as it was measured, with what it may be. */
function metricFacts(metric: MetricReading): NonNullable<View["facts"]> {
  const { id, unit, candidate, baseline, baselineKind, change, changeUnit, direction, sloTarget, trigger } = metric;
  const against =
    baselineKind === "none" ? "" : ` against ${known(baseline.value, (v) => levelText(v, unit)) ?? "unknown"}`;
  const by = known(change, (v) => `, ${changeText(v, changeUnit)}`) ?? "";
  const current = known(candidate.value, (v) => `${levelText(v, unit)}${against}${by}`);
  const target = known(sloTarget, (v) => boundText(v, unit, direction));
  return [
    { name: metricName(id), value: current },
    ...(target ? [{ name: "Target", value: target }] : []),
    ...(baselineKind === "none"
      ? []
      : [{ name: "Rolls back beyond", value: worsenedText(trigger, changeUnit, direction) }]),
  ];
}

function metricsOf({ state }: RunRecord): readonly MetricReading[] | undefined {
  const track = state.tracks.get("production");
  return track && readMetrics(track).metrics;
}

function failedSmokes({ state }: RunRecord): SmokeRecord[] {
  return [...state.smokes]
    .map(([key, smoke]) => ({ key, ...smoke }))
    .filter(({ verdict, run }) => verdict.outcome === "FAIL" && run.mode !== "post-rollback");
}

/** Documents about what went wrong; the plans were read before. */
const ABOUT = /^(deployment-readiness|regression-|slo-monitoring|rollback-(execution|report)|deployment-report)/;

/** What stays readable between runs and is there already. */
function artifactsOf(record: RunRecord): NonNullable<View["artifacts"]> {
  return documentsOf(record)
    .filter(({ place, name }) => place !== "working" && ABOUT.test(name))
    .map(({ place, name }) => ({ name, path: documentPath(place, name) }));
}
