import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Dimension } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { decidedBy, dimensionsOf, severityOf } from "./gate-views.ts";
import { metricsLine } from "./metric-rows.ts";
import { type GateRecord, type RunRecord, watchesOf } from "./record.ts";
import { affectedAreas, lostText, testRows, testsOf } from "./tests.ts";
import { triggerText } from "./words.ts";

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
      { name: "Tests", value: tests ? lostText(tests) : "no comparison" },
      { name: "Metrics in staging", value: metricsLine(watchesOf(record, "staging")[0]?.reading) || "not judged" },
    ],
    findings: findings(dimensionsOf(entry.gate)),
    tables: tests ? testTables(tests) : [],
    sections: [unknowns(UNKNOWN_ALWAYS), ...advised(record, "staging")],
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
    verdict: `severity ${gate ? severityOf(record, gate.gate) : trigger?.kind === "regression" ? "MEDIUM" : "HIGH"}`,
    summary: trigger ? triggerText(trigger) : gate ? decidedBy(gate.gate) : "",
    facts: [
      { name: "Traffic on the new version when it was decided", value: last ? `${last.plan.weightPct} %` : null },
      { name: "Metrics of the new version", value: metricsLine(last?.reading) || "not judged" },
    ],
    findings: gate
      ? findings(dimensionsOf(gate.gate))
      : (trigger?.reasons ?? []).map(({ code, text }) => ({ severity: "FAIL", text, where: code })),
    sections: [unknowns(UNKNOWN_ALWAYS), ...advised(record, "rollback")],
  };
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
