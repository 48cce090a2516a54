import type { ArtifactView, UserImpact } from "../../record/artifact-kinds/index.ts";
import { time } from "../../record/figures.ts";
import type { Instant } from "../../vocab/index.ts";
import { adviceOf } from "./advice.ts";
import { decidedBy } from "./gate-views.ts";
import { issues } from "./lessons.ts";
import { nextSteps, outcomeText, runningVersion } from "./outcome-words.ts";
import type { RunRecord } from "./record.ts";
import { sloRows } from "./report-rows.ts";
import { durationMs, exposedMs, trafficBackAt } from "./times.ts";
import { userImpact } from "./user-impact.ts";

type View = ArtifactView<"stakeholder-notification">;
type Outcome = NonNullable<RunRecord["state"]["outcome"]>["outcome"];

/** What people are told, in two variants; undefined before the outcome. */
export function notificationView(record: RunRecord, references: { name: string; path: string }[]): View | undefined {
  const { plan, state } = record;
  const { outcome } = state;
  if (!outcome) return undefined;
  const impact = userImpact(record);
  return {
    outcome: outcome.outcome,
    service: plan.service,
    internal: {
      subject: `${outcome.outcome}: ${plan.service} ${plan.version} to production`,
      audience: "executive stakeholders, product, customer support, engineering",
      summary: outcomeText(record),
      attemptedVersion: plan.version,
      runningVersion: runningVersion(record),
      strategy: plan.strategy,
      startedAt: record.openedAt,
      endedAt: outcome.at,
      durationMs: durationMs(state) ?? null,
      exposedMs: state.exposed ? (exposedMs(state) ?? null) : 0,
      impact,
      gates: record.gates.map(({ key, gate }) => ({
        name: gate.gate === "stage" ? `stage (${key.split("/")[0]})` : gate.gate,
        status: gate.verdict.outcome,
        detail: decidedBy(gate),
      })),
      slo: sloRows(record),
      knownIssues: issues(record).map(({ severity, description }) => `${severity}: ${description}`),
      nextSteps: nextSteps(record),
      references,
    },
    external: external(record, outcome.outcome, impact),
    advice: adviceOf(record, "report"),
  };
}

/** Only the service, its versions, times and words of a fixed list: nothing that a machine or a person said. */
function external(record: RunRecord, outcome: Outcome, { category }: UserImpact): View["external"] {
  const { service } = record.plan;
  return {
    subject: `${service}: ${SUBJECT[outcome]}`,
    audience: "customers and partners, after a person has read it",
    paragraphs: [whatHappened(record, outcome), EFFECT[category], WHAT_NEXT[outcome]],
  };
}

const SUBJECT: Record<Outcome, string> = {
  SUCCESS: "new version in production",
  SUCCESS_RISK_ACCEPTED: "new version in production, with a known restriction",
  UNPROVEN: "new version in production, still under watch",
  BLOCKED: "planned update postponed",
  ABORTED: "planned update postponed",
  ROLLED_BACK: "update withdrawn",
  ROLLBACK_FAILED: "disturbance, we are working on it",
};

function whatHappened({ plan, state }: RunRecord, outcome: Outcome): string {
  const { service, version, previous } = plan;
  const old = previous ? `version ${previous.version}` : "the state before";
  const since = state.exposedAt ? ` since ${time(state.exposedAt)}` : "";
  switch (outcome) {
    case "SUCCESS":
    case "SUCCESS_RISK_ACCEPTED":
    case "UNPROVEN":
      return `Version ${version} of ${service} has been in use${since}.`;
    case "BLOCKED":
    case "ABORTED":
      return `The update of ${service} to version ${version} was stopped before it was put into use. ${service} goes on with ${old}.`;
    case "ROLLED_BACK":
      return `Version ${version} of ${service} was in use ${span(state.exposedAt, trafficBackAt(state))} and has been withdrawn. ${service} runs ${old} again.`;
    case "ROLLBACK_FAILED":
      return `An update of ${service} to version ${version} has not gone as planned${since}, and the state before is not yet restored.`;
    default:
      return outcome satisfies never;
  }
}

function span(from: Instant | undefined, to: Instant | undefined): string {
  if (!from) return "for a short time";
  return to ? `from ${time(from)} to ${time(to)}` : `from ${time(from)}`;
}

const EFFECT: Record<UserImpact["category"], string> = {
  None: "No effect on users was measured.",
  Minor: "A small part of the requests failed or was answered late.",
  Moderate: "Part of the requests failed or was answered late.",
  Severe: "A considerable part of the requests failed or was answered late.",
  Unknown: "Whether users were affected is not known yet.",
};

const WHAT_NEXT: Record<Outcome, string> = {
  SUCCESS: "Nothing needs to be done on your side.",
  SUCCESS_RISK_ACCEPTED: "We know of a restriction and are working on it. Nothing needs to be done on your side.",
  UNPROVEN: "We go on watching it closely. Nothing needs to be done on your side.",
  BLOCKED: "A new date will be announced. Nothing needs to be done on your side.",
  ABORTED: "A new date will be announced. Nothing needs to be done on your side.",
  ROLLED_BACK: "We are looking for the cause before the update is tried again. Nothing needs to be done on your side.",
  ROLLBACK_FAILED: "We are working on it and will report again.",
};
