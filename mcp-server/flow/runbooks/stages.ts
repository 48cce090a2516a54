import { judgeSmoke, readMetrics } from "../../judge/index.ts";
import type { StepKey } from "../../vocab/index.ts";
import { type Run, RunStopped, stepKey } from "../engine.ts";
import type { WatchEnd, WatchPlan } from "../events.ts";
import { stageGate } from "../gates.ts";
import type { Hands } from "../hands.ts";
import type { Stage } from "../plan.ts";
import { watch, watchDuring } from "../watch.ts";
import { recordSmoke } from "../watch-smoke.ts";
import { applyPools, poolsText } from "./apply.ts";
import { instancesFor, instanceUrls, poolsAt } from "./pools.ts";

/** Key of the watch of a stage, counted from zero. */
export function stageKey(index: number): StepKey {
  return stepKey(`stage-${index + 1}`, "watch");
}

/** The first production change: instances of the new version without traffic, checked before any user reaches them. */
export async function prepare(run: Run, hands: Hands, key: StepKey): Promise<void> {
  const { plan } = run;
  const first = plan.stages[0]?.weightPct ?? 100;
  const pools = poolsAt(plan, 0, instancesFor(plan, first));
  await applyPools(run, key, {
    env: "production",
    pools,
    text: `start ${plan.version} in production without traffic`,
  });
  const checks = stepKey(key, "smoke");
  await run
    .act(
      checks,
      { text: `smoke checks on ${plan.version} before it gets traffic` },
      async (_fence, signal) => {
        const live = await run.target.observe("production", signal);
        const seen = await hands.smoke("pre-cutover", instanceUrls(live, plan.version), plan.version, signal);
        if (!seen) return { outcome: "NOT_APPLICABLE", reasons: [] };
        recordSmoke(run, hands, checks, seen);
        const verdict = judgeSmoke(seen);
        return { outcome: verdict.outcome, reasons: verdict.reasons };
      },
      () => undefined,
    )
    .then(({ outcome, reasons }) => {
      if (outcome !== "PASS" && outcome !== "NOT_APPLICABLE")
        throw new RunStopped({ outcome: "ABORTED", reasons: [...reasons] });
    });
}

/** Gives the new version its share of this stage, under the eyes of the stage before. */
export async function exposeTo(run: Run, hands: Hands, index: number): Promise<void> {
  const stage = stageOf(run, index);
  const pools = poolsAt(run.plan, stage.weightPct);
  await watchDuring(run, hands, index === 0 ? undefined : stageKey(index - 1), () =>
    applyPools(run, stepKey(`stage-${index + 1}`, "expose"), {
      env: "production",
      pools,
      text: `send ${poolsText(pools)}`,
      exposes: true,
    }),
  );
}

/** Watches one stage and journals its gate. */
export async function watchStage(run: Run, hands: Hands, index: number): Promise<WatchEnd> {
  const stage = stageOf(run, index);
  const final = index === run.plan.stages.length - 1;
  const key = stageKey(index);
  const end = await watch(run, hands, key, watchPlan(run, stage, index, final), {
    mode: "production",
    baseUrls: (live) => (final ? [live.entryUrl] : instanceUrls(live, run.plan.version)),
  });
  if (!final && !run.state().gates.has(key)) {
    run.append({ event: "gate", key, gate: stageGate(run.state(), key) });
  }
  return end;
}

function stageOf(run: Run, index: number): Stage {
  const stage = run.plan.stages[index];
  if (!stage) throw new RangeError(`the plan has no stage ${index + 1}`);
  return stage;
}

function watchPlan(run: Run, stage: Stage, index: number, final: boolean): WatchPlan {
  return {
    track: "production",
    text: final
      ? `observe ${run.plan.version} at 100 %`
      : `stage ${index + 1} of ${run.plan.stages.length}: ${stage.weightPct} % on ${run.plan.version}`,
    weightPct: stage.weightPct,
    plannedMs: stage.durationMs,
    extensionMs: stage.extensionMs,
    minRequests: stage.minRequests,
    frozen: final,
    final,
  };
}

/** The readings of the production track so far, for reports. */
export function productionReading(run: Run) {
  const track = run.state().tracks.get("production");
  return track && readMetrics(track);
}
