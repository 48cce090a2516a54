import { type GateVerdict, type MetricsReading, type MetricsState, readMetrics } from "../../judge/index.ts";
import type { Stamped } from "../../record/journal.ts";
import type { Instant, Ms, RunId } from "../../vocab/index.ts";
import type { FlowEvent, LiveSummary, Trigger, WatchEnd, WatchPlan } from "../events.ts";
import type { Plan } from "../plan.ts";
import { emptyState, type RunState, type WatchState } from "../run-state.ts";
import { applyEvent } from "../state.ts";

/** One watch as it stood when it ended, or stands now. The run's state forgets this at the next stage. */
export interface WatchRecord {
  readonly key: string;
  readonly plan: WatchPlan;
  readonly startedAt: Instant;
  /** Its last event. */
  readonly lastAt: Instant;
  readonly servedMs: Ms;
  readonly extendedMs: Ms;
  readonly polls: number;
  readonly live: LiveSummary | undefined;
  /** Undefined where the plan judges no metrics here. */
  readonly reading: MetricsReading | undefined;
  /** Undefined while it goes on, and where a request or a trigger from elsewhere cut it short. */
  readonly end: WatchEnd | undefined;
}

/** One gate and when it was judged. */
export interface GateRecord {
  readonly key: string;
  readonly at: Instant;
  readonly gate: GateVerdict;
}

/** Everything that reports are made of: a pure function of the journal. */
export interface RunRecord {
  readonly plan: Plan;
  readonly state: RunState;
  /** Up to the outcome: what follows is the reporting itself. */
  readonly events: readonly Stamped<FlowEvent>[];
  readonly runId: RunId;
  readonly openedAt: Instant;
  /** The outcome's moment; before one, that of the last event. */
  readonly at: Instant;
  readonly watches: readonly WatchRecord[];
  readonly gates: readonly GateRecord[];
  /** Further triggers after the one that was latched. */
  readonly noted: readonly { at: Instant; trigger: Trigger }[];
  /** Noted while reporting: earlier runs and the commit of the version. Undefined before. */
  readonly background: Extract<FlowEvent, { event: "background" }> | undefined;
}

/** A watch while events are folded; the metrics are read once, at the end. */
interface OpenWatch {
  readonly watched: WatchState;
  lastAt: Instant;
  frozen: { servedMs: Ms; live: LiveSummary | undefined } | undefined;
  metrics: MetricsState | undefined;
}

/** Folds a journal into what reports show. The first event has to open the run. */
export function recordOf(plan: Plan, journal: readonly Stamped<FlowEvent>[]): RunRecord {
  const last = journal.findIndex(({ event }) => event.event === "outcome");
  const events = last < 0 ? journal : journal.slice(0, last + 1);
  const state = emptyState(plan);
  const open = new Map<string, OpenWatch>();
  const gates: GateRecord[] = [];
  const noted: { at: Instant; trigger: Trigger }[] = [];
  for (const stamped of events) {
    applyEvent(state, stamped);
    const { event, at } = stamped;
    if (event.event === "gate") gates.push({ key: event.key, at, gate: event.gate });
    if (event.event === "trigger-noted") noted.push({ at, trigger: event.trigger });
    if (event.event === "watch-started" || event.event === "poll" || event.event === "watch-ended") {
      follow(open, state, event, at);
    }
  }
  // What agents write once the outcome is known belongs to the reports; all else that follows is the reporting itself.
  for (const stamped of journal.slice(events.length)) {
    if (stamped.event.event === "request" && stamped.event.request.kind === "advice") applyEvent(state, stamped);
  }
  const at = events.at(-1)?.at;
  if (!state.runId || !state.openedAt || !at)
    throw new RangeError("a journal starts with the event that opens the run");
  const watches = [...open.values()].map(closed);
  const { runId, openedAt } = state;
  return { plan, state, events, runId, openedAt, at, watches, gates, noted, background: backgroundOf(journal) };
}

function backgroundOf(journal: readonly Stamped<FlowEvent>[]): RunRecord["background"] {
  for (const { event } of journal) if (event.event === "background") return event;
  return undefined;
}

/** Polls that go on after the end of a watch belong to the change that follows it, and no longer to its result. */
function follow(
  open: Map<string, OpenWatch>,
  state: RunState,
  event: Extract<FlowEvent, { event: "watch-started" | "poll" | "watch-ended" }>,
  at: Instant,
): void {
  const watched = state.watches.get(event.key);
  if (!watched) return;
  const entry = open.get(event.key) ?? { watched, lastAt: at, frozen: undefined, metrics: undefined };
  open.set(event.key, entry);
  if (entry.frozen) return;
  entry.lastAt = at;
  entry.metrics = state.tracks.get(watched.watch.track);
  if (event.event === "watch-ended") entry.frozen = { servedMs: watched.servedMs, live: watched.live };
}

function closed({ watched, lastAt, frozen, metrics }: OpenWatch): WatchRecord {
  return {
    key: watched.key,
    plan: watched.watch,
    startedAt: watched.startedAt,
    lastAt,
    servedMs: frozen?.servedMs ?? watched.servedMs,
    extendedMs: watched.extendedMs,
    polls: watched.polls,
    live: frozen ? frozen.live : watched.live,
    reading: metrics && readMetrics(metrics),
    end: watched.end,
  };
}

/** The last gate of a kind. */
export function gateOf(record: RunRecord, gate: GateVerdict["gate"]): GateRecord | undefined {
  return record.gates.findLast((entry) => entry.gate.gate === gate);
}

/** Watches of one track in their order. */
export function watchesOf(record: RunRecord, track: WatchPlan["track"]): WatchRecord[] {
  return record.watches.filter((watched) => watched.plan.track === track);
}

/** The observation at 100 %, if it was reached. */
export function observationOf(record: RunRecord): WatchRecord | undefined {
  return watchesOf(record, "production").find((watched) => watched.plan.final);
}
