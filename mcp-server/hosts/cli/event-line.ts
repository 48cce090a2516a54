import type { FlowEvent, Question } from "../../flow/events.ts";
import { roleText } from "../../flow/roles.ts";
import { runningText } from "../../flow/running-text.ts";
import type { ReadinessReport } from "../../judge/index.ts";
import type { Stamped } from "../../record/journal.ts";
import { redact } from "../../record/redact.ts";
import { type Increment, type Pool, type Reason, spanText } from "../../vocab/index.ts";

/** Requests and failures of one arm in one watch. */
interface Tally {
  readonly requests: number;
  readonly failed: number;
}

const NOTHING: Tally = { requests: 0, failed: 0 };

/** What the lines before have to do with the next one. */
export interface LineState {
  readonly text: string;
  readonly plannedMs: number;
  readonly servedMs: number;
  /** Served time up to which progress was reported. */
  readonly reportedMs: number;
  readonly candidate: Tally;
  readonly baseline: Tally;
  /** Requests of probe traffic among those of both arms. */
  readonly probed: number;
  /** The problem of the last poll, so that it is said once. */
  readonly problem: string | undefined;
}

export const NO_LINES: LineState = {
  text: "",
  plannedMs: 0,
  servedMs: 0,
  reportedMs: 0,
  candidate: NOTHING,
  baseline: NOTHING,
  probed: 0,
  problem: undefined,
};

/** A watch reports four times, and at least this often. */
const REPORT_EVERY_MS = 5 * 60_000;

/**
 * The line that one event is worth in a log, with its time; none for events that only machines need. Pure: what it
 * remembers goes out with it and comes in with the next event.
 */
export function eventLine(
  stamped: Stamped<FlowEvent>,
  before: LineState,
): { line: string | undefined; state: LineState } {
  const state = nextState(stamped.event, before);
  const told = sentence(stamped.event, before, state);
  const line = told === undefined ? undefined : `${stamped.at.slice(11, 19)}Z ${oneLine(told)}`;
  const reported = stamped.event.event === "poll" && isDue(state) ? { ...state, reportedMs: state.servedMs } : state;
  return { line, state: reported };
}

function nextState(event: FlowEvent, before: LineState): LineState {
  switch (event.event) {
    case "watch-started":
      return { ...NO_LINES, text: event.watch.text, plannedMs: event.watch.plannedMs };
    case "watch-ended":
      // Polls that follow belong to the change of traffic after the watch.
      return { ...before, plannedMs: 0 };
    case "extended":
      return { ...before, plannedMs: before.plannedMs + event.byMs };
    case "poll":
      return {
        ...before,
        servedMs: before.servedMs + event.elapsedMs,
        candidate: add(before.candidate, event.increments, "candidate"),
        baseline: add(before.baseline, event.increments, "baseline"),
        probed: before.probed + (event.probes?.candidate ?? 0) + (event.probes?.baseline ?? 0),
        problem: event.problem,
      };
    default:
      return before;
  }
}

function add(tally: Tally, increments: readonly Increment[], arm: Increment["arm"]): Tally {
  const own = increments.filter((increment) => increment.arm === arm && increment.metric === "error-rate");
  return {
    requests: tally.requests + own.reduce((sum, increment) => sum + increment.exposure, 0),
    failed: tally.failed + own.reduce((sum, increment) => sum + increment.events, 0),
  };
}

/** Whoever reads this waits: it says what for, how long at most, and how to end it. */
function questionText({ about, text, options, deadlineMs }: Question): string {
  const [first = ""] = options;
  const command =
    about === "approval" ? "deploy-flow approve PLAN-HASH" : `deploy-flow approve --answer ${first} --reason ...`;
  return `QUESTION: ${text} (${options.join(" | ")}, within ${spanText(deadlineMs)}); answer: ${command}`;
}

function isDue(state: LineState): boolean {
  const step = Math.min(REPORT_EVERY_MS, state.plannedMs / 4);
  return step > 0 && Math.floor(state.servedMs / step) > Math.floor(state.reportedMs / step);
}

function sentence(event: FlowEvent, before: LineState, state: LineState): string | undefined {
  switch (event.event) {
    case "run-opened":
      return `run ${event.runId}: deploy version ${event.version}, plan ${event.planHash.slice(0, 12)}`;
    case "ownership":
      return event.reason === "start"
        ? undefined
        : `a new runner took the run over${event.found ? `; found: ${event.found}` : ""}`;
    case "step":
      return event.state === "started" ? `step ${event.step}` : undefined;
    case "intent":
      return `${event.intent.text}${event.intent.pools ? `: ${poolsText(event.intent.pools)}` : ""}`;
    case "result":
      return event.reconciled ? `found done already: ${event.key}` : undefined;
    case "attempt-failed":
      return `attempt failed${event.retryable ? ", will be tried again" : ""}: ${event.message}`;
    case "baseline":
      return baselineText(event);
    case "watch-started":
      return `watch for ${spanText(event.watch.plannedMs)}: ${event.watch.text}`;
    case "poll":
      return pollText(before, state);
    case "extended":
      return `extended by ${spanText(event.byMs)}: ${reasonsText(event.reasons)}`;
    case "smoke":
      return smokeText(event);
    case "journeys":
      return journeysText(event);
    case "watch-ended":
      return event.result.end === "served"
        ? `watch served${event.result.proven ? ", proven" : unprovenText(event.result.reasons)}`
        : `watch stopped by ${event.result.trigger.kind}: ${reasonsText(event.result.trigger.reasons)}`;
    case "gate":
      return gateText(event, before);
    case "readiness":
      return readinessText(event.report);
    case "question":
      return questionText(event.question);
    case "reminded":
      return `still unanswered after ${spanText(event.waitedMs)}; ${spanText(event.remainingMs)} remain`;
    case "held":
      return `HELD: ${reasonsText(event.reasons)}`;
    case "answer":
      return event.answer === "expired"
        ? "nobody answered in time"
        : `${event.person} answered ${event.answer} (${event.way})${event.reason ? `: ${event.reason}` : ""}`;
    case "approval":
      return event.decision === "expired"
        ? "nobody approved the plan in time"
        : `plan ${event.planHash.slice(0, 12)} ${event.decision === "approve" ? "approved" : "rejected"} by ${event.person}${event.role ? ` as ${roleText(event.role)}` : ""} (${event.way})`;
    case "sign-off":
      return `signed off by ${event.person} as ${roleText(event.role)} (${event.way})`;
    case "request":
      if (event.request.kind === "advice" || event.request.kind === "resume") return undefined;
      // What is taken is told by the event that it leads to.
      return event.request.kind === "incident" && event.taken
        ? undefined
        : `request ${event.request.kind} ${event.taken ? "taken" : `not taken: ${event.note ?? ""}`}`;
    case "incident":
      return `incident ${event.incident} named by ${event.person} (${event.way})`;
    case "rollback-latched":
      return `ROLLBACK (${event.trigger.kind}): ${reasonsText(event.trigger.reasons)}`;
    case "trigger-noted":
      return `also seen (${event.trigger.kind}): ${reasonsText(event.trigger.reasons)}`;
    case "notified":
      return event.problem === undefined
        ? undefined
        : `receiver ${event.receiver} was not told (${event.kind}): ${event.problem}`;
    case "notice":
      return event.level === "warning" ? `warning: ${event.text}` : event.text;
    case "stopping":
      return `stops (${event.stop.outcome}): ${reasonsText(event.stop.reasons)}`;
    case "outcome":
      return `OUTCOME ${event.outcome}: production runs ${runningText(event.runningVersion)}${
        event.outcome !== "SUCCESS" && event.reasons.length > 0 ? `; ${reasonsText(event.reasons)}` : ""
      }`;
    case "archiving":
      return `archive: ${event.dir}`;
    case "evidence":
    case "waited":
    case "background":
    case "artifact":
      return undefined;
    default:
      return event satisfies never;
  }
}

/** A passed gate names what it rests on; another one says why. */
function gateText({ key, gate }: Extract<FlowEvent, { event: "gate" }>, before: LineState): string {
  // The watch before the gate of a rolling batch says which batch it was.
  const batch = /^batch \d+ of \d+/.exec(before.text)?.[0];
  const name = gate.gate === "stage" ? (batch ?? `stage (${key.split("/")[0]})`) : gate.gate;
  if (gate.verdict.outcome !== "PASS")
    return `GATE ${name}: ${gate.verdict.outcome}: ${reasonsText(gate.verdict.reasons)}`;
  const judged = Object.entries(gate.dimensions).filter(([, dimension]) => dimension.outcome !== "NOT_APPLICABLE");
  return `GATE ${name}: PASS (${judged.map(([dimension]) => dimension).join(", ")})`;
}

/** The decision and what it rests on: gaps, or what is gone with. */
function readinessText({ decision, environment, rollback, gaps, conditions, pending }: ReadinessReport): string {
  const word = decision.replace("_", "-");
  const state = `environment ${environment}, rollback ${rollback.replace("_", " ")}`;
  if (gaps.length > 0)
    return `READINESS ${word}: ${gaps.map(({ criterion, text }) => `${criterion} ${text}`).join("; ")}`;
  const ids = (entries: readonly string[]) => entries.join(", ");
  const open = pending.length > 0 ? `; answered later: ${ids(pending)}` : "";
  const gone = conditions.length > 0 ? `; under conditions: ${ids(conditions.map(({ criterion }) => criterion))}` : "";
  return `READINESS ${word}: ${state}${gone}${open}`;
}

function unprovenText(reasons: readonly Reason[]): string {
  return reasons.length === 0 ? "" : `, not proven yet: ${reasons[0]?.text}`;
}

function poolsText(pools: readonly Pool[]): string {
  return pools.map((pool) => `${pool.version} ${pool.weightPct} % on ${pool.instances}`).join(", ") || "none";
}

function baselineText(event: Extract<FlowEvent, { event: "baseline" }>): string {
  if (!event.snapshot) return `no baseline: ${event.reason ?? "nothing was measured"}`;
  const requests = Math.max(0, ...event.snapshot.series.map((series) => series.exposure));
  return `baseline of ${event.snapshot.version} recorded from ${Math.round(requests)} requests`;
}

function pollText(before: LineState, state: LineState): string | undefined {
  if (state.problem !== undefined && state.problem !== before.problem) return `cannot measure: ${state.problem}`;
  if (state.problem === undefined && before.problem !== undefined) return "measuring again";
  if (!isDue(state)) return undefined;
  return `served ${spanText(state.servedMs)} of ${spanText(state.plannedMs)}: new ${tallyText(state.candidate)}${
    state.baseline.requests > 0 ? `, old ${tallyText(state.baseline)}` : ""
  }${state.probed > 0 ? ` (${state.probed} of them probes)` : ""}`;
}

function tallyText({ requests, failed }: Tally): string {
  if (requests === 0) return "no requests";
  return `${Math.round(requests)} requests, ${((100 * failed) / requests).toFixed(2)} % failed`;
}

function smokeText({ run, verdict }: Extract<FlowEvent, { event: "smoke" }>): string {
  const passed = run.results.filter((result) => result.outcome === "pass").length;
  const why = verdict.outcome === "PASS" ? "" : `: ${reasonsText(verdict.reasons)}`;
  return `smoke ${run.mode}: ${passed} of ${run.results.length} passed, ${verdict.outcome}${why}`;
}

function journeysText({ run, verdict }: Extract<FlowEvent, { event: "journeys" }>): string {
  const completed = run.results.filter((result) => result.outcome === "pass").length;
  const why = verdict.outcome === "PASS" ? "" : `: ${reasonsText(verdict.reasons)}`;
  return `journeys ${run.mode}: ${completed} of ${run.results.length} completed, ${verdict.outcome}${why}`;
}

function reasonsText(reasons: readonly Reason[]): string {
  const [first, second, ...more] = reasons.map((reason) => reason.text);
  if (first === undefined) return "no reason given";
  return `${first}${second === undefined ? "" : `; ${second}`}${more.length > 0 ? ` (and ${more.length} more)` : ""}`;
}

/** Texts of services and people stand in some events: one line, no control characters, no secrets. */
function oneLine(text: string): string {
  return redact(text, 400).replace(/\s+/g, " ");
}
