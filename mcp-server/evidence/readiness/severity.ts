import type { Instant } from "../../vocab/index.ts";
import type { Acceptance } from "./config.ts";
import { type CheckWorld, type Finding, type FoundEvidence, fail, pass } from "./finding.ts";

/** Gravest first. */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One open finding of a scanner. `ids`: everything that an acceptance may call it. */
export interface Vulnerability {
  readonly ids: readonly string[];
  readonly severity: Severity;
}

const NAMED = 3;

/**
 * Open findings against what is allowed. A critical one is never accepted; another one counts as accepted while a
 * named person's acceptance of it has not expired.
 */
export function judgeVulnerabilities(
  open: readonly Vulnerability[],
  o: { failOn: Severity; accepted: readonly Acceptance[]; now: Instant; what: string },
  world: Pick<CheckWorld, "redact">,
  evidence: readonly FoundEvidence[],
): Finding {
  const limit = SEVERITIES.indexOf(o.failOn);
  const grave = open.filter(({ severity }) => SEVERITIES.indexOf(severity) <= limit);
  const today = o.now.slice(0, 10);
  const acceptanceOf = ({ ids, severity }: Vulnerability) =>
    severity === "critical" ? undefined : o.accepted.find(({ id, until }) => ids.includes(id) && until >= today);
  const refused = grave.filter((one) => !acceptanceOf(one));
  const counts = SEVERITIES.map((severity) => `${open.filter((one) => one.severity === severity).length} ${severity}`);
  const summary = `${o.what}: ${counts.join(", ")}`;
  if (refused.length > 0) {
    const ids = [
      ...new Set(refused.map(({ ids: [id = "unnamed"], severity }) => `${world.redact(id, 80)} (${severity})`)),
    ];
    const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : "";
    return fail(`${summary}; not accepted: ${ids.slice(0, NAMED).join(", ")}${more}`, { evidence });
  }
  const used = new Set(grave.flatMap((one) => acceptanceOf(one) ?? []));
  const accepted = [...used].map(
    ({ id, owner, reason, until }) => `${id} accepted by ${owner} until ${until}: ${reason}`,
  );
  return pass(summary, { evidence, accepted });
}
