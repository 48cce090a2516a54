import { z } from "zod";
import type { Instant } from "../../vocab/index.ts";
import type { Acceptance } from "./config.ts";
import { type Finding, fail, type JudgedBy, pass } from "./finding.ts";

/** Gravest first. */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One open finding of a scanner. `ids`: everything that an acceptance may call it. */
export const Vulnerability = z.object({ ids: z.array(z.string()), severity: z.enum(SEVERITIES) });
export type Vulnerability = z.infer<typeof Vulnerability>;

/** An acceptance names an id of at most so many characters. */
const ID_LIMIT = 200;

/** Findings in the form that is stored and judged. */
export function stored(open: readonly Vulnerability[], { redact }: Pick<JudgedBy, "redact">): Vulnerability[] {
  return open.map(({ ids, severity }) => ({ ids: ids.map((id) => redact(id, ID_LIMIT)), severity }));
}

const NAMED = 3;

/**
 * Open findings against what is allowed. A critical one is never accepted; another one counts as accepted while a
 * named person's acceptance of it has not expired.
 */
export function judgeVulnerabilities(
  open: readonly Vulnerability[],
  o: { failOn: Severity; accepted: readonly Acceptance[]; now: Instant; what: string },
  { redact }: Pick<JudgedBy, "redact">,
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
    const ids = [...new Set(refused.map(({ ids: [id = "unnamed"], severity }) => `${redact(id, 80)} (${severity})`))];
    const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : "";
    return fail(`${summary}; not accepted: ${ids.slice(0, NAMED).join(", ")}${more}`);
  }
  const used = new Set(grave.flatMap((one) => acceptanceOf(one) ?? []));
  const accepted = [...used].map(
    ({ id, owner, reason, until }) => `${id} accepted by ${owner} until ${until}: ${reason}`,
  );
  return pass(summary, { accepted });
}
