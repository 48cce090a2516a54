import { stringify } from "yaml";
import { parseDeployConfig } from "../../../mcp-server/flow/config-file.ts";
import { FlowEvent, type LiveSummary, type WatchPlan } from "../../../mcp-server/flow/events.ts";
import { productionGateOf, rollbackGateOf, stageGate, stagingGateOf } from "../../../mcp-server/flow/gates.ts";
import { makePlan } from "../../../mcp-server/flow/make-plan.ts";
import { RunParameters } from "../../../mcp-server/flow/parameters.ts";
import { type Plan, planHash } from "../../../mcp-server/flow/plan.ts";
import { applyEvent, emptyState, type RunState } from "../../../mcp-server/flow/state.ts";
import {
  compareTests,
  JUDGE,
  judgeSmoke,
  judgeTests,
  type MetricsSnapshot,
  type SmokeRun,
  type TestRow,
  testsDimension,
} from "../../../mcp-server/judge/index.ts";
import type { Stamped } from "../../../mcp-server/record/journal.ts";
import {
  type Actor,
  type Arm,
  type Digest,
  digestOf,
  type EvidenceRef,
  type Increment,
  type Instant,
  instantOf,
  type MetricId,
  type Pool,
  type Reason,
  type RunId,
  sha256,
  type Version,
} from "../../../mcp-server/vocab/index.ts";

export const RUN_ID = "dpl-20260301T120000Z-00000a" as RunId;
export const START = Date.parse("2026-03-01T12:00:00.000Z");
const RUNNER: Actor = { kind: "runner", name: "deploy-flow" };
export const OLD = "2.0.0" as Version;
export const NEW = "2.1.0" as Version;

/** A journal being written, with the state that the flow would have after it. */
export interface Scribe {
  readonly plan: Plan;
  readonly state: RunState;
  readonly events: Stamped<FlowEvent>[];
  /** Writes an event that happens so long after the one before. */
  add(event: unknown, afterMs?: number, actor?: Actor): Instant;
}

export interface PlanEdits {
  /** Nothing runs yet, and deploy.yaml has only what it must have. */
  readonly isFirst?: boolean;
  readonly config?: Record<string, unknown>;
  readonly parameters?: Record<string, unknown>;
}

/** The demo shop's sections with minutes in place of seconds. */
const SECTIONS = {
  canary: { stages: [20, 100], stageDuration: "2m", minRequests: 50 },
  observe: "12m",
  judge: { warmupPolls: 0 },
  metrics: { poll: "10s" },
  smoke: { checks: [{ id: "home", group: "health", priority: "P0", path: "/" }] },
  tests: { baseline: { reports: ["old.xml"] }, candidate: { reports: ["new.xml"] } },
  staging: { observe: "1m", load: { command: ["load", "{url}"] } },
  waits: { rollbackVerify: "1m" },
};

/** A plan as the flow makes it. */
export function planOf(edits: PlanEdits = {}): Plan {
  const text = stringify({
    service: "shop",
    target: {
      kind: "sandbox",
      artifact: "releases/{version}",
      command: ["node", "server.mjs"],
      environments: { staging: {}, production: {} },
    },
    ...(edits.isFirst ? {} : SECTIONS),
    ...edits.config,
  });
  const old: Pool = { version: OLD, digest: digest(OLD), instances: 2, weightPct: 100 };
  return makePlan({
    config: parseDeployConfig(text, "deploy.yaml"),
    configSha256: sha256(text),
    parameters: RunParameters.parse({ version: NEW, firstDeploy: edits.isFirst ?? false, ...edits.parameters }),
    digest: digest(NEW),
    live: {
      pools: edits.isFirst ? [] : [old],
      instances: [],
      measuredSharePct: {},
      measuredRequests: 0,
      entryUrl: "http://shop",
      readAt: instantOf(START),
    },
    routing: "per-request",
    minWeightPct: 1,
    production: false,
    testsBaseline: { from: "files", version: OLD, files: [{ path: "old.xml", sha256: sha256("old") }] },
    testsCandidate: [{ path: "new.xml", sha256: sha256("new") }],
  });
}

export function digest(version: string): Digest {
  return digestOf(sha256(version));
}

/** An open run. Every event goes through the schema of the journal. */
export function scribe(plan = planOf()): Scribe {
  const state = emptyState(plan);
  const events: Stamped<FlowEvent>[] = [];
  let now = START;
  const add: Scribe["add"] = (event, afterMs = 1_000, actor = RUNNER) => {
    now += afterMs;
    const prev = events.at(-1)?.hash ?? sha256("");
    const stamped: Stamped<FlowEvent> = {
      seq: events.length + 1,
      epoch: 1,
      at: instantOf(now),
      actor,
      event: FlowEvent.parse(JSON.parse(JSON.stringify(event))),
      prev,
      hash: sha256(`${prev}${JSON.stringify(event)}`),
    };
    events.push(stamped);
    applyEvent(state, stamped);
    return stamped.at;
  };
  add({ event: "run-opened", runId: RUN_ID, version: plan.version, planHash: planHash(plan), unattended: true }, 0);
  add({ event: "ownership", reason: "start", pid: 42, host: "builder" });
  return { plan, state, events, add };
}

export function reference(name: string, version: Version): EvidenceRef {
  const at = instantOf(START + 5_000);
  return {
    name,
    rawSha256: sha256(`raw ${name}`),
    storedSha256: sha256(`stored ${name}`),
    origin: "executed",
    version,
    at,
  };
}

/** 150 tests that passed before, of which so many fail now. */
function testRows(failing: number, message: string): TestRow[] {
  return Array.from({ length: 150 }, (_, index) => {
    const isLost = index < failing;
    const suite = index % 2 === 0 ? "pricing" : "checkout";
    return {
      status: isLost ? "failed" : "passed",
      suite: [suite],
      file: `${suite}.test.mjs`,
      name: `case ${index}`,
      ...(isLost ? { message } : {}),
    } satisfies TestRow;
  });
}

/** The staging step with its tests and its gate. */
export function staging(s: Scribe, o: { failing?: number; message?: string } = {}): void {
  s.add({ event: "step", step: "staging", state: "started" });
  act(s, "staging/deploy", {
    text: `deploy ${NEW} to staging beside ${OLD}`,
    env: "staging",
    pools: [pool(NEW, 50), pool(OLD, 50)],
  });
  const refs = [reference("tests/baseline", OLD), reference("tests/candidate", NEW)];
  for (const ref of refs) s.add({ event: "evidence", key: "staging/tests", ref, file: `${ref.storedSha256}.ndjson` });
  const compared = compareTests(testRows(0, ""), testRows(o.failing ?? 0, o.message ?? "expected 9.90, got 9.89"), {
    scope: "full",
  });
  const check = judgeTests(compared, { thresholdPct: s.plan.regressionThreshold });
  act(
    s,
    "staging/tests",
    { text: `tests of ${NEW}` },
    { verdict: { ...testsDimension(check, JUDGE), inputs: refs }, check },
  );
  watch(
    s,
    "staging/watch",
    { track: "staging", text: `watch ${NEW} in staging`, weightPct: 50, plannedMs: 60_000 },
    { polls: 7, mode: "staging" },
  );
  s.add({ event: "gate", key: "staging/gate", gate: stagingGateOf(s.state, "staging/gate") });
  s.add({ event: "step", step: "staging", state: "finished" });
}

export function approve(s: Scribe, way = "terminal", person = "ada"): void {
  s.add({ event: "step", step: "approval", state: "started" });
  s.add({ event: "approval", decision: "approve", planHash: planHash(s.plan), way, person }, 4_000, {
    kind: "person",
    name: person,
  });
  s.add({ event: "step", step: "approval", state: "finished" });
}

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

export function baseline(s: Scribe): void {
  s.add({ event: "step", step: "baseline", state: "started" });
  const ref = reference("baseline/production-pre-deploy", OLD);
  s.add({ event: "evidence", key: "baseline/production", ref, file: "snapshot.json" });
  s.add({ event: "baseline", snapshot: SNAPSHOT });
  s.add({ event: "step", step: "baseline", state: "finished" });
}

/** An effect with its result. */
export function act(s: Scribe, key: string, intent: object, value: unknown = true): void {
  s.add({ event: "intent", key, intent });
  s.add({ event: "result", key, value }, 1_500);
}

export function pool(version: Version, weightPct: number, instances = 2): Pool {
  return { version, digest: digest(version), instances, weightPct };
}

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
  readonly smoke?: SmokeRun;
  readonly end?: "served" | "trigger" | "none";
  readonly proven?: boolean;
  readonly reasons?: Reason[];
}

const WATCH: Omit<WatchPlan, "track" | "text" | "weightPct" | "plannedMs"> = {
  extensionMs: 0,
  minRequests: 0,
  frozen: false,
  final: false,
};

type WatchEdits = Partial<WatchPlan> & Pick<WatchPlan, "track" | "text" | "weightPct" | "plannedMs">;

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
        increments: index === 0 ? [] : increments(edits, o),
        cursor: null,
        live: live(subject, edits, index * (o.perPoll ?? 1_000)),
        ...(o.conduct?.silent ? { problem: "connection refused" } : {}),
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

function increments(plan: WatchEdits, o: Watched): Increment[] {
  const total = o.perPoll ?? 1_000;
  const own = (total * plan.weightPct) / 100;
  return [...arm("candidate", own, o.conduct ?? {}), ...(plan.weightPct < 100 ? arm("baseline", total - own, {}) : [])];
}

function arm(name: Arm, requests: number, { failed = 0, slow = 0, silent = false }: Conduct): Increment[] {
  const span = { arm: name, from: instantOf(START), to: instantOf(START + 10_000) };
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

function live(subject: Version, { weightPct, track }: WatchEdits, requests: number): LiveSummary {
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

/** Starts the new version without traffic and gives it its first share. */
export function prepare(s: Scribe): void {
  s.add({ event: "step", step: "execute", state: "started" });
  act(s, "canary/prepare", {
    text: `start ${NEW} in production without traffic`,
    env: "production",
    pools: [pool(OLD, 100), pool(NEW, 0, 1)],
  });
  s.add({
    event: "intent",
    key: "canary/prepare/smoke",
    intent: { text: `smoke checks on ${NEW} before it gets traffic` },
  });
  smoke(s, "canary/prepare/smoke", smokeRun("pre-cutover", NEW));
  s.add({ event: "result", key: "canary/prepare/smoke", value: { outcome: "PASS", reasons: [] } });
  expose(s, 1, 20);
}

export function expose(s: Scribe, stage: number, weightPct: number): void {
  const pools = [pool(OLD, 100 - weightPct), pool(NEW, weightPct)];
  const text = `send ${100 - weightPct} % ${OLD} + ${weightPct} % ${NEW}`;
  act(s, `stage-${stage}/expose`, { text, env: "production", pools, exposes: true });
}

export const STAGE1: WatchEdits = {
  track: "production",
  text: `stage 1 of 2: 20 % on ${NEW}`,
  weightPct: 20,
  plannedMs: 120_000,
  extensionMs: 120_000,
  minRequests: 50,
};
export const OBSERVE: WatchEdits = {
  track: "production",
  text: `observe ${NEW} at 100 %`,
  weightPct: 100,
  plannedMs: 720_000,
  extensionMs: 720_000,
  minRequests: 50,
  frozen: true,
  final: true,
};

export function stageOne(s: Scribe, o: Partial<Watched> = {}): void {
  watch(s, "stage-1/watch", STAGE1, { polls: 13, mode: "production", ...o });
  if (o.end === undefined || o.end === "served") {
    s.add({ event: "gate", key: "stage-1/watch", gate: stageGate(s.state, "stage-1/watch") }, 10);
  }
}

export function observe(s: Scribe, o: Partial<Watched> = {}): void {
  expose(s, 2, 100);
  s.add({ event: "step", step: "execute", state: "finished" });
  s.add({ event: "step", step: "observe", state: "started" });
  watch(s, "stage-2/watch", OBSERVE, { polls: 73, mode: "production", ...o });
  s.add({ event: "gate", key: "production/gate", gate: productionGateOf(s.state, "stage-2/watch") }, 10);
  s.add({ event: "step", step: "observe", state: "finished" });
}

/** The rollback after a latch: traffic, verification, gate. With a smoke run of its own it may fail. */
export function goBack(s: Scribe, seen = smokeRun("post-rollback", OLD)): void {
  s.add({ event: "step", step: "rollback", state: "started" }, 5);
  act(s, "rollback/traffic", {
    text: `all traffic back to ${OLD}`,
    env: "production",
    pools: [pool(OLD, 100), pool(NEW, 0)],
  });
  const plan: WatchEdits = {
    track: "post-rollback",
    text: `verify ${OLD} after the rollback`,
    weightPct: 100,
    plannedMs: 60_000,
    frozen: true,
  };
  watch(s, "rollback/watch", plan, { polls: 7, mode: "post-rollback", smoke: seen });
  s.add({ event: "gate", key: "rollback/gate", gate: rollbackGateOf(s.state, "rollback/watch") });
  act(s, "rollback/scale", { text: `stop the instances of ${NEW}`, env: "production", pools: [pool(OLD, 100)] });
  s.add({ event: "step", step: "rollback", state: "finished" });
}

export function end(s: Scribe, outcome: string, runningVersion: string | null, reasons: Reason[] = []): Scribe {
  s.add({ event: "outcome", outcome, reasons, runningVersion });
  return s;
}

/** Staging, one canary stage, the observation, all well. */
export function success(edits: PlanEdits = {}): Scribe {
  const s = scribe(planOf(edits));
  staging(s);
  approve(s);
  baseline(s);
  prepare(s);
  stageOne(s);
  observe(s);
  act(s, "finish/retire", { text: `stop the instances of ${OLD}`, env: "production", pools: [pool(NEW, 100)] });
  return end(s, "SUCCESS", NEW, [{ code: "excluded", text: "proven" }]);
}

/** The mission's example: 12 of 150 tests lost, threshold 5. */
export function blocked(message?: string): Scribe {
  const s = scribe(planOf({ parameters: { regressionThreshold: 5 } }));
  staging(s, { failing: 12, ...(message === undefined ? {} : { message }) });
  return end(s, "BLOCKED", OLD, s.state.gates.get("staging/gate")?.verdict.reasons ?? []);
}

/** The new version fails in the canary and goes back, all within the first stage. */
export function rolledBack(): Scribe {
  const s = scribe();
  staging(s);
  approve(s);
  baseline(s);
  prepare(s);
  const reasons = [
    {
      code: "slo-trigger",
      text: "error-rate: candidate 30.00 % of 600 requests against baseline 0.00 %; allowed +2 pp",
    },
  ];
  stageOne(s, { polls: 4, conduct: { failed: 0.3, slow: 0.5 }, end: "trigger", reasons });
  s.add({ event: "rollback-latched", trigger: { kind: "slo", reasons } }, 5);
  s.add({ event: "trigger-noted", trigger: { kind: "infra", reasons: [{ code: "restart", text: "1 restart" }] } }, 5);
  goBack(s);
  return end(s, "ROLLED_BACK", OLD, reasons);
}

/** The old version does not come back well: its first check fails twice. */
export function rollbackFailed(): Scribe {
  const s = scribe();
  staging(s);
  approve(s);
  baseline(s);
  prepare(s);
  const reasons = [{ code: "manual-rollback", text: "ada: customers complain" }];
  stageOne(s, { polls: 4, end: "none" });
  s.add({ event: "rollback-latched", trigger: { kind: "manual", reasons } }, 5);
  const seen = smokeRun("post-rollback", OLD);
  const results = seen.results.map((result, index) =>
    index === 0 ? { ...result, outcome: "fail" as const, attempts: 2, message: "status 502" } : result,
  );
  goBack(s, { ...seen, results });
  return end(s, "ROLLBACK_FAILED", null, s.state.gates.get("rollback/gate")?.verdict.reasons ?? []);
}

/** Nothing ran before, and next to nothing is measured. */
export function firstDeployment(): Scribe {
  const s = scribe(planOf({ isFirst: true, config: { strategy: "blue-green", observe: "1m" } }));
  s.add({ event: "step", step: "staging", state: "started" });
  s.add({ event: "gate", key: "staging/gate", gate: stagingGateOf(s.state, "staging/gate") });
  s.add({ event: "step", step: "staging", state: "finished" });
  approve(s, "none", "nobody: the target is not production");
  s.add({ event: "baseline", snapshot: null, reason: "first deployment" });
  s.add({ event: "step", step: "execute", state: "started" });
  act(s, "green/prepare", {
    text: `start ${NEW} in production without traffic`,
    env: "production",
    pools: [pool(NEW, 0)],
  });
  act(s, "stage-1/expose", { text: `send 100 % ${NEW}`, env: "production", pools: [pool(NEW, 100)], exposes: true });
  s.add({ event: "step", step: "observe", state: "started" });
  s.add({ event: "watch-started", key: "stage-1/watch", watch: { ...WATCH, ...OBSERVE, plannedMs: 60_000 } });
  const seen = live(NEW, OBSERVE, 0);
  for (let index = 0; index < 7; index += 1) {
    const elapsedMs = index === 0 ? 0 : 10_000;
    s.add({ event: "poll", key: "stage-1/watch", elapsedMs, increments: [], cursor: null, live: seen }, 10_000);
  }
  s.add({ event: "watch-ended", key: "stage-1/watch", result: { end: "served", proven: false, reasons: [] } });
  s.add({ event: "gate", key: "production/gate", gate: productionGateOf(s.state, "stage-1/watch") });
  return end(s, "SUCCESS", NEW);
}

/** Nobody approved. */
export function aborted(): Scribe {
  const s = scribe();
  staging(s);
  s.add({ event: "step", step: "approval", state: "started" });
  s.add({
    event: "approval",
    decision: "reject",
    planHash: planHash(s.plan),
    way: "terminal",
    person: "ada",
    reason: "freeze",
  });
  return end(s, "ABORTED", OLD, [{ code: "not-approved", text: "the plan was not approved (reject by ada)" }]);
}

/** Everything is well and there are too few requests to prove it. */
export function unproven(): Scribe {
  const s = scribe();
  staging(s);
  approve(s);
  baseline(s);
  prepare(s);
  stageOne(s, { perPoll: 10, proven: false });
  const reasons = [{ code: "low-traffic", text: "error-rate: too few requests to tell" }];
  observe(s, { perPoll: 2, proven: false, reasons });
  return end(s, "UNPROVEN", NEW, reasons);
}
