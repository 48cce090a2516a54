import type { Outcome3 } from "../../vocab/index.ts";
import type { SmokeResult } from "../inputs.ts";

/** What is known when a person wants to accept a regression. */
export interface AcceptanceInput {
  /** The last results of every check and user journey that ran at this exposure. */
  readonly checks: readonly (Pick<SmokeResult, "id" | "priority" | "outcome"> & { readonly group?: string })[];
  /** The service level's verdict. */
  readonly slo: Outcome3 | undefined;
  /** What the suites that run in production came to: they compare P0 and P1 tests only. */
  readonly suites?: Outcome3 | undefined;
}

const SECURITY = /secur|auth/i;

/**
 * Why a regression must not be accepted; undefined when it may be. A failing P0 or P1 check, one about security or
 * authorization of any priority, a lost test of the production suites, and a broken service level are nobody's to accept, confirmed or not.
 */
export function acceptanceRefusal({ checks, slo, suites }: AcceptanceInput): string | undefined {
  const failing = checks.filter(({ outcome }) => outcome === "fail");
  const vital = failing.find(({ priority }) => priority === "P0" || priority === "P1");
  if (vital) return `the ${vital.priority} check ${vital.id} fails, which nobody can accept`;
  const security = failing.find(({ id, group }) => SECURITY.test(group ?? "") || SECURITY.test(id));
  if (security) return `the security check ${security.id} fails, which nobody can accept`;
  if (suites === "FAIL") return "P0 or P1 tests of the production suites fail, which nobody can accept";
  return slo === "FAIL" ? "the service level is broken, which nobody can accept" : undefined;
}
