import { type BareVerdict, type GateVerdict, judgeSmoke } from "../../judge/index.ts";
import { reachOf } from "../../target/index.ts";
import { addressesOf, type LiveState, type StepKey } from "../../vocab/index.ts";
import { type Run, RunStopped, stepKey } from "../engine.ts";
import type { Trigger, WatchEnd, WatchPlan } from "../events.ts";
import { stageGate } from "../gates.ts";
import type { Hands } from "../hands.ts";
import type { Stage } from "../plan.ts";
import { stageText } from "../stage-text.ts";
import { checksApply, STAGE_SMOKE } from "../target-limits.ts";
import { watch, watchDuring } from "../watch.ts";
import { journeysVerdict, recordJourneys, recordSmoke, type WatchSmoke } from "../watch-smoke.ts";
import { applyPools, poolsText, type Via } from "./apply.ts";
import { lookAtConditions } from "./conditions.ts";
import { instancesFor, poolsAt } from "./pools.ts";

/** Key of the watch of a stage, counted from zero. */
export function stageKey(index: number): StepKey {
  return stepKey(`stage-${index + 1}`, "watch");
}

/** The first production change: instances of the new version without traffic, checked before any user reaches them. */
export async function prepare(run: Run, hands: Hands, key: StepKey): Promise<void> {
  const { plan } = run;
  const own = (live: LiveState) => addressesOf(live, plan.version, reachOf(plan.target));
  const first = plan.stages[0]?.weightPct ?? 100;
  const pools = poolsAt(plan, 0, plan.rolling ? 1 : instancesFor(plan, first));
  if (!run.state().intents.has(key)) await refuseOtherProduction(run);
  await applyPools(run, key, {
    env: "production",
    pools,
    text: `start ${plan.version} in production without traffic`,
  });
  const checks = stepKey(key, "smoke");
  await passOrStop(run, checks, `smoke checks on ${plan.version} before it gets traffic`, async (live, signal) => {
    const seen = await hands.smoke("pre-cutover", own(live), plan.version, signal);
    if (seen) recordSmoke(run, hands, checks, seen);
    return seen && judgeSmoke(seen);
  });
  if (!plan.journeys) return;
  const journeys = stepKey(key, "journeys");
  await passOrStop(run, journeys, `user journeys on ${plan.version} before it gets traffic`, async (live, signal) => {
    const seen = await hands.journeys("pre-cutover", own(live), plan.version, signal);
    if (seen) recordJourneys(run, hands, journeys, seen);
    return seen && journeysVerdict(run.state(), seen);
  });
}

/** Anything but a pass before the first user is exposed ends the run; nothing to check is no obstacle. */
async function passOrStop(
  run: Run,
  key: StepKey,
  text: string,
  check: (live: LiveState, signal: AbortSignal) => Promise<BareVerdict | undefined>,
): Promise<void> {
  const { outcome, reasons } = await run.act(
    key,
    { text },
    async (_fence, signal) => {
      const notAsked = run.plan.notApplicable[STAGE_SMOKE];
      if (notAsked !== undefined) {
        return { outcome: "NOT_APPLICABLE", reasons: [{ code: "no-instance-urls", text: notAsked }] };
      }
      const verdict = await check(await run.target.observe("production", signal), signal);
      return { outcome: verdict?.outcome ?? "NOT_APPLICABLE", reasons: verdict?.reasons ?? [] };
    },
    () => undefined,
  );
  if (outcome === "PASS" || outcome === "NOT_APPLICABLE") return;
  throw new RunStopped({ outcome: "ABORTED", reasons: [...reasons] });
}

/** Between the plan and now somebody else may have changed production: a plan that knows another world must not run. */
export async function refuseOtherProduction(run: Run): Promise<void> {
  const { previous } = run.plan;
  const live = await run.target.observe("production", AbortSignal.any([AbortSignal.timeout(30_000), run.interrupted]));
  const serving = live.pools.filter((pool) => pool.weightPct > 0 && pool.instances > 0);
  const asPlanned = previous
    ? serving.length === 1 && serving[0]?.version === previous.version && serving[0].digest === previous.digest
    : serving.length === 0;
  if (asPlanned) return;
  const text = `production serves ${poolsText(live.pools)}, the plan was made for ${previous?.version ?? "a first deployment"}: make a new plan`;
  throw new RunStopped({ outcome: "ABORTED", reasons: [{ code: "production-changed", text }] });
}

/** Gives the new version its share of this stage, under the eyes of the stage before. */
export async function exposeTo(run: Run, hands: Hands, index: number, via?: Via): Promise<void> {
  const stage = stageOf(run, index);
  const pools = poolsAt(run.plan, stage.weightPct);
  const key = stepKey(`stage-${index + 1}`, "expose");
  // Done before a crash: the stages after it have watched since, and nothing is to be counted under an older one.
  if (run.state().results.has(key)) return;
  await watchDuring(run, hands, index === 0 ? undefined : stageKey(index - 1), async () => {
    if (index > 0) await lookAtConditions(run, hands, `stage-${index + 1}`);
    await applyPools(run, key, {
      env: "production",
      pools,
      text: run.plan.rolling ? `update ${stageText(run.plan, index)}` : `send ${poolsText(pools)}`,
      exposes: true,
      ...(via ? { via } : {}),
    });
  });
}

/** Watches one stage and journals its gate. */
export async function watchStage(run: Run, hands: Hands, index: number): Promise<WatchEnd> {
  const stage = stageOf(run, index);
  const final = index === run.plan.stages.length - 1;
  const key = stageKey(index);
  const watched = watchPlan(run, stage, index, final);
  const smoke: WatchSmoke = {
    mode: "production",
    baseUrls: (live) => (final ? [live.entryUrl] : addressesOf(live, run.plan.version, reachOf(run.plan.target))),
  };
  const end = await watch(run, hands, key, watched, checksApply(run.plan, watched) ? smoke : undefined);
  if (final) return end;
  if (!run.state().gates.has(key)) run.append({ event: "gate", key, gate: stageGate(run.state(), key) });
  const gate = run.state().gates.get(key);
  if (gate) backOnFailure(run, gate);
  return end;
}

/** A failed gate goes back, except for the regression that a person accepted. */
export function backOnFailure(run: Run, { dimensions, verdict }: GateVerdict): void {
  const failed = Object.entries(dimensions).filter(([, { outcome }]) => outcome === "FAIL");
  const [worst] = failed.map(([name]) => name).filter((name) => !(name === "metrics" && run.state().accepted));
  if (worst === undefined) return;
  if (!run.state().latched) run.latch({ kind: triggerOf(worst), reasons: verdict.reasons });
  run.checkpoint();
}

/** What a failed dimension of a gate is called as the trigger of a rollback. */
function triggerOf(worst: string | undefined): Trigger["kind"] {
  switch (worst) {
    case "journeys":
      return "smoke";
    case "smoke":
    case "infra":
    case "slo":
      return worst;
    case "deploy":
    case "traffic":
      return "target";
    default:
      return "regression";
  }
}

function stageOf(run: Run, index: number): Stage {
  const stage = run.plan.stages[index];
  if (!stage) throw new RangeError(`the plan has no stage ${index + 1}`);
  return stage;
}

function watchPlan(run: Run, stage: Stage, index: number, final: boolean): WatchPlan {
  return {
    track: "production",
    text: final ? `observe ${run.plan.version} at 100 %` : stageText(run.plan, index),
    weightPct: stage.weightPct,
    plannedMs: stage.durationMs,
    extensionMs: stage.extensionMs,
    minRequests: stage.minRequests,
    frozen: final,
    final,
  };
}
