import { RollbackVerdict } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Outcome3 } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { eventRows } from "./event-rows.ts";
import { shareRows } from "./execution.ts";
import { decidedBy, dimensionRows, severityOf } from "./gate-views.ts";
import { journeyRows, journeysOf } from "./journeys.ts";
import { judgedRows, trafficRows } from "./metric-rows.ts";
import { gateOf, type RunRecord, watchesOf } from "./record.ts";
import { groupRows, smokeOf } from "./smoke.ts";
import { spanMs, stepTimes, trafficBackAt } from "./times.ts";
import { triggerText } from "./words.ts";

type Result = ArtifactView<"rollback-verification">["status"];

/** What the rollback came to; undefined while it is under way or was never begun. */
export function rollbackResult(record: RunRecord): Result | undefined {
  const gate = gateOf(record, "rollback")?.gate;
  if (!gate) return record.state.outcome?.outcome === "ROLLBACK_FAILED" ? "FAILED" : undefined;
  const own = RollbackVerdict.safeParse(gate);
  return own.success ? own.data.result : RESULT[gate.verdict.outcome];
}

const RESULT: Record<Outcome3, Result> = { PASS: "SUCCESS", INCONCLUSIVE: "PARTIAL", FAIL: "FAILED" };

/** What was done to get back; undefined when nothing had to. */
export function rollbackLogView(record: RunRecord): ArtifactView<"rollback-execution-log"> | undefined {
  const { plan, state } = record;
  if (!state.latched || !state.latchedAt) return undefined;
  const startedAt = stepTimes(state, "rollback")?.startedAt ?? state.latchedAt;
  const endedAt = state.outcome?.at ?? null;
  return {
    status: rollbackResult(record) ?? "under way",
    trigger: triggerText(state.latched),
    concurrent: concurrent(record),
    strategy: plan.strategy,
    fromVersion: plan.version,
    toVersion: plan.previous?.version ?? "none",
    detectedAt: state.latchedAt,
    startedAt,
    trafficRestoredAt: trafficBackAt(state) ?? null,
    endedAt,
    durationMs: endedAt && spanMs(startedAt, endedAt),
    events: eventRows(eventsAfterLatch(record)),
    shares: shareRows(watchesOf(record, "post-rollback").at(-1)?.live),
    advice: adviceOf(record, "rollback"),
  };
}

/** Triggers that were true beside the latched one. */
export function concurrent(record: RunRecord): string[] {
  return record.noted.map(({ trigger }) => triggerText(trigger));
}

/** The decision to go back and everything after it. */
function eventsAfterLatch(record: RunRecord): RunRecord["events"] {
  const from = record.events.findIndex(({ event }) => event.event === "rollback-latched");
  return from < 0 ? [] : record.events.slice(from).filter(({ event }) => event.event !== "evidence");
}

/** Whether the old state is back; undefined while that was not judged. */
export function rollbackVerificationView(record: RunRecord): ArtifactView<"rollback-verification"> | undefined {
  const entry = gateOf(record, "rollback");
  const status = rollbackResult(record);
  if (!entry || !status) return undefined;
  const watched = watchesOf(record, "post-rollback").at(-1);
  const smoke = smokeOf(record, "post-rollback");
  return {
    status,
    summary: decidedBy(entry.gate),
    version: record.plan.previous?.version ?? "none",
    stability: status === "SUCCESS" ? "STABLE" : "not shown",
    checkedAt: entry.at,
    checks: dimensionRows(entry.gate),
    metrics: watched ? [...judgedRows(record, watched.reading), ...trafficRows(record, watched)] : [],
    smoke: smoke ? groupRows(smoke.run) : [],
    journeys: journeyRows(record, journeysOf(record, "post-rollback")),
    regression: [
      { name: "Regression gone", value: eliminated(record) },
      { name: "Severity of what is left", value: severityOf(record, entry.gate) },
    ],
    advice: adviceOf(record, "rollback"),
  };
}

/** YES, NO or unknown, as the rollback gate judged the metrics. */
export function eliminated(record: RunRecord): string | null {
  const dimension = gateOf(record, "rollback")?.gate.dimensions.metrics;
  if (dimension?.outcome === "PASS") return "YES";
  return dimension?.outcome === "FAIL" ? "NO" : null;
}
