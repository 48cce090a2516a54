import type { MetricReading } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Stamped } from "../../record/journal.ts";
import type { FlowEvent } from "../events.ts";
import { roleText } from "../roles.ts";
import { documentPath } from "./documents.ts";
import { tell } from "./event-rows.ts";
import { decidedBy } from "./gate-views.ts";
import type { RunRecord, WatchRecord } from "./record.ts";
import { armTotals, errorRatePct, intervalGroups, type Poll, pollsOf, quantileEdge, throughputRps } from "./series.ts";
import { actorText, known, levelText, triggerText } from "./words.ts";

type View = ArtifactView<"audit-trail">;
type Events = readonly Stamped<FlowEvent>[];

/** The journal for readers. Polls and counted waiting are left to the journal itself. */
export function auditView(record: RunRecord, events: Events): View {
  const { plan, state } = record;
  return {
    outcome: state.outcome?.outcome ?? "RUNNING",
    version: plan.version,
    report: documentPath("reports", `deployment-report-${plan.version}`),
    chain: { events: events.length, firstHash: events[0]?.hash ?? "none", lastHash: events.at(-1)?.hash ?? "none" },
    decisions: events.flatMap(decisionRow),
    gates: record.gates.map(({ key, gate }) => ({
      name: `${gate.gate} (${key})`,
      status: gate.verdict.outcome,
      detail: decidedBy(gate),
    })),
    sloSnapshots: record.watches.flatMap((watched) => [
      ...intervalGroups(record, watched).flatMap((polls) => intervalRow(watched, polls)),
      snapshotRow(record, watched),
    ]),
    events: events.flatMap(eventRow),
  };
}

function eventRow({ seq, epoch, at, actor, event }: Events[number]): NonNullable<View["events"]> {
  const told = tell(event);
  return told ? [{ seq, epoch, at, actor: actorText(actor), ...told }] : [];
}

/** What people decided, and what was decided by rule. */
function decisionRow({ at, actor, event }: Events[number]): NonNullable<View["decisions"]> {
  const by = actorText(actor);
  switch (event.event) {
    case "approval":
      return [
        {
          at,
          decision: `approval of the plan${event.role === undefined ? "" : ` as ${roleText(event.role)}`}`,
          by: event.person,
          way: event.way,
          result: event.decision,
        },
      ];
    case "sign-off":
      return [
        { at, decision: `sign-off as ${roleText(event.role)}`, by: event.person, way: event.way, result: "signed" },
      ];
    case "incident":
      return [{ at, decision: "incident of the run", by: event.person, way: event.way, result: event.incident }];
    case "answer":
      return [{ at, decision: `answer to ${event.key}`, by: event.person, way: event.way, result: event.answer }];
    case "gate":
      return [
        {
          at,
          decision: `${event.gate.gate} gate`,
          by: event.gate.verdict.judge,
          way: "rule",
          result: event.gate.verdict.outcome,
        },
      ];
    case "rollback-latched":
      return [{ at, decision: "roll back", by, way: event.trigger.kind, result: triggerText(event.trigger) }];
    case "extended":
      return [{ at, decision: `extend ${event.key}`, by, way: "rule", result: "extended" }];
    case "request": {
      const { kind } = event.request;
      const isOrder = kind === "abort" || kind === "rollback";
      return isOrder ? [{ at, decision: kind, by, way: "request", result: event.taken ? "taken" : "not taken" }] : [];
    }
    case "outcome":
      return [{ at, decision: "outcome", by, way: "rule", result: event.outcome }];
    default:
      return [];
  }
}

/** What one interval of the reports measured by itself. */
function intervalRow({ plan }: WatchRecord, polls: readonly Poll[]): NonNullable<View["sloSnapshots"]> {
  const totals = armTotals(polls, "candidate");
  const at = polls.at(-1)?.at;
  if (at === undefined || totals.requests === 0) return [];
  return [
    {
      at,
      step: plan.text,
      errorRate: known(errorRatePct(totals), (v) => levelText(v, "%")),
      p99: known(quantileEdge(totals.latency, 0.99), (v) => levelText(v, "ms")),
      throughput: known(throughputRps(totals), (v) => levelText(v, "rps")),
    },
  ];
}

/** All of a watch, as it was judged. */
function snapshotRow(record: RunRecord, watched: WatchRecord): NonNullable<View["sloSnapshots"]>[number] {
  const level = (id: string) =>
    known(
      watched.reading?.metrics.find((metric) => metric.id === id),
      currentText,
    );
  const rps = throughputRps(armTotals(pollsOf(record, watched.key), "candidate"));
  return {
    at: watched.lastAt,
    step: `${watched.plan.text}, in all`,
    errorRate: level("error-rate"),
    p99: level("latency-p99"),
    throughput: known(rps, (v) => levelText(v, "rps")),
  };
}

function currentText({ candidate, unit }: MetricReading): string {
  return candidate.value === undefined ? "unknown" : levelText(candidate.value, unit);
}
