import type { MessageView } from "../../record/artifact-kinds/index.ts";
import { renderMessage } from "../../record/artifacts.ts";
import { pct } from "../../record/figures.ts";
import { type Sha256, spanText } from "../../vocab/index.ts";
import { RECOMMENDED_THRESHOLD } from "../parameters.ts";
import { type Plan, plannedMs } from "../plan.ts";
import { masked } from "./masked.ts";
import { shareText } from "./words.ts";

/** What a run is about to do, for whoever started it. Pure. */
export function startText(plan: Plan, planHash: Sha256): string {
  return renderMessage("start", masked(startView(plan, planHash)));
}

function startView(plan: Plan, planHash: Sha256): MessageView<"start"> {
  const usual = RECOMMENDED_THRESHOLD[plan.risk];
  return {
    service: plan.service,
    version: plan.version,
    replaces: plan.previous?.version ?? "nothing: first deployment",
    strategy: `${plan.strategy}: ${plan.stages.map(({ weightPct }) => shareText(weightPct)).join(", ")} of the traffic`,
    planned: `${spanText(plannedMs(plan))} of watching, when nothing is extended or asked`,
    threshold: `${pct(plan.regressionThreshold)} (usual at risk ${plan.risk}: ${usual})`,
    onRegression: plan.rollbackOnRegression ? "roll back" : "hold and ask a person",
    steps: stepsOf(plan),
    approval: plan.approvals.includes("none")
      ? "not needed: no real users"
      : `a person, by ${plan.approvals.join(" or ")}`,
    planHash,
  };
}

function stepsOf(plan: Plan): string[] {
  const threshold = pct(plan.regressionThreshold);
  const back = plan.previous ? `all traffic goes back to ${plan.previous.version}` : "its traffic is withdrawn";
  return [
    "check that everything is ready: quality gates, environment, way back",
    plan.staging
      ? `judge ${plan.version} in staging: more than ${threshold} regression stops it there`
      : `judge the tests of ${plan.version}: more than ${threshold} regression stops it there`,
    ...(plan.rehearsal.planned ? ["rehearse going back in staging, and judge it there"] : []),
    ...(plan.previous ? ["record what production does now, to compare with"] : []),
    "look once more whether it is ready, right before production is changed",
    ...(plan.migrations.length > 0 ? ["run its migrations, before anybody meets it"] : []),
    `bring ${plan.version} to production by ${plan.strategy}, watched all the time`,
    `judge production: more than ${threshold} regression ${plan.rollbackOnRegression ? "rolls back" : "is put to a person"}`,
    `on a broken service level, a failed smoke check or unhealthy instances ${back}, whatever was asked for`,
    "write the reports, draft the notification, and archive the record",
  ];
}
