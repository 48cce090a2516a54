import { z } from "zod";
import type { Outcome3 } from "../../vocab/index.ts";
import { type DimensionName, type GateInput, GateVerdict, judgeDimensions } from "./gate-verdict.ts";

/** What a rollback came to. FAILED and an unresolved PARTIAL keep the lock. */
export const RollbackVerdict = GateVerdict.extend({ result: z.enum(["SUCCESS", "PARTIAL", "FAILED"]) });
export type RollbackVerdict = z.infer<typeof RollbackVerdict>;

const REQUIRED: readonly DimensionName[] = ["traffic", "infra", "smoke", "slo", "metrics"];

/** A FAIL of these means that users are not served well by the old version either. */
const DECISIVE: readonly DimensionName[] = ["traffic", "deploy", "smoke", "journeys", "infra"];

/**
 * Verifies a finished rollback. `traffic`: the old version has 100 % of the traffic, measured, with
 * the right digest; unknown is FAILED. A P0/P1 smoke check or journey or the infrastructure failing: FAILED. Anything else that is not shown
 * good, the SLO outside its bounds or the regression (`metrics`) still there: PARTIAL. The verdict follows the result.
 */
export function rollbackVerification(input: GateInput): RollbackVerdict {
  const gate = judgeDimensions("rollback", input, input.required ?? REQUIRED);
  const result = resultOf(gate);
  return { ...gate, verdict: { ...gate.verdict, outcome: OUTCOME[result] }, result };
}

function resultOf({ dimensions, verdict }: GateVerdict): RollbackVerdict["result"] {
  if (dimensions.traffic?.outcome === "INCONCLUSIVE") return "FAILED";
  if (DECISIVE.some((name) => dimensions[name]?.outcome === "FAIL")) return "FAILED";
  return verdict.outcome === "PASS" ? "SUCCESS" : "PARTIAL";
}

const OUTCOME: Record<RollbackVerdict["result"], Outcome3> = {
  SUCCESS: "PASS",
  PARTIAL: "INCONCLUSIVE",
  FAILED: "FAIL",
};
