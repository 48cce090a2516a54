import { changeUnit, directionOf, thresholdMargin } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { spanText } from "../../vocab/index.ts";
import type { Plan } from "../plan.ts";
import { channelText, contactRows, sideEffectRows, tellRows } from "./contacts.ts";
import { metricName, worseningText } from "./metric-rows.ts";
import { dataFacts } from "./migrations.ts";
import type { RunRecord } from "./record.ts";
import { rehearsalText } from "./rehearsal.ts";
import { rollbackAction, rollbackSteps } from "./rollback-steps.ts";
import { boundText, worsenedText } from "./words.ts";

type View = ArtifactView<"rollback-plan">;

/** How to get back, as it will be done when a trigger is true. */
export function rollbackPlanView(record: RunRecord): View {
  const { plan } = record;
  const old = plan.previous?.version;
  return {
    service: plan.service,
    fromVersion: plan.version,
    toVersion: old ?? "none: traffic is withdrawn",
    toDigest: plan.previous?.digest ?? "none",
    action: rollbackAction(plan),
    target: spanText(plan.waits.rollbackTrafficMs),
    triggers: [...metricTriggers(plan), ...otherTriggers(plan)],
    decidedAutomatically: `every trigger below with the action "roll back"${plan.rollbackOnRegression ? "" : "; a regression within the service levels is asked"}`,
    decidedByPeople: "`deploy-flow deploy-decide rollback` or `abort` at any time; answers to a held rollout",
    steps: rollbackSteps(plan),
    lastTest: [
      { name: "Rehearsal of this rollback", value: rehearsalText(record) },
      { name: "State of the schema", value: plan.rehearsal.schemaGeneration },
    ],
    data: dataFacts(plan),
    verification: [
      {
        name: "Traffic",
        status: "required",
        detail: old ? `${old} has 100 %, measured, with its recorded digest` : "no version gets traffic",
      },
      {
        name: "Smoke checks",
        status: plan.smoke ? "required" : "not judged",
        detail: plan.smoke ? "every P0 and P1 passes" : "none are configured",
      },
      {
        name: "Service levels and regression",
        status: plan.metrics ? "required" : "not judged",
        detail: plan.metrics ? "as the recorded baseline" : "no metrics are configured",
      },
      { name: "Instances", status: "required", detail: "all ready, no restart" },
    ],
    sideEffects: sideEffectRows(plan),
    contacts: contactRows(plan),
    channel: channelText(plan),
    tell: tellRows(plan, "rollback"),
    escalation: [
      "the project is held: no new run starts until a person has run `deploy-flow release-lock --reason ...`",
    ],
  };
}

function metricTriggers(plan: Plan): NonNullable<View["triggers"]> {
  return (plan.metrics?.rules ?? []).flatMap((rule) => {
    const [unit, direction] = [changeUnit(rule), directionOf(rule)];
    const row = (condition: string, limit: string, action: string) => ({
      condition,
      limit,
      window: "judged at every poll",
      action,
    });
    const name = metricName(rule.id);
    const relative = plan.previous
      ? [
          row(`${name} worse than the old version`, worsenedText(rule.trigger, unit, direction), "roll back"),
          row(
            `${name} regression`,
            worseningText(thresholdMargin(rule), unit, direction),
            plan.rollbackOnRegression ? "roll back" : "hold and ask",
          ),
        ]
      : [];
    const absolute =
      rule.sloTarget === undefined
        ? []
        : [row(`${name} outside its target`, boundText(rule.sloTarget, rule.unit, direction), "roll back")];
    return [...relative, ...absolute];
  });
}

function otherTriggers(plan: Plan): NonNullable<View["triggers"]> {
  return [
    ...(plan.smoke
      ? [
          {
            condition: "P0 or P1 smoke check fails",
            limit: "twice in a row",
            window: "at each stage",
            action: "roll back",
          },
        ]
      : []),
    { condition: "out-of-memory kill of the new version", limit: "any", window: "at once", action: "roll back" },
    { condition: "restarts of the new version", limit: "more than 3", window: "5 minutes", action: "roll back" },
    {
      condition: "instances of the new version failing health",
      limit: "more than half",
      window: "2 observations",
      action: "roll back",
    },
    {
      condition: "the new version is degraded: a restart, or an instance that is not ready",
      limit: "without a break",
      window: `hold at once; ${spanText(plan.waits.degradedMs)}`,
      action: "roll back",
    },
    {
      condition: "share of the traffic is not the planned one",
      limit: "5 pp or 4 standard errors",
      window: `hold at once; ${spanText(plan.waits.shareMs)}`,
      action: "roll back",
    },
    ...(plan.metrics
      ? [
          {
            condition: "no metric can be read",
            limit: "no successful poll",
            window: `hold at once; ${spanText(plan.waits.probesMs)} with failing checks, ${spanText(plan.waits.decisionMs)} without an answer`,
            action: "roll back",
          },
        ]
      : []),
    { condition: "a person asks", limit: "–", window: "at once", action: "roll back" },
  ];
}
