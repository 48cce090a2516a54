import Table from "cli-table3";
import { type Delivery, deliveryOf, fate, type Spread } from "../../record/delivery.ts";
import { ms, num, pct } from "../../record/figures.ts";
import type { History, HistoryEntry } from "../../record/history.ts";
import { plain } from "../../record/markdown.ts";
import { epochMs, spanText } from "../../vocab/index.ts";

/** What `history` answers: the runs, how they were delivered, and what could not be read. */
export interface HistoryAnswer {
  readonly entries: readonly HistoryEntry[];
  readonly omitted: number;
  /** Over all runs of the project, also those that are not listed. */
  readonly delivery: Delivery;
  readonly badLines: History["badLines"];
}

/** The latest runs of a history with the measures over all of it. */
export function historyAnswer({ entries, badLines }: History, last: number): HistoryAnswer {
  const shown = entries.slice(-last);
  return { entries: shown, omitted: entries.length - shown.length, delivery: deliveryOf(entries), badLines };
}

/** A history as a person reads it: the runs, a bar per day or week, the four measures of delivery. */
export function historyText(answer: HistoryAnswer, o: { colours: boolean }): string {
  const bad = answer.badLines.map(({ line, what }) => `line ${line} of the history was left out: ${what}`);
  if (answer.entries.length === 0) return ["no run has ended in this project", ...bad].join("\n");
  const more = answer.omitted > 0 ? [`${num(answer.omitted)} earlier runs are not listed`] : [];
  return [
    runTable(answer.entries, o),
    ...more,
    "",
    ...bars(answer.entries),
    "",
    measures(answer.delivery, o),
    ...bad,
  ].join("\n");
}

const RUN_COLUMNS = ["started", "outcome", "version", "after", "strategy", "took", "errors", "p99 at most", "back in"];
const LAST_COLUMN = "archive";

function runTable(entries: readonly HistoryEntry[], o: { colours: boolean }): string {
  // Most histories know no incident; a column of dashes would only make the table wider.
  const isNamed = entries.some(({ incident }) => incident !== undefined);
  return table(
    o,
    entries.map((run) => [
      `${run.startedAt.slice(0, 16).replace("T", " ")}Z`,
      run.outcome,
      run.version,
      run.previousVersion ?? "nothing",
      plain(run.strategy),
      spanText(run.durationMs),
      run.errorRatePct === undefined ? "–" : pct(run.errorRatePct),
      run.latencyP99AtMostMs === undefined ? "–" : ms(run.latencyP99AtMostMs),
      run.restoreMs === undefined ? "–" : spanText(run.restoreMs),
      ...(isNamed ? [plain(run.incident ?? "–")] : []),
      plain(run.archive ?? run.runId),
    ]),
    isNamed ? [...RUN_COLUMNS, "incident", LAST_COLUMN] : [...RUN_COLUMNS, LAST_COLUMN],
  );
}

const DAY_MS = 86_400_000;
const MOST_BARS = 12;
const WIDEST_BAR = 40;
const MARK = { stayed: "█", failed: "▒", stopped: "░" } as const;

/** One bar per day, or per week where the runs span more days than there are bars: what stayed, went back, was stopped. */
function bars(entries: readonly HistoryEntry[]): string[] {
  const days = entries.map(({ endedAt }) => Math.floor(epochMs(endedAt) / DAY_MS));
  const [first, last] = [Math.min(...days), Math.max(...days)];
  const width = last - first < MOST_BARS ? 1 : 7;
  const from = Math.max(first, last + 1 - width * MOST_BARS);
  const slots = Array.from({ length: Math.ceil((last + 1 - from) / width) }, (_, index) => from + index * width);
  const rows = slots.map((start) => {
    const own = entries.filter((_, index) => inside(days[index], start, width));
    return { start, own };
  });
  const scale = Math.max(1, Math.max(...rows.map(({ own }) => own.length)) / WIDEST_BAR);
  const title = `runs per ${width === 1 ? "day" : "week"}: ${MARK.stayed} stayed in production, ${MARK.failed} went back, ${MARK.stopped} stopped before users`;
  return [title, ...rows.map(({ start, own }) => `  ${dayText(start)}  ${bar(own, scale)}`)];
}

function inside(day: number | undefined, start: number, width: number): boolean {
  return day !== undefined && day >= start && day < start + width;
}

function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function bar(own: readonly HistoryEntry[], scale: number): string {
  if (own.length === 0) return "·";
  const counts = (Object.keys(MARK) as (keyof typeof MARK)[]).map((kind) => ({
    kind,
    count: own.filter((entry) => fate(entry) === kind).length,
  }));
  const drawn = counts.map(({ kind, count }) => MARK[kind].repeat(Math.ceil(count / scale))).join("");
  return `${drawn} ${counts.map(({ count }) => num(count)).join(" / ")}`;
}

function measures(delivery: Delivery, o: { colours: boolean }): string {
  const { deploymentsPerWeek: perWeek, changeFailureRatePct: failing } = delivery;
  const changes = delivery.deployments + delivery.failures;
  return table(o, [
    [
      "deployment frequency",
      perWeek === null
        ? `unknown: less than a day of history (${num(delivery.deployments)} deployments)`
        : `${num(perWeek, 1)} per week`,
    ],
    ["lead time, commit to production", spreadText(delivery.leadTime, "no tag of these versions was found")],
    [
      "change failure rate",
      failing === null
        ? "unknown: no version met users"
        : `${pct(failing)} (${num(delivery.failures)} of ${num(changes)} versions that met users)`,
    ],
    ["time to restore", spreadText(delivery.timeToRestore, "no rollback restored the old version")],
    ["duration of a run", spreadText(delivery.duration, "no run")],
  ]);
}

function spreadText({ known, medianMs, shortestMs, longestMs }: Spread, otherwise: string): string {
  if (medianMs === null || shortestMs === null || longestMs === null) return `unknown: ${otherwise}`;
  if (known === 1) return `${spanText(medianMs)} (one run)`;
  return `median ${spanText(medianMs)}, ${spanText(shortestMs)} to ${spanText(longestMs)} (${num(known)} runs)`;
}

function table({ colours }: { colours: boolean }, rows: readonly string[][], head?: string[]): string {
  const drawn = new Table({
    ...(head ? { head } : {}),
    style: { head: colours ? ["cyan"] : [], border: colours ? ["grey"] : [], compact: true },
  });
  for (const row of rows) drawn.push(row);
  return drawn.toString();
}
