import type { ConfigProblem } from "../../evidence/config.ts";
import { durationMs } from "../../vocab/index.ts";
import type { Receiver } from "./config.ts";

/** A receiver that takes longer would still be waited for when the record is closed. */
const LONGEST_TIMEOUT_MS = 30_000;

/** Problems of a notify section beyond its schema; empty when it can be used. */
export function notifyProblems(receivers: readonly Receiver[]): ConfigProblem[] {
  return receivers.flatMap((receiver, index) => {
    const key = `notify[${index}]`;
    const problems: ConfigProblem[] = [];
    const timeoutMs = durationMs(receiver.timeout);
    if (timeoutMs < 1 || timeoutMs > LONGEST_TIMEOUT_MS)
      problems.push({ key: `${key}.timeout`, what: "not between 1ms and 30s" });
    if (!("command" in receiver) && (receiver.webhook === undefined) === (receiver.webhookFrom === undefined))
      problems.push({
        key,
        what: "a webhook needs its address, either in webhook or by the name of a variable in webhookFrom",
      });
    return problems;
  });
}
