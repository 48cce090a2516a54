import { productionGateOf, rollbackGateOf, stageGate, stagingGateOf } from "../../../mcp-server/flow/gates.ts";
import { planHash } from "../../../mcp-server/flow/plan.ts";
import { readinessOf } from "../../../mcp-server/flow/readiness-state.ts";
import type { Role } from "../../../mcp-server/flow/roles.ts";
import { compareTests, JUDGE, judgeTests, type TestRow, testsDimension } from "../../../mcp-server/judge/index.ts";
import { type Instant, instantOf } from "../../../mcp-server/vocab/index.ts";
import {
  act,
  digest,
  end,
  NEW,
  OLD,
  type PlanEdits,
  planOf,
  pool,
  RUN_ID,
  reference,
  type Scribe,
  START,
  scribe,
} from "./scribe.ts";
import { live, SNAPSHOT, smoke, smokeRun, WATCH, type WatchEdits, type Watched, watch } from "./watches.ts";

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

const PROVIDED = [
  ["lock", "LOCK", `held by ${RUN_ID}, epoch 1`],
  ["target", "ENV-1", "2 of 2 serving instances are ready"],
  ["artifact", "ART-1", `${NEW} is ${digest(NEW)}`],
  ["previous", "RBK-1", `${OLD} is ${digest(OLD)}`],
] as const;

const AMISS = {
  target: "1 of 2 serving instances are ready",
  artifact: `${NEW} is other bytes than planned`,
};

/** One look at readiness, in which everything that a machine answers passes, or all but one. */
export function look(s: Scribe, round = 1, full = true, amiss?: "target" | "artifact"): void {
  for (const [check, criterion, text] of PROVIDED) {
    if (check === "previous" && (!full || !s.plan.previous)) continue;
    const key = `readiness/${round}/${check}`;
    s.add({ event: "intent", key, intent: { text: `readiness ${criterion}: ${check}` } }, 0);
    const by = { kind: "runner", name: "deploy-flow" };
    const given = check === amiss ? { status: "fail", text: AMISS[amiss] } : { status: "pass", text };
    const value = { criterion, check, ...given, by, at: now(s), accepted: [], evidence: [] };
    s.add({ event: "result", key, value }, 0);
  }
  s.add({ event: "readiness", key: `readiness/${round}`, full, report: readinessOf(s.state, round, full, now(s)) }, 0);
}

const now = (s: Scribe): Instant => s.events.at(-1)?.at ?? instantOf(START);

/** The first look, as a step. */
export function ready(s: Scribe): void {
  s.add({ event: "step", step: "readiness", state: "started" }, 0);
  look(s);
  s.add({ event: "step", step: "readiness", state: "finished" }, 0);
}

/** The staging step with its tests and its gate. */
export function staging(s: Scribe, o: { failing?: number; message?: string } = {}): void {
  ready(s);
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

export function approve(s: Scribe, way = "terminal", person = "ada", role?: Role): void {
  s.add({ event: "step", step: "approval", state: "started" });
  s.add({ event: "approval", decision: "approve", planHash: planHash(s.plan), way, person, role }, 4_000, {
    kind: "person",
    name: person,
  });
  s.add({ event: "step", step: "approval", state: "finished" });
}

export function baseline(s: Scribe): void {
  s.add({ event: "step", step: "baseline", state: "started" });
  const ref = reference("baseline/production-pre-deploy", OLD);
  s.add({ event: "evidence", key: "baseline/production", ref, file: "snapshot.json" });
  s.add({ event: "baseline", snapshot: SNAPSHOT });
  s.add({ event: "step", step: "baseline", state: "finished" });
}

/** Starts the new version without traffic and gives it its first share. */
export function prepare(s: Scribe): void {
  look(s, 2, false);
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

/** The example: 12 of 150 tests lost, threshold 5. */
export function blocked(message?: string): Scribe {
  const s = scribe(planOf({ parameters: { regressionThreshold: 5 } }));
  staging(s, { failing: 12, ...(message === undefined ? {} : { message }) });
  return end(s, "BLOCKED", OLD, s.state.gates.get("staging/gate")?.verdict.reasons ?? []);
}

/** The new version fails in the canary and goes back, all within the first stage. */
export function rolledBack(edits: PlanEdits = {}, latched: (s: Scribe) => void = () => undefined): Scribe {
  const s = scribe(planOf(edits));
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
  latched(s);
  goBack(s);
  return end(s, "ROLLED_BACK", OLD, reasons);
}

/** The old version does not come back well: its first check fails twice. */
export function rollbackFailed(edits: PlanEdits = {}): Scribe {
  const s = scribe(planOf(edits));
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

/** Production, or the artifact, is not as it has to be before anything is changed. */
export function notReady(amiss: "target" | "artifact" = "target"): Scribe {
  const s = scribe();
  s.add({ event: "step", step: "readiness", state: "started" }, 0);
  look(s, 1, true, amiss);
  const reasons = [...(s.state.readiness.get("readiness/1")?.report.reasons ?? [])];
  s.add({ event: "stopping", stop: { outcome: "BLOCKED", reasons } });
  return end(s, "BLOCKED", OLD, reasons);
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
