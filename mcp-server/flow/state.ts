import {
  enterFrozen,
  judgeInfra,
  type MetricsState,
  minorFailures,
  readMetrics,
  rearmWarmup,
  requiredRules,
  shareOff,
  startMetrics,
  stepMetrics,
} from "../judge/index.ts";
import type { Stamped } from "../record/journal.ts";
import type { Increment, Instant, Json } from "../vocab/index.ts";
import type { FlowEvent, LiveSummary, WatchPlan } from "./events.ts";
import { judgedIncrements, sharesAfter } from "./judged-increments.ts";
import { shareOf } from "./live-summary.ts";
import { metricsSpec } from "./metrics-spec.ts";
import { deliveryName } from "./notify/delivery-name.ts";
import type { Plan } from "./plan.ts";
import { emptyState, type RunState, type WatchState } from "./run-state.ts";

/** The state after all these events. */
export function foldEvents(plan: Plan, events: readonly Stamped<FlowEvent>[]): RunState {
  const state = emptyState(plan);
  for (const stamped of events) applyEvent(state, stamped);
  return state;
}

/** Takes one more event into the state. */
export function applyEvent(state: RunState, stamped: Stamped<FlowEvent>): void {
  const { event, at } = stamped;
  state.seq = stamped.seq;
  state.epoch = stamped.epoch;
  switch (event.event) {
    case "run-opened":
      state.runId = event.runId;
      state.openedWith = event.planHash;
      state.unattended = event.unattended;
      state.adviceMs = event.adviceMs ?? 0;
      state.configFile = event.configFile;
      state.openedAt = at;
      return;
    case "ownership":
      state.ownerships += 1;
      return;
    case "step":
      applyStep(state, event, at);
      return;
    case "intent":
      state.intents.set(event.key, event.intent);
      state.times.set(event.key, { startedAt: at, endedAt: undefined });
      if (event.intent.exposes) {
        state.exposed = true;
        // A migration for good exposes production, and gives the new version no traffic.
        if (event.intent.pools) state.exposedAt ??= at;
      }
      return;
    case "result": {
      state.results.set(event.key, event.value as Json);
      const times = state.times.get(event.key);
      if (times) times.endedAt = at;
      return;
    }
    case "approval":
      state.approval = event;
      state.approvalAt = at;
      if (event.decision === "approve" && event.role !== undefined) signOff(state, { ...event, role: event.role, at });
      return;
    case "sign-off":
      signOff(state, { ...event, at });
      return;
    case "incident":
      state.incident = { incident: event.incident, person: event.person, at };
      return;
    case "evidence":
      state.evidence.push({ key: event.key, ref: event.ref, file: event.file });
      return;
    case "baseline":
      state.baseline = event.snapshot;
      return;
    case "watch-started":
      openWatch(state, event.key, event.watch, at);
      return;
    case "poll":
      applyPoll(state, event, at);
      return;
    case "extended":
      withWatch(state, event.key, (watch) => {
        watch.extendedMs += event.byMs;
      });
      return;
    case "smoke":
      state.smokes.set(event.key, { run: event.run, verdict: event.verdict, at });
      withWatch(state, event.key, (watch) => {
        watch.smoke = { run: event.run, verdict: event.verdict };
        if (minorFailures(event.run).length > 0) watch.smokeCleanAt = "failing";
        else if (watch.smokeCleanAt === "failing") watch.smokeCleanAt = watch.servedMs;
      });
      return;
    case "journeys":
      state.journeys.set(event.key, { run: event.run, verdict: event.verdict, at });
      withWatch(state, event.key, (watch) => {
        watch.journeys = { run: event.run, verdict: event.verdict };
      });
      return;
    case "watch-ended":
      withWatch(state, event.key, (watch) => {
        watch.end = event.result;
      });
      return;
    case "gate":
      state.gates.set(event.key, event.gate);
      return;
    case "readiness":
      state.readiness.set(event.key, { full: event.full, report: event.report });
      return;
    case "question":
      state.question = { key: event.key, question: event.question, askedAt: at, waitedMs: 0, toldAtMs: 0 };
      return;
    case "reminded":
      if (state.question?.key === event.key) state.question.toldAtMs = state.question.waitedMs;
      return;
    case "held":
      withWatch(state, event.key, (watch) => {
        watch.heldTold = true;
      });
      return;
    case "waited":
      if (state.question?.key === event.key) state.question.waitedMs += event.ms;
      return;
    case "answer":
      state.answers.push({ ...event, at, early: state.question?.question.early === true });
      if (event.answer === "accept" && state.question?.question.about === "regression")
        accept(state, event.validMs ?? Infinity);
      letGoOn(state, event);
      state.question = undefined;
      return;
    case "request":
      state.requests.add(event.id);
      if (event.taken && (event.request.kind === "abort" || event.request.kind === "rollback") && !state.exposed) {
        state.abortReason ??= event.request.reason;
      }
      if (event.taken && event.request.kind === "advice") {
        const { step, role, text, finding } = event.request;
        state.advice.push({ step, role, text, at, finding });
      }
      return;
    case "stopping":
      state.stopping ??= event.stop;
      state.question = undefined;
      return;
    case "rollback-latched":
      state.latched ??= event.trigger;
      state.latchedAt ??= at;
      state.question = undefined;
      return;
    case "notice":
      state.notices.push({ level: event.level, text: event.text, at });
      return;
    case "outcome":
      state.outcome = { outcome: event.outcome, reasons: event.reasons, runningVersion: event.runningVersion, at };
      return;
    case "background":
      state.background = event;
      return;
    case "notified":
      state.notified.add(deliveryName(event.id, event.receiver));
      return;
    case "artifact":
      state.artifacts.push(event.path);
      return;
    case "archiving":
      state.archiveDir = event.dir;
      return;
    case "attempt-failed":
    case "trigger-noted":
      return;
    default:
      event satisfies never;
  }
}

function signOff(state: RunState, { role, person, way, at }: RunState["signOffs"][number]): void {
  state.signOffs.push({ role, person, way, at });
}

/** What is accepted is the worsening that was shown, not whatever else may come. */
function accept(state: RunState, validMs: number): void {
  const track = state.tracks.get("production");
  state.accepted = true;
  state.acceptedForMs = validMs;
  for (const metric of track ? readMetrics(track).blame : []) state.acceptedMetrics.add(metric);
}

function applyStep(state: RunState, event: Extract<FlowEvent, { event: "step" }>, at: Instant): void {
  if (event.state === "started") {
    state.step = event.step;
    state.steps.push({ step: event.step, startedAt: at, endedAt: undefined });
    return;
  }
  const open = state.steps.findLast((step) => step.step === event.step);
  if (open) open.endedAt = at;
}

/** A person, or nobody in time where the rest is served all the same, lets a watch go on. */
function letGoOn(state: RunState, { key, answer }: Extract<FlowEvent, { event: "answer" }>): void {
  const isOver = answer === "expired" && state.question?.question.early === true;
  if (answer !== "continue" && !isOver) return;
  withWatch(state, key.replace(/\/question-\d+$/, ""), (watch) => {
    watch.goesOnFromMs = watch.servedMs;
  });
}

function withWatch(state: RunState, key: string, change: (watch: WatchState) => void): void {
  const watch = state.watches.get(key);
  if (watch) change(watch);
}

function openWatch(state: RunState, key: string, watch: WatchPlan, at: Instant): void {
  // The same instances are watched on across stages, so cursor and restart marks go on with them.
  const before = [...state.watches.values()].findLast((other) => other.watch.track === watch.track);
  state.watches.set(key, {
    key,
    watch,
    startedAt: at,
    servedMs: 0,
    watchedMs: before?.watchedMs ?? 0,
    unservedMs: 0,
    extendedMs: 0,
    polls: 0,
    deadForMs: before?.deadForMs ?? 0,
    probesFail: false,
    restartMarks: [...(before?.restartMarks ?? [])],
    seenAt: before?.seenAt,
    degradedForMs: before?.degradedForMs,
    shareOffForMs: undefined,
    goesOnFromMs: undefined,
    heldTold: false,
    smokeCleanAt: undefined,
    live: before?.live,
    sighted: false,
    smoke: undefined,
    journeys: undefined,
    probeRequests: 0,
    problem: undefined,
    end: undefined,
  });
  const running = state.tracks.get(watch.track);
  const spec = metricsSpec(state.plan, watch, state.baseline ?? null);
  if (!spec) return;
  if (!running) state.tracks.set(watch.track, startMetrics(spec));
  else state.tracks.set(watch.track, rearmWarmup(entered(running, watch, state, spec.plannedPolls)));
}

/** At 100 % the recorded baseline takes over from the concurrent one. */
function entered(running: MetricsState, watch: WatchPlan, state: RunState, plannedPolls: number): MetricsState {
  return watch.frozen && state.baseline ? enterFrozen(running, state.baseline, plannedPolls) : running;
}

/** Every metric that has to be judged was read of the version under watch. One of them alone says too little. */
function isAnswered({ spec }: MetricsState, increments: readonly Increment[]): boolean {
  return requiredRules(spec).every((rule) =>
    increments.some(
      ({ metric, arm, quality }) =>
        metric === rule.series && arm === "candidate" && quality !== "missing" && quality !== "stale",
    ),
  );
}

/** Counts how long production has been degraded or its traffic wrong without a break; true while it is. */
function isAmiss(state: RunState, watch: WatchState, live: LiveSummary, elapsedMs: number): boolean {
  if (watch.watch.track !== "production") return false;
  const degraded = judgeInfra(live.infra).status === "DEGRADED";
  // While traffic moves, nobody can say which share it should have.
  const off = !isExposing(state) && shareOff(shareOf(state.plan, watch.watch, live)).length > 0;
  watch.degradedForMs = degraded ? longer(watch.degradedForMs, elapsedMs) : undefined;
  watch.shareOffForMs = off ? longer(watch.shareOffForMs, elapsedMs) : undefined;
  return degraded || off;
}

/** Counted from the poll that saw it first. */
function longer(forMs: number | undefined, elapsedMs: number): number {
  return forMs === undefined ? 0 : forMs + elapsedMs;
}

/** An exposure has begun and is not known to be done. */
function isExposing(state: RunState): boolean {
  return [...state.intents].some(([key, { exposes }]) => exposes === true && !state.results.has(key));
}

function applyPoll(state: RunState, event: Extract<FlowEvent, { event: "poll" }>, at: Instant): void {
  const watch = state.watches.get(event.key);
  if (!watch) return;
  const metrics = state.tracks.get(watch.watch.track);
  const answered = event.live !== null && (!metrics || isAnswered(metrics, event.increments));
  watch.watchedMs += event.elapsedMs;
  const amiss = event.live !== null && isAmiss(state, watch, event.live, event.elapsedMs);
  // What nobody could see was not served: the clock of a stage stands still while nothing is known of it, or it is held.
  if (answered && !amiss) watch.servedMs += event.elapsedMs;
  else watch.unservedMs += event.elapsedMs;
  if (!amiss) watch.heldTold = false;
  state.acceptedForMs = Math.max(0, state.acceptedForMs - event.elapsedMs);
  watch.deadForMs = answered ? 0 : watch.deadForMs + event.elapsedMs;
  watch.polls += 1;
  watch.probeRequests += event.probes?.candidate ?? 0;
  if (event.cursor) state.cursors.set(watch.watch.track, event.cursor);
  watch.problem = event.problem;
  watch.sighted = event.live !== null;
  watch.probesFail = answered ? false : (event.probesFail ?? watch.probesFail);
  // While nobody sees how traffic is divided, or it has just been divided anew, its share is not known.
  const shares = event.live ? sharesAfter(state.shares.get(watch.watch.track), event.live, at) : undefined;
  if (shares) state.shares.set(watch.watch.track, shares);
  if (event.live) {
    watch.live = event.live;
    const unseen = (watch.restartMarks.at(-1)?.unseen ?? 0) + (event.live.unseenRestarts ?? 0);
    watch.restartMarks.push({ watchedMs: watch.watchedMs, restarts: event.live.infra.restarts, unseen });
    watch.seenAt = { at, ownership: state.ownerships };
  }
  if (state.question) state.question.waitedMs += event.elapsedMs;
  if (metrics) {
    // While traffic moves, new instances join at a time that nobody knows: they are cold until it has moved.
    const armed = isExposing(state) ? rearmWarmup(metrics) : metrics;
    const judged = judgedIncrements(state, event, shares);
    state.tracks.set(watch.watch.track, stepMetrics(armed, judged, countedProbes(state, event)));
  }
}

/** Probes that the counters contain. A Prometheus server may count at a router that probes do not pass. */
function countedProbes({ plan }: RunState, { probes }: Extract<FlowEvent, { event: "poll" }>): number {
  return plan.metrics?.config.source === "prometheus" ? 0 : (probes?.candidate ?? 0);
}
