import type { TimeRule } from "../../judge/index.ts";
import type { Plan } from "../plan.ts";

/** The calendar of a plan in rows of name and value; none when no rule is configured. */
export function freezeRows({ freeze }: Pick<Plan, "freeze">): { name: string; value: string }[] {
  return [
    ...freeze.freeze.map((rule) => ({ name: `freeze: ${rule.name}`, value: ruleText(rule) })),
    ...freeze.windows.map((rule) => ({ name: `deployment window: ${rule.name}`, value: ruleText(rule) })),
    ...(freeze.override === null ? [] : [{ name: "freeze overridden", value: freeze.override }]),
  ];
}

function ruleText({ days, from, to, timeZone, reason }: TimeRule): string {
  return `${days ? `${days.join(", ")} ` : ""}${from} to ${to}, ${timeZone}: ${reason}`;
}
