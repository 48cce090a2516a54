import type { GateVerdict } from "../../judge/index.ts";
import type { LiveState, Reason, Version } from "../../vocab/index.ts";
import { isNoTargetFailure, type Run, stepKey } from "../engine.ts";
import { rollbackGateOf } from "../gates.ts";
import type { Hands } from "../hands.ts";
import { quoted } from "../quoted.ts";
import { runSuites } from "../run-suites.ts";
import { hasSuites } from "../suites-record.ts";
import { watch } from "../watch.ts";
import { applyPools } from "./apply.ts";
import { poolsBack, previousOnly } from "./pools.ts";
import { restartOld } from "./restart-old.ts";

/** How going back ended. */
export interface WentBack {
  readonly outcome: "ROLLED_BACK" | "ROLLBACK_FAILED";
  readonly reasons: Reason[];
}

const WATCH = stepKey("rollback", "watch");

/**
 * Back to the old version: traffic first, then proof that it serves everything and is well, and only then the new
 * version's instances go. Entered once per run, by a latched trigger. Where there was no old version, traffic is withdrawn.
 */
export async function rollback(run: Run, hands: Hands): Promise<WentBack> {
  const failure = await restoreTraffic(run);
  if (failure !== undefined) {
    const text = `traffic could not be moved back: ${quoted(failure)}`;
    return { outcome: "ROLLBACK_FAILED", reasons: [{ code: "rollback-traffic-failed", text }] };
  }
  await readBack(run);
  const gate = await verify(run, hands);
  if (gate.verdict.outcome !== "PASS" && !isMerelyUnproven(run, gate)) {
    return { outcome: "ROLLBACK_FAILED", reasons: gate.verdict.reasons };
  }
  if (gate.verdict.outcome !== "PASS" && !run.state().results.has("rollback/scale")) {
    const why = gate.verdict.reasons.map((reason) => reason.text).join("; ");
    const text = `the old version has all traffic and is healthy; more could not be proven: ${why}`;
    run.append({ event: "notice", level: "warning", text });
  }
  await applyPools(run, stepKey("rollback", "scale"), {
    env: "production",
    pools: previousOnly(run.plan, oldInstances(run)),
    text: `stop the instances of ${run.plan.version}`,
  }).catch((error: Error) => {
    // Users are served by the old version; leftovers are a nuisance to name, not a failed rollback.
    run.append({
      event: "notice",
      level: "warning",
      text: `instances of ${run.plan.version} could not be stopped: ${quoted(error)}`,
    });
  });
  return { outcome: "ROLLED_BACK", reasons: run.state().latched?.reasons ?? [] };
}

/** Instances of the old version that the traffic went back to. */
function oldInstances({ plan, state }: Run): number {
  const pools = state().intents.get("rollback/traffic")?.pools ?? [];
  return pools.find(({ version }) => version === plan.previous?.version)?.instances ?? plan.instances;
}

/**
 * Metrics that answer but have too few requests to judge, and suites without an answer: a quiet service and a broken
 * suite are no failed rollback. A source of metrics that does not answer is another matter.
 */
function isMerelyUnproven(run: Run, { dimensions }: GateVerdict): boolean {
  const answering = run.state().watches.get(WATCH)?.deadForMs === 0;
  return Object.entries(dimensions).every(
    ([name, { outcome }]) =>
      outcome === "PASS" ||
      outcome === "NOT_APPLICABLE" ||
      (outcome === "INCONCLUSIVE" && (name === "tests" || (answering && (name === "metrics" || name === "slo")))),
  );
}

/** Between attempts to go back, growing, so that a platform that is down for minutes does not fill the journal. */
const RETRY_PAUSE_MS = 1_000;
const LONGEST_RETRY_PAUSE_MS = 5_000;
const LOOK_MS = 30_000;

/** Moves the traffic, again and again within the planned time, at least twice. Returns the failure that stayed. */
async function restoreTraffic(run: Run): Promise<unknown> {
  const started = run.clock.mono();
  for (let attempt = 1; ; attempt += 1) {
    try {
      await moveTraffic(run);
      return undefined;
    } catch (error) {
      if (isNoTargetFailure(error)) throw error;
      if (attempt >= 2 && run.clock.mono() - started >= run.plan.waits.rollbackTrafficMs) return error;
      const text = `going back failed and is tried again: ${quoted(error)}`;
      if (attempt === 1) run.append({ event: "notice", level: "warning", text });
      await run.clock.sleep(Math.min(RETRY_PAUSE_MS * attempt, LONGEST_RETRY_PAUSE_MS));
    }
  }
}

async function moveTraffic(run: Run): Promise<void> {
  const { plan } = run;
  if (run.state().results.has("rollback/traffic")) return;
  const old = plan.rolling ? await restartOld(run, plan.rolling.enough) : plan.instances;
  // Looking only saves stopping and starting instances; traffic moves back without it too.
  const live = await run.target.observe("production", AbortSignal.timeout(30_000)).catch(() => undefined);
  const running = live && (live.pools.find((pool) => pool.version === plan.version)?.instances ?? 0);
  await applyPools(run, stepKey("rollback", "traffic"), {
    env: "production",
    pools: poolsBack(run, running, old),
    text: plan.previous ? `all traffic back to ${plan.previous.version}` : `withdraw traffic from ${plan.version}`,
    limitMs: plan.waits.rollbackTrafficMs,
  });
}

/** Table F1: the platform was told, and is looked at. What is not so in time is told once more, and then judged. */
async function readBack(run: Run): Promise<void> {
  const seen = await run.act(
    stepKey("rollback", "read-back"),
    { text: "look whether all traffic is back" },
    () => seenBack(run),
    () => undefined,
  );
  if (seen) return;
  const text = "the traffic is not, or not readably, where it was sent; it is sent there once more";
  if (!run.state().intents.has("rollback/traffic-again")) run.append({ event: "notice", level: "warning", text });
  await applyPools(run, stepKey("rollback", "traffic-again"), {
    env: "production",
    pools: run.state().intents.get("rollback/traffic")?.pools ?? poolsBack(run),
    text: run.plan.previous ? `all traffic back to ${run.plan.previous.version}, again` : "withdraw traffic, again",
    limitMs: run.plan.waits.rollbackTrafficMs,
  }).catch((error: unknown) => {
    if (isNoTargetFailure(error)) throw error;
    run.append({ event: "notice", level: "warning", text: `sending it back again failed: ${quoted(error)}` });
  });
}

async function seenBack(run: Run): Promise<boolean> {
  const started = run.clock.mono();
  for (;;) {
    const live = await run.target.observe("production", AbortSignal.timeout(LOOK_MS)).catch(() => undefined);
    if (live && isBack(live, run.plan.previous)) return true;
    if (run.clock.mono() - started >= run.plan.waits.rollbackTrafficMs) return false;
    await run.clock.sleep(RETRY_PAUSE_MS);
  }
}

function isBack({ pools }: LiveState, previous: Run["plan"]["previous"]): boolean {
  const serving = pools.filter((pool) => pool.weightPct > 0 && pool.instances > 0);
  return previous
    ? serving.length === 1 && serving[0]?.version === previous.version && serving[0].digest === previous.digest
    : serving.length === 0;
}

/** Watches the old version and lets the gate say whether it is back and well. */
async function verify(run: Run, hands: Hands) {
  const { plan } = run;
  const key = stepKey("rollback", "gate");
  if (plan.previous) {
    await watch(
      run,
      hands,
      WATCH,
      {
        track: "post-rollback",
        text: `verify ${plan.previous.version} after the rollback`,
        weightPct: 100,
        plannedMs: plan.waits.rollbackVerifyMs,
        extensionMs: 2 * plan.waits.rollbackVerifyMs,
        minRequests: 0,
        frozen: true,
        final: false,
      },
      { mode: "post-rollback", baseUrls: (live) => [live.entryUrl] },
    );
    await suitesAgain(run, hands, plan.previous.version);
  } else await withdrawn(run);
  if (!run.state().gates.has(key)) run.append({ event: "gate", key, gate: rollbackGateOf(run.state(), WATCH) });
  const gate = run.state().gates.get(key);
  if (!gate) throw new Error("the rollback gate was not journalled");
  return gate;
}

/** Shows that no test is lost on the old version either. Suites that cannot be run prove nothing, and stop nothing. */
async function suitesAgain(run: Run, hands: Hands, version: Version): Promise<void> {
  if (!hasSuites(run.state())) return;
  await runSuites(run, hands, "back", version, run.interrupted).catch((error: unknown) => {
    if (isNoTargetFailure(error)) throw error;
    const text = `the production suites could not be run after the rollback: ${quoted(error)}`;
    run.append({ event: "notice", level: "warning", text });
  });
}

/** Where there was no old version, nobody must be served by the new one any more. */
async function withdrawn(run: Run): Promise<void> {
  await run.act(
    stepKey("rollback", "withdrawn"),
    { text: "look whether any version still gets traffic" },
    async (_fence, signal) => {
      const started = run.clock.mono();
      for (;;) {
        const live = await run.target.observe("production", signal).catch(() => undefined);
        if (live) return live.pools.every((pool) => pool.weightPct === 0 || pool.instances === 0);
        // What nobody can read is not shown to be withdrawn.
        if (run.clock.mono() - started >= run.plan.waits.rollbackVerifyMs) return false;
        await run.clock.sleep(RETRY_PAUSE_MS);
      }
    },
    () => undefined,
  );
}
