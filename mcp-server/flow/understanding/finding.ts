import type { Ms } from "../../vocab/index.ts";
import type { Risk } from "../parameters.ts";
import type { Strategy } from "../strategy/name.ts";

/** What one phrase of the closed vocabulary asks for. */
export type Meaning =
  | { readonly about: "strategy"; readonly value: Strategy }
  | { readonly about: "avoid"; readonly value: Strategy }
  | { readonly about: "stages"; readonly value: readonly number[] }
  | { readonly about: "risk"; readonly value: Risk }
  | { readonly about: "downtime"; readonly value: "zero" | "acceptable" }
  | { readonly about: "migrations"; readonly value: "included" | "none" }
  | { readonly about: "rollback-tolerance"; readonly value: Ms }
  /** At least this long at 100 %. */
  | { readonly about: "observe"; readonly value: Ms }
  | { readonly about: "observe-longer" }
  | { readonly about: "depth"; readonly value: "thorough" }
  /** At most this much regression, percent. */
  | { readonly about: "threshold"; readonly value: number }
  | { readonly about: "rollback-on-regression" }
  | { readonly about: "slo-error-rate"; readonly value: number }
  | { readonly about: "slo-latency-p99"; readonly value: Ms }
  | { readonly about: "first-deploy" }
  /** Understood, and changes nothing; `value` says why. */
  | { readonly about: "remark"; readonly value: string };

/** A meaning with the words of the guidance that it was read from. */
export type Finding = Meaning & { readonly words: string };

export type Found<A extends Meaning["about"]> = Extract<Finding, { about: A }>;

/** The findings about one thing, typed. */
export function about<A extends Meaning["about"]>(findings: readonly Finding[], what: A): Found<A>[] {
  return findings.filter((finding): finding is Found<A> => finding.about === what);
}
