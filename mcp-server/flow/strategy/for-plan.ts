import { durationMs, type Ms } from "../../vocab/index.ts";
import type { DeployConfig } from "../config.ts";
import type { Understood } from "../parameters.ts";
import type { Stage } from "../plan.ts";
import { rollbackTrafficMs } from "../rolling-plan.ts";
import type { Resolved } from "../understanding/resolve.ts";
import type { StrategyChoice } from "./choice.ts";
import { chooseStrategy, tryPlanning } from "./choose.ts";
import type { Strategy } from "./name.ts";

/** What is known when the strategy of a plan is chosen. */
export interface ChoiceFacts {
  readonly config: DeployConfig;
  readonly stated: ReadonlySet<string>;
  readonly routing: "per-request" | "sticky" | "by-replica";
  readonly parallelPools: boolean;
  readonly documents: StrategyChoice["documents"];
}

/** The strategy of a plan. `stagesOf` plans one and throws where it cannot be planned. */
export function choiceForPlan(
  facts: ChoiceFacts,
  asked: Resolved,
  o: { readonly hasPrevious: boolean; readonly stagesOf: (strategy: Strategy) => readonly Stage[] },
): StrategyChoice {
  const { config } = facts;
  const stagingMs = config.staging ? durationMs(config.staging.observe) : 0;
  const timeOf = (strategy: Strategy): Ms =>
    o.stagesOf(strategy).reduce((sum, stage) => sum + stage.durationMs, stagingMs);
  // The error of a strategy that somebody named is told as it is; so are stages that deploy.yaml writes wrongly, which
  // are no reason for another strategy.
  if (asked.strategy) timeOf(asked.strategy.value);
  else if (facts.stated.has("canary.stages")) timeOf("canary");
  const each = <T>(of: (strategy: Strategy) => T): Record<Strategy, T> => ({
    canary: of("canary"),
    "blue-green": of("blue-green"),
    rolling: of("rolling"),
  });
  const choice = chooseStrategy(asked.strategy, {
    ...asked,
    routing: facts.routing,
    parallelPools: facts.parallelPools,
    instances: config.instances,
    hasPrevious: o.hasPrevious,
    hasMetrics: config.metrics !== undefined,
    planned: each((strategy) => tryPlanning(() => timeOf(strategy))),
    wayBackMs: each((strategy) => rollbackTrafficMs(config, strategy)),
  });
  return { ...choice, documents: [...facts.documents] };
}

/** The strategy is told like every other parameter, also where nobody named it. */
export function understoodWith(
  { chosen, chosenBy, recommended }: StrategyChoice,
  rows: readonly Understood[],
): Understood[] {
  const row = { name: "strategy", source: "recommendation" as const, words: null };
  if (chosenBy === "recommendation") return [{ ...row, value: chosen }, ...rows];
  if (chosen === recommended) return [...rows];
  return [...rows, { ...row, value: `${recommended} is recommended; ${chosen} was named and is taken` }];
}
