import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { StepName } from "../events.ts";
import type { RunRecord } from "./record.ts";

type Advice = NonNullable<ArtifactView<"execution-log">["advice"]>;

/** What agents wrote about some steps; quoted in the reports of those steps, and heard by no gate. */
export function adviceOf(record: RunRecord, ...steps: StepName[]): Advice {
  return record.state.advice
    .filter((advice) => steps.includes(advice.step))
    .map(({ role, at, text }) => ({ from: { kind: "agent", name: role }, at, text }));
}
