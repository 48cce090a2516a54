import type { GateVerdict } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Dimension } from "../../vocab/index.ts";
import type { Trigger } from "../events.ts";
import { adviceOf } from "./advice.ts";
import { decidedBy, dimensionsOf, severityOf } from "./gate-views.ts";
import { metricsLine } from "./metric-rows.ts";
import { type GateRecord, type RunRecord, watchesOf } from "./record.ts";
import { affectedAreas, lostText, testRows, testsOf } from "./tests.ts";
import { userImpact } from "./user-impact.ts";
import { reasonsText, triggerText } from "./words.ts";

type View = ArtifactView<"stand-alone">;

const UNKNOWN_ALWAYS = [
  "the cause: no measurement names it",
  "the number of users concerned",
  "the effect on the business",
];

/** What the failed staging gate means: what is affected and how gravely, and what nobody knows. */
export function stagingImpactView(record: RunRecord, entry: GateRecord): View {
  const tests = testsOf(record.state);
  return {
    title: `Regression impact, staging: ${record.plan.service} ${record.plan.version}`,
    verdict: `severity ${severityOf(record, entry.gate)}`,
    summary: decidedBy(entry.gate),
    facts: [
      { name: "Production", value: "not touched" },
      { name: "User impact", value: "None now; what it would be in production is unknown" },
      { name: "Severity by", value: SEVERITY_RULE },
      { name: "Tests", value: tests ? lostText(tests) : "no comparison" },
      { name: "Metrics in staging", value: metricsLine(watchesOf(record, "staging")[0]?.reading) || "not judged" },
    ],
    findings: findings(dimensionsOf(entry.gate)),
    tables: [categories(entry.gate), ...(tests ? testTables(tests) : [])],
    sections: [remediation(entry.gate.verdict.wouldPassIf), unknowns(UNKNOWN_ALWAYS), ...advised(record, "staging")],
  };
}

/** What the regression in production meant; by the trigger, and by the production gate where it was reached. */
export function productionImpactView(record: RunRecord, gate: GateRecord | undefined): View | undefined {
  const { state, plan } = record;
  const trigger = state.latched;
  if (!trigger && !gate) return undefined;
  const last = watchesOf(record, "production").at(-1);
  return {
    title: `Regression impact, production: ${plan.service} ${plan.version}`,
    verdict: `severity ${gate ? severityOf(record, gate.gate) : triggerSeverity(trigger)}`,
    summary: trigger ? triggerText(trigger) : gate ? decidedBy(gate.gate) : "",
    facts: [
      { name: "User impact", value: impactText(record) },
      { name: "Severity by", value: SEVERITY_RULE },
      { name: "Traffic on the new version when it was decided", value: last ? `${last.plan.weightPct} %` : null },
      { name: "Metrics of the new version", value: metricsLine(last?.reading) || "not judged" },
    ],
    findings: gate
      ? findings(dimensionsOf(gate.gate))
      : (trigger?.reasons ?? []).map(({ code, text }) => ({ severity: "FAIL", text, where: code })),
    tables: gate ? [categories(gate.gate)] : [],
    sections: [
      remediation(gate?.gate.verdict.wouldPassIf ?? "the measured worsening is gone"),
      unknowns(UNKNOWN_ALWAYS),
      ...advised(record, "rollback"),
    ],
  };
}

const SEVERITY_RULE =
  "CRITICAL a P0 test, check or journey; HIGH a P1, a broken service level or unhealthy instances; MEDIUM only over the threshold; LOW within it";

/** Where only a trigger decided: a lost P0 is the gravest, a mere regression the least grave. */
function triggerSeverity(trigger: Trigger | undefined): string {
  if (trigger?.reasons.some(({ text }) => /\(P0\)/.test(text))) return "CRITICAL";
  return trigger?.kind === "regression" ? "MEDIUM" : "HIGH";
}

function impactText(record: RunRecord): string {
  const { category, basis } = userImpact(record);
  return `${category}: ${basis}`;
}

/** What kind of regression it is: each judged dimension with its result. */
function categories(gate: GateVerdict): NonNullable<View["tables"]>[number] {
  const rows = dimensionsOf(gate).map(([name, dimension]) => [
    name,
    dimension.outcome,
    dimension.outcome === "NOT_APPLICABLE" ? dimension.reason : reasonsText(dimension.reasons),
  ]);
  return { heading: "By kind", columns: ["Kind", "Result", "What was measured"], rows };
}

/** What has to become true, in the judge's words; how it is done nobody measured. */
function remediation(wouldPassIf: string) {
  const lines = [
    `It would have passed with: ${wouldPassIf || "the same evidence without what is listed above"}`,
    "Mend the cause, or take the change back; it is not named here because nothing measured it",
    "Look first at the tests and kinds listed above",
    "Compare again before deploying: `deploy-flow regression-check --baseline production --candidate REPORTS --scope full`",
    "Deploy again: every gate is judged anew",
  ];
  return { heading: "Remediation", text: lines.map((line) => `- ${line}`).join("\n") };
}

function findings(dimensions: readonly (readonly [string, Dimension])[]): NonNullable<View["findings"]> {
  return dimensions.flatMap(([name, dimension]) =>
    dimension.outcome === "FAIL" || dimension.outcome === "INCONCLUSIVE"
      ? dimension.reasons.map(({ text }) => ({ severity: dimension.outcome, text, where: name }))
      : [],
  );
}

function testTables(tests: NonNullable<ReturnType<typeof testsOf>>): NonNullable<View["tables"]> {
  const { rows, omitted } = testRows(tests);
  const areas = affectedAreas(tests);
  return [
    ...(areas.length > 0
      ? [
          {
            heading: "Where the listed tests are",
            columns: ["Suite or file", "Tests"],
            rows: areas.map(({ area, tests: count }) => [area, String(count)]),
          },
        ]
      : []),
    ...(rows.length > 0
      ? [
          {
            heading:
              omitted > 0
                ? `Tests lost or newly failing (${omitted} more in the evidence)`
                : "Tests lost or newly failing",
            columns: ["Test", "Priority", "Change", "Message"],
            rows: rows.map((row) => [row.id, row.priority, row.change, row.message]),
          },
        ]
      : []),
  ];
}

function unknowns(lines: readonly string[]) {
  return { heading: "Unknown", text: lines.map((line) => `- ${line}`).join("\n") };
}

function advised(record: RunRecord, step: "staging" | "rollback") {
  return adviceOf(record, step).map(({ from, text }) => ({
    heading: `Remark of ${from.name}, which decided nothing`,
    text,
  }));
}
