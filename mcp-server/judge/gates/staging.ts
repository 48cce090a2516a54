import { type DimensionName, type GateInput, type GateVerdict, judgeDimensions } from "./gate-verdict.ts";

const REQUIRED: readonly DimensionName[] = ["deploy", "tests", "metrics", "smoke"];

/**
 * The gate before production. Nothing is exposed yet, so anything but PASS blocks: a FAIL, and
 * just as well an INCONCLUSIVE. When the deployment to staging itself failed, nothing measured there counts.
 */
export function stagingGate(input: GateInput): GateVerdict {
  const { deploy, required, threshold } = input;
  if (deploy?.outcome === "FAIL") return judgeDimensions("staging", { threshold, deploy }, ["deploy"]);
  return judgeDimensions("staging", input, required ?? REQUIRED);
}
