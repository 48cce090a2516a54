import type { z } from "zod";
import { DeployConfig } from "../mcp-server/flow/config.ts";
import { FlowEvent } from "../mcp-server/flow/events.ts";
import { Plan } from "../mcp-server/flow/plan.ts";
import { GateVerdict } from "../mcp-server/judge/index.ts";
import * as closing from "../mcp-server/record/artifact-kinds/closing.ts";
import * as execution from "../mcp-server/record/artifact-kinds/execution.ts";
import * as gates from "../mcp-server/record/artifact-kinds/gates.ts";
import * as plans from "../mcp-server/record/artifact-kinds/plans.ts";
import * as readiness from "../mcp-server/record/artifact-kinds/readiness.ts";
import * as reports from "../mcp-server/record/artifact-kinds/reports.ts";
import * as strategy from "../mcp-server/record/artifact-kinds/strategy.ts";
import { HistoryEntry } from "../mcp-server/record/history.ts";
import { RunMetrics } from "../mcp-server/record/run-metrics.ts";
import { regressionCheck } from "../mcp-server/tools/regression-check.ts";

/** Every published schema, by its file below schemas/. */
export const SCHEMAS: Record<string, { title: string; schema: z.ZodType }> = {
  "deploy-yaml.yaml": { title: "deploy.yaml", schema: DeployConfig },
  "plan.yaml": { title: "Frozen plan of a run", schema: Plan },
  "journal-event.yaml": { title: "Event of a run's journal", schema: FlowEvent },
  "flows/regression-gate.yaml": {
    title: "Regression gate as a whole: the data of its report",
    schema: gates.RegressionGateView,
  },
  "flows/gate-verdict.yaml": { title: "Verdict of a gate, as the journal has it", schema: GateVerdict },
  "flows/regression-check.yaml": { title: "Result of a regression check", schema: regressionCheck.output },
  "run-metrics.yaml": { title: "metrics.json of an archive", schema: RunMetrics },
  "history-entry.yaml": { title: "Line of history.jsonl", schema: HistoryEntry },
  ...artifacts({ ...plans, ...readiness, ...gates, ...execution, ...reports, ...closing, ...strategy }),
};

/** `DeploymentReportView` becomes artifacts/deployment-report.yaml. */
function artifacts(kinds: Record<string, unknown>): Record<string, { title: string; schema: z.ZodType }> {
  return Object.fromEntries(
    Object.entries(kinds)
      .filter(([name]) => name.endsWith("View"))
      .map(([name, schema]) => {
        const slug = name
          .replace(/View$/, "")
          .replace(/(?<!^)([A-Z])/g, "-$1")
          .toLowerCase();
        return [`artifacts/${slug}.yaml`, { title: `Data of the artifact ${slug}`, schema: schema as z.ZodType }];
      }),
  );
}
