import type { MetricSource, ScrapeCursor } from "../../mcp-server/evidence/metrics/index.ts";
import type { Run } from "../../mcp-server/flow/engine.ts";
import type { Track } from "../../mcp-server/flow/events.ts";
import type { Hands } from "../../mcp-server/flow/hands.ts";
import { createHands } from "../../mcp-server/flow/measure.ts";
import { keepSuite, marked } from "../../mcp-server/flow/production-suites.ts";
import type { Project } from "../../mcp-server/flow/project.ts";
import type { SuiteSide } from "../../mcp-server/flow/suites-record.ts";
import type {
  JourneyResult,
  JourneysRun,
  MetricsSnapshot,
  SmokeResult,
  SmokeRun,
  TestRow,
} from "../../mcp-server/judge/index.ts";
import type { Clock } from "../../mcp-server/ports/index.ts";
import {
  type Arm,
  type Increment,
  type Instant,
  instantOf,
  type MetricId,
  sha256,
  type Version,
} from "../../mcp-server/vocab/index.ts";
import type { FakePlatform, Tally } from "./fake-platform.ts";

/** What the fake hands find, changed by a test at any time. */
export interface Senses {
  /** The metrics source does not answer. */
  metricsDead: boolean;
  /** Somebody else holds the lock. */
  lockLost: boolean;
  /** What the old version did before the run cannot be read. */
  historyDead: boolean;
  /** What the old version did minute by minute before the run, in halves; none where the source does not know. */
  windows: (now: Instant) => Increment[];
  /** Answers of the smoke checks; an Error: they could not be run. */
  smoke: (mode: SmokeRun["mode"], version: string) => SmokeResult[] | Error;
  /** The same for the user journeys. */
  journeys: (mode: JourneysRun["mode"], version: string) => JourneyResult[] | Error;
  /** Tests of a production suite that fail; an Error: it gave no answer. */
  suite: (side: SuiteSide, suite: string) => readonly string[] | Error;
}

/** The tests of every production suite. */
export const SUITE_TESTS = ["search", "pay"];

export const JOURNEY_PASS: JourneyResult = {
  id: "buy",
  priority: "P1",
  outcome: "pass",
  attempts: 1,
  completionPct: 100,
  steps: 2,
  stepsDone: 2,
  durationMs: 20,
};
export const JOURNEY_FAIL: JourneyResult = {
  ...JOURNEY_PASS,
  outcome: "fail",
  attempts: 2,
  completionPct: 0,
  stepsDone: 1,
  failedStep: "2 POST /pay",
  message: "step 2 POST /pay: 500",
};

export const SMOKE_PASS: SmokeResult = {
  id: "home",
  group: "health",
  priority: "P0",
  outcome: "pass",
  attempts: 1,
  durationMs: 5,
};
export const SMOKE_FAIL: SmokeResult = { ...SMOKE_PASS, outcome: "fail", attempts: 2, message: "503" };

export function wellSenses(): Senses {
  return {
    metricsDead: false,
    historyDead: false,
    lockLost: false,
    windows: () => [],
    smoke: (_mode, version) => [{ ...SMOKE_PASS, versionObserved: version }],
    journeys: (_mode, version) => [{ ...JOURNEY_PASS, versionObserved: version }],
    suite: () => [],
  };
}

const HISTORY_SECONDS = 600;
const SMOKE_MS = 200;
const JOURNEYS_MS = 300;
const SUITE_MS = 30_000;

/** The real hands with their eyes on the fake platform: metrics and smoke are its, tests and evidence are real. */
export function fakeHands(o: {
  project: Project;
  run: Run;
  platform: FakePlatform;
  senses: Senses;
  clock: Clock;
}): Hands {
  const { project, run, platform, senses, clock } = o;
  return {
    ...createHands(project, run),
    source: (track) => {
      if (!run.plan.metrics || (track === "staging" && run.plan.notApplicable["staging.metrics"])) return undefined;
      return source(o, track);
    },
    history: async (_live, version) =>
      run.plan.metrics && !senses.historyDead
        ? { snapshot: snapshot(version, clock.wall(), platform), windows: senses.windows(clock.wall()) }
        : undefined,
    smoke: async (mode, _urls, version, signal) => {
      if (!run.plan.smoke) return undefined;
      await clock.sleep(SMOKE_MS, signal);
      const results = senses.smoke(mode, version);
      if (results instanceof Error) throw results;
      return { mode, versionExpected: version, results };
    },
    journeys: async (mode, _urls, version, signal) => {
      if (!run.plan.journeys) return undefined;
      await clock.sleep(JOURNEYS_MS, signal);
      const results = senses.journeys(mode, version);
      if (results instanceof Error) throw results;
      return { mode, versionExpected: version, results };
    },
    suite: async (suite, at, signal) => {
      await clock.sleep(SUITE_MS, signal);
      signal.throwIfAborted();
      const failing = senses.suite(at.side, suite.id);
      if (failing instanceof Error) return { id: suite.id, problem: failing.message };
      const rows = SUITE_TESTS.map(
        (name): TestRow => ({ status: failing.includes(name) ? "failed" : "passed", suite: [], name }),
      ).map(marked(suite));
      const rawSha256 = sha256(JSON.stringify(rows));
      return { id: suite.id, stored: keepSuite(project, suite, at, { rows, rawSha256 }), flaky: 0 };
    },
    load: () => undefined,
    lock: () => ({ held: !senses.lockLost, text: senses.lockLost ? "held by somebody else" : "held by this run" }),
  };
}

function source(o: { run: Run; platform: FakePlatform; senses: Senses; clock: Clock }, track: Track): MetricSource {
  const { platform, senses, clock, run } = o;
  const { previous, version } = run.plan;
  const arms: [Arm, Version | undefined][] =
    track === "post-rollback"
      ? [["candidate", previous?.version]]
      : [
          ["baseline", previous?.version],
          ["candidate", version],
        ];
  const env = track === "staging" ? "staging" : "production";
  return {
    metrics: [],
    history: () => Promise.reject(new Error("the fake hands read history themselves")),
    poll: async (_live, since, signal) => {
      signal.throwIfAborted();
      if (senses.metricsDead) throw new Error("the metrics source does not answer");
      const before = since as ScrapeCursor | undefined;
      const at = clock.wall();
      const cursor: ScrapeCursor = { last: { at, monoMs: clock.mono(), source: "fake" }, arms: {}, instances: {} };
      const increments: Increment[] = [];
      for (const [arm, name] of arms) {
        if (name === undefined) continue;
        const now = platform.tally(env, name);
        cursor.instances[name] = { version: name, restarts: 0, counters: countersOf(now) };
        const counted = before?.instances[name]?.counters;
        if (before) increments.push(...growth(arm, before.last, cursor.last, counted?.requests, counted?.latency, now));
      }
      return { increments, cursor, perInstance: {} };
    },
  };
}

/** Slow requests ride in the cursor as the last bucket. */
function countersOf({ requests, failed, slow }: Tally) {
  return {
    requests: { total: Math.floor(requests), failed: Math.floor(failed) },
    latency: [{ le: null, count: Math.floor(slow) }],
  };
}

function growth(
  arm: Arm,
  since: ScrapeCursor["last"],
  until: ScrapeCursor["last"],
  counted: { total: number; failed: number } | undefined,
  slowBefore: readonly { count: number }[] | undefined,
  now: Tally,
): Increment[] {
  const total = Math.floor(now.requests) - (counted?.total ?? 0);
  const failed = Math.floor(now.failed) - (counted?.failed ?? 0);
  const slow = Math.floor(now.slow) - (slowBefore?.[0]?.count ?? 0);
  const base = { arm, from: since.at, to: until.at, exposure: total, quality: "ok" } as const;
  return [
    { ...base, metric: "error-rate" as MetricId, events: failed },
    { ...base, metric: "latency" as MetricId, events: 0, buckets: bucketsOf(total, Math.min(slow, total)) },
    { ...base, metric: "throughput" as MetricId, exposure: (until.monoMs - since.monoMs) / 1000, events: total },
  ];
}

function bucketsOf(total: number, slow: number) {
  const quick = Math.floor((total - slow) / 2);
  return [
    { le: 50, count: quick },
    { le: 100, count: total - slow - quick },
    { le: 500, count: 0 },
    { le: 1000, count: slow },
    { le: null, count: 0 },
  ];
}

/** Ten minutes at the present rate and conduct. */
function snapshot(version: Version, at: Instant, platform: FakePlatform): MetricsSnapshot {
  const requests = HISTORY_SECONDS * platform.rps.production;
  const { failed, slow } = platform.conduct.get(version) ?? { failed: 0, slow: 0 };
  return {
    from: instantOf(Date.parse(at) - HISTORY_SECONDS * 1000),
    to: at,
    version,
    throughputRps: platform.rps.production,
    series: [
      { metric: "error-rate" as MetricId, exposure: requests, events: Math.floor(requests * failed) },
      {
        metric: "latency" as MetricId,
        exposure: requests,
        events: 0,
        buckets: bucketsOf(requests, Math.floor(requests * slow)),
      },
    ],
  };
}
