import { styleText } from "node:util";
import type { RunStatus } from "../../flow/status.ts";
import { spanText } from "../../vocab/index.ts";

type Colour = "green" | "red" | "yellow" | "cyan" | "bold" | "dim";

/** The live panel below the log of a run in a terminal: where it stands, both arms, what it waits for. Pure. */
export function panelLines(status: RunStatus, o: { columns: number; colours: boolean }): string[] {
  const paint = (colour: Colour, text: string) =>
    o.colours ? styleText(colour, text, { validateStream: false }) : text;
  const width = Math.max(40, Math.min(o.columns, 110));
  const lines = [
    paint("dim", "─".repeat(width)),
    `${paint("bold", `${status.service ?? ""} ${status.version ?? ""}`)}${
      status.previousVersion ? ` after ${status.previousVersion}` : ""
    } · ${status.strategy ?? ""} · ${status.runId ?? ""}`,
    stageLine(status, width, paint),
    ...status.metrics.map((metric) => metricLine(metric, paint)),
    `now    ${status.doing ?? ""}`,
    status.question === undefined
      ? undefined
      : paint("yellow", `asks   ${status.question.options.join(" | ")}, ${spanText(status.question.remainingMs)} left`),
    `next   ${status.next}`,
  ];
  return lines.filter((line) => line !== undefined).map((line) => clip(line, width));
}

function stageLine(status: RunStatus, width: number, paint: (colour: Colour, text: string) => string): string {
  const { servedMs = 0, plannedMs = 0, weightPct, measuredSharePct } = status;
  const cells = Math.max(10, Math.min(30, width - 60));
  const share = plannedMs > 0 ? Math.min(1, servedMs / plannedMs) : 0;
  const full = Math.round(share * cells);
  const bar = `${paint("cyan", "█".repeat(full))}${paint("dim", "░".repeat(cells - full))}`;
  const stage = status.outcome
    ? paint(outcomeColour(status.outcome), status.outcome)
    : `${status.step ?? status.state}${weightPct === undefined ? "" : ` at ${weightPct} %`}`;
  const measured = measuredSharePct === undefined ? "" : ` (measured ${measuredSharePct.toFixed(1)} %)`;
  const time = plannedMs > 0 ? `  ${spanText(servedMs)} of ${spanText(plannedMs)}` : "";
  return `${bar} ${stage}${measured}${time}`;
}

function metricLine(metric: RunStatus["metrics"][number], paint: (colour: Colour, text: string) => string): string {
  const side = (level: { value?: number | undefined; exposure: number }) =>
    level.value === undefined ? "-" : `${short(level.value)} ${metric.unit} of ${Math.round(level.exposure)}`;
  const change =
    metric.change === undefined ? "" : ` ${metric.change > 0 ? "+" : ""}${short(metric.change)} ${metric.changeUnit}`;
  const outcome =
    metric.outcome === "PASS"
      ? paint("green", "PASS")
      : metric.outcome === "FAIL"
        ? paint("red", "FAIL")
        : paint("yellow", "open");
  const waits = metric.waitsFor ? `, waits for ${metric.waitsFor}` : "";
  return `${metric.id.padEnd(12)} new ${side(metric.candidate)} | old ${side(metric.baseline)} |${change} ${outcome} evidence ${short(metric.evidence)}/${short(metric.needed)}${waits}`;
}

function outcomeColour(outcome: NonNullable<RunStatus["outcome"]>): Colour {
  switch (outcome) {
    case "SUCCESS":
    case "SUCCESS_RISK_ACCEPTED":
      return "green";
    case "UNPROVEN":
    case "ABORTED":
      return "yellow";
    case "BLOCKED":
    case "ROLLED_BACK":
    case "ROLLBACK_FAILED":
      return "red";
    default:
      return outcome satisfies never;
  }
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of our own colours
const COLOURED = /\u001b\[[0-9;]*m|[^\u001b]/gu;

/** At most `width` visible characters; colours count for nothing and are closed. */
function clip(line: string, width: number): string {
  const parts = line.match(COLOURED) ?? [];
  let seen = 0;
  let out = "";
  for (const part of parts) {
    const colour = part.length > 1 && part.startsWith("\u001b");
    if (!colour && seen >= width) continue;
    out += part;
    if (!colour) seen += 1;
  }
  return out;
}
