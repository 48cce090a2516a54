import type { ConfigProblem } from "../../evidence/config.ts";
import { durationMs } from "../../vocab/index.ts";
import { PLACEHOLDERS, type Receiver } from "./config.ts";

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
    const unknown = "command" in receiver ? unknownPlaceholder(receiver.command) : undefined;
    if (unknown !== undefined)
      problems.push({
        key: `${key}.command`,
        what: `${unknown} has no value here; known are ${PLACEHOLDERS.map((name) => `{${name}}`).join(", ")}`,
      });
    if (!("command" in receiver) && (receiver.webhook === undefined) === (receiver.webhookFrom === undefined))
      problems.push({
        key,
        what: "a webhook needs its address, either in webhook or by the name of a variable in webhookFrom",
      });
    return problems;
  });
}

/** A misspelt one would show only when the message is due, which is when it is needed. */
function unknownPlaceholder(command: readonly string[]): string | undefined {
  const written = command.flatMap((part) => [...part.matchAll(/\{([a-zA-Z][a-zA-Z0-9]*)\}/g)]);
  return written.find(([, name = ""]) => !PLACEHOLDERS.some((known) => known === name))?.[0];
}
