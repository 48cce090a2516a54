import type { Dimension } from "../../vocab/index.ts";
import type { Severity } from "../tests/result.ts";
import { DIMENSIONS, type DimensionName, type GateVerdict } from "./gate-verdict.ts";

const RANK: readonly Severity[] = ["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

/**
 * How grave a gate's verdict is: the gravest of its dimensions. Tests have a severity of their own, by the priority of
 * what was lost, where they were compared; a failing P0 check or journey is CRITICAL, any other and a broken service level
 * HIGH, a regression of metrics MEDIUM.
 */
export function gateSeverity({ dimensions }: Pick<GateVerdict, "dimensions">, tests?: Severity): Severity {
  const found = DIMENSIONS.flatMap((name) => {
    const dimension = dimensions[name];
    if (!dimension) return [];
    return [name === "tests" && tests !== undefined ? tests : ofDimension(name, dimension)];
  });
  return found.reduce<Severity>((a, b) => (RANK.indexOf(b) > RANK.indexOf(a) ? b : a), "NONE");
}

function ofDimension(name: DimensionName, dimension: Dimension): Severity {
  if (dimension.outcome !== "FAIL") return "NONE";
  if (name === "smoke" || name === "journeys")
    return dimension.reasons.some(({ text }) => /\(P0\)/.test(text)) ? "CRITICAL" : "HIGH";
  return name === "metrics" || name === "tests" ? "MEDIUM" : "HIGH";
}
