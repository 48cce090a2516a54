import { changeUnit, directionOf, type MetricRule, thresholdMargin } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import { startLimitMs } from "../../target/index.ts";
import { epochMs, instantOf, spanText } from "../../vocab/index.ts";
import { type Plan, planHash, plannedMs } from "../plan.ts";
import { sourceText } from "../understanding/rows.ts";
import { adviceOf } from "./advice.ts";
import { tellRows } from "./contacts.ts";
import { freezeRows } from "./freeze.ts";
import { metricName } from "./metric-rows.ts";
import { migrationRows, migrationSteps } from "./migrations.ts";
import type { RunRecord } from "./record.ts";
import { riskRows } from "./risks.ts";
import { signOffs } from "./sign-offs.ts";
import { stageAction, stageName } from "./strategy-parts.ts";
import { capacityRows } from "./strategy-rows.ts";
import { rejectedStrategies } from "./strategy-view.ts";
import { boundText, worsenedText } from "./words.ts";

type View = ArtifactView<"deployment-plan">;

/** What will be done, as it was frozen. */
export function planView(record: RunRecord): View {
  const { plan, state } = record;
  return {
    service: plan.service,
    environment: "production",
    version: plan.version,
    digest: plan.digest,
    previousVersion: plan.previous?.version ?? "none",
    previousDigest: plan.previous?.digest ?? "none",
    strategy: plan.strategy,
    rationale: `${RATIONALE[plan.strategy]} ${takenBecause(plan)}`,
    rejected: rejectedStrategies(plan),
    risk: plan.risk,
    regressionThresholdPct: plan.regressionThreshold,
    rollbackOnRegression: plan.rollbackOnRegression,
    planHash: planHash(plan),
    parameters: parameters(plan),
    stages: stages(plan),
    slo: (plan.metrics?.rules ?? []).flatMap((rule) => sloRows(rule, plan)),
    dimensions: dimensions(plan),
    capacity: capacityRows(plan),
    migrations: migrationRows(plan),
    configChanges: (plan.declared?.configChanges ?? []).map(({ name, flagDefault = "no flag" }) => ({
      name,
      flagDefault,
    })),
    steps: steps(plan),
    risks: riskRows(plan),
    unknowns: [...plan.expectedUnknowns],
    communication: [{ name: "Messages to people outside the run", value: receiversText(plan) }],
    tell: tellRows(plan),
    supportHandover: handoverFacts(plan),
    signOffs: signOffs(state),
    approvedUntil: approvedUntil(record),
    advice: adviceOf(record, "approval"),
  };
}

function handoverFacts({ declared }: Plan): View["supportHandover"] {
  if (!declared?.supportHandover) return [];
  const { to, material, until } = declared.supportHandover;
  return [
    { name: "Users ask", value: to },
    { name: "From", value: material },
    { name: "Those who made it stand by until", value: until ?? null },
  ];
}

function approvedUntil({ plan, state }: RunRecord): View["approvedUntil"] {
  const { approval, approvalAt } = state;
  if (approval?.decision !== "approve" || approvalAt === undefined) return null;
  return instantOf(epochMs(approvalAt) + plan.waits.approvalValidMs);
}

const RATIONALE: Record<Plan["strategy"], string> = {
  canary:
    "Canary: a growing share of production requests goes to the new version, and each share is watched and gated before the next.",
  "blue-green":
    "Blue-green: the new version stands beside the old one at full size, is checked without users, and gets all of them at once; going back is one change of weights.",
  rolling:
    "Rolling: instances are replaced in place, batch by batch, each batch watched and gated before the next; no second set of instances is needed.",
};

/** Who named the strategy, and what was recommended beside it. */
function takenBecause({ strategyChoice: { chosen, chosenBy, recommended } }: Plan): string {
  if (chosenBy === "recommendation") return "Nobody names a strategy; it is the recommended one.";
  const beside = chosen === recommended ? "the recommendation is the same" : `${recommended} was recommended`;
  return `Named by: ${chosenBy}; ${beside}.`;
}

/** Who is told while it happens; addresses can be secrets and are not shown. */
function receiversText({ notify }: Plan): string {
  if (!notify || notify.length === 0) return "none are sent";
  return notify
    .map((receiver, index) => {
      const how = "command" in receiver ? `the command ${receiver.command[0] ?? ""}` : "a webhook";
      return `receiver ${index + 1}: ${how}, on ${receiver.on.join(", ")}`;
    })
    .join("; ");
}

function parameters(plan: Plan): NonNullable<View["parameters"]> {
  const row = (name: string, value: string) => ({ name, value, source: "the frozen plan" });
  return [
    ...plan.understood.map((entry) => ({ name: entry.name, value: entry.value, source: sourceText(entry) })),
    row("time planned", spanText(plannedMs(plan))),
    row("poll every", spanText(plan.pollMs)),
    row("probe traffic", probesText(plan)),
    row("without an owner", plan.onOrphan),
    ...freezeRows(plan).map(({ name, value }) => row(name, value)),
    row("ways of approval", plan.approvals.join(", ")),
    row("deploy.yaml", plan.configSha256),
  ];
}

/** What probes will be sent, and the smallest worsening that so many clean answers could exclude at best (rule of three). */
function probesText({ probes, metrics, journeys, stages: planned }: Plan): string {
  if (!probes || !metrics) return "none";
  const steps = (journeys ?? [])
    .filter(({ id }) => probes.journeys.includes(id))
    .map((journey) => journey.steps.length);
  const perJourney = steps.reduce((sum, count) => sum + count, 0) / Math.max(1, steps.length);
  const seconds = planned.reduce((sum, stage) => sum + stage.durationMs, 0) / 1000;
  const requests = Math.floor(probes.ratePerSecond * perJourney * seconds);
  const best = requests > 0 ? (100 * 3) / requests : Number.POSITIVE_INFINITY;
  const when = metrics.config.source === "probes" ? "the only measurement" : "added where users are too few";
  return `${probes.ratePerSecond} journeys per second to each version, ${when}; some ${num(requests)} requests in all stages, which could exclude a worsening above ${best.toPrecision(2)} pp at best`;
}

function stages(plan: Plan): NonNullable<View["stages"]> {
  return plan.stages.map(({ weightPct, durationMs: ms, extensionMs, minRequests }, index) => ({
    name: stageName(plan, index),
    weightPct,
    observe: `${spanText(ms)}, extended once by ${spanText(extensionMs)} when the evidence is too thin`,
    minimum: `${num(minRequests)} requests on the new version`,
  }));
}

function sloRows(rule: MetricRule, plan: Plan): NonNullable<View["slo"]> {
  const row = (target: string, action: string) => ({
    metric: metricName(rule.id),
    target,
    window: "every poll, all watched so far",
    action,
  });
  const [unit, direction] = [changeUnit(rule), directionOf(rule)];
  const margin = thresholdMargin(rule);
  const onRegression = plan.rollbackOnRegression ? "roll back" : "hold and ask";
  return [
    ...(rule.sloTarget === undefined ? [] : [row(boundText(rule.sloTarget, rule.unit, direction), "roll back")]),
    ...(plan.previous
      ? [
          row(`not worse by more than ${worsenedText(rule.trigger, unit, direction)}`, "roll back"),
          row(
            margin === 0 ? "not worse" : `not worse by more than ${worsenedText(margin, unit, direction)}`,
            onRegression,
          ),
        ]
      : []),
  ];
}

const JUDGED: Record<"staging" | "production", readonly string[]> = {
  staging: ["deploy", "tests", "metrics", "smoke", "journeys"],
  production: ["tests", "metrics", "regression", "smoke", "journeys"],
};

function dimensions(plan: Plan): NonNullable<View["dimensions"]> {
  return (["staging", "production"] as const).flatMap((gate) =>
    JUDGED[gate].map((dimension) => {
      const reason = plan.notApplicable[`${gate}.${dimension}`];
      return { gate, dimension, judged: reason === undefined ? "yes" : `no: ${reason}` };
    }),
  );
}

function steps(plan: Plan): NonNullable<View["steps"]> {
  const runner = "deploy-flow";
  const start = startLimit(plan);
  const traffic = plan.previous ? `all traffic to ${plan.previous.version}` : "withdraw traffic";
  const back = plan.rolling ? `start its instances again, then ${traffic}` : traffic;
  return [
    {
      action: "staging gate",
      actor: runner,
      timeout: plan.staging ? spanText(plan.staging.observeMs) : "–",
      verify: "gate PASS",
      undo: "nothing to undo",
    },
    {
      action: "approval of the plan hash",
      actor: "a person",
      timeout: spanText(plan.waits.approvalMs),
      verify: "same hash",
      undo: "nothing to undo",
    },
    {
      action: "record the production baseline",
      actor: runner,
      timeout: "30.0 s",
      verify: "stored as evidence",
      undo: "nothing to undo",
    },
    ...migrationSteps(plan),
    {
      action: `start ${plan.version} without traffic, check it`,
      actor: runner,
      timeout: start,
      verify: "instances ready, smoke checks",
      undo: "stop its instances",
    },
    ...plan.stages.map((stage) => ({
      action: stageAction(plan, stage.weightPct),
      actor: runner,
      timeout: spanText(stage.durationMs + stage.extensionMs),
      verify: stage.weightPct === 100 ? "production gate" : "stage gate",
      undo: back,
    })),
  ];
}

function startLimit({ target }: Plan): string {
  return spanText(startLimitMs(target));
}
