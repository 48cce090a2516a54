import type { LiveSummary, WatchPlan } from "../../../mcp-server/flow/events.ts";
import { judgeSmoke, type MetricsSnapshot, type SmokeRun } from "../../../mcp-server/judge/index.ts";
import {
  type Arm,
  type Increment,
  instantOf,
  type MetricId,
  type Reason,
  type Version,
} from "../../../mcp-server/vocab/index.ts";

import { NEW, nowMs, OLD, pool, reference, type Scribe, START } from "./scribe.ts";
/** What the old version did before: 0.02 % failed, p99 in the bucket up to 100 ms. */
export const SNAPSHOT: MetricsSnapshot = {
  from: instantOf(START - 3_600_000),
  to: instantOf(START),
  version: OLD,
  series: [
    { metric: "error-rate" as MetricId, exposure: 360_000, events: 72 },
    { metric: "latency" as MetricId, exposure: 360_000, events: 360_000, buckets: buckets(360_000, 0) },
  ],
  throughputRps: 100,
};

/** How a version answers: shares of requests that fail and that take longer than half a second. */
export interface Conduct {
  readonly failed?: number;
  readonly slow?: number;
  /** The metrics pages do not answer. */
  readonly silent?: boolean;
}

export interface Watched {
  readonly polls: number;
  readonly mode: SmokeRun["mode"];
  readonly conduct?: Conduct;
  readonly perPoll?: number;
  /** Of the requests of a poll, those of probe traffic. */
  readonly probes?: { baseline: number; candidate: number };
  readonly smoke?: SmokeRun;
  readonly end?: "served" | "trigger" | "none";
  readonly proven?: boolean;
  readonly reasons?: Reason[];
}

export const WATCH: Omit<WatchPlan, "track" | "text" | "weightPct" | "plannedMs"> = {
  extensionMs: 0,
  minRequests: 0,
  frozen: false,
  final: false,
};

export type WatchEdits = Partial<WatchPlan> & Pick<WatchPlan, "track" | "text" | "weightPct" | "plannedMs">;

/** A watch with its polls, ten seconds apart, its smoke checks and its end. */
export function watch(s: Scribe, key: string, edits: WatchEdits, o: Watched): void {
  const subject = edits.track === "post-rollback" ? OLD : NEW;
  s.add({ event: "watch-started", key, watch: { ...WATCH, ...edits } });
  for (let index = 0; index < o.polls; index += 1) {
    s.add(
      {
        event: "poll",
        key,
        elapsedMs: index === 0 ? 0 : 10_000,
        increments: index === 0 ? [] : increments(edits, o, nowMs(s)),
        cursor: null,
        live: live(subject, edits, index * (o.perPoll ?? 1_000)),
        ...(o.conduct?.silent ? { problem: "connection refused" } : {}),
        ...(o.probes && index > 0 ? { probes: o.probes } : {}),
      },
      index === 0 ? 100 : 10_000,
    );
    if (index === 1) smoke(s, key, o.smoke ?? smokeRun(o.mode, subject));
  }
  if (o.end === "none") return;
  const reasons = o.reasons ?? [{ code: "served", text: "time and exposure were served" }];
  const result =
    o.end === "trigger"
      ? { end: "trigger", trigger: { kind: "slo", reasons } }
      : { end: "served", proven: o.proven ?? true, reasons };
  s.add({ event: "watch-ended", key, result }, 10);
}

function increments(plan: WatchEdits, o: Watched, fromMs: number): Increment[] {
  const total = o.perPoll ?? 1_000;
  const own = (total * plan.weightPct) / 100;
  const old = plan.weightPct < 100 ? arm("baseline", total - own, {}, fromMs) : [];
  return [...arm("candidate", own, o.conduct ?? {}, fromMs), ...old];
}

function arm(
  name: Arm,
  requests: number,
  { failed = 0, slow = 0, silent = false }: Conduct,
  fromMs: number,
): Increment[] {
  const span = { arm: name, from: instantOf(fromMs), to: instantOf(fromMs + 10_000) };
  const one = (metric: string, exposure: number, events: number): Increment =>
    silent
      ? { ...span, metric: metric as MetricId, exposure: 0, events: 0, quality: "missing" }
      : { ...span, metric: metric as MetricId, exposure, events, quality: "ok" };
  const latency = one("latency", requests, requests);
  return [
    one("error-rate", requests, Math.round(requests * failed)),
    silent ? latency : { ...latency, buckets: buckets(requests, slow) },
    one("throughput", 10, requests),
  ];
}

function buckets(requests: number, slow: number): NonNullable<Increment["buckets"]> {
  const late = Math.round(requests * slow);
  const usual = requests - late;
  const middle = Math.round(usual * 0.02);
  return [
    { le: 50, count: usual - middle },
    { le: 100, count: middle },
    { le: 500, count: 0 },
    { le: 750, count: late },
    { le: null, count: 0 },
  ];
}

export function live(subject: Version, { weightPct, track }: WatchEdits, requests: number): LiveSummary {
  const other = subject === NEW ? OLD : NEW;
  const isBack = track === "post-rollback";
  return {
    pools: [pool(subject, isBack ? 100 : weightPct), pool(other, isBack ? 0 : 100 - weightPct)],
    measuredSharePct: { [subject]: isBack ? 100 : weightPct, [other]: isBack ? 0 : 100 - weightPct },
    measuredRequests: requests,
    infra: { instances: 2, ready: 2, restarts: 0, restartsLast5Min: 0, oomKills: 0, crashes: 0, unhealthyStreak: 0 },
    versionsKnown: true,
  };
}

export function smokeRun(mode: SmokeRun["mode"], version: Version, message?: string): SmokeRun {
  const base = { attempts: 1, durationMs: 12, versionObserved: version };
  return {
    mode,
    versionExpected: version,
    results: [
      { ...base, id: "home", group: "health", priority: "P0", outcome: "pass" },
      { ...base, id: "checkout", group: "business", priority: "P0", outcome: "pass" },
      {
        ...base,
        id: "metrics",
        group: "monitoring",
        priority: "P2",
        outcome: message === undefined ? "pass" : "fail",
        ...(message === undefined ? {} : { message }),
      },
    ],
  };
}

export function smoke(s: Scribe, key: string, run: SmokeRun): void {
  const ref = reference(`smoke/${key}`, run.versionExpected as Version);
  s.add({ event: "evidence", key, ref, file: "smoke.json" }, 10);
  s.add({ event: "smoke", key, run, verdict: { ...judgeSmoke(run), inputs: [ref] } }, 10);
}
