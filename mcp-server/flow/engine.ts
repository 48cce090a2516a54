import type { Clock } from "../ports/index.ts";
import type { Journal, Stamped } from "../record/journal.ts";
import { FencedOut } from "../record/journal-file.ts";
import { type Target, TargetError } from "../target/target.ts";
import type { Actor, Env, Fence, Instant, Json, LiveState, Ms, StepKey } from "../vocab/index.ts";
import { FlowError, messageOf } from "../vocab/index.ts";
import type { FlowEvent, Intent, Question, StepName, Stop, Trigger } from "./events.ts";
import type { Plan } from "./plan.ts";
import { quoted } from "./quoted.ts";
import type { RunState } from "./run-state.ts";
import { applyEvent, foldEvents } from "./state.ts";

/** Thrown through a runbook when the run has to go back; caught once, where the rollback runbook is entered. */
export class RollbackLatched extends Error {
  constructor() {
    super("the run goes back to the previous version");
    this.name = "RollbackLatched";
  }
}

/** The journal could not be written: a full disk, a lost file system. */
export class JournalRefused extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = "JournalRefused";
  }
}

/** The journal refused or belongs to another owner: that says nothing about what the target can do. */
export function isNoTargetFailure(error: unknown): boolean {
  return error instanceof JournalRefused || error instanceof FencedOut;
}

/** Thrown through a runbook when the run ends before anybody was exposed. */
export class RunStopped extends Error {
  readonly stop: Stop;
  constructor(stop: Stop) {
    super(stop.reasons.map((reason) => reason.text).join("; "));
    this.name = "RunStopped";
    this.stop = stop;
  }
}

/**
 * What a runbook works with. A runbook is a plain async function that reads top to bottom; calling it again on the
 * same journal, after a crash at any event, does only what has not been done.
 */
export interface Run {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly target: Target;
  state(): RunState;
  /** The journal so far. */
  events(): readonly Stamped<FlowEvent>[];
  fence(): Fence;
  /** Aborts when the runbook under way must stop: rollback latched, abort asked, or the runner is shutting down. */
  readonly interrupted: AbortSignal;
  append(event: FlowEvent): Stamped<FlowEvent>;
  /**
   * One effect. A journalled result is returned; an intent without a result is reconciled by observing the target;
   * otherwise the intent is journalled and the effect performed, with retries where the target says they may help.
   */
  act<T extends Json>(key: StepKey, intent: Intent, perform: Perform<T>, reached: Reached<T>): Promise<T>;
  /** One step of the flow, journalled when it starts and when it is finished. */
  step<T>(name: StepName, body: () => Promise<T>): Promise<T>;
  /** Asks a person and waits; the answer `expired` when nobody answered within the question's deadline. */
  ask(key: StepKey, question: Question): Promise<string>;
  /** Throws {@link RollbackLatched} or {@link RunStopped} when the runbook must not go on. */
  checkpoint(): void;
  /** Latches the one rollback of this run; a later trigger is noted beside the first. */
  latch(trigger: Trigger): void;
  /** Resolves when another event was journalled, or after `ms`. */
  woken(ms: Ms): Promise<void>;
  now(): Instant;
}

type Perform<T> = (fence: Fence, signal: AbortSignal) => Promise<T>;
type Reached<T> = (live: LiveState) => T | undefined;

export interface RunDeps {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly target: Target;
  readonly journal: Journal<FlowEvent>;
  readonly fence: Fence;
  readonly actor: Actor;
  /** Told of every event after it is in the journal. */
  readonly onEvent?: (stamped: Stamped<FlowEvent>) => void;
  /** Called after each finished step, e.g. to bring the artifacts up to date. */
  readonly afterStep?: () => void;
}

/** The engine's side of a run: what the runner needs besides {@link Run}. */
export interface RunControl extends Run {
  /** From now on only the rollback and closing runbooks run: interruption no longer applies to them. */
  enterClosing(): void;
  /** Appends in the name of somebody else: a person or client. */
  appendAs(event: FlowEvent, actor: Actor): Stamped<FlowEvent>;
}

const RETRIES = 3;
const RETRY_PAUSE_MS = 1_000;
const ASK_TICK_MS = 10_000;

export function openRun(deps: RunDeps): RunControl {
  const { plan, clock, target, journal } = deps;
  const state = foldEvents(plan, journal.events());
  let interruption = new AbortController();
  let closing = state.latched !== undefined || state.outcome !== undefined;
  const sleepers = new Set<AbortController>();

  const mustStop = () => !closing && (state.latched !== undefined || state.abortReason !== undefined);

  const appendAs = (event: FlowEvent, actor: Actor) => {
    const stamped = written(journal, event, actor);
    applyEvent(state, stamped);
    deps.onEvent?.(stamped);
    if (mustStop()) interruption.abort();
    for (const sleeper of sleepers) sleeper.abort();
    return stamped;
  };
  const append = (event: FlowEvent) => appendAs(event, deps.actor);

  const checkpoint = () => {
    if (closing) return;
    if (state.latched) throw new RollbackLatched();
    if (state.abortReason !== undefined) {
      const text = `stopped on request: ${state.abortReason}`;
      throw new RunStopped({ outcome: "ABORTED", reasons: [{ code: "manual-abort", text }] });
    }
  };

  const woken = async (ms: Ms) => {
    const sleeper = new AbortController();
    sleepers.add(sleeper);
    await clock.sleep(ms, sleeper.signal);
    sleepers.delete(sleeper);
  };

  const run: RunControl = {
    plan,
    clock,
    target,
    state: () => state,
    events: () => journal.events(),
    fence: () => deps.fence,
    get interrupted() {
      return interruption.signal;
    },
    now: () => clock.wall(),
    append,
    appendAs,
    checkpoint,
    woken,
    enterClosing: () => {
      closing = true;
      interruption = new AbortController();
    },
    latch: (trigger) => {
      append(state.latched ? { event: "trigger-noted", trigger } : { event: "rollback-latched", trigger });
    },
    step: async (name, body) => {
      if (!state.steps.some((step) => step.step === name)) append({ event: "step", step: name, state: "started" });
      const value = await body();
      if (!state.steps.some((step) => step.step === name && step.endedAt !== undefined)) {
        append({ event: "step", step: name, state: "finished" });
        deps.afterStep?.();
      }
      return value;
    },
    act: async (key, intent, perform, reached) => {
      const known = state.results.get(key);
      if (known !== undefined) return known as never;
      checkpoint();
      if (state.intents.has(key)) {
        const value = intent.env ? await reconcile(target, intent.env, reached) : undefined;
        if (value !== undefined) {
          append({ event: "result", key, value: value as never, reconciled: true });
          return value;
        }
      } else {
        append({ event: "intent", key, intent });
      }
      const value = await persist(key, perform);
      append({ event: "result", key, value: value as never });
      return value;
    },
    ask: async (key, question) => {
      if (state.question?.key !== key) {
        const answered = state.answers.find((answer) => answer.key === key);
        if (answered) return answered.answer;
        append({ event: "question", key, question });
      }
      return waitForAnswer(key, question.deadlineMs);
    },
  };

  async function persist<T extends Json>(key: StepKey, perform: Perform<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await perform(deps.fence, interruption.signal);
      } catch (error) {
        checkpoint();
        const retryable = error instanceof TargetError && error.retryable;
        append({ event: "attempt-failed", key, message: quoted(error), retryable });
        if (!retryable || attempt >= RETRIES) throw error;
        await clock.sleep(RETRY_PAUSE_MS * attempt, interruption.signal);
        checkpoint();
      }
    }
  }

  async function waitForAnswer(key: StepKey, deadlineMs: Ms): Promise<string> {
    const tick = Math.max(1, Math.min(ASK_TICK_MS, deadlineMs / 4));
    for (;;) {
      checkpoint();
      const answered = state.answers.find((answer) => answer.key === key);
      if (answered) return answered.answer;
      const waited = state.question?.waitedMs ?? deadlineMs;
      if (waited >= deadlineMs) {
        append({
          event: "answer",
          key,
          answer: "expired",
          way: "deadline",
          person: "nobody",
          reason: "no answer in time",
        });
        continue;
      }
      const before = clock.mono();
      await woken(Math.min(tick, deadlineMs - waited));
      // Only time that was really waited counts, so a jump of the wall clock expires nothing.
      if (state.question?.key === key) append({ event: "waited", key, ms: clock.mono() - before });
    }
  }

  if (mustStop()) interruption.abort();
  return run;
}

function written(journal: Journal<FlowEvent>, event: FlowEvent, actor: Actor): Stamped<FlowEvent> {
  try {
    return journal.append(event, actor);
  } catch (error) {
    const isSystem = typeof (error as { code?: unknown } | undefined)?.code === "string";
    throw isSystem && !(error instanceof FencedOut) ? new JournalRefused(error) : error;
  }
}

/** What cannot be looked at is done again, which a declarative target takes as the same. */
async function reconcile<T>(target: Target, env: Env, reached: Reached<T>): Promise<T | undefined> {
  const live = await target.observe(env, AbortSignal.timeout(30_000)).catch(() => undefined);
  return live && reached(live);
}

/** Narrows an unknown key text to a StepKey once, where keys are made. */
export function stepKey(...parts: (string | number)[]): StepKey {
  const key = parts.join("/");
  if (!/^[a-z0-9][a-z0-9./-]{0,95}$/.test(key)) {
    throw new FlowError({ code: "internal", what: "a step key has a wrong form", found: key, next: "report this" });
  }
  return key as StepKey;
}
