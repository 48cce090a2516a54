import type { RehearsalRecord } from "../judge/index.ts";
import {
  type Digest,
  type Duration,
  durationMs,
  FlowError,
  type LiveState,
  type Ms,
  type Sha256,
} from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import { declaredOf } from "./declared.ts";
import { problemsOfEvidence } from "./evidence-problems.ts";
import { metricRules } from "./metrics-spec.ts";
import type { RunParameters } from "./parameters.ts";
import { extensionOf, type Plan, type Stage } from "./plan.ts";
import { plannedMigrations } from "./plan-migrations.ts";
import { rehearsalOf } from "./plan-rehearsal.ts";
import { probesOf, refuseUnprobed, unknownsOfProbes } from "./probing.ts";
import { readinessPlan, unansweredText } from "./readiness-plan.ts";
import { refuseLongRolling, rollbackTrafficMs, rollingOf, rollingStages } from "./rolling-plan.ts";
import type { StrategyChoice } from "./strategy/choice.ts";
import { choiceForPlan, understoodWith } from "./strategy/for-plan.ts";
import type { Strategy } from "./strategy/name.ts";
import {
  countedRequests,
  notJudgedOnTarget,
  refuseBeyondTarget,
  refuseReplacing,
  refuseSharedProbes,
  refuseUnsplittable,
  unknownsOfTarget,
} from "./target-limits.ts";
import { type Resolved, resolveParameters } from "./understanding/resolve.ts";

/** What was looked up before a plan can be made; the plan itself is a pure function of it. */
export interface PlanFacts {
  readonly config: DeployConfig;
  /** Dotted keys that deploy.yaml writes itself. */
  readonly stated: ReadonlySet<string>;
  readonly configSha256: Sha256;
  readonly parameters: RunParameters;
  readonly digest: Digest;
  readonly live: LiveState;
  readonly routing: "per-request" | "sticky" | "by-replica";
  readonly minWeightPct: number;
  /** Two versions can run side by side. */
  readonly parallelPools: boolean;
  /** Documents that are noted as advice. */
  readonly documents: StrategyChoice["documents"];
  readonly production: boolean;
  /** The target can run migrations. */
  readonly canMigrate?: boolean;
  /** Rehearsals that the history of the project knows, and the migrations that its runs have applied in production. */
  readonly earlierRehearsals?: readonly RehearsalRecord[];
  readonly appliedMigrations?: readonly string[];
  /** Digests of the forward-fix documents that migrations name, by path; absent where one cannot be read. */
  readonly forwardFixes?: Readonly<Record<string, Sha256>>;
  /** Where the baseline's test results come from, already digested. */
  readonly testsBaseline: NonNullable<Plan["tests"]>["baseline"];
  readonly testsCandidate: NonNullable<Plan["tests"]>["candidate"];
  /** Text of the allowed signers file, where approvals by signature are accepted. */
  readonly signers?: string;
}

/** Floors of the flow; they bind only where real users are. */
const FLOORS = { canaryStage: 10 * 60_000, rollingBatch: 5 * 60_000, observe: 15 * 60_000 } as const;

/** The plan of a run. Refuses what cannot be done or must not be done, naming the key. */
export function makePlan(facts: PlanFacts): Plan {
  const asked = resolveParameters({ parameters: facts.parameters, config: facts.config, stated: facts.stated });
  return planAsAsked({ ...facts, config: heeded(facts.config, asked) }, asked);
}

/** deploy.yaml with the values that flags, answers and guidance set or tighten. */
function heeded(config: DeployConfig, asked: Resolved): DeployConfig {
  return {
    ...config,
    canary: { ...config.canary, stages: [...asked.stages] },
    slo: { ...config.slo, ...asked.slo },
  };
}

function planAsAsked(facts: PlanFacts, asked: Resolved): Plan {
  const { config, parameters, production } = facts;
  const previous = previousOf(facts);
  refuseNoOp(facts, previous);
  problemsOfEvidence(config);
  refuseBeyondTarget(config);
  if (previous) refuseReplacing(facts);
  refuseUncalibrated(facts);
  refuseUnprobed(config);
  if (production) refuseNobodysApproval(config);
  const { observeMs } = asked;
  // Without an old version there is nobody to share the traffic with.
  const stagesFor = (strategy: Strategy) => stagesOf(facts, previous ? strategy : "blue-green", observeMs);
  const choice = choiceForPlan(facts, asked, { hasPrevious: previous !== null, stagesOf: stagesFor });
  const strategy = choice.chosen;
  const rolling = previous && strategy === "rolling" ? rollingOf(facts) : undefined;
  const stages = stagesFor(strategy);
  if (production) refuseBelowFloors(strategy, stages, observeMs);
  const threshold = asked.regressionThreshold;
  const pollMs = durationMs(config.metrics?.poll ?? config.waits.poll);
  const notApplicable = notApplicableOf(facts, previous !== null);
  const judged = judgedBy(facts, threshold, pollMs);
  const rehearsal = rehearsalOf(facts, previous, strategy);
  const migrations = plannedMigrations(facts, previous);
  const readiness = readinessPlan(config, { ...judged, previous, notApplicable, rehearsal, migrations });
  return {
    schema: 1,
    service: config.service,
    version: parameters.version,
    digest: facts.digest,
    previous,
    target: config.target,
    production,
    instances: config.instances,
    strategy,
    strategyChoice: choice,
    retainOld: strategy === "blue-green" && config.blueGreen.retainOld,
    ...(rolling ? { rolling } : {}),
    risk: asked.risk,
    depth: asked.depth,
    stages,
    regressionThreshold: threshold,
    rollbackOnRegression: asked.rollbackOnRegression,
    pollMs,
    reportEveryMs: durationMs(config.reports.every),
    ...judged,
    journeys: config.journeys ?? null,
    probes: probesOf(config),
    waits: {
      approvalMs: durationMs(config.waits.approval),
      approvalValidMs: durationMs(config.waits.approvalValid),
      decisionMs: durationMs(config.waits.decision),
      decisionUnattendedMs: durationMs(config.waits.decisionUnattended),
      investigateMs: durationMs(config.waits.investigate),
      remindMs: durationMs(config.waits.remind),
      acceptanceMs: durationMs(config.waits.acceptance),
      degradedMs: durationMs(config.waits.degraded),
      shareMs: durationMs(config.waits.share),
      probesMs: durationMs(config.waits.probes),
      unseenMs: durationMs(config.waits.unseen),
      rollbackVerifyMs: durationMs(config.waits.rollbackVerify),
      // Who has to be back sooner than deploy.yaml allows is held to that.
      rollbackTrafficMs: Math.min(rollbackTrafficMs(config, strategy), asked.rollbackToleranceMs ?? Infinity),
    },
    rehearsal,
    migrations,
    readiness,
    freeze: {
      freeze: config.freeze,
      windows: config.deploymentWindows,
      override: parameters.overrideFreeze ?? null,
    },
    approvals: approvalsOf(facts),
    ...(facts.signers === undefined ? {} : { signers: facts.signers }),
    ...(config.approvals.roles.length === 0 ? {} : { roles: config.approvals.roles }),
    ...declaredOf(config),
    ...(config.notify.length === 0 ? {} : { notify: config.notify }),
    onOrphan: config.onOrphan,
    notApplicable,
    understood: understoodWith(choice, asked.understood),
    fixes: asked.fixes,
    expectedUnknowns: [...unknownsOf(facts, previous !== null), ...unansweredText(readiness)],
    configSha256: facts.configSha256,
  };
}

/** What the gates judge with. */
function judgedBy(
  facts: PlanFacts,
  threshold: number,
  pollMs: Ms,
): Pick<Plan, "metrics" | "tests" | "smoke" | "staging"> {
  const { config, testsBaseline, testsCandidate } = facts;
  const { alpha, beta, warmupPolls } = config.judge;
  return {
    metrics: config.metrics
      ? {
          config: config.metrics,
          rules: metricRules(config, threshold, facts.routing),
          alpha,
          beta,
          warmupPolls,
          pollMs,
        }
      : null,
    tests: config.tests ? { config: config.tests, baseline: testsBaseline, candidate: testsCandidate } : null,
    smoke: config.smoke ?? null,
    staging: config.staging ? { config: config.staging, observeMs: durationMs(config.staging.observe) } : null,
  };
}

/** Nobody is asked where no real users are, unless a freeze is to be overridden: that is a person's to answer for. */
function approvalsOf({ config, parameters, production }: PlanFacts): Plan["approvals"] {
  if (parameters.overrideFreeze === undefined) return production ? config.approvals.accept : ["none"];
  const ways = config.approvals.accept.filter((way) => way !== "none");
  if (ways.length > 0) return ways;
  throw new FlowError({
    code: "config",
    what: "a freeze is overridden by a person only, and deploy.yaml accepts no person's approval",
    expected: "ways in which a person approves, such as terminal",
    found: config.approvals.accept.join(", "),
    where: { file: "deploy.yaml", key: "approvals.accept" },
    next: "add a way, or wait until the freeze is over",
  });
}

/** Real users are exposed on a person's word only. */
function refuseNobodysApproval(config: DeployConfig): void {
  if (!config.approvals.accept.includes("none")) return;
  throw new FlowError({
    code: "config",
    what: "a target with real users needs a person's approval",
    expected: "ways in which a person approves: terminal, flag",
    found: config.approvals.accept.join(", "),
    where: { file: "deploy.yaml", key: "approvals.accept" },
    next: "take none out, or declare target.production: false where no real users are",
  });
}

/** The version that users get now. Two versions with traffic mean that somebody else is in the middle of something. */
function previousOf(facts: PlanFacts): Plan["previous"] {
  const serving = facts.live.pools.filter((pool) => pool.weightPct > 0 && pool.instances > 0);
  const [only, second] = serving;
  if (second) {
    throw new FlowError({
      code: "conflict",
      what: "production serves more than one version",
      expected: "one version with 100 % of the traffic",
      found: serving.map((pool) => `${pool.version} ${pool.weightPct} %`).join(", "),
      next: "finish or roll back what is under way, then start again",
    });
  }
  if (!only) {
    if (facts.parameters.firstDeploy) return null;
    throw new FlowError({
      code: "conflict",
      what: "nothing serves production, so there is nothing to compare with or to go back to",
      expected: "a running version",
      found: "none",
      next: "pass --first-deploy if this is the first deployment of the service",
    });
  }
  return { version: only.version, digest: only.digest };
}

function refuseNoOp(facts: PlanFacts, previous: Plan["previous"]): void {
  if (!previous) return;
  if (previous.version !== facts.parameters.version && previous.digest !== facts.digest) return;
  const same = previous.digest === facts.digest;
  throw new FlowError({
    code: "conflict",
    what: same
      ? "this artifact is what production runs already"
      : "this version name is in production with other content",
    expected: "a version that differs from production in name and content",
    found: `${previous.version} ${previous.digest.slice(0, 19)}`,
    next: same ? "there is nothing to deploy" : "give the new artifact a version of its own",
  });
}

function stagesOf(facts: PlanFacts, strategy: Plan["strategy"], observeMs: Ms): Stage[] {
  const stages = plannedStages(facts, strategy, observeMs);
  refuseSharedProbes(
    facts.config,
    stages.map(({ weightPct }) => weightPct),
  );
  return stages;
}

function plannedStages(facts: PlanFacts, strategy: Plan["strategy"], observeMs: Ms): Stage[] {
  const { config } = facts;
  const last: Stage = {
    weightPct: 100,
    durationMs: observeMs,
    extensionMs: extensionOf(observeMs),
    minRequests: countedRequests(config, config.canary.minRequests),
  };
  if (strategy === "blue-green") return [last];
  if (strategy === "rolling") {
    const stages = rollingStages(facts, rollingOf(facts), observeMs);
    refuseLongRolling(config, stages);
    return stages;
  }
  const weights = config.canary.stages;
  const wrong = (what: string, found: string) =>
    new FlowError({
      code: "config",
      what,
      found,
      where: { file: "deploy.yaml", key: "canary.stages" },
      next: "use rising percentages that end at 100, such as [5, 25, 50, 100]",
    });
  if (weights.at(-1) !== 100) throw wrong("the last canary stage must be 100", String(weights.at(-1)));
  if (weights.some((weight, index) => index > 0 && weight <= (weights[index - 1] ?? 0))) {
    throw wrong("canary stages must rise", weights.join(", "));
  }
  const tooSmall = weights.find((weight) => weight < facts.minWeightPct);
  if (tooSmall !== undefined)
    throw wrong(`the target cannot route less than ${facts.minWeightPct} %`, String(tooSmall));
  refuseUnsplittable(facts.routing, config.instances, weights);
  const durationOf = durationMs(config.canary.stageDuration as Duration);
  return [
    ...weights.slice(0, -1).map((weightPct) => ({
      weightPct,
      durationMs: durationOf,
      extensionMs: extensionOf(durationOf),
      minRequests: countedRequests(config, config.canary.minRequests),
    })),
    last,
  ];
}

function refuseBelowFloors(strategy: Plan["strategy"], stages: readonly Stage[], observeMs: Ms): void {
  const floorMs = strategy === "canary" ? FLOORS.canaryStage : FLOORS.rollingBatch;
  const short = stages.slice(0, -1).some((stage) => stage.durationMs < floorMs);
  if (!short && observeMs >= FLOORS.observe) return;
  throw new FlowError({
    code: "config",
    what: "the watch is too short for a target with real users",
    expected:
      "canary stages of at least 10m, a pause of at least 5m after a rolling batch, and an observation of at least 15m",
    where: {
      file: "deploy.yaml",
      key: short ? (strategy === "canary" ? "canary.stageDuration" : "rolling.pause") : "observe",
    },
    next: "lengthen it, or declare target.production: false where no real users are",
  });
}

/** What nobody will know; the person who approves the plan reads this. */
function unknownsOf({ config }: PlanFacts, hasPrevious: boolean): string[] {
  const asserts = config.smoke?.checks.some(({ expect }) => expect.jsonVersion ?? expect.headerVersion);
  return [
    ...unknownsOfTarget(config),
    ...unknownsOfProbes(config),
    ...(hasPrevious ? [] : ["what production did before: this is a first deployment"]),
    ...(config.smoke && !asserts
      ? ["which version answers the smoke checks: none of them says (jsonVersion, headerVersion)"]
      : []),
  ];
}

/** Counting requests as independent is right only where each one is routed by a draw of its own. */
function refuseUncalibrated({ config, routing }: PlanFacts): void {
  if (!config.metrics || config.metrics.source === "probes" || routing === "per-request") return;
  throw new FlowError({
    code: "config",
    what: "metrics cannot be judged on this target",
    expected: "routing per request",
    found: `routing ${routing}, whose dispersion would have to be calibrated first`,
    where: { file: "deploy.yaml", key: "metrics" },
    next: "leave the metrics section out, or use a target that routes every request by a draw of its own",
  });
}

/** What will not be judged, and why; the person who approves the plan reads this. */
function notApplicableOf(facts: PlanFacts, hasPrevious: boolean): Record<string, string> {
  const { config } = facts;
  const reasons: Record<string, string> = {
    ...notJudgedOnTarget(config),
  };
  if (!config.tests?.production) reasons["production.tests"] = "no suite is marked safe to run in production";
  if (!config.journeys) {
    reasons["staging.journeys"] = "no journeys are configured";
    reasons["production.journeys"] = "no journeys are configured";
  }
  if (!config.tests) reasons["staging.tests"] = "deploy.yaml has no tests section";
  if (!config.smoke) {
    reasons["staging.smoke"] = "deploy.yaml has no smoke section";
    reasons["production.smoke"] = "deploy.yaml has no smoke section";
  }
  if (!config.metrics) {
    reasons["staging.metrics"] = "deploy.yaml has no metrics section";
    reasons["production.metrics"] = "deploy.yaml has no metrics section";
  } else if (!config.staging) reasons["staging.metrics"] = "deploy.yaml has no staging section";
  else if (!config.staging.load && !probesOf(config)?.stagingLoad)
    reasons["staging.metrics"] = "no load is configured for staging";
  if (!config.staging)
    reasons["staging.deploy"] = "there is no staging environment; the gate judges this version's own tests";
  if (!hasPrevious) reasons["production.regression"] = "a first deployment has nothing to compare with";
  return reasons;
}
