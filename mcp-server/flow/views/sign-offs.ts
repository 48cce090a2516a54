import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { Role, roleText } from "../roles.ts";
import type { RunState } from "../run-state.ts";
import { APPROVAL } from "./words.ts";

type SignOff = NonNullable<ArtifactView<"deployment-report">["signOffs"]>[number];

/**
 * Who signed what, from approval, sign-off and answer events alone. A role is signed where the plan gives it to a
 * person who approved in it, and else unsigned. A way of `none` is nobody's word.
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
    ...Role.options.map((role) => {
      const signed = state.signOffs.find((entry) => entry.role === role);
      return { role: roleText(role), person: signed?.person ?? null, way: signed?.way ?? null, at: signed?.at ?? null };
    }),
  ];
}

function approvalRole({ approval }: RunState): string {
  if (approval?.way === "none") return "approval of the plan (the target asks for none)";
  if (approval && approval.decision !== "approve") return `approval of the plan (${APPROVAL[approval.decision]})`;
  return "approval of the plan";
}
