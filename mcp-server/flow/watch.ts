import {
  decideStage,
  judgeInfra,
  judgeSmoke,
  readMetrics,
  type SmokeRun,
  type StageDecision,
  stepMetrics,
} from "../judge/index.ts";
import type { Increment, LiveState, Ms, StepKey, Version } from "../vocab/index.ts";
import { RollbackLatched, type Run } from "./engine.ts";
import type { Question, WatchEnd, WatchPlan } from "./events.ts";
import { rollbackGateOf } from "./gates.ts";
import type { Hands } from "./hands.ts";
import { summarise } from "./live-summary.ts";
import { quoted } from "./quoted.ts";
import type { RunState, WatchState } from "./state.ts";

/** How the smoke checks of a watch are run: once, beside the polls. */
export interface WatchSmoke {
  readonly mode: SmokeRun["mode"];
  readonly baseUrls: (live: LiveState) => readonly string[];
}

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
  const checks = { pending: smoke !== undefined };
  const probing =
    smoke &&
    startSmoke(run, hands, key, smoke, beside.signal).finally(() => {
      checks.pending = false;
    });
  // Awaited below; until then a failure of it must not count as one that nobody handles and end the process.
  probing?.catch(() => {});
  try {
    return settle(run, await loop(run, hands, key, checks));
  } finally {
    beside.abort();
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
    let last: Ms | undefined;
    while (!changing.done && !run.interrupted.aborted) {
      last = await pollOnce(run, hands, watched, last);
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
    await polling;
  }
}

function settle(run: Run, end: WatchEnd): WatchEnd {
  if (end.end === "trigger") {
    if (!run.state().latched) run.latch(end.trigger);
    throw new RollbackLatched();
  }
  return end;
}

async function loop(run: Run, hands: Hands, key: StepKey, checks: { pending: boolean }): Promise<WatchEnd> {
  const state = run.state();
  const watched = state.watches.get(key);
  if (!watched) throw new Error(`the watch ${key} was never started`);
  let last: Ms | undefined;
  for (;;) {
    const started = run.clock.mono();
    last = await pollOnce(run, hands, watched, last);
    run.checkpoint();
    const end = act(run, key, watched, decide(state, watched));
    // A stage is not over before its smoke checks have answered.
    if (end && !(end.end === "served" && checks.pending)) {
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
async function pollOnce(run: Run, hands: Hands, watched: WatchState, last: Ms | undefined): Promise<Ms> {
  const { pollMs } = run.plan;
  const limit = AbortSignal.timeout(POLL_LIMIT_MS);
  const signal = AbortSignal.any([limit, run.interrupted]);
  const subject = subjectOf(run, watched);
  let live: LiveState | undefined;
  let increments: Increment[] = [];
  let cursor = watched.cursor;
  let problem: string | undefined;
  try {
    live = await run.target.observe(watched.watch.track === "staging" ? "staging" : "production", signal);
    const source = hands.source(watched.watch.track);
    if (source) ({ increments, cursor } = await source.poll(live, cursor, signal));
    refuseImpossible(run, watched, increments);
  } catch (error) {
    increments = [];
    problem = quoted(error);
  }
  const mono = run.clock.mono();
  const elapsedMs = last === undefined ? 0 : Math.min(mono - last, MAX_GAP_POLLS * pollMs);
  const blind = watched.deadForMs > 0 && live !== undefined;
  run.append({
    event: "poll",
    key: watched.key as StepKey,
    elapsedMs,
    increments,
    cursor: cursor ?? null,
    live: live ? summarise(run.plan, live, subject, watched) : null,
    ...(problem === undefined ? {} : { problem }),
    ...(blind && live ? { probesFail: await probesFail(hands, live, subject, signal) } : {}),
  });
  return mono;
}

/** Numbers that no measurement gives must not reach the journal: every later fold over it would fail on them. */
function refuseImpossible(run: Run, watched: WatchState, increments: readonly Increment[]): void {
  const track = run.state().tracks.get(watched.watch.track);
  if (track) stepMetrics(track, increments);
}

/** With the metrics gone, the smoke checks are the only eyes left. */
async function probesFail(hands: Hands, live: LiveState, subject: Version, signal: AbortSignal): Promise<boolean> {
  const urls = live.instances.filter((instance) => instance.version === subject).map((instance) => instance.url);
  const seen = await hands.smoke("production", urls, subject, signal).catch(() => undefined);
  return seen !== undefined && judgeSmoke(seen).outcome === "FAIL";
}

function subjectOf(run: Run, watched: WatchState): Version {
  return watched.watch.track === "post-rollback" && run.plan.previous ? run.plan.previous.version : run.plan.version;
}

/** What the judge says about the state after the last poll. */
export function decide(state: RunState, watched: WatchState): StageDecision {
  const { watch: plan, live } = watched;
  const track = state.tracks.get(plan.track);
  const metrics = track && readMetrics(track);
  const infra = live ? judgeInfra(live.infra) : { status: "HEALTHY" as const, reasons: [] };
  if (plan.track === "staging")
    return decideStaging(watched, metrics?.slo.outcome === "FAIL" || metrics?.regression.outcome === "FAIL");
  if (plan.track === "post-rollback") return decideAfterRollback(state, watched);
  const share = live?.measuredSharePct[state.plan.version];
  return decideStage({
    servedMs: watched.servedMs,
    plannedMs: plan.plannedMs,
    extendedMs: watched.extendedMs,
    unattended: state.unattended,
    rollbackOnRegression: state.plan.rollbackOnRegression,
    accepted: state.accepted,
    expectedSharePct: plan.weightPct,
    ...(share === undefined ? {} : { measuredSharePct: share }),
    measuredRequests: live?.measuredRequests ?? 0,
    versionsReadBack: readBack(state, watched),
    minExposure: plan.minRequests,
    metrics,
    ...(watched.smoke ? { smoke: watched.smoke.verdict } : {}),
    infra,
    deadForMs: watched.deadForMs,
    probesFail: watched.probesFail,
    final: plan.final,
  });
}

/** Staging only gathers evidence, its gate decides. A clear failure ends it early. */
function decideStaging(watched: WatchState, failed: boolean): StageDecision {
  const served = watched.servedMs >= watched.watch.plannedMs;
  if (served || failed) return { do: "advance", proven: false, reasons: [] };
  return { do: "continue", waitsFor: "time to serve" };
}

/** After a rollback an unmet point is watched on until the extension is used up; then the gate's answer is final. */
function decideAfterRollback(state: RunState, watched: WatchState): StageDecision {
  const { plannedMs, extensionMs } = watched.watch;
  const well = watched.servedMs >= plannedMs && rollbackGateOf(state, watched.key).verdict.outcome === "PASS";
  if (well || watched.servedMs >= plannedMs + extensionMs) return { do: "advance", proven: well, reasons: [] };
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
function act(run: Run, key: StepKey, watched: WatchState, decision: StageDecision): WatchEnd | undefined {
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
    case "hold":
      return held(run, key, decision);
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
function held(run: Run, key: StepKey, decision: Extract<StageDecision, { do: "hold" }>): WatchEnd | undefined {
  const state = run.state();
  const pending = state.question;
  const mine = state.answers.filter((answer) => answer.key.startsWith(`${key}/question-`));
  const last = mine.at(-1);
  if (!pending && decision.question === "inconclusive" && (last?.answer === "continue" || last?.answer === "expired")) {
    return { end: "served", proven: false, reasons: decision.reasons };
  }
  if (!pending) {
    const question = questionOf(run, decision, last?.answer === "investigate");
    run.append({ event: "question", key: `${key}/question-${mine.length + 1}` as StepKey, question });
    return undefined;
  }
  if (pending.waitedMs < pending.question.deadlineMs) return undefined;
  run.append({
    event: "answer",
    key: pending.key as StepKey,
    answer: "expired",
    way: "deadline",
    person: "nobody",
    reason: "no answer in time",
  });
  if (pending.question.onExpiry === "advance-unproven")
    return { end: "served", proven: false, reasons: decision.reasons };
  const kind = decision.question === "data" ? "data" : "regression";
  const reasons = [...decision.reasons, { code: "no-answer", text: "nobody decided before the deadline" }];
  return { end: "trigger", trigger: { kind, reasons } };
}

/** Dead metrics cannot be accepted: nobody knows what would be. */
const OPTIONS = {
  regression: ["rollback", "accept", "investigate"],
  inconclusive: ["continue", "rollback"],
  data: ["rollback", "investigate"],
};

function questionOf(run: Run, decision: Extract<StageDecision, { do: "hold" }>, investigating: boolean): Question {
  const { waits } = run.plan;
  const unattended = run.state().unattended && !investigating;
  const why = decision.reasons.map((reason) => reason.text).join("; ");
  const about = decision.question;
  return {
    about,
    text: `The rollout is held (${about}): ${why}`,
    options: OPTIONS[about],
    deadlineMs: unattended ? waits.decisionUnattendedMs : waits.decisionMs,
    onExpiry: about === "inconclusive" ? "advance-unproven" : "rollback",
  };
}

async function startSmoke(run: Run, hands: Hands, key: StepKey, smoke: WatchSmoke, signal: AbortSignal): Promise<void> {
  const state = run.state();
  if (state.watches.get(key)?.smoke) return;
  try {
    const live = await run.target.observe(
      state.watches.get(key)?.watch.track === "staging" ? "staging" : "production",
      signal,
    );
    const watched = state.watches.get(key);
    if (!watched) return;
    const seen = await hands.smoke(smoke.mode, smoke.baseUrls(live), subjectOf(run, watched), signal);
    if (seen && !signal.aborted) recordSmoke(run, hands, key, seen);
  } catch (error) {
    if (signal.aborted) return;
    run.append({ event: "notice", level: "warning", text: `smoke checks could not be run: ${quoted(error)}` });
  }
}

/** Stores a smoke run as evidence and journals it with its verdict. */
export function recordSmoke(run: Run, hands: Hands, key: StepKey, seen: SmokeRun): void {
  const stored = hands.storeJson(`smoke/${key}`, seen, seen.versionExpected as Version);
  run.append({ event: "evidence", key, ref: stored.ref, file: stored.file });
  run.append({ event: "smoke", key, run: seen, verdict: { ...judgeSmoke(seen), inputs: [stored.ref] } });
}
