import { FlowError, type Ms } from "../../vocab/index.ts";
import type { Source } from "../parameters.ts";
import type { StrategyChoice, StrategyOption } from "./choice.ts";
import type { Strategy } from "./name.ts";
import { type StrategyContext, weighStrategies } from "./score.ts";

/** The strategy that somebody named, and who. */
export interface Named {
  readonly value: Strategy;
  readonly source: Source;
}

/**
 * The strategy of a run: the one that somebody named, else the recommended one; the recommendation is kept beside it.
 * Throws FlowError where the named one, or every one, cannot be taken here.
 */
export function chooseStrategy(named: Named | undefined, context: StrategyContext): Omit<StrategyChoice, "documents"> {
  const options = weighStrategies(context);
  const best = options.find(({ obstacles }) => obstacles.length === 0);
  if (named) {
    const option = options.find(({ strategy }) => strategy === named.value);
    if (option && option.obstacles.length > 0) throw cannot(option, named, best?.strategy);
    return { chosen: named.value, chosenBy: named.source, recommended: best?.strategy ?? named.value, options };
  }
  if (!best) throw none(options);
  return { chosen: best.strategy, chosenBy: "recommendation", recommended: best.strategy, options };
}

function cannot(option: StrategyOption, named: Named, instead: Strategy | undefined): FlowError {
  const isFile = named.source === "deploy.yaml";
  return new FlowError({
    code: isFile ? "config" : "usage",
    what: `the strategy ${option.strategy} cannot be taken here`,
    expected: instead ? `${instead}, which is recommended here` : "a strategy that the target and the answers allow",
    found: `${option.strategy} (${named.source}): ${option.obstacles.join("; ")}`,
    ...(isFile ? { where: { file: "deploy.yaml", key: "strategy" } } : {}),
    next: instead ? `use ${instead}, or clear what stands against it` : "clear what stands against it",
  });
}

function none(options: readonly StrategyOption[]): FlowError {
  return new FlowError({
    code: "config",
    what: "no strategy can be taken here",
    expected: "a strategy that the target, the answers and the guidance allow",
    found: options.map(({ strategy, obstacles }) => `${strategy}: ${obstacles.join(", ")}`).join("; "),
    next: "clear what stands against one of them",
  });
}

/** What planning a strategy comes to, or why it cannot be planned. */
export function tryPlanning(plan: () => Ms): StrategyContext["planned"][Strategy] {
  try {
    return { ms: plan() };
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    return { problem: error.found === undefined ? error.what : `${error.what} (found ${error.found})` };
  }
}
