import type { Stamped } from "../../record/journal.ts";
import { redact } from "../../record/redact.ts";
import type { FlowEvent } from "../events.ts";
import type { Plan } from "../plan.ts";
import { runningText } from "../running-text.ts";
import { contactTexts } from "../views/contacts.ts";
import type { NotifyOn } from "./config.ts";

/** What a receiver gets. The same event always gives the same message, so a repeated one can be known by its id. */
export interface Message {
  /** `{runId}/{seq}/{kind}`: sent again after a crash with the same id. */
  readonly id: string;
  readonly kind: NotifyOn;
  /** One or two sentences; chat services show this member. */
  readonly text: string;
  readonly at: string;
  readonly service: string;
  readonly runId: string;
  readonly version: string;
  readonly previousVersion: string | null;
  readonly production: boolean;
  readonly outcome: string | null;
  readonly reasons: readonly string[];
  /** What can be answered, and within how long. */
  readonly options: readonly string[];
  readonly deadlineMs: number | null;
  /** Whom people call now, in this order; only when going back failed. */
  readonly contacts: readonly string[];
}

const LONGEST_TEXT = 600;
const MOST_REASONS = 5;

type Told = Pick<Message, "kind" | "text"> &
  Partial<Pick<Message, "outcome" | "reasons" | "options" | "deadlineMs" | "contacts">>;

/** The messages that an event gives rise to, in the order of their urgency. Pure. */
export function messagesOf(plan: Plan, runId: string, stamped: Stamped<FlowEvent>): Message[] {
  return toldBy(plan, stamped.event).map((told) => ({
    id: `${runId}/${stamped.seq}/${told.kind}`,
    at: stamped.at,
    service: plan.service,
    runId,
    version: plan.version,
    previousVersion: plan.previous?.version ?? null,
    production: plan.production,
    outcome: null,
    options: [],
    deadlineMs: null,
    contacts: [],
    ...told,
    text: redact(`${plan.service} ${plan.version}: ${told.text}`, LONGEST_TEXT),
    reasons: (told.reasons ?? []).slice(0, MOST_REASONS).map((reason) => redact(reason, LONGEST_TEXT)),
  }));
}

function toldBy(plan: Plan, event: FlowEvent): Told[] {
  switch (event.event) {
    case "question": {
      const { text, options, deadlineMs } = event.question;
      return [{ kind: "awaiting-decision", text, options, deadlineMs }];
    }
    case "reminded":
      return [
        {
          kind: "awaiting-decision",
          text: "the question of the rollout is still unanswered",
          deadlineMs: event.remainingMs,
        },
      ];
    case "rollback-latched": {
      const reasons = event.trigger.reasons.map(({ text }) => text);
      const back = plan.previous ? `going back to ${plan.previous.version}` : "withdrawing its traffic";
      return [{ kind: "rollback-started", text: `${back} (${event.trigger.kind}): ${reasons[0] ?? ""}`, reasons }];
    }
    case "outcome": {
      const reasons = event.reasons.map(({ text }) => text);
      const text = `${event.outcome}; production runs ${runningText(event.runningVersion)}`;
      const told = { text, outcome: event.outcome, reasons };
      const failed: Told[] =
        event.outcome === "ROLLBACK_FAILED"
          ? [
              {
                ...told,
                kind: "rollback-failed",
                text: `${text}. ${actNow(plan, reasons[0])}`,
                contacts: contactTexts(plan),
              },
            ]
          : [];
      return [...failed, { ...told, kind: "outcome" }];
    }
    default:
      return [];
  }
}

function actNow(plan: Plan, reason: string | undefined): string {
  const [first] = contactTexts(plan);
  return [`A person must act now: ${reason ?? ""}`, ...(first === undefined ? [] : [`call ${first}`])].join("; ");
}
