import { expect, test } from "vitest";
import type { MetricPoll, MetricSource, Prober } from "../../mcp-server/evidence/index.ts";
import type { MetricsHistory } from "../../mcp-server/evidence/metrics/history.ts";
import { recordProduction } from "../../mcp-server/flow/recording.ts";
import type { RunState } from "../../mcp-server/flow/run-state.ts";
import type { Clock } from "../../mcp-server/ports/index.ts";
import type { Increment, Instant, LiveState, MetricId, Ms, Version } from "../../mcp-server/vocab/index.ts";
import { instantOf } from "../../mcp-server/vocab/index.ts";
import { fakeWorld } from "./fake-world.ts";

const OLD = "1.9.0" as Version;
const STEPS = 2;
const JOURNEY = { id: "look", steps: [{ path: "/a" }, { path: "/b" }] };
const LIVE = { pools: [], instances: [], measuredSharePct: {}, entryUrl: "" } as unknown as LiveState;

/** Time that passes while somebody sleeps, and at no other time. */
function sleeperClock(): Clock {
  let ms = 0;
  return {
    wall: () => instantOf(ms),
    mono: () => ms,
    sleep: async (forMs) => {
      ms += forMs;
    },
  };
}

/** A service whose counters grow by its users and by our probes; every journey has two requests. */
function service(o: { usersPerSecond: number; source?: "probes"; journeys?: boolean; silentUnderProbes?: boolean }) {
  const { plan } = fakeWorld();
  const clock = sleeperClock();
  const started = clock.mono();
  let probed = 0;
  let sending: { since: Ms; perSecond: number } | undefined;
  const settle = () => {
    if (sending) probed += ((clock.mono() - sending.since) / 1000) * sending.perSecond * STEPS;
    if (sending) sending = { ...sending, since: clock.mono() };
  };
  const prober = {
    keep: (_arms: unknown, _journeys: unknown, perSecond: number) => {
      sending = { since: clock.mono(), perSecond };
    },
    rest: () => {
      settle();
      sending = undefined;
    },
  } as unknown as Prober;
  const total = () => {
    settle();
    return Math.round(((clock.mono() - started) / 1000) * o.usersPerSecond + probed);
  };
  const source = {
    poll: async (_live: LiveState, cursor: { at: Ms; total: number } | undefined) => {
      const now = { at: clock.mono(), total: total() };
      const grown = now.total - (cursor?.total ?? now.total);
      const seconds = (now.at - (cursor?.at ?? now.at)) / 1000;
      const quality = sending && o.silentUnderProbes ? "missing" : "ok";
      const base = { arm: "baseline", from: clock.wall(), to: clock.wall(), quality } as const;
      const increments: Increment[] = [
        { ...base, metric: "error-rate" as MetricId, exposure: grown, events: 0 },
        { ...base, metric: "throughput" as MetricId, exposure: seconds, events: grown },
      ];
      return { increments: cursor ? increments : [], cursor: now, perInstance: {} } as unknown as MetricPoll;
    },
    history: async (): Promise<MetricsHistory> => ({
      from: instantOf(0),
      to: instantOf(60_000),
      version: OLD,
      series: [{ metric: "error-rate" as MetricId, exposure: 5_000, events: 5 }],
      throughputRps: 83,
      answered: 1,
      asked: 1,
    }),
  } as unknown as MetricSource;
  const state = {
    plan: {
      target: plan.target,
      pollMs: 10_000,
      stages: [{ weightPct: 100, durationMs: 900_000, minRequests: 50 }],
      metrics: plan.metrics && {
        ...plan.metrics,
        config: { ...plan.metrics.config, ...(o.source ? { source: o.source } : {}) },
      },
      journeys: o.journeys === false ? null : [JOURNEY],
      probes: o.journeys === false ? null : { ratePerSecond: 2, recordForMs: 60_000, journeys: ["look"] },
    },
    journeys: new Map(),
  } as unknown as RunState;
  const signal = new AbortController().signal;
  const recorded = recordProduction({ state, source, prober, clock, live: LIVE, version: OLD, signal }).then(
    ({ snapshot }) => snapshot,
  );
  return { recorded, isSending: () => sending !== undefined };
}

const EPOCH = instantOf(0) as Instant;

test("users who are enough are recorded by all that was ever counted", async () => {
  const snapshot = await service({ usersPerSecond: 40 }).recorded;
  expect(snapshot).toMatchObject({ from: EPOCH, throughputRps: 40, users: { requests: 400, seconds: 10 } });
  expect(snapshot.probesPerSecond).toBeUndefined();
});

test("where users are too few, the old version is recorded under the probes that the new one will get", async () => {
  const { recorded, isSending } = service({ usersPerSecond: 0.1 });
  const snapshot = await recorded;
  expect(snapshot).toMatchObject({ probesPerSecond: 2, users: { requests: 1, seconds: 10 } });
  // A minute of two journeys of two requests each second, and six requests of users.
  expect(snapshot.series).toEqual([{ metric: "error-rate", exposure: 246, events: 0 }]);
  expect(snapshot.throughputRps).toBeCloseTo(4.1, 1);
  expect(isSending()).toBe(false);
});

test("without journeys a quiet service is recorded as it is", async () => {
  const snapshot = await service({ usersPerSecond: 0, journeys: false }).recorded;
  expect(snapshot).toMatchObject({ from: EPOCH, throughputRps: 0, users: { requests: 0, seconds: 10 } });
});

test("what cannot be counted under probes is recorded without them", async () => {
  const { recorded, isSending } = service({ usersPerSecond: 0.1, silentUnderProbes: true });
  const snapshot = await recorded;
  expect(snapshot).toMatchObject({ from: EPOCH, users: { requests: 1, seconds: 10 } });
  expect(snapshot.probesPerSecond).toBeUndefined();
  expect(isSending()).toBe(false);
});

test("where probes are the only source, no user is in the record", async () => {
  const snapshot = await service({ usersPerSecond: 40, source: "probes" }).recorded;
  expect(snapshot).toMatchObject({ throughputRps: 83, users: { requests: 0, seconds: 60 } });
});
