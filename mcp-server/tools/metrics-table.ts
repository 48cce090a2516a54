import type { LoadMetric } from "../judge/load/verdict.ts";

/** Compared metrics as a table of plain text, one line each; empty without metrics. */
export function metricsTable(metrics: readonly LoadMetric[]): string[] {
  if (metrics.length === 0) return [];
  const rows = [
    ["metric", "before", "after", "change", "limit", "method", "verdict"],
    ...metrics.map((metric) => [
      metric.id,
      levelText(metric.baseline, metric.unit),
      levelText(metric.candidate, metric.unit),
      changeText(metric),
      `${metric.direction === "lower-is-better" ? "+" : "-"}${figure(metric.limit)} ${metric.changeUnit}`,
      metric.method === "point" ? "point" : `sequential, ${metric.looks} ${metric.looks === 1 ? "look" : "looks"}`,
      metric.outcome,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
}

function levelText({ value, observations }: LoadMetric["baseline"], unit: string): string {
  if (value === null) return "unknown";
  return `${figure(value)} ${unit}${observations === null ? "" : ` of ${observations}`}`;
}

function changeText({ change, changeUnit }: LoadMetric): string {
  if (change === null) return "unknown";
  return `${change > 0 ? "+" : ""}${figure(change)} ${changeUnit}`;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
