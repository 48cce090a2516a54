import { acceptanceRefusal, readMetrics } from "../judge/index.ts";
import type { Actor } from "../vocab/index.ts";
import type { RunControl } from "./engine.ts";
import type { Request } from "./events.ts";
import { planHash } from "./plan.ts";
import { roleRefusal, roleText } from "./roles.ts";
import type { RunState } from "./run-state.ts";
import { suitesVerdictIn } from "./suites-record.ts";

/** What became of a request. */
export interface Receipt {
  readonly taken: boolean;
  readonly note: string;
}

/**
 * Takes one request into the journal, exactly once per id, and acts on it. With an `objection` (a signature that does
 * not hold) it is journalled as refused. Abort and rollback are never gated; an
 * approval counts only for this very plan and in a way that the plan accepts.
 */
export function takeRequest(run: RunControl, id: string, request: Request, actor: Actor, objection?: string): Receipt {
  const state = run.state();
  if (state.requests.has(id)) {
    // Its effect may have found the journal closed to writing: what was taken is still done.
    finishLastRequest(run);
    return receiptBefore(run, id);
  }
  const refusal = refusalOf(run, request) ?? objection;
  // The record of an ended run is being archived: it gets no more lines.
  if (state.outcome && !isProse(run, request))
    return { taken: refusal === undefined, note: refusal ?? "the run has ended" };
  run.appendAs(
    {
      event: "request",
      id,
      request,
      taken: refusal === undefined,
      ...(refusal === undefined ? {} : { note: refusal }),
    },
    actor,
  );
  if (refusal !== undefined) return { taken: false, note: refusal };
  return { taken: true, note: effect(run, request, actor) };
}

/** A request that is sent again, because its first answer was lost, gets the answer that it had. */
function receiptBefore(run: RunControl, id: string): Receipt {
  const before = run.events().find(({ event }) => event.event === "request" && event.id === id)?.event;
  const refusal = before?.event === "request" && !before.taken ? before.note : undefined;
  return refusal === undefined
    ? { taken: true, note: "this request was taken before" }
    : { taken: false, note: `this request was refused before: ${refusal}` };
}

/**
 * A runner can die between journalling a request and acting on it, and a disk can be full in between. Called before a
 * run goes on, and again and again while it does: what the last taken request asked for, and is not in the journal yet,
 * is done now.
 */
export function finishLastRequest(run: RunControl): void {
  const events = run.events();
  const index = events.findLastIndex(({ event }) => event.event === "request" && event.taken);
  const asked = events[index];
  if (asked?.event.event !== "request" || run.state().outcome) return;
  const { request } = asked.event;
  const since = events.slice(index + 1).map(({ event }) => event);
  const { latched, abortReason, question } = run.state();
  switch (request.kind) {
    case "abort":
    case "rollback":
      if (!latched && abortReason === undefined) effect(run, request, asked.actor);
      return;
    case "approve":
      if (!since.some(({ event }) => event === "approval" || event === "sign-off")) effect(run, request, asked.actor);
      else if (question?.question.about === "approval") answerApproval(run, request, asked.actor);
      return;
    case "answer":
      if (!since.some((event) => event.event === "answer")) effect(run, request, asked.actor);
      else if (request.answer === "rollback" && !latched) latchAnswer(run, request);
      return;
    case "incident":
      if (!since.some(({ event }) => event === "incident")) effect(run, request, asked.actor);
      return;
    case "advice":
    case "resume":
      return;
    default:
      request satisfies never;
  }
}

/** What agents write about a run whose outcome is known still reaches its reports, until the archive is begun. */
function isProse(run: RunControl, request: Request): boolean {
  return request.kind === "advice" && run.state().archiveDir === undefined;
}

function refusalOf(run: RunControl, request: Request): string | undefined {
  const state = run.state();
  if (state.outcome && request.kind !== "resume" && !isProse(run, request))
    return `the run has ended: ${state.outcome.outcome}`;
  switch (request.kind) {
    case "abort":
    case "rollback":
      if (state.stopping) return "the run is stopping already";
      return state.latched ? "the run is going back already" : undefined;
    case "approve":
      return approvalRefusal(run, request);
    case "answer":
      return answerRefusal(run, request);
    case "incident":
      return state.incident?.incident === request.incident ? "the run has this incident already" : undefined;
    case "advice":
    case "resume":
      return undefined;
    default:
      return request satisfies never;
  }
}

function approvalRefusal(run: RunControl, request: Extract<Request, { kind: "approve" }>): string | undefined {
  const expected = planHash(run.plan);
  if (request.planHash !== expected) {
    return `this run's plan is ${expected.slice(0, 12)}…, the approval names ${request.planHash.slice(0, 12)}…: read the plan and approve its hash`;
  }
  if (!run.plan.approvals.includes(request.way)) {
    return `an approval by "${request.way}" does not count here; deploy.yaml accepts ${run.plan.approvals.join(", ")}`;
  }
  const { approval, signOffs } = run.state();
  const { role, decision } = request;
  if (role === undefined) return approval && `the plan has its answer already: ${approval.decision}`;
  if (decision !== "approve") return "a role stands by a plan; reject it without one";
  if (approval && approval.decision !== "approve") return `the plan has its answer already: ${approval.decision}`;
  const signed = signOffs.find((entry) => entry.role === role);
  if (signed) return `${signed.person} has signed as ${roleText(role)} already`;
  return roleRefusal(run.plan, { ...request, role });
}

/** Why an answer that was given to a question which is over does not count for the one that came after it. */
export const ANOTHER_QUESTION = "another question is open by now: read it, and answer that one";

function answerRefusal(run: RunControl, request: Extract<Request, { kind: "answer" }>): string | undefined {
  const pending = run.state().question;
  if (!pending || pending.question.about === "approval") return "nothing is being asked";
  if (request.answer !== "rollback" && request.question !== undefined && request.question !== pending.key)
    return ANOTHER_QUESTION;
  if (!pending.question.options.includes(request.answer))
    return `the question takes ${pending.question.options.join(", ")}`;
  if (request.reason.trim() === "") return "an answer needs a reason";
  if (request.answer === "accept") {
    const refusal = unacceptable(run.state(), pending.key);
    if (refusal !== undefined) return `${refusal}; the rollout stays held`;
  }
  // Going back and saying no are never gated.
  if (
    request.answer !== "rollback" &&
    request.answer !== "reject" &&
    run.plan.production &&
    !run.plan.approvals.includes(request.way)
  ) {
    return `an answer by "${request.way}" does not count here; deploy.yaml accepts ${run.plan.approvals.join(", ")}`;
  }
  return undefined;
}

/** A P0, P1 or security failure is nobody's to accept, however small the regression beside it. */
function unacceptable(state: RunState, questionKey: string): string | undefined {
  const watched = state.watches.get(questionKey.replace(/\/question-\d+$/, ""));
  const track = watched && state.tracks.get(watched.watch.track);
  return acceptanceRefusal({
    checks: [...(watched?.smoke?.run.results ?? []), ...(watched?.journeys?.run.results ?? [])],
    slo: track && readMetrics(track).slo.outcome,
    suites: watched && suitesVerdictIn(state, watched.watch)?.outcome,
  });
}

function effect(run: RunControl, request: Request, actor: Actor): string {
  const state = run.state();
  switch (request.kind) {
    case "abort":
    case "rollback":
      if (!state.exposed) return "the run stops; production keeps the version it has";
      run.latch({
        kind: "manual",
        reasons: [{ code: `manual-${request.kind}`, text: `${actor.name}: ${request.reason}` }],
      });
      return "the run goes back to the previous version";
    case "approve": {
      const { decision, planHash: hash, way, person, role, reason } = request;
      if (state.approval && role !== undefined) {
        run.appendAs({ event: "sign-off", planHash: hash, role, way, person }, actor);
        return `signed off as ${roleText(role)}`;
      }
      const further = { ...(role === undefined ? {} : { role }), ...(reason === undefined ? {} : { reason }) };
      run.appendAs({ event: "approval", decision, planHash: hash, way, person, ...further }, actor);
      answerApproval(run, request, actor);
      return decision === "approve" ? "the plan is approved" : "the plan is rejected; the run stops";
    }
    case "answer": {
      const key = state.question?.key;
      if (key === undefined) return "nothing is being asked";
      const { answer, way, person, reason } = request;
      const counts = answer === "accept" ? { validMs: run.plan.waits.acceptanceMs } : {};
      run.appendAs({ event: "answer", key: key as never, answer, way, person, reason, ...counts }, actor);
      if (answer === "rollback") latchAnswer(run, request);
      return `answered: ${answer}`;
    }
    case "incident": {
      const { incident, way, person } = request;
      run.appendAs({ event: "incident", incident, way, person }, actor);
      return "the run has its incident";
    }
    case "advice":
      return "noted";
    case "resume":
      return "the runner is at work";
    default:
      return request satisfies never;
  }
}

function answerApproval(run: RunControl, request: Extract<Request, { kind: "approve" }>, actor: Actor): void {
  const pending = run.state().question;
  if (pending?.question.about !== "approval") return;
  const { decision, way, person, reason } = request;
  run.appendAs(
    { event: "answer", key: pending.key as never, answer: decision, way, person, reason: reason ?? "" },
    actor,
  );
}

function latchAnswer(run: RunControl, { person, reason }: Extract<Request, { kind: "answer" }>): void {
  run.latch({ kind: "manual", reasons: [{ code: "manual-rollback", text: `${person}: ${reason}` }] });
}
