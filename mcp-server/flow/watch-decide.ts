import {
  decideStage,
  judgeInfra,
  type MetricsReading,
  othersUnwell,
  readMetrics,
  type StageDecision,
} from "../judge/index.ts";
import type { StepKey } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Question, WatchEnd } from "./events.ts";
import { rollbackWatchOf } from "./gates.ts";
import { shareOf } from "./live-summary.ts";
import { suitesLimitMs } from "./production-suites.ts";
import type { PendingQuestion, RunState, WatchState } from "./run-state.ts";
import { hasSuites, suitesVerdictIn } from "./suites-record.ts";
import { checksApply } from "./target-limits.ts";

/** What the judge says about the state after the last poll. */
export function decide(state: RunState, watched: WatchState): StageDecision {
  const { watch: plan, live } = watched;
  const track = state.tracks.get(plan.track);
  const metrics = track && readMetrics(track);
  const infra = live ? judgeInfra(live.infra) : { status: "HEALTHY" as const, reasons: [] };
  if (plan.track === "staging")
    return decideStaging(state, watched, metrics?.slo.outcome === "FAIL" || metrics?.regression.outcome === "FAIL");
  if (plan.track === "post-rollback") return decideAfterRollback(state, watched);
  const { waits } = state.plan;
  return decideStage({
    ...shareOf(state.plan, plan, live),
    servedMs: watched.servedMs,
    plannedMs: plan.plannedMs,
    extendedMs: watched.extendedMs,
    rollbackOnRegression: state.plan.rollbackOnRegression,
    accepted: isAccepted(state, metrics),
    versionsReadBack: readBack(state, watched),
    minExposure: plan.minRequests,
    probeRequests: watched.probeRequests,
    metrics,
    ...(watched.smoke ? { smoke: watched.smoke.verdict } : {}),
    smokeRequired: state.plan.smoke !== null && checksApply(state.plan, watched.watch),
    smokeCleanForMs: cleanFor(watched),
    ...(watched.journeys ? { journeys: watched.journeys.verdict } : {}),
    journeysRequired: state.plan.journeys !== null && checksApply(state.plan, watched.watch),
    tests: suitesVerdictIn(state, plan),
    testsMayTakeMs: plan.final && hasSuites(state) ? suitesLimitMs(state.plan) : undefined,
    infra,
    othersUnwell: live?.others ? othersUnwell(live.others) : [],
    goesOn: watched.goesOnFromMs !== undefined,
    degradedForMs: watched.degradedForMs ?? 0,
    shareOffForMs: watched.shareOffForMs ?? 0,
    deadForMs: watched.deadForMs,
    gapsMs: gapsOf(watched),
    limits: {
      degradedMs: waits.degradedMs,
      shareMs: waits.shareMs,
      probesMs: waits.probesMs,
      dataMs: state.unattended ? waits.decisionUnattendedMs : waits.decisionMs,
      gapsMs: waits.unseenMs,
    },
    probesFail: watched.probesFail,
    final: plan.final,
  });
}

/** What has its own deadline now is not a gap yet. */
function gapsOf({ unservedMs, deadForMs, degradedForMs = 0, shareOffForMs = 0 }: WatchState): number {
  return Math.max(0, unservedMs - Math.max(deadForMs, degradedForMs, shareOffForMs));
}

function cleanFor({ smokeCleanAt, servedMs }: WatchState): number | undefined {
  return typeof smokeCleanAt === "number" ? servedMs - smokeCleanAt : smokeCleanAt && 0;
}

/** A person accepted this worsening, for now: every metric that is blamed now was blamed when they did. */
function isAccepted(state: RunState, metrics: MetricsReading | undefined): boolean {
  return (
    state.accepted && state.acceptedForMs > 0 && (metrics?.blame ?? []).every((id) => state.acceptedMetrics.has(id))
  );
}

/** A watch that sees nothing does not go on for ever: its gate says what is missing. */
const BLIND_FACTOR = 3;

/** Staging only gathers evidence, checks and journeys included; its gate decides. A clear failure of the metrics ends it early. */
function decideStaging(state: RunState, watched: WatchState, failed: boolean): StageDecision {
  const { plannedMs } = watched.watch;
  const open = (state.plan.smoke && !watched.smoke) || (state.plan.journeys && !watched.journeys);
  const served = (watched.servedMs >= plannedMs && !open) || watched.watchedMs >= BLIND_FACTOR * plannedMs;
  if (served || failed) return { do: "advance", proven: false, reasons: [] };
  return { do: "continue", waitsFor: "time to serve" };
}

/** After a rollback an unmet point is watched on until the extension is used up; then the gate's answer is final. */
function decideAfterRollback(state: RunState, watched: WatchState): StageDecision {
  const { plannedMs, extensionMs } = watched.watch;
  const well = watched.servedMs >= plannedMs && rollbackWatchOf(state, watched.key).verdict.outcome === "PASS";
  if (well || watched.watchedMs >= plannedMs + extensionMs) return { do: "advance", proven: well, reasons: [] };
  return { do: "continue", waitsFor: "proof that the old version is well" };
}

function readBack(state: RunState, watched: WatchState): boolean {
  const pool = watched.live?.pools.find((candidate) => candidate.version === state.plan.version);
  return (
    watched.sighted &&
    watched.live?.versionsKnown === true &&
    pool?.digest === state.plan.digest &&
    Math.abs(pool.weightPct - watched.watch.weightPct) < 0.01
  );
}

/** Turns a decision into journal entries; an end when the watch is over. */
export function enact(run: Run, key: StepKey, watched: WatchState, decision: StageDecision): WatchEnd | undefined {
  withdrawUnless(run, decision.do === "hold" ? decision.question : undefined);
  switch (decision.do) {
    case "continue":
      return undefined;
    case "extend":
      run.append({ event: "extended", key, byMs: watched.watch.extensionMs, reasons: decision.reasons });
      return undefined;
    case "advance":
      return { end: "served", proven: decision.proven, reasons: decision.reasons };
    case "rollback":
      return { end: "trigger", trigger: decision.trigger };
    case "pause":
      if (!watched.heldTold) run.append({ event: "held", key, reasons: decision.reasons });
      return undefined;
    case "hold":
      return held(run, key, watched, decision);
    default:
      return decision satisfies never;
  }
}

/** Takes a question back that is about something else than what has to be asked now: its answer would decide the wrong thing. */
function withdrawUnless(run: Run, about: Question["about"] | undefined): void {
  const pending = run.state().question;
  if (!pending || pending.question.about === about) return;
  const reason = about === undefined ? "what was asked about is over" : `${about} has to be asked about instead`;
  const key = pending.key as StepKey;
  run.append({ event: "answer", key, answer: "withdrawn", way: "watch", person: "nobody", reason });
}

/** Asks once per hold and acts on the answer or its absence. The watch goes on meanwhile. */
function held(
  run: Run,
  key: StepKey,
  watched: WatchState,
  decision: Extract<StageDecision, { do: "hold" }>,
): WatchEnd | undefined {
  const state = run.state();
  const pending = state.question;
  const mine = state.answers.filter((answer) => answer.key.startsWith(`${key}/question-`));
  const last = mine.at(-1);
  if (!pending && last?.answer === "expired" && !last.early) return unanswered(decision);
  const { plannedMs } = watched.watch;
  const isDue = (watched.goesOnFromMs ?? 0) >= plannedMs + watched.extendedMs;
  if (!pending && last?.answer === "continue" && decision.question === "inconclusive" && isDue) {
    return { end: "served", proven: decision.proven ?? false, reasons: decision.reasons };
  }
  if (!pending) {
    const question = questionOf(run, decision, last?.answer === "investigate");
    run.append({ event: "question", key: `${key}/question-${mine.length + 1}` as StepKey, question });
    return undefined;
  }
  if (pending.waitedMs < pending.question.deadlineMs) {
    remind(run, pending);
    return undefined;
  }
  run.append({
    event: "answer",
    key: pending.key as StepKey,
    answer: "expired",
    way: "deadline",
    person: "nobody",
    reason: "no answer in time",
  });
  return pending.question.early ? undefined : unanswered(decision);
}

/** Nobody answers: whoever is to is told again. While somebody investigates nobody is disturbed. */
function remind(run: Run, { key, question, waitedMs, toldAtMs }: PendingQuestion): void {
  if (waitedMs - Math.max(toldAtMs, question.quietMs ?? 0) < run.plan.waits.remindMs) return;
  run.append({ event: "reminded", key: key as StepKey, waitedMs, remainingMs: question.deadlineMs - waitedMs });
}

/** What happens when nobody decided: thin evidence lets the stage pass unproven, anything else goes back. */
function unanswered(decision: Extract<StageDecision, { do: "hold" }>): WatchEnd {
  if (onExpiry(decision) === "advance-unproven") return { end: "served", proven: false, reasons: decision.reasons };
  const kind = decision.question === "data" ? "data" : decision.question === "inconclusive" ? "infra" : "regression";
  const reasons = [...decision.reasons, { code: "no-answer", text: "nobody decided before the deadline" }];
  return { end: "trigger", trigger: { kind, reasons } };
}

/** Not a lack of evidence but something wrong: unanswered, it goes back. */
const AMISS = new Set(["versions", "share", "restart", "not-ready", "no-instances"]);

function onExpiry(decision: Extract<StageDecision, { do: "hold" }>): Question["onExpiry"] {
  const thin = decision.question === "inconclusive" && !decision.reasons.some(({ code }) => AMISS.has(code));
  return thin ? "advance-unproven" : "rollback";
}

/** Dead metrics cannot be accepted: nobody knows what would be. */
const OPTIONS = {
  regression: ["rollback", "accept", "investigate"],
  inconclusive: ["continue", "rollback"],
  data: ["rollback", "investigate"],
};

function questionOf(run: Run, decision: Extract<StageDecision, { do: "hold" }>, investigating: boolean): Question {
  const { waits } = run.plan;
  const decideMs = run.state().unattended ? waits.decisionUnattendedMs : waits.decisionMs;
  const why = decision.reasons.map((reason) => reason.text).join("; ");
  const about = decision.question;
  const options = OPTIONS[about].filter((option) => !(decision.unacceptable && option === "accept"));
  const question = {
    about,
    text: `The rollout is held (${about}): ${why}`,
    onExpiry: onExpiry(decision),
    ...(decision.early ? { early: decision.early } : {}),
  };
  if (!investigating) return { ...question, options, deadlineMs: decideMs };
  // Investigated once, then a decision is due: it may also come earlier.
  const quietMs = waits.investigateMs;
  return {
    ...question,
    options: options.filter((option) => option !== "investigate"),
    deadlineMs: quietMs + decideMs,
    quietMs,
  };
}
