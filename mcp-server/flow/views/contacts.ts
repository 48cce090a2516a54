import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Plan } from "../plan.ts";

type RollbackPlan = ArtifactView<"rollback-plan">;
type ContactRow = NonNullable<RollbackPlan["contacts"]>[number];
type TellRow = NonNullable<ArtifactView<"deployment-plan">["tell"]>[number];

/** Whom people turn to, in the order in which they are called; empty where deploy.yaml names nobody. */
export function contactRows({ declared }: Plan): ContactRow[] {
  return (declared?.escalation?.contacts ?? []).map(({ role, name, reach }) => ({ role, name: name ?? "–", reach }));
}

/** Where people meet while an incident lasts; null where nobody said. */
export function channelText({ declared }: Plan): string | null {
  return declared?.escalation?.channel ?? null;
}

/** `incident commander, Ada: pager shop`. */
export function contactTexts({ declared }: Plan): string[] {
  return (declared?.escalation?.contacts ?? []).map(
    ({ role, name, reach }) => `${role}${name === undefined ? "" : `, ${name}`}: ${reach}`,
  );
}

/** What people do first when going back failed: call those whom deploy.yaml names, in their order. */
export function escalationSteps(plan: Plan): string[] {
  const contacts = contactTexts(plan);
  const channel = channelText(plan);
  return [
    ...(contacts.length > 0
      ? contacts.map((contact) => `call ${contact}`)
      : ["tell whoever is on call, and everybody who depends on the service"]),
    ...(channel === null ? [] : [`meet in ${channel}`]),
  ];
}

/** Whom a person tells, and when; of a rollback only what belongs to one. */
export function tellRows({ declared }: Plan, when?: "rollback"): TellRow[] {
  return (declared?.communication ?? [])
    .filter((entry) => when === undefined || entry.when === when)
    .map((entry) => ({ ...entry, owner: entry.owner ?? null }));
}

/** Who hears of a rollback, and how: people as declared, receivers as configured. Null where nobody is named. */
export function rollbackCommunication(plan: Plan): string | null {
  const receivers = (plan.notify ?? []).filter(({ on }) => on.some((kind) => kind.startsWith("rollback"))).length;
  const told = tellRows(plan, "rollback").map(
    ({ audience, channel, owner }) => `${audience} by ${channel}${owner === null ? "" : `, sent by ${owner}`}`,
  );
  const channel = channelText(plan);
  const parts = [
    ...told,
    ...(receivers > 0 ? [`${receivers} of the plan's receivers, by the run itself`] : []),
    ...contactTexts(plan).map((contact) => `when it fails, ${contact}`),
    ...(channel === null ? [] : [`people meet in ${channel}`]),
  ];
  return parts.length > 0 ? parts.join("; ") : null;
}

/** What going back leaves behind, as declared. */
export function sideEffectRows({ declared }: Plan): NonNullable<RollbackPlan["sideEffects"]> {
  return [...(declared?.sideEffects ?? [])];
}

/** What people look after once production is in a known state. */
export function sideEffectSteps(plan: Plan): string[] {
  return sideEffectRows(plan).map(({ what, treatment }) => `see to what going back leaves: ${what} (${treatment})`);
}
