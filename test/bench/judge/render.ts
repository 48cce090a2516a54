import { type Cell, cellOf } from "./cell.ts";
import { type Finding, findings } from "./required.ts";
import type { Column, Size, Table } from "./tables/column.ts";
import type { Results } from "./work.ts";

/** How the figures came about. */
export interface Facts {
  readonly size: Size;
  readonly seconds: number;
  readonly threads: number;
  readonly findings: readonly Finding[];
}

/** Everything, for machines. */
export function asJson(tables: readonly Table[], results: Results, facts: Facts): string {
  const out = {
    ...facts,
    tables: tables.map(({ id, title, columns }) => ({
      id,
      title,
      columns: columns.map((column) => ({
        id: column.id,
        title: column.title,
        truth: column.truth,
        rows: rowsOf(column, results, facts.size),
      })),
    })),
  };
  return `${JSON.stringify(out, null, 2)}\n`;
}

function rowsOf(column: Column, results: Results, size: Size) {
  const tallies = results.get(column.id) ?? [];
  return column.rows(size).flatMap((name, row) => {
    const tally = tallies[row];
    return tally ? [{ name: name.replaceAll("*", ""), ...cellOf(tally, column.from) }] : [];
  });
}

/** Tables for people, each with what is required of it: a section of its own, so that one can be measured anew alone. */
export function asMarkdown(tables: readonly Table[], results: Results, size: Size): string {
  return tables
    .map((table) => {
      const parts = [`${table.text}\n`, tableText(table, results, size), ...proofsText(table, results, size)];
      return [`## ${table.title}\n`, ...parts, ...requiredText(findings([table], results, size))].join("\n");
    })
    .join("\n");
}

function requiredText(found: readonly Finding[]): string[] {
  if (found.length === 0) return [];
  const head = ["required", "scenario", "of", "limit", "measured", ""];
  const lines = found.map(({ what, scenario, row, limit, measured, met }) => [
    what,
    scenario,
    row,
    limit,
    measured,
    met ? "met" : "**NOT MET**",
  ]);
  return [markdown([head, ...lines])];
}

function tableText(table: Table, results: Results, size: Size): string {
  const single = table.columns.every((column) => column.rows(size).length === 1);
  return single ? outcomesText(table, results) : rowsText(table, results, size);
}

/** One contender: a line per scenario with all its outcomes. */
function outcomesText({ columns }: Table, results: Results): string {
  const head = ["scenario", "runs", "rolled back (95 % interval)", "median", "PASS", "UNPROVEN", "held", "extended"];
  const lines = columns.flatMap((column) => {
    const tally = results.get(column.id)?.[0];
    if (!tally) return [];
    const cell = cellOf(tally, column.from);
    return [
      [
        column.title,
        String(cell.runs),
        `${number(cell.failPct)} % (${interval(cell)})`,
        seconds(cell.medianFailSeconds),
        `${number(cell.passPct)} %`,
        `${number(cell.inconclusivePct)} %`,
        `${number(cell.heldPct)} %`,
        `${number(cell.extendedPct)} %`,
      ],
    ];
  });
  return markdown([head, ...lines]);
}

/** A line per contender. False rollbacks with their interval, detections with their median, and what stays without a verdict. */
function rowsText({ columns }: Table, results: Results, size: Size): string {
  const names = columns[0]?.rows(size) ?? [];
  const head = ["", ...columns.map(({ title, truth }) => (truth === "worse" ? title : `*${title}*`))];
  const lines = names.map((name, row) => [
    name,
    ...columns.map((column) => {
      const tally = results.get(column.id)?.[row];
      return tally ? cellText(column, cellOf(tally, column.from)) : "";
    }),
  ]);
  return `${runsText(columns, results)}\n\n${markdown([head, ...lines])}`;
}

/** `Runs a column: 300 (x1.5, x2: 150).` */
function runsText(columns: readonly Column[], results: Results): string {
  const byRuns = new Map<number, string[]>();
  for (const { id, title } of columns) {
    const runs = results.get(id)?.[0]?.runs ?? 0;
    byRuns.set(runs, [...(byRuns.get(runs) ?? []), title]);
  }
  const [most, ...others] = [...byRuns].sort(([, a], [, b]) => b.length - a.length);
  const rest = others.map(([runs, titles]) => `${titles.join(", ")}: ${runs}`).join("; ");
  return `Runs a column: ${most?.[0] ?? 0}${rest === "" ? "" : ` (${rest})`}.`;
}

const OURS = "deploy-flow";

/** How often and when this project's judge proves the releases that it must not roll back; nothing where it proves none. */
function proofsText({ columns }: Table, results: Results, size: Size): string[] {
  const shown = columns.filter(({ truth, shows }) => truth !== "worse" && shows === undefined);
  const names = (shown[0]?.rows(size) ?? []).map((name, row) => ({ name, row }));
  const cellAt = (column: Column, row: number) => {
    const tally = results.get(column.id)?.[row];
    return tally && cellOf(tally, column.from);
  };
  const lines = names.flatMap(({ name, row }) => {
    const cells = shown.map((column) => cellAt(column, row));
    if (!name.includes(OURS) || !cells.some((cell) => (cell?.medianPassSeconds ?? 0) > 0)) return [];
    return [
      [name, ...cells.map((cell) => (cell ? `${number(cell.passPct)} / ${seconds(cell.medianPassSeconds)}` : ""))],
    ];
  });
  if (lines.length === 0 || names.length === 1) return [];
  const head = ["proven in percent / median", ...shown.map(({ title }) => title)];
  return [markdown([head, ...lines])];
}

function cellText({ truth, from, shows }: Column, cell: Cell): string {
  if (shows === "proofs") return `${number(cell.passPct)} / ${seconds(cell.medianPassSeconds)}`;
  const open = cell.inconclusivePct > 0 ? `, open ${number(cell.inconclusivePct)}` : "";
  if (truth !== "worse") return `${number(cell.failPct)} (${interval(cell)})${open}`;
  if (from > 0 && (cell.medianFailSeconds ?? 0) <= 0) return "fired before";
  // Where nothing is measured in time there is no delay.
  const delay = cell.medianFailSeconds === 0 ? "" : ` / ${seconds(cell.medianFailSeconds)}`;
  return `${number(cell.failPct)}${delay}${open}`;
}

function interval({ failLowPct, failHighPct }: Cell): string {
  return `${number(failLowPct)}–${number(failHighPct)}`;
}

/** At most one decimal. */
function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function seconds(value: number | undefined): string {
  return value === undefined ? "-" : `${value} s`;
}

function markdown([head = [], ...lines]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...lines.map(line)].join("\n")}\n`;
}
