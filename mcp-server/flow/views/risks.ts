import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { pct } from "../../record/figures.ts";
import { capabilitiesOf } from "../../target/index.ts";
import { spanText } from "../../vocab/index.ts";
import type { Plan } from "../plan.ts";

type Row = NonNullable<ArtifactView<"deployment-plan">["risks"]>[number];

/** A risk that follows from the plan itself: what could happen, what that would mean, what the run does about it. */
interface Follows {
  readonly when: boolean;
  readonly risk: string;
  readonly impact: string;
  readonly mitigation: string;
}

/** What people declared, and beside it what the plan itself shows. Decides nothing; who approves reads it. Pure. */
export function riskRows(plan: Plan): Row[] {
  return [
    ...(plan.declared?.risks ?? []).map((declared) => ({
      ...declared,
      owner: declared.owner ?? null,
      source: "declared",
    })),
    ...followingRisks(plan).map((risk) => ({ ...risk, likelihood: null, owner: null, source: "computed" })),
  ];
}

function followingRisks(plan: Plan): Omit<Follows, "when">[] {
  return [...ofTheWayBack(plan), ...ofWhatIsNotSeen(plan), ...ofWhatIsAccepted(plan)]
    .filter(({ when }) => when)
    .map(({ risk, impact, mitigation }) => ({ risk, impact, mitigation }));
}

function ofTheWayBack(plan: Plan): Follows[] {
  const { previous, rehearsal, rolling, waits } = plan;
  const old = previous?.version ?? "the old version";
  return [
    {
      when: previous === null,
      risk: "first deployment: there is no old version",
      impact: "going back leaves nothing that serves",
      mitigation: "judged by absolute limits; going back withdraws its traffic",
    },
    ...plan.migrations
      .filter(({ reversible }) => !reversible)
      .map(({ id, forwardFix }) => ({
        when: true,
        risk: `migration ${id} cannot be undone`,
        impact: "going back moves traffic and leaves it applied",
        mitigation: `${old} works with it, as declared; when it turns out wrong: ${forwardFix?.path ?? "nothing is named"}`,
      })),
    {
      when: previous !== null && !rehearsal.planned && !rehearsal.earlier.some(({ outcome }) => outcome === "PASS"),
      risk: `going back was not rehearsed: ${rehearsal.reason}`,
      impact: "what keeps it from working is found when users wait for it",
      mitigation: `it is tried again until ${spanText(waits.rollbackTrafficMs)} are over; then it ends ROLLBACK_FAILED and holds the project`,
    },
    {
      when: rolling !== undefined,
      risk: "the old instances are gone when it has to go back",
      impact: `users stay on the new version until they have started again, up to ${spanText(waits.rollbackTrafficMs)}`,
      mitigation: "replaced batch by batch, each judged before the next",
    },
    {
      when: plan.instances === 1,
      risk: "one instance carries all traffic",
      impact: "when it fails, nothing serves",
      mitigation: "its health is watched; going back needs one instance of the old version",
    },
  ];
}

function ofWhatIsNotSeen(plan: Plan): Follows[] {
  const { metrics, previous } = plan;
  const isBlueGreen = previous !== null && plan.strategy === "blue-green";
  const ofProbes = metrics?.config.source === "probes";
  const checks = plan.smoke !== null || plan.journeys !== null;
  return [
    {
      when: isBlueGreen,
      risk: "all users change over at one moment",
      impact: "a fault that only real traffic shows meets all of them",
      mitigation: "checked at full size without users first; going back is one change of weights",
    },
    {
      when: plan.staging === null,
      risk: "no staging environment",
      impact: "production is the first place where it runs with its surroundings",
      mitigation: "its own tests are judged before; production is watched from the first request on",
    },
    {
      when: plan.tests === null,
      risk: "no tests are judged",
      impact: "what they would have shown is found in production",
      mitigation: checks ? "checks before and in production" : "health of the instances",
    },
    {
      when: metrics === null,
      risk: "no metrics",
      impact: "more errors or slower answers of real requests are not seen",
      mitigation: checks ? "checks and health of the instances" : "health of the instances only",
    },
    {
      when: ofProbes,
      risk: "few requests of users are measured, or none",
      impact: "a fault that the journeys do not meet is not seen",
      mitigation: "requests of our own are judged; a thin proof ends UNPROVEN",
    },
    {
      when: !checks,
      risk: "no smoke checks and no journeys",
      impact: "nothing asks whether it does what users come for",
      mitigation: metrics ? "errors and latency of real requests" : "health of the instances only",
    },
    {
      when: !capabilitiesOf(plan.target).measuresTraffic,
      risk: "the target does not measure traffic",
      impact: "a wrong share of the traffic is not seen",
      mitigation: "weights are read back after each change",
    },
  ];
}

function ofWhatIsAccepted(plan: Plan): Follows[] {
  const { fixes, freeze, waits } = plan;
  return [
    {
      when: plan.previous !== null && !plan.rollbackOnRegression,
      risk: "a regression waits for a person",
      impact: `users keep meeting it for up to ${spanText(waits.decisionMs)}`,
      mitigation: "broken service levels, failed checks and unhealthy instances go back at once",
    },
    {
      when: plan.regressionThreshold > 0,
      risk: `a worsening of up to ${pct(plan.regressionThreshold)} is accepted`,
      impact: "so many tests may be lost, and each metric may be that much worse",
      mitigation: "service levels, triggers and P0 and P1 checks count all the same",
    },
    {
      when: freeze.override !== null,
      risk: "it may begin in a freeze",
      impact: "whatever the freeze is for",
      mitigation: `a person's reason: ${freeze.override ?? ""}`,
    },
    {
      when: fixes !== null,
      risk: "production may be ill when it begins",
      impact: "the old version is a poor measure, and no good place to go back to",
      mitigation: `it is to end ${fixes?.incident ?? ""}: ${fixes?.reason ?? ""}`,
    },
    {
      when: plan.risk === "high",
      risk: "the release is said to be of high risk",
      impact: "not said",
      mitigation: `${plan.strategy}, observed for ${spanText(plan.stages.at(-1)?.durationMs ?? 0)} at full traffic`,
    },
  ];
}
