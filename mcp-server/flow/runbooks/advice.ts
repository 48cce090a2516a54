import { AWAITED, briefsDue } from "../briefs/due.ts";
import type { Run } from "../engine.ts";
import type { StepName } from "../events.ts";

const TICK_MS = 1_000;

/**
 * Waits until every agent that is asked at a step has handed in, or the time for that is over. Nothing is decided by who
 * is missing, so nothing of it is journalled: a runner that takes the run up waits once more.
 */
export async function awaitAdvice(run: Run, step: StepName): Promise<void> {
  if (!AWAITED.has(step)) return;
  const until = run.clock.mono() + run.state().adviceMs;
  while (briefsDue(run.plan, run.state()).length > 0 && run.clock.mono() < until) {
    run.checkpoint();
    await run.woken(Math.min(TICK_MS, until - run.clock.mono()));
  }
  run.checkpoint();
}
