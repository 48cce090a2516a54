import { between, type Instant, type Ms } from "../../vocab/index.ts";
import type { StepName } from "../events.ts";
import type { RunState } from "../run-state.ts";

/** A span that a backward step of the clock cannot make negative. */
export function spanMs(from: Instant, to: Instant): Ms {
  return Math.max(0, between(from, to));
}

/** When all traffic was back on the old version, or withdrawn. */
export function trafficBackAt(state: RunState): Instant | undefined {
  return state.times.get("rollback/traffic")?.endedAt;
}

/** Time with production traffic on the new version, up to the rollback or the outcome; undefined when it never had any. */
export function exposedMs(state: RunState): Ms | undefined {
  const until = trafficBackAt(state) ?? state.outcome?.at;
  return state.exposedAt && until ? spanMs(state.exposedAt, until) : undefined;
}

/** From the decision to go back to all traffic on the old version; undefined without a rollback that got there. */
export function restoreMs(state: RunState): Ms | undefined {
  const back = trafficBackAt(state);
  return state.latchedAt && back ? spanMs(state.latchedAt, back) : undefined;
}

/** From the first event of the run to its outcome; undefined while it has none. */
export function durationMs(state: RunState): Ms | undefined {
  return state.openedAt && state.outcome ? spanMs(state.openedAt, state.outcome.at) : undefined;
}

/** One step of the flow: when it began and how long it took, up to the outcome where it was cut short. */
export function stepTimes(state: RunState, name: StepName): { startedAt: Instant; ms: Ms | undefined } | undefined {
  const step = state.steps.find((candidate) => candidate.step === name);
  if (!step) return undefined;
  const until = step.endedAt ?? state.latchedAt ?? state.outcome?.at;
  return { startedAt: step.startedAt, ms: until && spanMs(step.startedAt, until) };
}

/** From the first exposure of users to the decision to go back; undefined without both. */
export function decideMs({ exposedAt, latchedAt }: RunState): Ms | undefined {
  return exposedAt && latchedAt ? spanMs(exposedAt, latchedAt) : undefined;
}

/** From the decision to go back to the judged old state; undefined before that. */
export function rollbackMs({ latchedAt }: RunState, judgedAt: Instant | undefined): Ms | undefined {
  return latchedAt && judgedAt ? spanMs(latchedAt, judgedAt) : undefined;
}
