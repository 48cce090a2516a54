import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import { spanText } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { type EventRow, eventRows } from "./event-rows.ts";
import { dimensionRows } from "./gate-views.ts";
import { judgedRows } from "./metric-rows.ts";
import { gateOf, type RunRecord, watchesOf } from "./record.ts";
import { concurrent, eliminated, rollbackResult } from "./rollback.ts";
import { armTotals, pollsOf } from "./series.ts";
import { exposedMs, restoreMs, spanMs, trafficBackAt } from "./times.ts";
import { known, triggerText } from "./words.ts";

type View = ArtifactView<"rollback-report">;
type Facts = NonNullable<View["derived"]>;

/** The incident side of a rollback; undefined where none was decided. */
export function incidentView(record: RunRecord, references: { name: string; path: string }[]): View | undefined {
  const { plan, state } = record;
  if (!state.latched) return undefined;
  const result = rollbackResult(record) ?? "under way";
  const watched = watchesOf(record, "production").at(-1);
  const gate = gateOf(record, "rollback");
  return {
    incidentId: "UNDECLARED",
    severity: result === "SUCCESS" ? "P1" : "P0",
    service: plan.service,
    fromVersion: plan.version,
    toVersion: plan.previous?.version ?? "none",
    strategy: plan.strategy,
    result,
    summary: summaryOf(record, result),
    trigger: triggerText(state.latched),
    concurrent: concurrent(record),
    triggerMetrics: judgedRows(record, watched?.reading),
    regression: regressionFacts(record),
    timeline: timeline(record),
    derived: derived(record),
    impact: impact(record),
    checks: gate ? dimensionRows(gate.gate) : [],
    analysisStatus: "not started",
    actions: actions(result),
    review: `a meeting within ${result === "SUCCESS" ? "48" : "24"} hours; not booked`,
    references,
    advice: adviceOf(record, "rollback"),
  };
}

function summaryOf({ plan, state }: RunRecord, result: string): string {
  const old = plan.previous?.version;
  const took = known(restoreMs(state), (v) => `, ${spanText(v)} after the decision`) ?? "";
  const back = old ? `all traffic went back to ${old}${took}` : `traffic was withdrawn${took}`;
  if (result === "SUCCESS") return `${plan.version} was rolled back: ${back}.`;
  const moved = trafficBackAt(state) ? back : "it is not known that traffic is back";
  return `${plan.version} was to be rolled back; ${moved}, and the old state is not shown to be restored.`;
}

function regressionFacts(record: RunRecord): NonNullable<View["regression"]> {
  const { plan, state } = record;
  if (state.latched?.kind !== "regression") return [];
  return [
    { name: "Threshold", value: `${num(plan.regressionThreshold, 1)} (percentage points or percent, per metric)` },
    ...state.latched.reasons.map(({ text }) => ({ name: "Regression", value: text })),
    { name: "Gone after the rollback", value: eliminated(record) },
  ];
}

const MILESTONES = new Set([
  "step",
  "watch-started",
  "extended",
  "held",
  "gate",
  "rollback-latched",
  "trigger-noted",
  "question",
  "answer",
  "outcome",
]);

/** Changes of production and decisions, from the first exposure on. */
function timeline({ events, state }: RunRecord): EventRow[] {
  const from = state.exposedAt;
  const own = events.filter(({ at, event }) => {
    if (event.event === "run-opened") return true;
    const isChange = event.event === "intent" && event.intent.env === "production";
    const isDone = event.event === "result" && state.intents.get(event.key)?.env === "production";
    return from !== undefined && at >= from && (isChange || isDone || MILESTONES.has(event.event));
  });
  return eventRows(own);
}

/** Times between the milestones and what the new version answered meanwhile. */
function derived(record: RunRecord): Facts {
  const { state } = record;
  const { exposedAt, latchedAt } = state;
  const gate = gateOf(record, "rollback");
  const totals = exposureTotals(record);
  return [
    { name: "First bad request to decision", value: null },
    {
      name: "First exposure to decision",
      value: known(exposedAt && latchedAt ? spanMs(exposedAt, latchedAt) : undefined, spanText),
    },
    { name: "Decision to all traffic back", value: known(restoreMs(state), spanText) },
    {
      name: "Decision to verified",
      value: known(latchedAt && gate ? spanMs(latchedAt, gate.at) : undefined, spanText),
    },
    { name: "New version exposed for", value: known(exposedMs(state), spanText) },
    { name: "Requests answered by the new version (measured)", value: known(totals, ({ requests }) => num(requests)) },
    { name: "Failed requests among them", value: known(totals, ({ failed }) => num(failed)) },
    { name: "Users affected", value: null },
  ];
}

/** What the new version served in production as far as it was measured; undefined without metrics. */
export function exposureTotals(record: RunRecord): { requests: number; failed: number } | undefined {
  if (!record.plan.metrics) return undefined;
  const polls = watchesOf(record, "production").flatMap((watched) => pollsOf(record, watched.key));
  return polls.length > 0 ? armTotals(polls, "candidate") : undefined;
}

function impact(record: RunRecord): Facts {
  const failed = exposureTotals(record)?.failed;
  return [
    {
      name: "Users",
      value: known(
        failed,
        (v) => `${num(v)} requests failed on the new version (measured); the number of users is unknown`,
      ),
    },
    { name: "Business", value: null },
    { name: "Data", value: "no migration is part of this plan; writes of the new version were not examined" },
    { name: "Security", value: null },
  ];
}

function actions(result: string): NonNullable<View["actions"]> {
  const open = (action: string, kind: string) => ({ action, kind, owner: null, due: null });
  return [
    ...(result === "SUCCESS"
      ? []
      : [open("bring production into a known state, then release the lock with a reason", "mitigates")]),
    open("find the cause: the evidence and the measurements of this run are in its archive", "prevents"),
    open("add a check that would have failed before production", "detects"),
  ];
}
