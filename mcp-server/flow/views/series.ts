import { type Histogram, totalOf } from "../../judge/index.ts";
import { num } from "../../record/figures.ts";
import type { Stamped } from "../../record/journal.ts";
import type { Arm, Increment, Instant } from "../../vocab/index.ts";
import type { FlowEvent } from "../events.ts";
import type { RunRecord, WatchRecord } from "./record.ts";

/** One look at the instances of a watch. */
export type Poll = Stamped<Extract<FlowEvent, { event: "poll" }>>;

/** What one arm did over some polls. */
export interface ArmTotals {
  readonly requests: number;
  readonly failed: number;
  /** Observed time of the throughput series in seconds. */
  readonly seconds: number;
  readonly latency: Histogram;
}

/** One row of a report's table over time. Values are of the watched version and, where it runs beside it, the other. */
export interface IntervalRow {
  readonly at: Instant;
  readonly weightPct: number;
  readonly requests: number | null;
  readonly errorRatePct: number | null;
  readonly baselineErrorRatePct: number | null;
  readonly p99Ms: number | null;
  readonly baselineP99Ms: number | null;
  readonly status: string;
}

/** A watch of fewer intervals than this has a row per poll. */
const FEW_INTERVALS = 2;
const MOST_ROWS = 30;

/** Polls of one watch, also those after its end while the environment was being changed. */
export function pollsOf(record: Pick<RunRecord, "events">, key: string): Poll[] {
  return record.events.flatMap((stamped) =>
    stamped.event.event === "poll" && stamped.event.key === key ? [{ ...stamped, event: stamped.event }] : [],
  );
}

/** Adds up what one arm did. Missing and stale answers add nothing. */
export function armTotals(polls: readonly Poll[], arm: Arm): ArmTotals {
  const own = polls.flatMap((poll) => poll.event.increments.filter((increment) => isCounted(increment, arm)));
  const of = (metric: string) => own.filter((increment) => increment.metric === metric);
  const sum = (list: readonly Increment[], member: "exposure" | "events") =>
    list.reduce((total, increment) => total + increment[member], 0);
  return {
    requests: sum(of("error-rate"), "exposure"),
    failed: sum(of("error-rate"), "events"),
    seconds: sum(of("throughput"), "exposure"),
    latency: of("latency").reduce<Histogram>((all, increment) => added(all, increment.buckets ?? []), []),
  };
}

function isCounted(increment: Increment, arm: Arm): boolean {
  return increment.arm === arm && (increment.quality === "ok" || increment.quality === "reset");
}

/**
 * How much of what some polls counted was sent by us and not by users; empty where nothing was. Probe requests are among
 * the counted ones.
 */
export function probedText({ plan }: Pick<RunRecord, "plan">, polls: readonly Poll[]): string {
  if (plan.metrics?.config.source === "probes") return "all of it probe traffic";
  const sent = polls.reduce(
    (total, { event }) => total + (event.probes?.candidate ?? 0) + (event.probes?.baseline ?? 0),
    0,
  );
  return sent > 0 ? `${num(sent)} of it probe traffic` : "";
}

/** Failed requests in percent; null without any request. */
export function errorRatePct({ requests, failed }: Pick<ArmTotals, "requests" | "failed">): number | null {
  return requests > 0 ? (100 * failed) / requests : null;
}

/** Requests per second; null without observed time. */
export function throughputRps({ requests, seconds }: ArmTotals): number | null {
  return seconds > 0 ? requests / seconds : null;
}

/**
 * Upper edge of the bucket that holds a quantile: the true value is not above it. Null for an empty histogram, and
 * where the quantile lies beyond the last finite edge.
 */
export function quantileEdge(latency: Histogram, quantile: number): number | null {
  const wanted = quantile * totalOf(latency);
  if (wanted <= 0) return null;
  let seen = 0;
  for (const { le, count } of latency) {
    seen += count;
    if (seen >= wanted) return le;
  }
  return null;
}

function added(all: Histogram, more: Histogram): Histogram {
  const counts = new Map(all.map(({ le, count }) => [le, count]));
  for (const { le, count } of more) counts.set(le, (counts.get(le) ?? 0) + count);
  const edge = (le: number | null) => le ?? Number.POSITIVE_INFINITY;
  return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => edge(a.le) - edge(b.le));
}

/** A watch over time: a row per interval of the plan (five minutes by default), or per poll in a short watch; never more rows than fit on a page. */
export function intervalRows(record: RunRecord, watched: WatchRecord): IntervalRow[] {
  return intervalGroups(record, watched).map((polls, index, groups) =>
    rowOf(record, polls, watched, index === groups.length - 1),
  );
}

/** The polls of a watch by the rows that a report gives them: one per interval of the plan. */
export function intervalGroups(record: RunRecord, watched: WatchRecord): Poll[][] {
  const polls = pollsOf(record, watched.key);
  const intervalMs = record.plan.reportEveryMs;
  const isShort = watched.plan.plannedMs < FEW_INTERVALS * intervalMs;
  const perRow = Math.max(1, Math.ceil(polls.length / MOST_ROWS));
  const widthMs = Math.max(intervalMs, intervalMs * Math.ceil(watched.servedMs / intervalMs / MOST_ROWS));
  const groups = new Map<number, Poll[]>();
  let servedMs = 0;
  for (const [index, poll] of polls.entries()) {
    servedMs += poll.event.elapsedMs;
    // A poll at the very end of an interval still belongs to it.
    const slot = isShort ? Math.floor(index / perRow) : Math.max(0, Math.ceil(servedMs / widthMs) - 1);
    groups.set(slot, [...(groups.get(slot) ?? []), poll]);
  }
  return [...groups.values()];
}

function rowOf(record: RunRecord, polls: readonly Poll[], watched: WatchRecord, isLast: boolean): IntervalRow {
  const candidate = armTotals(polls, "candidate");
  const baseline = armTotals(polls, "baseline");
  const probed = candidate.requests > 0 ? probedText(record, polls) : "";
  return {
    at: polls.at(-1)?.at ?? watched.startedAt,
    weightPct: watched.plan.weightPct,
    requests: hasAnswer(polls) ? candidate.requests : null,
    errorRatePct: errorRatePct(candidate),
    baselineErrorRatePct: errorRatePct(baseline),
    p99Ms: quantileEdge(candidate.latency, 0.99),
    baselineP99Ms: quantileEdge(baseline.latency, 0.99),
    status: [statusOf(polls, candidate, isLast && watched.end?.end === "trigger"), probed].filter(Boolean).join("; "),
  };
}

function hasAnswer(polls: readonly Poll[]): boolean {
  return polls.some((poll) => poll.event.increments.some((increment) => isCounted(increment, "candidate")));
}

/** Somebody was asked and nothing usable came back. A first look at counters has nothing to compare with and is none. */
export function isGap({ event }: Poll): boolean {
  const own = event.increments.filter((increment) => increment.arm === "candidate");
  return event.problem !== undefined || (own.length > 0 && !own.some((increment) => isCounted(increment, "candidate")));
}

function statusOf(polls: readonly Poll[], candidate: ArmTotals, isBreach: boolean): string {
  if (isBreach) return "BREACH";
  const gaps = polls.filter(isGap).length;
  if (!hasAnswer(polls)) return gaps > 0 ? "not measured" : "first reading";
  if (candidate.requests === 0) return "no requests";
  const beyond = candidate.latency.length > 0 && quantileEdge(candidate.latency, 0.99) === null;
  return [
    gaps > 0 ? `measured, ${gaps} of ${polls.length} polls without an answer` : "measured",
    beyond ? "p99 above the last bucket edge" : "",
  ]
    .filter(Boolean)
    .join("; ");
}
