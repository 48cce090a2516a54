import { describe, expect, test } from "vitest";
import { DeployConfig } from "../../mcp-server/flow/config.ts";
import type { Run } from "../../mcp-server/flow/engine.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import type { Hands } from "../../mcp-server/flow/hands.ts";
import { metricRules } from "../../mcp-server/flow/metrics-spec.ts";
import {
  addedProbeRate,
  probeJourneys,
  probesOf,
  recordedProbeRate,
  refuseUnprobed,
} from "../../mcp-server/flow/probing.ts";
import { emptyState, type RunState, type WatchState } from "../../mcp-server/flow/run-state.ts";
import { applyEvent } from "../../mcp-server/flow/state.ts";
import { watchDuring } from "../../mcp-server/flow/watch.ts";
import { systemClock } from "../../mcp-server/ports/index.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import type { StepKey } from "../../mcp-server/vocab/index.ts";
import { fakeWorld } from "./fake-world.ts";

const look = { id: "look", steps: [{ path: "/a" }, { path: "/b" }] };
const order = { id: "order", mutates: true, steps: [{ method: "POST", path: "/orders" }] };
const cleaned = { id: "cleaned", steps: [{ path: "/a" }], cleanup: [{ path: "/a" }] };
const configOf = (more: Record<string, unknown>) =>
  DeployConfig.parse({
    service: "shop",
    target: {
      kind: "sandbox",
      artifact: "releases/{version}",
      command: ["node", "server.js"],
      environments: { staging: { port: 0 }, production: { port: 0 } },
    },
    metrics: {},
    ...more,
  });

/** A state with what the rules of probing read, made from a deploy.yaml. */
function stateOf(
  config: DeployConfig,
  o: {
    extendedMs?: number;
    rps?: number;
    probesPerSecond?: number;
    minRequests?: number;
    before?: Record<string, string>;
    notApplicable?: Record<string, string>;
    first?: boolean;
  } = {},
): RunState {
  const results = Object.entries(o.before ?? {}).map(([id, outcome]) => ({ id, outcome }));
  return {
    plan: {
      probes: probesOf(config),
      journeys: config.journeys ?? null,
      previous: o.first ? null : { version: "1.0.0" },
      metrics: config.metrics
        ? { config: config.metrics, beta: 0.05, rules: metricRules(config, 0, "per-request") }
        : null,
      stages: [{ weightPct: 100, durationMs: 900_000, minRequests: o.minRequests ?? 0 }],
      notApplicable: o.notApplicable ?? {},
    },
    journeys: new Map(o.before ? [["baseline/journeys", { run: { results } }]] : []),
    baseline: o.rps === undefined ? null : { throughputRps: o.rps, probesPerSecond: o.probesPerSecond },
    watches: new Map([["stage-1/watch", { watch: { track: "production" }, extendedMs: o.extendedMs ?? 0 }]]),
  } as unknown as RunState;
}

const watched = (track: string, frozen = false) => ({ watch: { track, frozen } }) as unknown as WatchState;
const CONFIG = configOf({ journeys: [look], probes: { ratePerSecond: 10 } });

describe("the probe traffic of a plan", () => {
  test.each<[string, Record<string, unknown>, string[] | undefined]>([
    ["without journeys: none", {}, undefined],
    ["with a journey that leaves nothing behind", { journeys: [look] }, ["look"]],
    ["leaves out journeys that leave traces", { journeys: [order, look, cleaned] }, ["look"]],
    ["with such journeys only: none", { journeys: [order, cleaned] }, undefined],
    ["with a rate of zero: none", { journeys: [look], probes: { ratePerSecond: 0 } }, undefined],
  ])("%s", (_name, more, ids) => {
    expect(probesOf(configOf(more))?.journeys).toEqual(ids);
  });

  test("is the staging load only where no other is configured", () => {
    const load = { command: ["load"] };
    expect(probesOf(configOf({ journeys: [look], staging: {} }))?.stagingLoad).toBe(true);
    expect(probesOf(configOf({ journeys: [look], staging: { load } }))?.stagingLoad).toBe(false);
    expect(probesOf(configOf({ journeys: [look] }))?.stagingLoad).toBe(false);
  });

  test("is refused as the source of metrics where nothing can be sent", () => {
    const source = { metrics: { source: "probes" } };
    expect(() => refuseUnprobed(configOf({ ...source, journeys: [order] }))).toThrow(/nothing to probe with/);
    expect(() => refuseUnprobed(configOf({ ...source, journeys: [look] }))).not.toThrow();
  });

  test("never uses a journey that the old version could not complete", () => {
    const config = configOf({ journeys: [look, { ...look, id: "new" }] });
    const ids = (before: Record<string, string>) => probeJourneys(stateOf(config, { before })).map(({ id }) => id);
    expect(ids({ look: "pass", new: "fail" })).toEqual(["look"]);
    expect(ids({ look: "pass", new: "error" })).toEqual(["look", "new"]);
  });
});

describe("probes beside scraped metrics", () => {
  test.each<[string, RunState, WatchState, number]>([
    ["are not sent while users may be enough", stateOf(CONFIG), watched("production"), 0],
    ["are sent once a stage had to be extended", stateOf(CONFIG, { extendedMs: 1 }), watched("production"), 10],
    [
      "at 100 % are held to the recorded load",
      stateOf(CONFIG, { extendedMs: 1, rps: 4 }),
      watched("production", true),
      3,
    ],
    [
      "at 100 % are those that the record was made under, from the first poll",
      stateOf(CONFIG, { rps: 4, probesPerSecond: 7 }),
      watched("production", true),
      7,
    ],
    [
      "are sent to the old version too when it is held against such a record",
      stateOf(CONFIG, { rps: 4, probesPerSecond: 7 }),
      watched("post-rollback", true),
      7,
    ],
    [
      "beside a version to compare with are sent as before, whatever the record was made under",
      stateOf(CONFIG, { rps: 4, probesPerSecond: 7 }),
      watched("production"),
      0,
    ],
    ["at 100 % without a record are not sent", stateOf(CONFIG, { extendedMs: 1 }), watched("production", true), 0],
    [
      "of a first deployment are sent at 100 %, because nobody may come and nothing is compared",
      stateOf(CONFIG, { extendedMs: 1, first: true }),
      watched("production", true),
      10,
    ],
    [
      "are not sent to the old version after a rollback",
      stateOf(CONFIG, { extendedMs: 1 }),
      watched("post-rollback"),
      0,
    ],
    ["make the load of staging", stateOf(configOf({ journeys: [look], staging: {} })), watched("staging"), 2],
    [
      "are not sent in staging where its metrics are not judged",
      stateOf(configOf({ journeys: [look], staging: {} }), { notApplicable: { "staging.metrics": "why" } }),
      watched("staging"),
      0,
    ],
    [
      "are not sent where they are the only source: it sends its own",
      stateOf(configOf({ journeys: [look], metrics: { source: "probes" } }), { extendedMs: 1 }),
      watched("production"),
      0,
    ],
  ])("%s", (_name, state, watch, rate) => {
    expect(addedProbeRate(state, watch)).toBe(rate);
  });
});

describe("the record of the version before", () => {
  const per10s = (requests: number) => ({ requests, seconds: 10 });
  // +2 pp is usually excluded after 250 requests without an error, and the observation takes 15 minutes.
  test.each<[string, RunState, { requests: number; seconds: number }, number]>([
    ["is of users alone where they will be enough", stateOf(CONFIG), per10s(3), 0],
    ["is made under probes where they will be too few to prove anything", stateOf(CONFIG), per10s(2), 10],
    ["is made under probes where nobody came", stateOf(CONFIG), per10s(0), 10],
    ["is made under probes where more requests are asked for", stateOf(CONFIG, { minRequests: 1_000 }), per10s(5), 10],
    ["has no probes without journeys", stateOf(configOf({})), per10s(0), 0],
    ["has no probes with journeys that fail", stateOf(CONFIG, { before: { look: "fail" } }), per10s(0), 0],
    [
      "has no probes of a rate of zero",
      stateOf(configOf({ journeys: [look], probes: { ratePerSecond: 0 } })),
      per10s(0),
      0,
    ],
  ])("%s", (_name, state, users, rate) => {
    expect(recordedProbeRate(state, users)).toBe(rate);
  });
});

test("probe traffic ends with the watch that asked for it, also when a poll was under way just then", async () => {
  const { plan, clock } = fakeWorld();
  const state = emptyState(plan);
  const key = "stage-1/watch" as StepKey;
  const about = { text: "", weightPct: 20, plannedMs: 60_000, extensionMs: 0, minRequests: 0 };
  const watch = { track: "production", frozen: false, final: false, ...about } as const;
  const at = clock.wall();
  const actor = { kind: "runner", name: "deploy-flow" } as const;
  const append = (event: FlowEvent) =>
    applyEvent(state, { seq: 1, epoch: 1, at, actor, event, prev: "", hash: "" } as unknown as Stamped<FlowEvent>);
  append({ event: "watch-started", key, watch });
  const done: string[] = [];
  const hands = {
    source: () => undefined,
    probe: () => void done.push("probe"),
    restProbes: () => void done.push("rest"),
  } as unknown as Hands;
  const target = {
    observe: async () => {
      await systemClock.sleep(5);
      return { pools: [], instances: [], measuredSharePct: {}, measuredRequests: 0, entryUrl: "", readAt: at };
    },
  };
  const run = {
    plan,
    clock,
    target,
    state: () => state,
    interrupted: new AbortController().signal,
    now: () => at,
    append,
  } as unknown as Run;
  await watchDuring(run, hands, key, async () => {});
  expect(done).toEqual(["probe", "rest"]);
});
