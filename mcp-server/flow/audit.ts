import { renderArtifact } from "../record/artifacts.ts";
import type { Stamped } from "../record/journal.ts";
import { RunMetrics } from "../record/run-metrics.ts";
import type { FlowEvent } from "./events.ts";
import type { RunState } from "./run-state.ts";
import { auditView } from "./views/audit-view.ts";
import { GENERATOR } from "./views/generator.ts";
import { masked } from "./views/masked.ts";
import { metricsView } from "./views/metrics-view.ts";
import { recordOf } from "./views/record.ts";

/** A run as it is archived. */
export interface AuditedRun {
  readonly state: RunState;
  readonly events: readonly Stamped<FlowEvent>[];
}

/**
 * The audit trail of a run as Markdown: who did and decided what, when. It ends with the event that begins the archive,
 * so that archiving again after a crash gives the same bytes.
 */
export function auditTrail(run: AuditedRun): string {
  const record = recordOf(run.state.plan, run.events);
  const end = run.events.findIndex(({ event }) => event.event === "archiving");
  const events = end < 0 ? run.events : run.events.slice(0, end + 1);
  return renderArtifact("audit-trail", masked(auditView(record, events)), {
    artifact: "audit-trail",
    runId: record.runId,
    version: record.plan.version,
    generator: GENERATOR,
    at: record.at,
    evidence: record.state.evidence.map(({ ref }) => ref),
  });
}

/** `metrics.json`: the numbers of a run for delivery metrics and dashboards. Null is what nobody measured. */
export function metricsFile(run: AuditedRun): string {
  return `${JSON.stringify(RunMetrics.parse(metricsView(recordOf(run.state.plan, run.events))), null, 2)}\n`;
}
