import { z } from "zod";
import { Dimension, type EvidenceRef, type Outcome3, type Reason, Verdict, worstOutcome } from "../../vocab/index.ts";
import { JUDGE } from "../name.ts";

/** A gate's decision and the dimensions that it rests on. Stands in the journal. */
export const GateVerdict = z.object({
  gate: z.enum(["staging", "stage", "production", "rollback"]),
  verdict: Verdict,
  dimensions: z.record(z.string(), Dimension),
  /** The dimension that decided a FAIL or INCONCLUSIVE; absent for PASS. */
  worst: z.string().optional(),
});
export type GateVerdict = z.infer<typeof GateVerdict>;

/** The dimensions a gate knows, gravest first: what breaks all else is named before what follows from it. */
export const DIMENSIONS = [
  "traffic",
  "deploy",
  "rehearsal",
  "infra",
  "smoke",
  "journeys",
  "slo",
  "metrics",
  "tests",
] as const;
export type DimensionName = (typeof DIMENSIONS)[number];

/** What a gate is asked to judge. An absent dimension that the gate requires is INCONCLUSIVE, never a pass. */
export interface GateInput extends Partial<Record<DimensionName, Dimension | undefined>> {
  /** Regression threshold of the plan, named in the texts. */
  readonly threshold: number;
  /** Dimensions that must be judged or declared not applicable by the plan; each gate has its own default. */
  readonly required?: readonly DimensionName[];
}

/**
 * Puts dimensions together without averaging or offsetting: one FAIL fails, one INCONCLUSIVE is INCONCLUSIVE, and a
 * set without a single judged dimension is INCONCLUSIVE. NOT_APPLICABLE counts only with a reason.
 */
export function judgeDimensions(
  gate: GateVerdict["gate"],
  input: GateInput,
  required: readonly DimensionName[],
): GateVerdict {
  const dimensions = dimensionsOf(input, required);
  const names = DIMENSIONS.filter((name) => dimensions[name] !== undefined);
  const outcome = worstOutcome(names.map((name) => dimensions[name]?.outcome ?? "INCONCLUSIVE"));
  const worst = outcome === "PASS" ? undefined : names.find((name) => dimensions[name]?.outcome === outcome);
  return {
    gate,
    verdict: verdictOf(outcome, names, dimensions),
    dimensions,
    ...(worst === undefined ? {} : { worst }),
  };
}

function dimensionsOf(input: GateInput, required: readonly DimensionName[]): Partial<Record<DimensionName, Dimension>> {
  const out: Partial<Record<DimensionName, Dimension>> = {};
  for (const name of DIMENSIONS) {
    const given = input[name];
    if (given) out[name] = withReason(name, given);
    else if (required.includes(name))
      out[name] = unknown("not-judged", `${name}: neither judged nor declared not applicable by the plan`);
  }
  return out;
}

function withReason(name: DimensionName, dimension: Dimension): Dimension {
  if (dimension.outcome !== "NOT_APPLICABLE" || dimension.reason.trim() !== "") return dimension;
  return unknown("no-reason", `${name}: declared not applicable without a reason`);
}

/** A dimension that nothing is known about. */
export function unknown(code: string, text: string): Verdict {
  return {
    outcome: "INCONCLUSIVE",
    reasons: [{ code, text }],
    wouldPassIf: "it is judged and passes",
    judge: JUDGE,
    inputs: [],
  };
}

function verdictOf(
  outcome: Outcome3,
  names: readonly DimensionName[],
  dimensions: Partial<Record<DimensionName, Dimension>>,
): Verdict {
  const open = names.filter((name) => isOpen(dimensions[name]));
  const reasons =
    outcome === "PASS"
      ? names.flatMap((name) => reasonsOf(name, dimensions[name]))
      : open.flatMap((name) => reasonsOf(name, dimensions[name]));
  const nothing = { code: "nothing-judged", text: "no dimension was judged" };
  return {
    outcome,
    reasons: reasons.length > 0 || outcome === "PASS" ? reasons : [nothing],
    wouldPassIf:
      outcome === "PASS"
        ? ""
        : open.map((name) => cureOf(name, dimensions[name])).join("; ") ||
          "at least one dimension is judged and passes",
    judge: JUDGE,
    inputs: inputsOf(names.map((name) => dimensions[name])),
  };
}

function isOpen(dimension: Dimension | undefined): boolean {
  return dimension?.outcome === "FAIL" || dimension?.outcome === "INCONCLUSIVE";
}

function reasonsOf(name: DimensionName, dimension: Dimension | undefined): Reason[] {
  if (!dimension) return [];
  if (dimension.outcome === "NOT_APPLICABLE")
    return [{ code: "not-applicable", text: `${name}: not applicable, ${dimension.reason}` }];
  if (dimension.reasons.length === 0 && dimension.outcome !== "PASS")
    return [{ code: name, text: `${name}: ${dimension.outcome}` }];
  return dimension.reasons.map(({ code, text }) => ({
    code,
    text: text.startsWith(`${name}:`) ? text : `${name}: ${text}`,
  }));
}

function cureOf(name: DimensionName, dimension: Dimension | undefined): string {
  const cure = dimension && dimension.outcome !== "NOT_APPLICABLE" ? dimension.wouldPassIf : "";
  return `${name}: ${cure || "it passes"}`;
}

function inputsOf(dimensions: readonly (Dimension | undefined)[]): EvidenceRef[] {
  const seen = new Map<string, EvidenceRef>();
  for (const dimension of dimensions) {
    if (!dimension || dimension.outcome === "NOT_APPLICABLE") continue;
    for (const ref of dimension.inputs) seen.set(`${ref.name} ${ref.storedSha256}`, ref);
  }
  return [...seen.values()];
}
