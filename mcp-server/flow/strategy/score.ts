import { type Ms, spanText } from "../../vocab/index.ts";
import type { Risk } from "../parameters.ts";
import type { Downtime, Migrations } from "../understanding/context.ts";
import type { StrategyOption } from "./choice.ts";
import type { Strategy } from "./name.ts";
import { CONS, PROS, requirementsOf } from "./traits.ts";

/** What the strategies are weighed by. */
export interface StrategyContext {
  readonly risk: Risk;
  readonly downtime: Downtime;
  readonly migrations: Migrations;
  /** Users must be back on the old version within this time; null: nobody said. */
  readonly rollbackToleranceMs: Ms | null;
  /** Strategies that guidance asks to leave out. */
  readonly avoid: readonly Strategy[];
  readonly routing: "per-request" | "sticky" | "by-replica";
  readonly parallelPools: boolean;
  readonly instances: number;
  /** Something serves production now. */
  readonly hasPrevious: boolean;
  readonly hasMetrics: boolean;
  /** Time within which each strategy promises to have all users back. */
  readonly wayBackMs: Readonly<Record<Strategy, Ms>>;
  /** What planning each strategy came to: its time, or why it cannot be planned. */
  readonly planned: Readonly<Record<Strategy, { readonly ms: Ms } | { readonly problem: string }>>;
}

/** In the order in which equal scores are taken: the one that exposes the fewest users first. */
export const STRATEGIES: readonly Strategy[] = ["canary", "blue-green", "rolling"];

/** One reason with the points that it gives or takes. */
interface Consideration {
  readonly when: boolean;
  readonly points: Partial<Record<Strategy, number>>;
  readonly text: string;
}

/** All strategies with points, reasons and obstacles, the best first. Pure; points only order what is possible. */
export function weighStrategies(context: StrategyContext): StrategyOption[] {
  const considerations = considerationsOf(context).filter(({ when }) => when);
  const options = STRATEGIES.map((strategy) => optionOf(strategy, considerations, context));
  // The sort is stable, so that equal ones stay in the order of STRATEGIES.
  return options.sort((a, b) => rank(b) - rank(a));
}

const IMPOSSIBLE = -1_000;

function rank({ score, obstacles }: StrategyOption): number {
  return obstacles.length > 0 ? IMPOSSIBLE + score : score;
}

function optionOf(
  strategy: Strategy,
  considerations: readonly Consideration[],
  context: StrategyContext,
): StrategyOption {
  const mine = considerations.map(({ points, text }) => ({ points: points[strategy] ?? 0, text }));
  const planned = context.planned[strategy];
  return {
    strategy,
    score: mine.reduce((sum, { points }) => sum + points, 0),
    speaksFor: mine.filter(({ points }) => points > 0).map(({ text }) => text),
    speaksAgainst: mine.filter(({ points }) => points < 0).map(({ text }) => text),
    obstacles: obstaclesOf(strategy, context),
    pros: [...PROS[strategy]],
    cons: [...CONS[strategy]],
    requirements: requirementsOf(strategy, context.instances),
    plannedMs: "ms" in planned ? planned.ms : null,
  };
}

function considerationsOf(c: StrategyContext): Consideration[] {
  return [
    {
      when: c.hasPrevious,
      points: { canary: 2 },
      text: "users meet the new version by degrees, and each share is judged before the next",
    },
    {
      when: c.parallelPools,
      points: { "blue-green": 1 },
      text: "the new version stands whole and is checked before anybody gets it",
    },
    {
      when: c.risk === "high",
      points: { canary: 3, "blue-green": 1 },
      text: "high risk: few users while little is known",
    },
    { when: c.risk === "medium", points: { canary: 1 }, text: "medium risk: a first share shows what tests did not" },
    {
      when: c.risk === "low",
      points: { "blue-green": 1, rolling: 1 },
      text: "low risk: one watch at full traffic may be enough",
    },
    {
      when: c.hasMetrics && c.routing === "per-request" && c.hasPrevious,
      points: { canary: 1 },
      text: "requests are drawn one by one and measured: both versions can be compared at the same time",
    },
    {
      when: !c.hasMetrics,
      points: { canary: -1 },
      text: "no metrics are configured, so that a share is judged by health and smoke checks only",
    },
    {
      when: c.routing === "by-replica",
      points: { canary: -1 },
      text: "the target shares traffic by counting instances, so that shares are coarse",
    },
    {
      when: c.downtime === "zero",
      points: { "blue-green": 4 },
      text: "no downtime: the switch is one moment, and the old version stays whole beside it",
    },
    { when: c.downtime === "acceptable", points: { rolling: 1 }, text: "some downtime is acceptable" },
    {
      when: c.migrations === "included",
      points: { "blue-green": 2 },
      text: "a migration comes along: both versions serve on the changed schema for the shortest time",
    },
    {
      when: c.migrations === "included",
      points: { canary: -1, rolling: -1 },
      text: "a migration comes along, and both versions serve on the changed schema for long",
    },
    {
      when: !c.hasPrevious,
      points: { "blue-green": 5 },
      text: "nothing serves yet: the new version is set up whole, checked, and then opened",
    },
    {
      when: !c.hasPrevious,
      points: { canary: -2, rolling: -2 },
      text: "nothing serves yet, so that there is no old version to share traffic with",
    },
  ];
}

function obstaclesOf(strategy: Strategy, c: StrategyContext): string[] {
  const planned = c.planned[strategy];
  const tolerance = c.rollbackToleranceMs ?? Number.POSITIVE_INFINITY;
  return [
    ...(c.avoid.includes(strategy) ? ["the guidance asks to leave it out"] : []),
    // Rolling too: between two batches instances of both versions serve.
    ...(c.hasPrevious && !c.parallelPools ? ["the target cannot run two versions side by side"] : []),
    ...(strategy === "rolling" && c.hasPrevious && c.instances < 2
      ? ["there is one instance, and so nothing to update one after the other"]
      : []),
    ...(c.wayBackMs[strategy] > tolerance
      ? [
          `its way back takes up to ${spanText(c.wayBackMs[strategy])}, and no more than ${spanText(tolerance)} is tolerated`,
        ]
      : []),
    ...("problem" in planned ? [planned.problem] : []),
  ];
}
