import { rehearsalDimension, rehearsalRecord } from "../rehearsal-record.ts";
import type { RunRecord } from "./record.ts";
import { reasonsText } from "./words.ts";

/** What is known of going back before it is needed: the rehearsal of this run, else what earlier runs showed. */
export function rehearsalText({ plan, state }: RunRecord): string {
  const { planned, reason, earlier } = plan.rehearsal;
  if (!planned) {
    const last = earlier.at(-1);
    const before = last
      ? `; run before: ${last.fromVersion} back to ${last.toVersion} at ${last.at}, ${last.outcome}`
      : "; no earlier one of this strategy and schema is on record";
    return `not rehearsed by this run: ${reason}${before}`;
  }
  const record = rehearsalRecord(state);
  const dimension = rehearsalDimension(state);
  if (!record || !dimension || dimension.outcome === "NOT_APPLICABLE") return "planned in staging, before the watch";
  return `${dimension.outcome} at ${record.at}: ${reasonsText(dimension.reasons)}`;
}
