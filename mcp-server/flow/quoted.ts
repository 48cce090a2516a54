import { redact } from "../record/redact.ts";
import { messageOf } from "../vocab/index.ts";

const LIMIT = 1_000;

/** The message of a failure as it may stand in the journal: it can quote logs, so secrets are taken out and it is cut. */
export function quoted(error: unknown): string {
  return redact(messageOf(error), LIMIT);
}
