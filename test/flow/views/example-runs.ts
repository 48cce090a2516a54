import type { WatchPlan } from "../../../mcp-server/flow/events.ts";
import { productionGateOf, rollbackGateOf, stageGate } from "../../../mcp-server/flow/gates.ts";
import { planHash } from "../../../mcp-server/flow/plan.ts";
import type { MetricsSnapshot } from "../../../mcp-server/judge/index.ts";
import { type Arm, type Increment, instantOf, type MetricId } from "../../../mcp-server/vocab/index.ts";
import { approve, look, staging } from "./journals.ts";
import { act, end, NEW, nowMs, OLD, planOf, pool, reference, type Scribe, START, scribe } from "./scribe.ts";
import { live, smoke, smokeRun } from "./watches.ts";

/** Weights as the defaults of deploy.yaml have them; times are the defaults too. */
const WEIGHTS = [5, 25, 50, 100];
const STAGE_MS = 600_000;
const OBSERVE_MS = 1_800_000;
const POLL_MS = 10_000;
const RPS = 40;

const EDGES = [25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, null] as const;

/** How a version answers at some moment: its share of failed requests and the middle of its response times. */
interface Manner {
  readonly failed: number;
  readonly middleMs: number;
}

const WELL: Manner = { failed: 0.0003, middleMs: 46 };

function plan(parameters: Record<string, unknown> = {}) {
  return planOf({
    config: {
      canary: { stages: WEIGHTS, stageDuration: "10m", minRequests: 100 },
      observe: "30m",
      waits: { rollbackVerify: "10m" },
      approvals: {
        roles: [
          { role: "release-manager", persons: ["ada"] },
          { role: "reliability-engineer", persons: ["grace"] },
        ],
      },
      risks: [
        {
          risk: "the recommendations start without their cache",
          likelihood: "high",
          impact: "low",
          mitigation: "warmed by the load of staging",
          owner: "shop team",
        },
      ],
      rollback: {
        sideEffects: [
          { what: "orders that the new version put into the queue", treatment: "the old version reads them too" },
        ],
      },
      escalation: {
        contacts: [
          { role: "incident commander", name: "rota of the week", reach: "pager: shop-primary" },
          { role: "operations lead", name: "Grace", reach: "phone book" },
        ],
        channel: "#shop-incidents",
      },
      communication: [
        { when: "before", audience: "support", channel: "mail", owner: "release manager" },
        { when: "rollback", audience: "support", channel: "chat", owner: "incident commander" },
      ],
      smoke: {
        checks: [
          { id: "home", group: "health", priority: "P0", path: "/" },
          { id: "checkout", group: "business", priority: "P0", path: "/checkout" },
          { id: "metrics", group: "monitoring", priority: "P2", path: "/metrics" },
        ],
      },
    },
    parameters,
  });
}

/** The same numbers in every run: a stream between nought and one (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Requests of one version between two polls, as its pages would count them. */
function counted(arm: Arm, requests: number, manner: Manner, roll: () => number, fromMs = START): Increment[] {
  const span = { arm, from: instantOf(fromMs), to: instantOf(fromMs + POLL_MS), quality: "ok" as const };
  const buckets = EDGES.map((le) => ({ le: le as number | null, count: 0 }));
  let failed = 0;
  for (let index = 0; index < requests; index += 1) {
    if (roll() < manner.failed) failed += 1;
    const spread = Math.exp(0.35 * Math.sqrt(-2 * Math.log(1 - roll())) * Math.cos(2 * Math.PI * roll()));
    const took = manner.middleMs * spread;
    const bucket = buckets.find(({ le }) => le === null || took <= le);
    if (bucket) bucket.count += 1;
  }
  return [
    { ...span, metric: "error-rate" as MetricId, exposure: requests, events: failed },
    { ...span, metric: "latency" as MetricId, exposure: requests, events: requests, buckets },
    { ...span, metric: "throughput" as MetricId, exposure: POLL_MS / 1000, events: requests },
  ];
}

function snapshot(roll: () => number): MetricsSnapshot {
  const [requests, latency] = counted("baseline", 60_000, WELL, roll);
  const series = [requests, latency].flatMap((one) =>
    one
      ? [
          {
            metric: one.metric,
            exposure: one.exposure,
            events: one.events,
            ...(one.buckets ? { buckets: one.buckets } : {}),
          },
        ]
      : [],
  );
  return { from: instantOf(START - 1_500_000), to: instantOf(START), version: OLD, series, throughputRps: RPS };
}

interface Watching {
  readonly key: string;
  readonly watch: WatchPlan;
  readonly polls: number;
  readonly manner: (poll: number) => Manner;
}

/** A watch with everything that its polls counted. */
function watched(s: Scribe, { key, watch, polls, manner }: Watching, roll: () => number): void {
  const isBack = watch.track === "post-rollback";
  s.add({ event: "watch-started", key, watch });
  for (let poll = 0; poll <= polls; poll += 1) {
    const total = Math.round(RPS * (POLL_MS / 1000) * (0.92 + 0.16 * roll()));
    const own = Math.round((total * watch.weightPct) / 100);
    const increments =
      poll === 0
        ? []
        : [
            ...counted("candidate", own, manner(poll), roll, nowMs(s)),
            ...(watch.weightPct < 100 ? counted("baseline", total - own, WELL, roll, nowMs(s)) : []),
          ];
    const seen = live(isBack ? OLD : NEW, watch, poll * total);
    const elapsedMs = poll === 0 ? 0 : POLL_MS;
    s.add({ event: "poll", key, elapsedMs, increments, cursor: null, live: seen }, poll === 0 ? 100 : POLL_MS);
    if (poll === 1) smoke(s, key, smokeRun(isBack ? "post-rollback" : "production", isBack ? OLD : NEW));
  }
}

function stagePlan(index: number): WatchPlan {
  const weightPct = WEIGHTS[index] ?? 100;
  const final = index === WEIGHTS.length - 1;
  const plannedMs = final ? OBSERVE_MS : STAGE_MS;
  const text = final ? `observe ${NEW} at 100 %` : `stage ${index + 1} of ${WEIGHTS.length}: ${weightPct} % on ${NEW}`;
  return {
    track: "production",
    text,
    weightPct,
    plannedMs,
    extensionMs: plannedMs,
    minRequests: 100,
    frozen: final,
    final,
  };
}

/** Everything up to the first production traffic, approved by a person. */
function upToProduction(s: Scribe, roll: () => number): void {
  staging(s);
  approve(s, "terminal", "ada", "release-manager");
  const second = { role: "reliability-engineer", way: "terminal", person: "grace" };
  s.add({ event: "sign-off", planHash: planHash(s.plan), ...second }, 0, { kind: "person", name: "grace" });
  s.add({ event: "step", step: "baseline", state: "started" });
  const ref = reference("baseline/production-pre-deploy", OLD);
  s.add({ event: "evidence", key: "baseline/production", ref, file: "snapshot.json" });
  s.add({ event: "baseline", snapshot: snapshot(roll) });
  s.add({ event: "step", step: "baseline", state: "finished" });
  look(s, 2, false);
  s.add({ event: "step", step: "execute", state: "started" });
  act(s, "canary/prepare", {
    text: `start ${NEW} in production without traffic`,
    env: "production",
    pools: [pool(OLD, 100), pool(NEW, 0, 1)],
  });
  smoke(s, "canary/prepare/smoke", smokeRun("pre-cutover", NEW));
}

function exposed(s: Scribe, index: number): void {
  const weightPct = WEIGHTS[index] ?? 100;
  act(s, `stage-${index + 1}/expose`, {
    text: `send ${100 - weightPct} % ${OLD} + ${weightPct} % ${NEW}`,
    env: "production",
    pools: [pool(OLD, 100 - weightPct), pool(NEW, weightPct)],
    exposes: true,
  });
}

function served(s: Scribe, index: number): void {
  const reasons = [{ code: "served", text: "time and exposure were served" }];
  s.add(
    { event: "watch-ended", key: `stage-${index + 1}/watch`, result: { end: "served", proven: true, reasons } },
    10,
  );
}

/** A healthy release, from the first 5 % to the end of the observation. */
export function exampleSuccess(): Scribe {
  const [s, roll] = [scribe(plan()), dice(7)];
  upToProduction(s, roll);
  for (const [index] of WEIGHTS.entries()) {
    const watch = stagePlan(index);
    const key = `stage-${index + 1}/watch`;
    exposed(s, index);
    if (watch.final) {
      s.add({ event: "step", step: "execute", state: "finished" });
      s.add({ event: "step", step: "observe", state: "started" });
    }
    watched(s, { key, watch, polls: watch.plannedMs / POLL_MS, manner: () => WELL }, roll);
    served(s, index);
    if (!watch.final) s.add({ event: "gate", key, gate: stageGate(s.state, key) }, 10);
  }
  s.add(
    { event: "gate", key: "production/gate", gate: productionGateOf(s.state, `stage-${WEIGHTS.length}/watch`) },
    10,
  );
  s.add({ event: "step", step: "observe", state: "finished" });
  act(s, "finish/retire", { text: `stop the instances of ${OLD}`, env: "production", pools: [pool(NEW, 100)] });
  return reported(end(s, "SUCCESS", NEW, s.state.gates.get("production/gate")?.verdict.reasons ?? []));
}

/** 12 of 150 tests are lost at a threshold of 5 %: stopped in staging. */
export function exampleBlocked(): Scribe {
  const s = scribe(plan({ regressionThreshold: 5 }));
  staging(s, { failing: 12 });
  s.add({
    event: "stopping",
    stop: { outcome: "BLOCKED", reasons: s.state.gates.get("staging/gate")?.verdict.reasons ?? [] },
  });
  return reported(end(s, "BLOCKED", OLD, s.state.gates.get("staging/gate")?.verdict.reasons ?? []));
}

/** Polls of the second stage until errors were beyond doubt, and the one in which they began. */
const SEEN = 24;
const BEGAN = 16;

/** A release that is well at 5 %, begins to fail at 25 %, and is taken back. */
export function exampleRolledBack(): Scribe {
  const [s, roll] = [scribe(plan()), dice(11)];
  upToProduction(s, roll);
  exposed(s, 0);
  watched(s, { key: "stage-1/watch", watch: stagePlan(0), polls: STAGE_MS / POLL_MS, manner: () => WELL }, roll);
  served(s, 0);
  s.add({ event: "gate", key: "stage-1/watch", gate: stageGate(s.state, "stage-1/watch") }, 10);
  exposed(s, 1);
  const failing = (poll: number): Manner =>
    poll < BEGAN ? WELL : { failed: 0.01 * (poll - BEGAN + 1), middleMs: 46 + 22 * (poll - BEGAN + 1) };
  watched(s, { key: "stage-2/watch", watch: stagePlan(1), polls: SEEN, manner: failing }, roll);
  const trigger = { kind: "slo", reasons: [{ code: "slo-trigger", text: seenText(s) }] };
  s.add({ event: "watch-ended", key: "stage-2/watch", result: { end: "trigger", trigger } }, 10);
  s.add({ event: "rollback-latched", trigger }, 5);
  back(s, roll);
  return reported(end(s, "ROLLED_BACK", OLD, trigger.reasons));
}

function seenText(s: Scribe): string {
  const own = s.events.flatMap(({ event }) =>
    event.event === "poll" && event.key === "stage-2/watch" ? event.increments : [],
  );
  const sum = (arm: Arm, member: "exposure" | "events") =>
    own.filter((one) => one.arm === arm && one.metric === "error-rate").reduce((total, one) => total + one[member], 0);
  const rate = (arm: Arm) =>
    `${((100 * sum(arm, "events")) / sum(arm, "exposure")).toFixed(2)} % of ${sum(arm, "exposure")} requests`;
  return `error-rate: candidate ${rate("candidate")} against baseline ${rate("baseline")}; allowed +2 pp`;
}

function back(s: Scribe, roll: () => number): void {
  s.add({ event: "step", step: "rollback", state: "started" }, 5);
  act(s, "rollback/traffic", {
    text: `all traffic back to ${OLD}`,
    env: "production",
    pools: [pool(OLD, 100), pool(NEW, 0)],
  });
  const watch: WatchPlan = {
    track: "post-rollback",
    text: `verify ${OLD} after the rollback`,
    weightPct: 100,
    plannedMs: 600_000,
    extensionMs: 1_200_000,
    minRequests: 0,
    frozen: true,
    final: false,
  };
  watched(s, { key: "rollback/watch", watch, polls: 60, manner: () => WELL }, roll);
  const reasons = [{ code: "served", text: "time and exposure were served" }];
  s.add({ event: "watch-ended", key: "rollback/watch", result: { end: "served", proven: true, reasons } }, 10);
  s.add({ event: "gate", key: "rollback/gate", gate: rollbackGateOf(s.state, "rollback/watch") });
  act(s, "rollback/scale", { text: `stop the instances of ${NEW}`, env: "production", pools: [pool(OLD, 100)] });
  s.add({ event: "step", step: "rollback", state: "finished" });
}

/** What the reporting notes before the archive. */
function reported(s: Scribe): Scribe {
  s.add({ event: "step", step: "report", state: "started" });
  s.add({ event: "background", commit: null, earlier: [] });
  return s;
}
