import { openConditions, type ReadinessReport } from "../../judge/index.ts";
import { percentText } from "../../judge/tests/index.ts";
import type { MessageView } from "../../record/artifact-kinds/index.ts";
import { stoppedByFreeze } from "../freeze-record.ts";
import { lastReport, stoppedByReadiness } from "../readiness-state.ts";
import { decidedBy, dimensionsOf, severityOf } from "./gate-views.ts";
import { metricsLine } from "./metric-rows.ts";
import { nextSteps, runningVersion } from "./outcome-words.ts";
import { gateOf, type RunRecord, watchesOf } from "./record.ts";
import { affectedAreas, lostText, testRows, testsOf } from "./tests.ts";
import { reasonsText } from "./words.ts";

type View = MessageView<"blocked">;

/** Lost tests named in a terminal; the gate report lists more. */
const TESTS_NAMED = 3;

/** A release that the staging gate stopped, with the numbers that did it. */
export function blockedView(record: RunRecord, artifacts: View["artifacts"]): View {
  const { plan, state } = record;
  const gate = gateOf(record, "staging");
  const isFrozen = stoppedByFreeze(state);
  const unready = stoppedByReadiness(state) ? lastReport(state) : undefined;
  return {
    headline: `Deployment BLOCKED: ${plan.service} ${plan.version}, ${isFrozen ? "freeze" : unready ? "readiness" : "staging regression gate"}`,
    status: "BLOCKED",
    version: plan.version,
    runningVersion: runningVersion(record),
    strategy: plan.strategy,
    detected: detected(record),
    gateName: unready
      ? "Readiness"
      : isFrozen && !gate
        ? "Staging regression gate: not reached"
        : "Staging regression gate",
    gate: unready
      ? readinessLines(unready)
      : gate
        ? dimensionsOf(gate.gate).map(([name, dimension]) =>
            dimensionLine(name, dimension.outcome, detailOf(dimension)),
          )
        : [],
    details: details(record),
    impact: impact(record),
    remediation: [
      ...(gate?.gate.verdict.wouldPassIf ? [`would have passed: ${gate.gate.verdict.wouldPassIf}`] : []),
      ...nextSteps(record),
    ],
    artifacts,
    decision: `${plan.version} is not deployed; production was not touched${state.exposed ? ", but traffic was moved" : ""}`,
  };
}

/** What is in the way, then how the parts stand. */
function readinessLines(report: ReadinessReport): NonNullable<View["gate"]> {
  const open = report.gaps.length > 0 ? report.gaps : openConditions(report);
  return [
    ...open.map(({ criterion, text }) => ({ mark: "failed" as const, text: `${criterion}: ${text}` })),
    { mark: report.environment === "HEALTHY" ? "done" : "failed", text: `environment: ${report.environment}` },
    { mark: report.rollback === "READY" ? "done" : "failed", text: `rollback: ${report.rollback}` },
  ];
}

type Outcome = NonNullable<View["gate"]>[number];

function dimensionLine(name: string, outcome: string, detail: string): Outcome {
  const mark =
    outcome === "PASS" ? "done" : outcome === "FAIL" ? "failed" : outcome === "INCONCLUSIVE" ? "warning" : "unknown";
  return { mark, text: `${name}: ${outcome}, ${detail}` };
}

function detailOf(dimension: ReturnType<typeof dimensionsOf>[number][1]): string {
  if (dimension.outcome === "NOT_APPLICABLE") return dimension.reason;
  // What passed is in the gate report; a terminal needs one sentence of it.
  return reasonsText(dimension.outcome === "PASS" ? dimension.reasons.slice(0, 1) : dimension.reasons);
}

/** The regression rate against its threshold where that is what blocked, else the gravest reason. */
function detected(record: RunRecord): string {
  if (stoppedByFreeze(record.state) || stoppedByReadiness(record.state))
    return reasonsText(record.state.outcome?.reasons ?? []);
  const tests = testsOf(record.state);
  const threshold = record.plan.regressionThreshold;
  const rate = tests?.regressionRate ?? null;
  if (rate !== null && rate > threshold) {
    return `regression ${percentText(rate, threshold)} > threshold ${percentText(threshold, rate)}`;
  }
  const gate = gateOf(record, "staging");
  return gate ? decidedBy(gate.gate) : reasonsText(record.state.outcome?.reasons ?? []);
}

function details(record: RunRecord): string[] {
  const tests = testsOf(record.state);
  const metrics = metricsLine(watchesOf(record, "staging")[0]?.reading);
  return [...(tests ? [lostText(tests), ...named(tests)] : []), ...(metrics ? [`metrics in staging: ${metrics}`] : [])];
}

function named(tests: NonNullable<ReturnType<typeof testsOf>>): string[] {
  const { rows, omitted } = testRows(tests);
  if (rows.length === 0) return [];
  const more = rows.length - Math.min(rows.length, TESTS_NAMED) + omitted;
  const ids = rows.slice(0, TESTS_NAMED).map(({ id }) => id);
  return [`among them ${ids.join("; ")}${more > 0 ? ` (and ${more} more)` : ""}`];
}

function impact(record: RunRecord): NonNullable<View["impact"]> {
  const gate = gateOf(record, "staging");
  const tests = testsOf(record.state);
  const areas = tests ? affectedAreas(tests).map(({ area, tests: count }) => `${area} (${count})`) : [];
  return [
    ...(gate ? [{ name: "Severity", value: severityOf(record, gate.gate) }] : []),
    ...(areas.length > 0 ? [{ name: "Suites or files of the tests", value: areas.join(", ") }] : []),
    { name: "Cause", value: null },
    { name: "Users", value: "none: no production traffic was sent to it" },
  ];
}
