import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { spanText } from "../../vocab/index.ts";
import type { Plan } from "../plan.ts";

type View = ArtifactView<"rollback-plan">;
type Step = NonNullable<View["steps"]>[number];

/** The one action that takes a strategy back, in the words of the field. */
export function rollbackAction(plan: Plan): string {
  const old = plan.previous?.version;
  if (!old) return "Withdraw traffic from the new version";
  if (plan.rolling)
    return `Revert to revision: the instances of ${old} start again, then all traffic goes back to them`;
  return plan.strategy === "blue-green"
    ? `Flip back: all traffic back to ${old}, whose instances stay up at full size`
    : `Abort and drain: all traffic back to ${old}, whose instances stay up at full size`;
}

/** What is done to get back, in its order: traffic first, then proof, and only then the new instances go. */
export function rollbackSteps(plan: Plan): Step[] {
  const old = plan.previous?.version;
  const traffic = spanText(plan.waits.rollbackTrafficMs);
  if (!old)
    return [{ action: `withdraw traffic from ${plan.version}`, timeout: traffic, verify: "no version gets traffic" }];
  return [
    ...restartSteps(plan, old),
    { action: `all traffic to ${old}`, timeout: traffic, verify: "weights read back, recorded digest" },
    {
      action: `watch ${old}`,
      timeout: spanText(3 * plan.waits.rollbackVerifyMs),
      verify: "rollback gate: traffic, smoke, service levels, instances",
    },
    {
      action: `drain and stop the instances of ${plan.version}`,
      timeout: "–",
      verify: "read back; leftovers are named and fail nothing",
    },
  ];
}

function restartSteps(plan: Plan, old: string): Step[] {
  if (!plan.rolling) return [];
  const { enough } = plan.rolling;
  return [
    {
      action: `start the replaced instances of ${old} again, before any traffic moves`,
      timeout: spanText(plan.waits.rollbackTrafficMs),
      verify: `${plan.instances} ready; where some do not start, traffic follows those that do, and all of it once ${enough} are ready`,
    },
  ];
}
