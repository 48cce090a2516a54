import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Stamped } from "../../record/journal.ts";
import type { FlowEvent, LiveSummary } from "../events.ts";
import { adviceOf } from "./advice.ts";
import { eventRows } from "./event-rows.ts";
import { decidedBy } from "./gate-views.ts";
import type { RunRecord, WatchRecord } from "./record.ts";
import { durationMs, spanMs } from "./times.ts";
import { reasonsText, triggerText } from "./words.ts";

type View = ArtifactView<"execution-log">;
type Events = readonly Stamped<FlowEvent>[];

/** One part of a deployment that has a log of its own: the keys of its events begin with one of these. */
export interface Part {
  readonly title: string;
  readonly keys: readonly string[];
}

/** Log of one part; undefined while nothing of it has begun. */
export function partLog(record: RunRecord, part: Part): View | undefined {
  const events = eventsOf(record, part.keys);
  const [first] = events;
  const last = events.at(-1);
  if (!first || !last) return undefined;
  const { status, summary } = resultOf(record, events);
  const isOpen = status === "RUNNING";
  return {
    title: part.title,
    status,
    summary,
    version: record.plan.version,
    strategy: record.plan.strategy,
    startedAt: first.at,
    endedAt: isOpen ? null : last.at,
    durationMs: isOpen ? null : spanMs(first.at, last.at),
    events: eventRows(events),
    shares: shareRows(watchedIn(record, part.keys)?.live),
    advice: part.keys.includes("staging/") ? adviceOf(record, "staging") : [],
  };
}

/** The whole run: every action, decision and result. */
export function executionLog(record: RunRecord): View {
  const { plan, state } = record;
  const last = record.watches.findLast((watched) => watched.live && watched.plan.track !== "staging");
  return {
    title: `Deployment execution log, ${plan.service} ${plan.version}`,
    status: state.outcome?.outcome ?? "RUNNING",
    summary: state.outcome ? reasonsText(state.outcome.reasons) : "the run goes on",
    version: plan.version,
    strategy: plan.strategy,
    startedAt: record.openedAt,
    endedAt: state.outcome?.at ?? null,
    durationMs: durationMs(state) ?? null,
    events: eventRows(record.events.filter(({ event }) => event.event !== "evidence" && event.event !== "artifact")),
    shares: shareRows(last?.live),
    advice: adviceOf(record, "execute"),
  };
}

/** Events of a part, with what people said and what was noted between them. */
function eventsOf(record: RunRecord, keys: readonly string[]): Events {
  let isInside = false;
  return record.events.filter(({ event }) => {
    if (event.event === "poll" || event.event === "waited" || event.event === "evidence") return false;
    if (event.event === "step") isInside = false;
    if (event.event === "outcome" || event.event === "ownership") return false;
    if ("key" in event) isInside = keys.some((key) => event.key.startsWith(key));
    return isInside;
  });
}

function watchedIn(record: RunRecord, keys: readonly string[]): WatchRecord | undefined {
  return record.watches.findLast((watched) => keys.some((key) => watched.key.startsWith(key)));
}

/** How a part ended: by its last decisive event, unless something in it was begun and never finished. */
function resultOf({ state }: RunRecord, events: Events): { status: string; summary: string } {
  const decisive = events.findLast(({ event }) =>
    ["gate", "rollback-latched", "watch-ended", "smoke", "journeys", "attempt-failed"].includes(event.event),
  )?.event;
  const open = events.find(({ event }) => event.event === "intent" && !state.results.has(event.key))?.event;
  if (open?.event === "intent" && decisive?.event !== "rollback-latched") {
    return state.outcome
      ? { status: "FAILED", summary: `not finished: ${open.intent.text}` }
      : { status: "RUNNING", summary: open.intent.text };
  }
  switch (decisive?.event) {
    case "gate":
      return { status: decisive.gate.verdict.outcome, summary: decidedBy(decisive.gate) };
    case "rollback-latched":
      return { status: "ROLLED BACK", summary: triggerText(decisive.trigger) };
    case "watch-ended":
      return decisive.result.end === "served"
        ? { status: decisive.result.proven ? "PASS" : "SERVED", summary: reasonsText(decisive.result.reasons) }
        : { status: "BREACH", summary: triggerText(decisive.result.trigger) };
    case "smoke":
    case "journeys":
      return { status: decisive.verdict.outcome, summary: reasonsText(decisive.verdict.reasons) };
    default:
      return doneOf(events);
  }
}

function doneOf(events: Events): { status: string; summary: string } {
  const last = events.findLast(({ event }) => event.event === "intent")?.event;
  const text = last?.event === "intent" ? last.intent.text : "nothing was begun";
  return { status: "SUCCESS", summary: text };
}

/** Where requests were sent and where they were measured to go. */
export function shareRows(live: LiveSummary | undefined): NonNullable<View["shares"]> {
  if (!live) return [];
  return live.pools.map(({ version, instances, weightPct }) => {
    const measured = live.measuredSharePct[version];
    return {
      version,
      instances,
      wantedPct: weightPct,
      measuredPct: measured ?? null,
      requests: measured === undefined ? null : Math.round((live.measuredRequests * measured) / 100),
    };
  });
}
