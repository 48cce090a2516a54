import type { Increment } from "../../vocab/index.ts";
import { pastEdge } from "./concurrent.ts";
import { calibrateRule } from "./control.ts";
import { type ArmPoll, armPoll } from "./poll.ts";
import type { Dispersions, MetricRule } from "./rule.ts";
import { NO_WINDOWS, type SeenWindows } from "./windows.ts";

/**
 * Dispersion of every rule from the history of the baseline arm before the first change: its polls, oldest first, with
 * halves. 30 to 60 minutes are right, ten the least; less, or polls without halves, give `too-few`. Throws FlowError
 * `damaged` on numbers that no measurement gives.
 */
export function calibrateRules(rules: readonly MetricRule[], polls: readonly (readonly Increment[])[]): Dispersions {
  return Object.fromEntries(
    rules.map((rule) => [rule.id, calibrateRule(rule, armsOf(rule, polls), (past) => pastEdge(past, rule))]),
  );
}

function armsOf(rule: MetricRule, polls: readonly (readonly Increment[])[]): ArmPoll[] {
  let windows: SeenWindows = NO_WINDOWS;
  const arms: ArmPoll[] = [];
  for (const poll of polls) {
    const read = armPoll(poll, rule, "baseline", windows);
    windows = { ...windows, baseline: read.windows };
    if (read.arm) arms.push(read.arm);
  }
  return arms;
}
