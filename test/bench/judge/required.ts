import { cellOf } from "./cell.ts";
import type { Column, Size, Table } from "./tables/column.ts";
import type { Results } from "./work.ts";

/** A figure that the judge has to reach with default settings. */
interface Requirement {
  readonly what: string;
  readonly columns: readonly string[];
  /** Part of the name of the row. */
  readonly row: string;
  readonly figure: "failPct" | "passPct" | "medianFailSeconds";
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Three standard errors are allowed on top at any size, because the limit itself is what is true there. */
  readonly edge?: true;
}

const ROUTED = "per-request routing";
const CALIBRATED = "phi calibrated";
const NATIVE = "native buckets, per-request routing";

/** What the judge must show: false rollbacks, detections, delays, and releases that are proven without anybody's help. */
export const REQUIRED: readonly Requirement[] = [
  ...[ROUTED, CALIBRATED].map((row) => ({
    what: "false rollbacks, independent requests",
    columns: ["web100", "big2000", "low1", "zero", "driftramp"].map((name) => `errors/0/${name}`),
    row: `deploy-flow, ${row}`,
    figure: "failPct" as const,
    atMost: 1,
  })),
  {
    what: "false rollbacks, clusters and arm noise",
    columns: ["errors/0/bursty", "errors/0/arnoise"],
    row: `deploy-flow, ${CALIBRATED}`,
    figure: "failPct",
    atMost: 5,
  },
  {
    what: "false rollbacks, latency",
    columns: ["lognormal", "bimodal", "driftramp", "low1"].map((name) => `latency/0.99/0/${name}`),
    row: NATIVE,
    figure: "failPct",
    atMost: 1,
  },
  {
    what: "false rollbacks, latency with arm noise",
    columns: ["latency/0.99/0/arnoise"],
    row: `native buckets, ${CALIBRATED}`,
    figure: "failPct",
    atMost: 5,
  },
  ...[ROUTED, CALIBRATED].flatMap((row) => [
    {
      what: "error rate doubled: found",
      columns: ["errors/0/x2"],
      row: `deploy-flow, ${row}`,
      figure: "failPct" as const,
      atLeast: 99,
    },
    {
      what: "error rate doubled: median delay",
      columns: ["errors/0/x2"],
      row: `deploy-flow, ${row}`,
      figure: "medianFailSeconds" as const,
      atMost: 260,
    },
    {
      what: "error rate times five: median delay",
      columns: ["errors/0/x5"],
      row: `deploy-flow, ${row}`,
      figure: "medianFailSeconds" as const,
      atMost: 40,
    },
  ]),
  { what: "p99 +25 %: found", columns: ["latency/0.99/0/x1.25"], row: NATIVE, figure: "failPct", atLeast: 97 },
  {
    what: "p99 +25 %: median delay",
    columns: ["latency/0.99/0/x1.25"],
    row: NATIVE,
    figure: "medianFailSeconds",
    atMost: 260,
  },
  ...[`deploy-flow, ${ROUTED}`, "deploy-flow without a target"].map((row) => ({
    what: "at the edge of a threshold",
    columns: ["errors/2/+2 pp", "errors/2/low1 +2 pp"],
    row,
    figure: "failPct" as const,
    atMost: 1,
    edge: true as const,
  })),
  {
    what: "at the edge of a threshold, clusters",
    columns: ["errors/2/bursty +2 pp"],
    row: `deploy-flow, ${CALIBRATED}`,
    figure: "failPct",
    atMost: 5,
    edge: true,
  },
  {
    what: "at the edge of a threshold, latency",
    columns: ["latency/0.99/20/x1.2"],
    row: NATIVE,
    figure: "failPct",
    atMost: 1,
    edge: true,
  },
  ...[50, 200].flatMap((runs) => [
    {
      what: "false blocks of a flaky suite",
      columns: ["suites/nothing broken"],
      row: `deploy-flow, ${runs} recorded`,
      figure: "failPct" as const,
      atMost: 1,
    },
    {
      what: "a deterministic break is caught",
      columns: ["suites/one test broken"],
      row: `deploy-flow, ${runs} recorded`,
      figure: "failPct" as const,
      atLeast: 100,
    },
  ]),
  {
    what: "at the edge of a threshold, throughput",
    columns: ["throughput/-30 %"],
    row: `deploy-flow, ${ROUTED}`,
    figure: "failPct",
    atMost: 1,
    edge: true,
  },
  {
    what: "proven at the edge of a threshold, falsely",
    columns: ["errors/2/+2 pp", "errors/2/low1 +2 pp", "throughput/-30 %"],
    row: `deploy-flow, ${ROUTED}`,
    figure: "passPct",
    atMost: 5,
    edge: true,
  },
  {
    what: "proven at the edge of a threshold, falsely, clusters",
    columns: ["errors/2/bursty +2 pp"],
    row: `deploy-flow, ${CALIBRATED}`,
    figure: "passPct",
    atMost: 5,
    edge: true,
  },
  {
    what: "proven unattended, 100 rps",
    columns: ["rollouts/100 rps"],
    row: "deploy-flow",
    figure: "passPct",
    atLeast: 95,
  },
  {
    what: "proven unattended, 1 rps with probe traffic",
    columns: ["rollouts/1 rps, with probe traffic"],
    row: "deploy-flow",
    figure: "passPct",
    atLeast: 90,
  },
];

const REQUIRED_COLUMNS = new Set(REQUIRED.flatMap(({ columns }) => columns));

/** Whether a figure of this column is required; only such columns are worth playing in the tests. */
export function isRequired(column: string): boolean {
  return REQUIRED_COLUMNS.has(column);
}

/** Runs of a column for the record: more where a figure is required. `--times` of the command multiplies them. */
export function recordedRuns(column: string): number {
  return isRequired(column) ? 100 : 60;
}

/** One requirement on one column, measured. */
export interface Finding {
  readonly what: string;
  readonly scenario: string;
  readonly row: string;
  readonly limit: string;
  readonly measured: string;
  readonly met: boolean;
}

/** Holds the results against what is required. A column that was not played is left out; a row that is missing is not met. */
export function findings(tables: readonly Table[], results: Results, size: Size): Finding[] {
  const columns = new Map(tables.flatMap((table) => table.columns).map((column) => [column.id, column]));
  return REQUIRED.flatMap((requirement) =>
    requirement.columns.flatMap((id) => {
      const column = columns.get(id);
      return column && results.has(id) ? [findingOf(requirement, column, results, size)] : [];
    }),
  );
}

function findingOf(requirement: Requirement, column: Column, results: Results, size: Size): Finding {
  const { what, row, figure } = requirement;
  const plain = column.rows(size).map((name) => name.replaceAll("*", ""));
  const index = plain.findIndex((name) => name.includes(row));
  const tally = results.get(column.id)?.[index];
  const value = tally && cellOf(tally, column.from)[figure];
  const unit = figure === "medianFailSeconds" ? "s" : "%";
  const slack = unit === "%" && (requirement.edge || size === "short") ? slackOf(requirement, tally?.runs ?? 0) : 0;
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = requirement;
  return {
    what,
    scenario: column.title,
    row: plain[index] ?? row,
    limit: Number.isFinite(atMost)
      ? `at most ${rounded(atMost + slack)} ${unit}`
      : `at least ${rounded(atLeast - slack)} ${unit}`,
    measured: value === undefined ? "not measured" : `${rounded(value)} ${unit}`,
    met: value !== undefined && value <= atMost + slack && value >= atLeast - slack,
  };
}

/** Three standard errors of a proportion at its limit, in percent. */
function slackOf({ atMost, atLeast }: Requirement, runs: number): number {
  const p = (atMost ?? atLeast ?? 0) / 100;
  return runs > 0 ? 300 * Math.sqrt((p * (1 - p)) / runs) : 0;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
