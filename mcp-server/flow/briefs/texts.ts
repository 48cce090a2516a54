import { CRITERIA } from "../../judge/index.ts";
import { type BriefId, renderBrief } from "../../record/briefs.ts";
import { spanText } from "../../vocab/index.ts";
import type { Plan } from "../plan.ts";
import type { RunState } from "../run-state.ts";
import { contactTexts, sideEffectRows } from "../views/contacts.ts";
import { masked } from "../views/masked.ts";
import { briefsDue } from "./due.ts";
import type { BriefSpec } from "./table.ts";

/** A brief that is ready to be handed to an agent. */
export interface Brief {
  readonly id: string;
  readonly role: string;
  readonly step: string;
  readonly text: string;
}

/** Kind of the document in which an agent hands in what it found for a brief. */
export const FINDINGS = "findings";

/** The briefs of this moment with their words. Pure. */
export function briefsNow(plan: Plan, state: RunState): Brief[] {
  return briefsDue(plan, state).map((brief) => {
    const { id, role, step } = brief;
    return { id, role, step, text: renderBrief(id as BriefId, masked(viewOf(brief, plan, state))) };
  });
}

function viewOf({ id, step, role, criteria }: BriefSpec, plan: Plan, state: RunState) {
  return {
    service: plan.service,
    version: plan.version,
    previous: plan.previous?.version ?? null,
    strategy: plan.strategy,
    step,
    role,
    facts: factsOf(plan, state),
    criteria: step === "readiness" ? criteria.map((id) => `${id}: ${CRITERIA[id].title}`) : [],
    path: `.aiwg/working/deployment/${FINDINGS}-${id}.md`,
    kind: FINDINGS,
  };
}

/** At most so many gates are told; a canary of many stages has more, and the record has all. */
const MAX_GATES = 8;
const MAX_TEXT = 240;

function factsOf(plan: Plan, state: RunState): string[] {
  const gates = [...state.gates.values()].slice(-MAX_GATES);
  const { latched, outcome } = state;
  return [
    `stages: ${plan.stages.map(({ weightPct }) => `${weightPct} %`).join(", ")}; threshold ${plan.regressionThreshold} %`,
    `steps so far: ${state.steps.map(({ step }) => step).join(", ")}`,
    ...gates.map(({ gate, verdict }) => cut(`gate ${gate}: ${verdict.outcome}; ${textsOf(verdict.reasons)}`)),
    ...(latched ? [cut(`going back because of ${latched.kind}: ${textsOf(latched.reasons)}`)] : []),
    ...(latched ? ofGoingBack(plan, state) : []),
    ...(outcome ? [cut(`outcome ${outcome.outcome}: ${textsOf(outcome.reasons)}`)] : []),
    ...(state.adviceMs > 0 ? [`time for an answer: ${spanText(state.adviceMs)}`] : []),
  ];
}

/** What people declared for this moment: an agent quotes it and adds no name of its own. */
function ofGoingBack(plan: Plan, { incident }: RunState): string[] {
  const left = sideEffectRows(plan).map(({ what, treatment }) => `${what} (${treatment})`);
  const contacts = contactTexts(plan);
  return [
    incident ? `incident ${incident.incident}, named by ${incident.person}` : "incident: none was named yet",
    ...(left.length > 0 ? [cut(`going back leaves, as declared: ${left.join("; ")}`)] : []),
    ...(contacts.length > 0 ? [cut(`people are called in this order: ${contacts.join("; ")}`)] : []),
  ];
}

function textsOf(reasons: readonly { text: string }[]): string {
  return reasons.map(({ text }) => text).join("; ") || "no reason given";
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}
