import { stepMetrics } from "../judge/index.ts";
import { redact } from "../record/redact.ts";
import type { Arm, Increment, LiveState, Ms, StepKey } from "../vocab/index.ts";
import { RollbackLatched, type Run } from "./engine.ts";
import type { WatchEnd, WatchPlan } from "./events.ts";
import type { Hands } from "./hands.ts";
import { summarise } from "./live-summary.ts";
import { addedProbeRate } from "./probing.ts";
import { quoted } from "./quoted.ts";
import type { WatchState } from "./run-state.ts";
import { unlessAborted } from "./unless-aborted.ts";
import { decide, enact } from "./watch-decide.ts";
import { envOf, openProbes, type Probes, startChecks, subjectOf, type WatchSmoke } from "./watch-smoke.ts";

/** A poll that takes longer than this is given up and counts as missing data. */
const POLL_LIMIT_MS = 10_000;

/** A gap longer than this many polls was not watched; it does not count as time served. */
const MAX_GAP_POLLS = 3;

/**
 * The only waiting loop of a deployment: poll, journal the increments, take requests, decide. Returns when the time
 * is served and the decision is to go on. A rollback decision is latched and thrown. Called again after a crash it
 * goes on where the journal ends; time counts by the monotonic clock and only while somebody watched.
 */
export async function watch(
  run: Run,
  hands: Hands,
  key: StepKey,
  plan: WatchPlan,
  smoke?: WatchSmoke,
): Promise<WatchEnd> {
  const known = run.state().watches.get(key)?.end;
  if (known) return settle(run, known);
  run.checkpoint();
  if (!run.state().watches.has(key)) run.append({ event: "watch-started", key, watch: plan });
  const beside = new AbortController();
  const probing = smoke && startChecks(run, hands, key, smoke, beside.signal);
  // Awaited below; until then a failure of it must not count as one that nobody handles and end the process.
  probing?.catch(() => {});
  try {
    return settle(run, await loop(run, hands, key));
  } finally {
    beside.abort();
    hands.restProbes(plan.track);
    await probing;
  }
}

/** Goes on watching under an earlier watch's exposure while `body` changes the environment; a breach interrupts it. */
export async function watchDuring<T>(
  run: Run,
  hands: Hands,
  key: StepKey | undefined,
  body: () => Promise<T>,
): Promise<T> {
  const watched = key === undefined ? undefined : run.state().watches.get(key);
  if (!watched) return body();
  const changing = { done: false };
  const over = new AbortController();
  const polling = (async () => {
    const probes = openProbes(run, hands, watched);
    let last: Ms | undefined;
    while (!changing.done && !run.interrupted.aborted) {
      last = await pollOnce(run, hands, watched, last, probes);
      if (changing.done || run.interrupted.aborted) return;
      const decision = decide(run.state(), watched);
      if (decision.do === "rollback") return run.latch(decision.trigger);
      await run.clock.sleep(run.plan.pollMs, AbortSignal.any([run.interrupted, over.signal]));
    }
  })();
  polling.catch(() => {}); // awaited below, see watch
  try {
    return await body();
  } finally {
    changing.done = true;
    over.abort();
    // A poll that is still under way grants the probes more time: they rest once it is over.
    await polling.finally(() => hands.restProbes(watched.watch.track));
  }
}

function settle(run: Run, end: WatchEnd): WatchEnd {
  if (end.end === "trigger") {
    if (!run.state().latched) run.latch(end.trigger);
    throw new RollbackLatched();
  }
  return end;
}

async function loop(run: Run, hands: Hands, key: StepKey): Promise<WatchEnd> {
  const state = run.state();
  const watched = state.watches.get(key);
  if (!watched) throw new Error(`the watch ${key} was never started`);
  const probes = openProbes(run, hands, watched);
  let last: Ms | undefined;
  for (;;) {
    const started = run.clock.mono();
    last = await pollOnce(run, hands, watched, last, probes);
    run.checkpoint();
    const end = enact(run, key, watched, decide(state, watched));
    if (end) {
      run.append({ event: "watch-ended", key, result: end });
      return end;
    }
    await restOfPoll(run, started);
    run.checkpoint();
  }
}

/** Sleeps until the next poll is due; wakes early only when the run must stop. */
async function restOfPoll(run: Run, started: Ms): Promise<void> {
  const rest = run.plan.pollMs - (run.clock.mono() - started);
  if (rest > 0) await run.clock.sleep(rest, run.interrupted);
}

/** One poll: what runs, what the metrics say. Whatever fails becomes missing data, never an exception. Returns the time of the poll. */
async function pollOnce(
  run: Run,
  hands: Hands,
  watched: WatchState,
  last: Ms | undefined,
  probes: Probes,
): Promise<Ms> {
  const { pollMs } = run.plan;
  const started = run.clock.mono();
  const limit = AbortSignal.timeout(POLL_LIMIT_MS);
  const signal = AbortSignal.any([limit, run.interrupted]);
  const subject = subjectOf(run, watched);
  let live: LiveState | undefined;
  let increments: Increment[] = [];
  let cursor = run.state().cursors.get(watched.watch.track);
  let problem: string | undefined;
  let probed: Record<Arm, number> | undefined;
  try {
    live = await unlessAborted(run.target.observe(envOf(watched), signal), signal);
    const source = hands.source(watched.watch.track);
    if (source) {
      const polled = await unlessAborted(source.poll(live, cursor, signal), signal);
      ({ increments, cursor } = polled);
      problem = polled.problem && redact(polled.problem);
    }
    refuseImpossible(run, watched, increments);
    probed = probesIn(run, increments) ?? hands.probe(watched.watch.track, live, addedProbeRate(run.state(), watched));
  } catch (error) {
    increments = [];
    problem = quoted(error);
  }
  const mono = run.clock.mono();
  const elapsedMs = last === undefined ? 0 : Math.min(started - last, MAX_GAP_POLLS * pollMs) + (mono - started);
  const when = { now: run.now(), elapsedMs, ownership: run.state().ownerships };
  const probesFail = watched.deadForMs > 0 ? probes.look(live) : undefined;
  run.append({
    event: "poll",
    key: watched.key as StepKey,
    elapsedMs,
    increments,
    cursor: cursor ?? null,
    live: live ? summarise(run.plan, live, subject, watched, when) : null,
    ...(problem === undefined ? {} : { problem }),
    ...(probesFail === undefined ? {} : { probesFail }),
    ...(probed === undefined ? {} : { probes: probed }),
  });
  return mono;
}

/** Where probes are the only source, everything that was measured is theirs. */
function probesIn({ plan }: Run, increments: readonly Increment[]): Record<Arm, number> | undefined {
  if (plan.metrics?.config.source !== "probes") return undefined;
  const of = (arm: Arm) =>
    increments
      .filter((one) => one.metric === "error-rate" && one.arm === arm)
      .reduce((sum, one) => sum + one.exposure, 0);
  return { baseline: of("baseline"), candidate: of("candidate") };
}

/** Numbers that no measurement gives must not reach the journal: every later fold over it would fail on them. */
function refuseImpossible(run: Run, watched: WatchState, increments: readonly Increment[]): void {
  const track = run.state().tracks.get(watched.watch.track);
  if (track) stepMetrics(track, increments);
}
