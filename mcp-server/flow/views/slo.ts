import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Reason } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { judgedMetrics, judgedRows, metricName, trafficRows } from "./metric-rows.ts";
import type { RunRecord, WatchRecord } from "./record.ts";
import { intervalRows, isGap, pollsOf, probedText } from "./series.ts";
import { reasonsText, triggerText } from "./words.ts";

type View = ArtifactView<"slo-monitoring-report">;

/** How the service did during one watch. */
export function sloView(record: RunRecord, watched: WatchRecord): View {
  const { plan, reading } = watched;
  return {
    title: `Service levels, ${plan.text}`,
    verdict: verdictOf(record, watched),
    decision: decisionOf(record, watched),
    summary: summaryOf(record, watched),
    version: plan.track === "post-rollback" ? (record.plan.previous?.version ?? "none") : record.plan.version,
    from: watched.startedAt,
    to: watched.lastAt,
    plannedMs: plan.plannedMs + watched.extendedMs,
    observedMs: watched.servedMs,
    metrics: [...judgedRows(record, reading), ...trafficRows(record, watched)],
    intervals: intervalRows(record, watched),
    breaches: breaches(record, watched),
    gaps: gaps(record, watched),
    advice: plan.final ? adviceOf(record, "observe") : adviceOf(record, "execute"),
  };
}

/** A request or a trigger from elsewhere stopped the watch before it had an end of its own. */
function wasCut(record: RunRecord, watched: WatchRecord): boolean {
  return watched.end === undefined && (record.state.latched !== undefined || record.state.outcome !== undefined);
}

function verdictOf(record: RunRecord, watched: WatchRecord): string {
  if (watched.end?.end === "trigger") return "BREACH";
  if (wasCut(record, watched)) return "STOPPED";
  if (!watched.end) return "RUNNING";
  if (!watched.reading) return "NOT_APPLICABLE";
  return watched.end.proven ? "PASS" : "INCONCLUSIVE";
}

function decisionOf(record: RunRecord, watched: WatchRecord): View["decision"] {
  if (watched.end?.end === "trigger" || (wasCut(record, watched) && record.state.latched)) return "ROLLBACK";
  const isAsked = record.state.question?.key.startsWith(`${watched.key}/`) ?? false;
  return isAsked ? "HOLD" : "CONTINUE";
}

function summaryOf(record: RunRecord, watched: WatchRecord): string {
  if (watched.end?.end === "trigger") return triggerText(watched.end.trigger);
  if (wasCut(record, watched)) {
    return record.state.latched ? triggerText(record.state.latched) : "the run ended before the watch did";
  }
  if (!watched.reading) return "the plan judges no metrics here";
  return watched.end ? reasonsText(watched.end.reasons) : "the watch goes on";
}

function breaches(record: RunRecord, { end, lastAt, reading }: WatchRecord): NonNullable<View["breaches"]> {
  if (end?.end !== "trigger") return [];
  const rows = judgedRows(record, reading);
  const limitOf = (reason: Reason) =>
    rows.find((row) => reason.text.startsWith(`${row.metric.replaceAll(" ", "-")}:`))?.limit;
  return end.trigger.reasons.map((reason) => ({
    at: lastAt,
    rule: reason.code,
    value: reason.text,
    limit: limitOf(reason) ?? "–",
  }));
}

function gaps(record: RunRecord, watched: WatchRecord): string[] {
  const polls = pollsOf(record, watched.key);
  const missed = polls.filter(isGap);
  const problems = new Set(missed.flatMap(({ event }) => (event.problem === undefined ? [] : [event.problem])));
  const open = judgedMetrics(watched.reading).filter(({ candidate }) => candidate.value === undefined);
  const probed = watched.reading ? probedText(record, polls) : "";
  return [
    ...(probed ? [`not all of it is of users: ${probed}`] : []),
    ...(missed.length > 0 && watched.reading ? [`${missed.length} of ${polls.length} polls got no answer`] : []),
    ...[...problems].map((problem) => `could not be read: ${problem}`),
    ...open.map(({ id }) => `${metricName(id)}: no judged measurement`),
  ];
}
