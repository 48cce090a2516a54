import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num, pct } from "../../record/figures.ts";
import { epochMs, instantOf, spanText } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { channelText, contactRows, contactTexts, sideEffectRows, sideEffectSteps } from "./contacts.ts";
import { type EventRow, eventRows } from "./event-rows.ts";
import { firstBadAt } from "./first-bad.ts";
import { judgedRows } from "./metric-rows.ts";
import { gateOf, type RunRecord, watchesOf } from "./record.ts";
import { concurrent, eliminated, rollbackResult } from "./rollback.ts";
import { rollbackChecks } from "./rollback-checks.ts";
import { armTotals, pollsOf } from "./series.ts";
import { type IncidentSeverity, incidentId, incidentSeverity } from "./severity.ts";
import { exposedMs, restoreMs, rollbackMs, spanMs, trafficBackAt } from "./times.ts";
import { exposureOf, userImpact } from "./user-impact.ts";
import { known, triggerText } from "./words.ts";

type View = ArtifactView<"rollback-report">;
type Facts = NonNullable<View["derived"]>;

/** The incident side of a rollback; undefined where none was decided. */
export function incidentView(record: RunRecord, references: { name: string; path: string }[]): View | undefined {
  const { plan, state } = record;
  const severity = incidentSeverity(record);
  if (!state.latched || !severity) return undefined;
  const result = rollbackResult(record) ?? "under way";
  const watched = watchesOf(record, "production").at(-1);
  const gate = gateOf(record, "rollback");
  return {
    incidentId: incidentId(record),
    severity: severity.severity,
    severityWhy: severity.why,
    service: plan.service,
    fromVersion: plan.version,
    toVersion: plan.previous?.version ?? "none",
    strategy: plan.strategy,
    result,
    summary: summaryOf(record, result),
    trigger: triggerText(state.latched),
    concurrent: concurrent(record),
    triggerMetrics: judgedRows(record, watched?.reading),
    evidence: evidenceFacts(record),
    regression: regressionFacts(record),
    timeline: timeline(record),
    derived: derived(record),
    impact: impact(record),
    checks: gate ? rollbackChecks(gate.gate) : [],
    residual: residual(record, result),
    sideEffects: sideEffectRows(plan),
    preserved: preserved(record),
    analysisStatus: "not started",
    findings: findings(record),
    actions: incidentActions(record),
    review: reviewText(record, severity),
    turnTo: result === "SUCCESS" ? "when something of this is still wrong" : "now, in this order",
    contacts: contactRows(plan),
    channel: channelText(plan),
    notifications: notifications(record),
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

/** What the trigger rests on: which stretch of time, how many looks, what was at stake. */
function evidenceFacts(record: RunRecord): Facts {
  const watched = watchesOf(record, "production").at(-1);
  if (!watched) return [];
  const polls = pollsOf(record, watched.key).length;
  return [
    { name: "Watch", value: `${watched.plan.text}, ${pct(watched.plan.weightPct)} of traffic` },
    { name: "Window", value: `${watched.startedAt} to ${watched.lastAt}, all of it` },
    { name: "Polls", value: `${num(polls)}, one every ${spanText(record.plan.pollMs)}` },
    { name: "Decided by", value: record.state.latched?.reasons.map(({ code }) => code).join(", ") || null },
  ];
}

/** Who was told before this report was written. What is told of the outcome itself is in the audit trail. */
function notifications({ plan, events }: RunRecord): NonNullable<View["notifications"]> {
  return events.flatMap(({ at, event }) => {
    if (event.event !== "notified") return [];
    const receiver = plan.notify?.[event.receiver - 1];
    const channel = receiver === undefined ? "unknown" : "command" in receiver ? "command" : "webhook";
    const result = event.problem === undefined ? "taken" : `not told: ${event.problem}`;
    return [{ at, audience: `receiver ${event.receiver} of the plan`, channel, what: `${event.kind}, ${result}` }];
  });
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
  "incident",
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
  const first = firstBadAt(record);
  const detectedAt = watchesOf(record, "production").findLast(({ end }) => end?.end === "trigger")?.lastAt;
  const gate = gateOf(record, "rollback");
  const totals = exposureTotals(record);
  const between = (from: typeof first, to: typeof first) => known(from && to ? spanMs(from, to) : undefined, spanText);
  return [
    { name: "First bad poll to detection", value: between(first, detectedAt ?? latchedAt) },
    { name: "Detection to decision", value: between(detectedAt, latchedAt) },
    { name: "First exposure to decision", value: between(exposedAt, latchedAt) },
    { name: "Decision to all traffic back", value: known(restoreMs(state), spanText) },
    { name: "Decision to verified", value: known(rollbackMs(state, gate?.at), spanText) },
    { name: "New version exposed for", value: known(exposedMs(state), spanText) },
    { name: "Requests answered by the new version (measured)", value: known(totals, ({ requests }) => num(requests)) },
    { name: "Failed requests among them", value: known(totals, ({ failed }) => num(failed)) },
    {
      name: "Failed beyond the old version's rate",
      value: known(exposureOf(record)?.excess, (v) => `${num(v)} (reckoned from measured rates)`),
    },
    { name: "Users affected", value: null },
  ];
}

/** What the new version served in production as far as it was measured; undefined without metrics. */
function exposureTotals(record: RunRecord): { requests: number; failed: number } | undefined {
  if (!record.plan.metrics) return undefined;
  const polls = watchesOf(record, "production").flatMap((watched) => pollsOf(record, watched.key));
  return polls.length > 0 ? armTotals(polls, "candidate") : undefined;
}

function impact(record: RunRecord): Facts {
  const { category, basis } = userImpact(record);
  return [
    { name: "Users", value: `${category}: ${basis}; the number of users is unknown` },
    { name: "Business", value: null },
    { name: "Data", value: "writes of the new version were not examined" },
    { name: "Security", value: null },
  ];
}

function residual({ state, plan }: RunRecord, result: string): string[] {
  const isCleared = state.results.has("rollback/scale");
  return [
    ...(result === "SUCCESS" ? [] : ["the old state is not shown to be restored"]),
    ...(isCleared
      ? []
      : [`instances of ${plan.version} may still run; whether they get traffic is in the checks above`]),
    "data that the new version wrote, and messages, jobs and calls to others that it began, were not looked at",
  ];
}

/** Every stored piece of evidence with its digest, as it lies in the archive, and the end of the journal's chain. */
function preserved(record: RunRecord): NonNullable<View["preserved"]> {
  const last = record.events.at(-1);
  return [
    ...(last ? [{ name: `journal up to event ${last.seq}`, path: "journal.jsonl", sha256: last.hash }] : []),
    ...record.state.evidence.map(({ ref, file }) => ({
      name: ref.name,
      path: `evidence/${file}`,
      sha256: ref.storedSha256,
    })),
  ];
}

/** Only what was measured; what might have caused it is for the analysis. */
function findings(record: RunRecord): string[] {
  const { plan } = record;
  const first = firstBadAt(record);
  const watched = watchesOf(record, "production").at(-1);
  const gone = eliminated(record);
  const staging = gateOf(record, "staging")?.gate.verdict.outcome;
  return [
    ...(first && watched
      ? [`the bad stretch began at ${first}, at ${pct(watched.plan.weightPct)} of traffic on ${plan.version}`]
      : []),
    ...(staging === "PASS" ? ["staging had shown nothing of it"] : []),
    ...(gone === "YES" ? [`it ended with the way back to ${plan.previous?.version ?? "the old state"}`] : []),
    ...(gone === "NO" ? ["it did not end with the way back: this release is not the only cause"] : []),
    ...(record.noted.length > 0 ? [`${num(record.noted.length)} other triggers were seen at the same time`] : []),
  ];
}

/** What is proposed to be done; nobody is named and no day is set for anybody. */
export function incidentActions(record: RunRecord): NonNullable<View["actions"]> {
  const open = (priority: string, action: string, kind: string) => ({ priority, action, kind, owner: null, due: null });
  const isBack = rollbackResult(record) === "SUCCESS";
  return [
    ...(isBack
      ? []
      : [
          ...contactTexts(record.plan).map((contact) => open("P0", `call ${contact}`, "mitigates")),
          open("P0", "bring production into a known state, then release the lock with a reason", "mitigates"),
        ]),
    open("P1", "find the cause: the evidence and the measurements of this run are in its archive", "prevents"),
    open("P1", "look at what the new version wrote and began while it had users", "mitigates"),
    ...sideEffectSteps(record.plan).map((step) => open("P1", step, "mitigates")),
    open("P2", "add a check that would have failed before production", "detects"),
  ];
}

const HOUR_MS = 3_600_000;

function reviewText({ at }: RunRecord, { reviewHours }: IncidentSeverity): string {
  if (reviewHours === null) return "none is needed";
  const until = instantOf(epochMs(at) + reviewHours * HOUR_MS);
  return `a meeting within ${num(reviewHours)} hours, that is by ${until}; proposed, not booked`;
}
