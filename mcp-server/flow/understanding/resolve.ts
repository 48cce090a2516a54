import type { Ms } from "../../vocab/index.ts";
import type { DeployConfig } from "../config.ts";
import type { Depth, Risk, RunParameters, Source, Understood } from "../parameters.ts";
import type { Strategy } from "../strategy/name.ts";
import {
  type Downtime,
  downtimeOf,
  type Fixes,
  firstDeployOf,
  fixesOf,
  type Migrations,
  migrationsOf,
  riskOf,
  rollbackTolerance,
} from "./context.ts";
import { about } from "./finding.ts";
import { depth, observation, regressionThreshold, rollbackOnRegression, serviceLevels } from "./gates.ts";
import { readGuidance } from "./guidance.ts";
import { row } from "./precedence.ts";
import type { Sources } from "./sources.ts";
import { avoidedStrategies, canaryStages, namedStrategy } from "./traffic.ts";

/** Every parameter of a run, and the rows that say which words and sources it came from. */
export interface Resolved {
  /** Undefined: nobody names one, so that the recommendation is taken. */
  readonly strategy: { readonly value: Strategy; readonly source: Source } | undefined;
  readonly avoid: readonly Strategy[];
  readonly risk: Risk;
  readonly depth: Depth;
  readonly firstDeploy: boolean;
  /** Percent of traffic per canary stage. */
  readonly stages: readonly number[];
  readonly regressionThreshold: number;
  readonly rollbackOnRegression: boolean;
  readonly observeMs: Ms;
  readonly slo: { readonly errorRatePct: number; readonly latencyP99Ms: Ms };
  readonly migrations: Migrations;
  readonly downtime: Downtime;
  /** Users must be back on the old version within this time; null: nobody said. */
  readonly rollbackToleranceMs: Ms | null;
  readonly fixes: Fixes | null;
  readonly understood: readonly Understood[];
}

/**
 * Puts the sources of a run together: flag over answer over guidance over deploy.yaml over default. Guidance may set
 * strategy and stages and otherwise only tighten. Pure. Throws FlowError `usage` where two of the run's own sources
 * contradict each other, naming both.
 */
export function resolveParameters(o: {
  parameters: RunParameters;
  config: DeployConfig;
  stated: ReadonlySet<string>;
}): Resolved {
  const { findings, commentary } = readGuidance(o.parameters.guidance ?? "");
  const s: Sources = { ...o, findings };
  const strategy = namedStrategy(s);
  const avoid = avoidedStrategies(s);
  const risk = riskOf(s);
  const settled = {
    stages: canaryStages(s),
    regressionThreshold: regressionThreshold(s, risk.value),
    rollbackOnRegression: rollbackOnRegression(s),
    observe: observation(s),
    depth: depth(s),
    migrations: migrationsOf(s),
    downtime: downtimeOf(s),
    rollbackTolerance: rollbackTolerance(s),
    firstDeploy: firstDeployOf(s),
    fixes: fixesOf(s),
  };
  const slo = serviceLevels(s);
  const parts = [strategy, avoid, risk, ...Object.values(settled), slo.errorRatePct, slo.latencyP99Ms, slo];
  return {
    strategy: strategy && { value: strategy.value, source: strategy.source },
    avoid: avoid.value,
    risk: risk.value,
    depth: settled.depth.value,
    firstDeploy: settled.firstDeploy.value,
    stages: settled.stages.value,
    regressionThreshold: settled.regressionThreshold.value,
    rollbackOnRegression: settled.rollbackOnRegression.value,
    observeMs: settled.observe.value,
    slo: { errorRatePct: slo.errorRatePct.value, latencyP99Ms: slo.latencyP99Ms.value },
    migrations: settled.migrations.value,
    downtime: settled.downtime.value,
    rollbackToleranceMs: Number.isFinite(settled.rollbackTolerance.value) ? settled.rollbackTolerance.value : null,
    fixes: settled.fixes.value,
    understood: [...parts.flatMap((part) => part?.rows ?? []), ...noted(findings, commentary)],
  };
}

/** What changes nothing is said as well, so that nobody believes it was heeded. */
function noted(findings: ReturnType<typeof readGuidance>["findings"], commentary: readonly string[]): Understood[] {
  return [
    ...about(findings, "remark").map(({ value, words }) => row("guidance", value, { source: "guidance", words })),
    ...commentary.map((words) => row("guidance", "commentary only: it changes nothing", { source: "guidance", words })),
  ];
}
