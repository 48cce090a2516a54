import { durationMs, FlowError, type Ms, spanText } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import { extensionOf, type Plan, type RollingPlan, type Stage } from "./plan.ts";
import { countedRequests } from "./target-limits.ts";

/** What a rolling plan is made from; a part of the facts of every plan. */
interface RollingFacts {
  readonly config: DeployConfig;
  readonly routing: "per-request" | "sticky" | "by-replica";
  readonly minWeightPct: number;
}

/** Rule 125 of the flow: a tenth of the instances per batch, never more than a quarter, always at least one. */
const USUAL_SHARE = 0.1;
const LARGEST_SHARE = 0.25;

/** Batch size and way back of a rolling deployment. Refuses a batch of more than a quarter of the instances. */
export function rollingOf({ config, routing }: RollingFacts): RollingPlan {
  const { instances } = config;
  const largest = Math.max(1, Math.floor(instances * LARGEST_SHARE));
  const batch = config.rolling.batch ?? Math.max(1, Math.floor(instances * USUAL_SHARE));
  if (batch > largest) {
    throw new FlowError({
      code: "config",
      what: "a rolling batch must not replace more than a quarter of the instances",
      expected: `at most ${largest} of ${instances}`,
      found: String(batch),
      where: { file: "deploy.yaml", key: "rolling.batch" },
      next: "make the batch smaller, or leave it out for a tenth",
    });
  }
  const enough = Math.max(instances - batch, Math.ceil(instances * (1 - LARGEST_SHARE)));
  return { batch, byReplica: routing === "by-replica", enough };
}

/**
 * Instances on the new version after each batch, ending with all. The first batch is one instance, or as few as the
 * target can give traffic to; no step leaves either version a share that the target cannot route.
 */
export function batchesOf(instances: number, batch: number, minWeightPct: number): number[] {
  const least = Math.max(1, Math.ceil((instances * minWeightPct) / 100));
  const counts: number[] = [];
  const most = instances - least;
  for (let updated = least; updated <= most; updated += batch) counts.push(updated);
  const last = counts.at(-1);
  if (last !== undefined && last < most && instances - last > batch) counts.push(most);
  return [...counts, instances];
}

/** Share of the traffic that belongs to so many of the instances, percent in hundredths. */
export function sharePct(updated: number, instances: number): number {
  return Math.round((10_000 * updated) / instances) / 100;
}

/** Instances that a stage of a rolling plan has brought to the new version: its share was made from this number. */
export function updatedAt(plan: Pick<Plan, "instances">, weightPct: number): number {
  return Math.round((plan.instances * weightPct) / 100);
}

/** Every batch is a stage; the last one brings all instances to the new version and is the observation. */
export function rollingStages(facts: RollingFacts, { batch, byReplica }: RollingPlan, observeMs: Ms): Stage[] {
  const { instances, rolling } = facts.config;
  const pauseMs = durationMs(rolling.pause);
  return batchesOf(instances, batch, byReplica ? 0 : facts.minWeightPct).map((updated) => {
    const plannedMs = updated === instances ? observeMs : pauseMs;
    return {
      weightPct: sharePct(updated, instances),
      durationMs: plannedMs,
      extensionMs: extensionOf(plannedMs),
      minRequests: countedRequests(facts.config, rolling.minRequests),
    };
  });
}

/** One instance after the other can take a working day; such a plan is refused before anybody approves it. */
export function refuseLongRolling({ rolling }: DeployConfig, stages: readonly Stage[]): void {
  const plannedMs = stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  if (plannedMs <= durationMs(rolling.window)) return;
  throw new FlowError({
    code: "config",
    what: "the rolling deployment would take longer than its window",
    expected: `at most ${rolling.window} for all batches and the observation`,
    found: `${spanText(plannedMs)} for ${stages.length} batches`,
    where: { file: "deploy.yaml", key: "rolling.window" },
    next: "raise rolling.batch (up to a quarter of the instances), shorten rolling.pause, or widen rolling.window",
  });
}

const ROLLBACK_TRAFFIC_MS: Record<Plan["strategy"], Ms> = {
  "blue-green": 60_000,
  canary: 120_000,
  rolling: 900_000,
};

/** Time within which a rollback has to have moved the traffic: a flip is quick, instances that start again are not. */
export function rollbackTrafficMs({ waits }: DeployConfig, strategy: Plan["strategy"]): Ms {
  return waits.rollbackTraffic === undefined ? ROLLBACK_TRAFFIC_MS[strategy] : durationMs(waits.rollbackTraffic);
}
