import type { RunRecord } from "./record.ts";
import { rollbackResult } from "./rollback.ts";
import { userImpact } from "./user-impact.ts";

/** How grave an incident is, and which rule says so. */
export interface IncidentSeverity {
  readonly severity: "P0" | "P1" | "P2";
  readonly why: string;
  /** Hours within which a review is proposed; null where a ticket is enough. */
  readonly reviewHours: number | null;
}

/**
 * P0 while the old state is not shown to be restored; P1 once it is, after users were exposed; P2 where nobody was. A
 * partial rollback counts as none: what is not shown to be good is treated as bad. Undefined where nothing went wrong.
 */
export function incidentSeverity(record: RunRecord): IncidentSeverity | undefined {
  const { latched, outcome, exposed } = record.state;
  if (latched) {
    const result = rollbackResult(record) ?? "under way";
    const users = `user impact ${userImpact(record).category}`;
    if (result !== "SUCCESS") return { severity: "P0", why: `the rollback is ${result}, ${users}`, reviewHours: 24 };
    return { severity: "P1", why: `users were exposed and the rollback succeeded, ${users}`, reviewHours: 48 };
  }
  if (!exposed && (outcome?.outcome === "BLOCKED" || outcome?.outcome === "ABORTED"))
    return { severity: "P2", why: "stopped before anybody was exposed; a ticket is enough", reviewHours: null };
  return undefined;
}

/** Name of the incident that a run belongs to: the one that a person named, else the one that it was to end. */
export function incidentId({ plan, state }: RunRecord): string {
  return state.incident?.incident ?? plan.fixes?.incident ?? "UNDECLARED";
}

/** The same with who said so, or how a person says it. */
export function incidentText(record: RunRecord): string {
  const { incident } = record.state;
  const why = incident
    ? `named by ${incident.person}`
    : record.plan.fixes
      ? "this release was to end it"
      : "a person names it with `deploy-flow incident ID`";
  return `${incidentId(record)}: ${why}`;
}
