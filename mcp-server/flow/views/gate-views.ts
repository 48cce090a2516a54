import { DIMENSIONS, type DimensionName, type GateVerdict, gateSeverity } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Dimension } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { journeyRows, journeysOf } from "./journeys.ts";
import { judgedRows, trafficRows } from "./metric-rows.ts";
import { type GateRecord, observationOf, type RunRecord, type WatchRecord, watchesOf } from "./record.ts";
import { comparedIn, countRows, listedTests, suiteTestsOf, testsOf } from "./tests.ts";
import { known, reasonsText, triggerText } from "./words.ts";

type GateView = ArtifactView<"regression-gate">;
type Severity = GateView["severity"];

/** The staging gate: tests of the new version and what staging showed. */
export function stagingGateView(record: RunRecord, entry: GateRecord): GateView {
  const tests = testsOf(record.state);
  return {
    ...common(record, entry),
    gate: "staging",
    environment: "staging",
    baseline: testsBaselineText(record),
    scope: tests?.scope ?? "full",
    severity: severityOf(record, entry.gate),
    ...listedTests(tests),
    counts: tests ? countRows(record, tests) : [],
    metrics: metricRows(record, watchesOf(record, "staging")[0]),
    journeys: journeyRows(record, journeysOf(record, "staging")),
    advice: adviceOf(record, "staging"),
  };
}

/** The gate at the end of the observation at 100 %. */
export function productionGateView(record: RunRecord, entry: GateRecord): GateView {
  return {
    ...common(record, entry),
    gate: "production",
    environment: "production",
    baseline: metricsBaselineText(record),
    scope: "critical",
    severity: severityOf(record, entry.gate),
    ...listedTests(suiteTestsOf(record.state, "after")),
    metrics: metricRows(record, observationOf(record)),
    journeys: journeyRows(record, journeysOf(record, "production")),
    rollback: rollbackFacts(record),
    advice: adviceOf(record, "observe"),
  };
}

/** Whether the regression is gone after the rollback. */
export function postRollbackGateView(record: RunRecord, entry: GateRecord): GateView {
  return {
    ...common(record, entry),
    version: record.plan.previous?.version ?? "none",
    gate: "post-rollback",
    environment: "production",
    baseline: metricsBaselineText(record),
    scope: "critical",
    severity: severityOf(record, entry.gate),
    ...listedTests(suiteTestsOf(record.state, "back")),
    metrics: metricRows(record, watchesOf(record, "post-rollback")[0]),
    journeys: journeyRows(record, journeysOf(record, "post-rollback")),
    rollback: rollbackFacts(record),
    advice: adviceOf(record, "rollback"),
  };
}

function common(record: RunRecord, { at, gate }: GateRecord) {
  const { plan } = record;
  return {
    service: plan.service,
    version: plan.version,
    verdict: gate.verdict.outcome,
    decidedBy: decidedBy(gate),
    wouldPassIf: gate.verdict.wouldPassIf,
    thresholdPct: plan.regressionThreshold,
    judgedAt: at,
    judge: gate.verdict.judge,
    reasons: gate.verdict.reasons,
    blockers: gate.verdict.outcome === "FAIL" ? failedReasons(gate) : [],
    dimensions: dimensionRows(gate),
  };
}

/** One sentence: what decided a gate, with its values. */
export function decidedBy(gate: GateVerdict): string {
  const { outcome, reasons } = gate.verdict;
  if (outcome === "PASS") return "every judged dimension passed";
  const worst = gate.worst === undefined ? undefined : gate.dimensions[gate.worst];
  const own = worst && worst.outcome !== "NOT_APPLICABLE" ? worst.reasons[0]?.text : undefined;
  return own === undefined ? (reasons[0]?.text ?? outcome) : `${gate.worst}: ${own}`;
}

function failedReasons(gate: GateVerdict): string[] {
  return Object.entries(gate.dimensions).flatMap(([name, dimension]) =>
    dimension.outcome === "FAIL" ? dimension.reasons.map(({ text }) => `${name}: ${text}`) : [],
  );
}

/** The dimensions of a gate in the order of their gravity, the unjudged ones with the plan's reason. */
export function dimensionRows(gate: GateVerdict): { name: string; status: string; detail: string }[] {
  return dimensionsOf(gate).map(([name, dimension]) => ({
    name,
    status: dimension.outcome,
    detail: dimension.outcome === "NOT_APPLICABLE" ? dimension.reason : reasonsText(dimension.reasons),
  }));
}

/** Dimensions that are there, gravest first. */
export function dimensionsOf(gate: GateVerdict): (readonly [DimensionName, Dimension])[] {
  return DIMENSIONS.flatMap((name) => {
    const dimension = gate.dimensions[name];
    return dimension ? [[name, dimension] as const] : [];
  });
}

/** How grave a gate of this run is. */
export function severityOf(record: RunRecord, gate: GateVerdict): Severity {
  return gateSeverity(gate, comparedIn(record, gate)?.severity);
}

function metricRows(record: RunRecord, watched: WatchRecord | undefined) {
  return watched ? [...judgedRows(record, watched.reading), ...trafficRows(record, watched)] : [];
}

function testsBaselineText({ plan }: RunRecord): string {
  const source = plan.tests?.baseline;
  if (!source) return "no tests are configured";
  switch (source.from) {
    case "label":
      return `version ${source.version}, stored results "${source.label}"`;
    case "files":
      return `version ${source.version}, ${source.files.length} presented report ${source.files.length === 1 ? "file" : "files"}`;
    case "none":
      return `nothing: ${source.reason}`;
    default:
      return source satisfies never;
  }
}

/** The recorded baseline of production, or that there is none. */
function metricsBaselineText({ state }: RunRecord): string {
  const { baseline } = state;
  return baseline ? `version ${baseline.version}, recorded ${baseline.from} to ${baseline.to}` : "no recorded baseline";
}

function rollbackFacts({ plan, state }: RunRecord): { name: string; value: string | null }[] {
  return [
    { name: "Roll back on regression", value: plan.rollbackOnRegression ? "on" : "off" },
    { name: "Rollback triggered", value: state.latched ? "YES" : "NO" },
    ...(state.latched ? [{ name: "Trigger", value: triggerText(state.latched) }] : []),
    ...state.answers.map(({ answer, person, way, at }) => ({
      name: "Decision",
      value: known(person, (name) => `${answer} by ${name} (${way}), ${at}`),
    })),
  ];
}
