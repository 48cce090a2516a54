import type { Stamped } from "../../record/journal.ts";
import type { Ms } from "../../vocab/index.ts";
import type { Run } from "../engine.ts";
import type { FlowEvent } from "../events.ts";
import type { Receiver } from "./config.ts";
import { deliveryName } from "./delivery-name.ts";
import { type Message, messagesOf } from "./message.ts";

/** How one message is sent; resolves with what went wrong, and never rejects. */
export type Sending = (receiver: Receiver, message: Message) => Promise<string | undefined>;

export interface Notifier {
  /** Sends what an event gives rise to, in the background. */
  tell(stamped: Stamped<FlowEvent>): void;
  /** Sends again what a runner that died had not seen taken. */
  catchUp(): void;
  /** Waits for what is on its way, at most so long; afterwards nothing is journalled any more. */
  settle(limitMs: Ms): Promise<void>;
}

/** Attempts for one message: a receiver may stumble once. */
const ATTEMPTS = 2;
const RETRY_PAUSE_MS = 1_000;

/**
 * Tells the receivers of a plan what happens, at once and beside the run: neither a failure nor a slow receiver delays
 * anything. Each message is journalled when it was taken or given up; what is not journalled is sent again on resume.
 */
export function createNotifier(run: Run, sending: Sending): Notifier {
  const receivers = run.plan.notify ?? [];
  const underWay = new Set<Promise<void>>();
  const begun = new Set<string>();
  let closed = false;

  const deliver = async (index: number, receiver: Receiver, message: Message) => {
    const started = run.clock.mono();
    let problem = await sending(receiver, message);
    for (let left = ATTEMPTS - 1; left > 0 && problem !== undefined && !closed; left -= 1) {
      await run.clock.sleep(RETRY_PAUSE_MS);
      problem = await sending(receiver, message);
    }
    if (closed) return;
    const ms = Math.round(run.clock.mono() - started);
    try {
      run.append({
        event: "notified",
        id: message.id,
        receiver: index + 1,
        kind: message.kind,
        ms,
        ...(problem === undefined ? {} : { problem }),
      });
    } catch {
      // The record cannot be written just now, which is the run's matter; the message was sent.
    }
  };

  const tell = (stamped: Stamped<FlowEvent>) => {
    const { runId, notified } = run.state();
    if (receivers.length === 0 || runId === undefined) return;
    for (const message of messagesOf(run.plan, runId, stamped)) {
      for (const [index, receiver] of receivers.entries()) {
        const name = deliveryName(message.id, index + 1);
        if (!receiver.on.includes(message.kind) || notified.has(name) || begun.has(name)) continue;
        begun.add(name);
        const delivery = deliver(index, receiver, message).finally(() => underWay.delete(delivery));
        underWay.add(delivery);
      }
    }
  };

  return {
    tell,
    catchUp: () => {
      for (const stamped of run.events()) if (isDue(run, stamped.event)) tell(stamped);
    },
    settle: async (limitMs) => {
      const over = new AbortController();
      await Promise.race([Promise.all(underWay), run.clock.sleep(limitMs, over.signal)]);
      over.abort();
      closed = true;
    },
  };
}

/** A question that has its answer by now is nobody's business any more. */
function isDue(run: Run, event: FlowEvent): boolean {
  if (event.event !== "question" && event.event !== "reminded") return true;
  return run.state().question?.key === event.key;
}
