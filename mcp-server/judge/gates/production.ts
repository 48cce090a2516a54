import { type DimensionName, type GateInput, type GateVerdict, judgeDimensions } from "./gate-verdict.ts";

const REQUIRED: readonly DimensionName[] = ["infra", "smoke", "slo", "metrics"];

/**
 * The gate after the observation at 100 %. PASS: every dimension passes. INCONCLUSIVE: the version
 * stays, unproven. FAIL: what follows (rollback, or hold and ask) is the stage decision's business.
 */
export function productionGate(input: GateInput): GateVerdict {
  return judgeDimensions("production", input, input.required ?? REQUIRED);
}
