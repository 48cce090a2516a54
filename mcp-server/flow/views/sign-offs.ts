import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { RunState } from "../run-state.ts";
import { APPROVAL } from "./words.ts";

type SignOff = NonNullable<ArtifactView<"deployment-report">["signOffs"]>[number];

const ROLES = ["deployment manager", "reliability engineer", "operations lead", "release manager"] as const;

/**
 * Who signed what, from approval and answer events alone. An approval names a person and no role, so it stands in a
 * row of its own, and the four roles stay unsigned. A way of `none` is nobody's word.
 */
export function signOffs(state: RunState): SignOff[] {
  const { approval, approvalAt } = state;
  const given = approval?.decision === "approve" && approval.way !== "none" ? approval : undefined;
  return [
    given
      ? { role: "approval of the plan", person: given.person, way: given.way, at: approvalAt ?? null }
      : { role: approvalRole(state), person: null, way: null, at: null },
    ...state.answers
      .filter(({ answer }) => answer === "accept")
      .map(({ person, way, at }) => ({ role: "acceptance of the risk", person, way, at })),
    ...ROLES.map((role) => ({ role, person: null, way: null, at: null })),
  ];
}

function approvalRole({ approval }: RunState): string {
  if (approval?.way === "none") return "approval of the plan (the target asks for none)";
  if (approval && approval.decision !== "approve") return `approval of the plan (${APPROVAL[approval.decision]})`;
  return "approval of the plan";
}
