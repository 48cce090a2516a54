import type { GateVerdict, ReadinessReport } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import type { Stamped } from "../../record/journal.ts";
import { spanText } from "../../vocab/index.ts";
import type { FlowEvent, Request } from "../events.ts";
import { type Role, roleText } from "../roles.ts";
import { runningText } from "../running-text.ts";
import { decidedBy } from "./gate-views.ts";
import { journeysText } from "./journeys.ts";
import { smokeText } from "./smoke.ts";
import { APPROVAL, actorText, poolsText, reasonsText, triggerText } from "./words.ts";

export type EventRow = NonNullable<ArtifactView<"execution-log">["events"]>[number];

/** Journal events as people read them, in their order; polls and counted waiting are left to the journal. */
export function eventRows(events: readonly Stamped<FlowEvent>[]): EventRow[] {
  return events.flatMap((stamped) => {
    const told = tell(stamped.event);
    return told ? [{ at: stamped.at, actor: actorText(stamped.actor), what: told.what, detail: told.detail }] : [];
  });
}

/** What an event is and its particulars; undefined for those that only machines need. */
export function tell(event: FlowEvent): { what: string; detail: string } | undefined {
  const told = tellDeed(event);
  return told && { what: told[0], detail: told[1] || "–" };
}

function tellDeed(event: FlowEvent): readonly [what: string, detail: string] | undefined {
  switch (event.event) {
    case "run-opened":
      return ["run opened", `${event.runId}, version ${event.version}, plan ${event.planHash}`];
    case "ownership":
      return [event.reason === "start" ? "runner started" : "runner took over", ownershipText(event)];
    case "step":
      return [`step ${event.step} ${event.state}`, ""];
    case "intent":
      return [event.intent.text, event.intent.pools ? poolsText(event.intent.pools) : ""];
    case "result":
      return ["done", `${event.key}${event.reconciled ? ", found done already" : ""}`];
    case "attempt-failed":
      return ["attempt failed", `${event.message}${event.retryable ? "; tried again" : ""}`];
    case "evidence":
      return ["evidence stored", `${event.ref.name}, ${event.ref.origin}, ${event.ref.storedSha256}`];
    case "baseline":
      return ["production baseline", event.snapshot ? `of ${event.snapshot.version}` : `none: ${event.reason ?? "–"}`];
    case "watch-started":
      return ["watch started", `${event.watch.text}, ${spanText(event.watch.plannedMs)}`];
    case "extended":
      return [`watch extended by ${spanText(event.byMs)}`, reasonsText(event.reasons)];
    case "smoke":
      return [`smoke checks ${event.run.mode}: ${event.verdict.outcome}`, smokeDetail(event)];
    case "journeys":
      return [`user journeys ${event.run.mode}: ${event.verdict.outcome}`, journeysDetail(event)];
    case "watch-ended":
      return event.result.end === "served"
        ? [`watch served, ${event.result.proven ? "proven" : "not proven yet"}`, reasonsText(event.result.reasons)]
        : ["watch stopped", triggerText(event.result.trigger)];
    case "gate":
      return [`gate ${event.gate.gate}: ${event.gate.verdict.outcome}`, gateDetail(event.gate)];
    case "readiness":
      return [`readiness: ${event.report.decision.replace("_", "-")}`, readinessDetail(event.report)];
    default:
      return tellPeople(event);
  }
}

type Deed =
  | "run-opened"
  | "ownership"
  | "step"
  | "intent"
  | "result"
  | "attempt-failed"
  | "evidence"
  | "baseline"
  | "watch-started"
  | "extended"
  | "smoke"
  | "journeys"
  | "watch-ended"
  | "gate"
  | "readiness";

/** Events of questions, answers and outcomes. */
function tellPeople(event: Exclude<FlowEvent, { event: Deed }>): readonly [string, string] | undefined {
  switch (event.event) {
    case "question":
      return [`asked: ${event.question.options.join(" or ")}`, event.question.text];
    case "answer":
      return [`answer: ${event.answer}`, answerDetail(event)];
    case "reminded":
      return ["reminded", `no answer for ${spanText(event.waitedMs)}; ${spanText(event.remainingMs)} remain`];
    case "held":
      return ["held", reasonsText(event.reasons)];
    case "approval":
      return [`plan ${APPROVAL[event.decision]}`, `${signerText(event)}, ${event.way}, plan ${event.planHash}`];
    case "sign-off":
      return ["signed off", `${signerText(event)}, ${event.way}, plan ${event.planHash}`];
    case "request":
      return [`request ${event.request.kind}`, requestDetail(event.request, event.taken, event.note)];
    case "incident":
      return [`incident ${event.incident}`, `named by ${event.person}, ${event.way}`];
    case "rollback-latched":
      return ["rollback decided", triggerText(event.trigger)];
    case "trigger-noted":
      return ["also seen", triggerText(event.trigger)];
    case "notice":
      return [event.level === "warning" ? "warning" : "note", event.text];
    case "stopping":
      return [`stops: ${event.stop.outcome}`, reasonsText(event.stop.reasons)];
    case "outcome":
      return [
        `outcome ${event.outcome}`,
        `production runs ${runningText(event.runningVersion)}; ${reasonsText(event.reasons)}`,
      ];
    case "background":
      return ["looked back", backgroundText(event)];
    case "notified":
      return [`told receiver ${event.receiver}: ${event.kind}`, event.problem ?? "taken"];
    case "artifact":
      return ["artifact written", `${event.path}, ${event.sha256}`];
    case "archiving":
      return ["archive", event.dir];
    case "poll":
    case "waited":
      return undefined;
    default:
      return event satisfies never;
  }
}

/** `ada as release manager`. */
function signerText({ person, role }: { person: string; role?: Role | undefined }): string {
  return role === undefined ? person : `${person} as ${roleText(role)}`;
}

/** What passed is in the gate's own report; what did not is said here whole. */
function gateDetail(gate: GateVerdict): string {
  return gate.verdict.outcome === "PASS" ? decidedBy(gate) : reasonsText(gate.verdict.reasons);
}

function backgroundText({ commit, earlier }: Extract<FlowEvent, { event: "background" }>): string {
  const code = commit ? `tag ${commit.tag} is commit ${commit.sha} of ${commit.at}` : "no tag of this version found";
  return `${code}; ${num(earlier.length)} earlier runs`;
}

function answerDetail({ person, way, reason, validMs }: Extract<FlowEvent, { event: "answer" }>): string {
  const counts = validMs === undefined ? "" : `; counts for ${spanText(validMs)} of watching`;
  return `${person}, ${way}${reason ? `: ${reason}` : ""}${counts}`;
}

function readinessDetail({ gaps, conditions, pending }: ReadinessReport): string {
  const named = [...gaps, ...conditions].map(({ criterion, text }) => `${criterion}: ${text}`);
  return [...named, ...(pending.length > 0 ? [`answered later: ${pending.join(", ")}`] : [])].join("; ");
}

function ownershipText(event: Extract<FlowEvent, { event: "ownership" }>): string {
  return `process ${event.pid} on ${event.host}${event.found ? `; found: ${event.found}` : ""}`;
}

function smokeDetail({ run, verdict }: Extract<FlowEvent, { event: "smoke" }>): string {
  return verdict.outcome === "PASS" ? smokeText(run) : `${smokeText(run)}; ${reasonsText(verdict.reasons)}`;
}

function journeysDetail({ run, verdict }: Extract<FlowEvent, { event: "journeys" }>): string {
  return verdict.outcome === "PASS" ? journeysText(run) : `${journeysText(run)}; ${reasonsText(verdict.reasons)}`;
}

function requestDetail(request: Request, taken: boolean, note: string | undefined): string {
  const what =
    "reason" in request && request.reason
      ? request.reason
      : request.kind === "advice"
        ? `${request.role}, step ${request.step}`
        : "";
  return [what, taken ? "taken" : `not taken${note ? `: ${note}` : ""}`].filter(Boolean).join("; ");
}
