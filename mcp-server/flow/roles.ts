import { z } from "zod";

/** As whom a person can sign a deployment off. */
export const Role = z.enum(["deployment-manager", "reliability-engineer", "operations-lead", "release-manager"]);
export type Role = z.infer<typeof Role>;

/** Who may sign as what: names of accounts, or names in the allowed signers file. */
export const RoleHolder = z.strictObject({
  role: Role.describe("what they sign as"),
  persons: z.array(z.string().trim().min(1).max(200)).min(1).max(50).describe("accounts or names of signers"),
});
export type RoleHolder = z.infer<typeof RoleHolder>;

/** `release manager`, as people read it. */
export function roleText(role: Role): string {
  return role.replaceAll("-", " ");
}

/** Ways that name a person: a hash in a job's environment says that somebody approved, and not who. */
const NAMING: readonly string[] = ["terminal", "ssh-signature"];

/**
 * Why somebody must not sign as this role; undefined when the plan gives it to them. Only the frozen plan says who has
 * a role: what a request claims is worth nothing without it.
 */
export function roleRefusal(
  plan: { readonly roles?: readonly RoleHolder[] | undefined },
  said: { readonly role: Role; readonly person: string; readonly way: string },
): string | undefined {
  const { role, person, way } = said;
  if (!NAMING.includes(way))
    return `nobody signs as ${roleText(role)} by "${way}": it does not say who it was; use ${NAMING.join(" or ")}`;
  const holders = (plan.roles ?? []).filter((holder) => holder.role === role).flatMap(({ persons }) => persons);
  if (holders.length === 0) return `the plan names nobody as ${roleText(role)} (approvals.roles in deploy.yaml)`;
  return holders.includes(person) ? undefined : `the plan does not name this person as ${roleText(role)}`;
}

/** What a journal says of somebody's approval, or of the request for it. */
interface Said {
  readonly role?: Role | undefined;
  readonly person: string;
  readonly way: string;
}

/** Why a journalled sign-off does not follow from the request before it and the plan; undefined when it does. */
export function signOffDifference(
  plan: { readonly roles?: readonly RoleHolder[] | undefined },
  said: Said,
  asked: { readonly kind: string } | Said | undefined,
): string | undefined {
  const { role, person, way } = said;
  if (role === undefined) return undefined;
  const follows = asked && "person" in asked && asked.role === role && asked.person === person && asked.way === way;
  if (!follows) return `nobody asked to sign as ${roleText(role)} in this person's name`;
  return roleRefusal(plan, { role, person, way });
}
