import type { Actor } from "../vocab/index.ts";
import type { RunControl } from "./engine.ts";
import type { Request } from "./events.ts";
import { planHash } from "./plan.ts";

/** What became of a request. */
export interface Receipt {
  readonly taken: boolean;
  readonly note: string;
}

/**
 * Takes one request into the journal, exactly once per id, and acts on it. Abort and rollback are never gated; an
 * approval counts only for this very plan and in a way that the plan accepts.
 */
export function takeRequest(run: RunControl, id: string, request: Request, actor: Actor): Receipt {
  const state = run.state();
  if (state.requests.has(id)) return { taken: true, note: "this request was taken before" };
  const refusal = refusalOf(run, request);
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

function refusalOf(run: RunControl, request: Request): string | undefined {
  const state = run.state();
  if (state.outcome && request.kind !== "resume") return `the run has ended: ${state.outcome.outcome}`;
  switch (request.kind) {
    case "abort":
    case "rollback":
      return state.latched ? "the run is going back already" : undefined;
    case "approve":
      return approvalRefusal(run, request);
    case "answer":
      return answerRefusal(run, request);
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
  return run.state().approval ? `the plan has its answer already: ${run.state().approval?.decision}` : undefined;
}

function answerRefusal(run: RunControl, request: Extract<Request, { kind: "answer" }>): string | undefined {
  const pending = run.state().question;
  if (!pending || pending.question.about === "approval") return "nothing is being asked";
  if (!pending.question.options.includes(request.answer))
    return `the question takes ${pending.question.options.join(", ")}`;
  if (request.reason.trim() === "") return "an answer needs a reason";
  if (request.answer !== "rollback" && run.plan.production && !run.plan.approvals.includes(request.way)) {
    return `an answer by "${request.way}" does not count here; deploy.yaml accepts ${run.plan.approvals.join(", ")}`;
  }
  return undefined;
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
      const { decision, planHash: hash, way, person, reason } = request;
      run.appendAs(
        { event: "approval", decision, planHash: hash, way, person, ...(reason === undefined ? {} : { reason }) },
        actor,
      );
      const pending = state.question;
      if (pending?.question.about === "approval") {
        run.appendAs(
          { event: "answer", key: pending.key as never, answer: decision, way, person, reason: reason ?? "" },
          actor,
        );
      }
      return decision === "approve" ? "the plan is approved" : "the plan is rejected; the run stops";
    }
    case "answer": {
      const key = state.question?.key;
      if (key === undefined) return "nothing is being asked";
      const { answer, way, person, reason } = request;
      run.appendAs({ event: "answer", key: key as never, answer, way, person, reason }, actor);
      if (answer === "rollback") {
        run.latch({ kind: "manual", reasons: [{ code: "manual-rollback", text: `${person}: ${reason}` }] });
      }
      return `answered: ${answer}`;
    }
    case "advice":
      return "noted";
    case "resume":
      return "the runner is at work";
    default:
      return request satisfies never;
  }
}
