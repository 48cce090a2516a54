import type { RunStatus } from "../../flow/status.ts";
import { spanText } from "../../vocab/index.ts";

/** The last words on a run in a terminal or log: outcome first, why, gates, where the record is, what to do now. */
export function finalText(status: RunStatus): string {
  if (status.state === "none") return `no run\nnext: ${status.next}`;
  const rule = "─".repeat(72);
  const lines = [
    rule,
    `Deployment ${status.outcome ?? status.state}: ${status.service ?? ""} ${status.version ?? ""}`,
    rule,
    row("production", status.outcome ? `runs ${status.runningVersion ?? "nothing"}` : "see `deploy-flow status`"),
    row("strategy", status.strategy),
    row("duration", status.elapsedMs === undefined ? undefined : spanText(status.elapsedMs)),
    ...status.reasons.map((reason) => row("because", reason.text)),
    ...status.gates.map((gate) =>
      row(`gate ${gate.gate}`, `${gate.outcome}${gate.reasons[0] ? `: ${gate.reasons[0].text}` : ""}`),
    ),
    row("archive", status.archive),
    row("next", status.next),
    rule,
  ];
  return lines.filter((line) => line !== undefined).join("\n");
}

function row(name: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `  ${name.padEnd(16)}${value}`;
}
