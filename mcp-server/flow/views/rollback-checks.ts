import type { GateVerdict } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { dimensionRows } from "./gate-views.ts";

type Checks = NonNullable<ArtifactView<"rollback-report">["checks"]>;

/** What each dimension of the rollback gate answers, in the words of a person who asks whether it worked. */
const QUESTION: Record<string, string> = {
  traffic: "The old version has all traffic, measured and by digest",
  deploy: "The old version is what is running, by digest",
  infra: "Instances of the old version are well",
  smoke: "Smoke checks pass on the old version",
  journeys: "User journeys pass on the old version",
  slo: "Service levels are inside their bounds",
  metrics: "The regression is gone",
  tests: "Tests",
};

/** The state after the rollback, check by check. */
export function rollbackChecks(gate: GateVerdict): Checks {
  return dimensionRows(gate).map((row) => ({ ...row, name: QUESTION[row.name] ?? row.name }));
}
