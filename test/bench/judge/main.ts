import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { asJson, asMarkdown } from "./render.ts";
import { findings } from "./required.ts";
import type { Column, Size, Table } from "./tables/column.ts";
import { TABLES } from "./tables/index.ts";
import { addTally, emptyTally, type Tally } from "./tally.ts";
import { type Done, playTask, type Results, type Task, tasksOf } from "./work.ts";

/** What `scripts/bench-judge.mjs` passes on. */
interface Asked {
  readonly size: Size;
  /** `names`: names and titles of the tables, nothing is played. */
  readonly format: "markdown" | "json" | "names";
  readonly threads: number;
  /** How many times as many runs as for the record. */
  readonly times: number;
  /** Names of tables, or parts of them; all when empty. */
  readonly tables: readonly string[];
}

async function bench({ size, format, threads, times, tables }: Asked): Promise<void> {
  const exact = TABLES.filter(({ id }) => tables.includes(id));
  const alike = TABLES.filter(({ id }) => tables.length === 0 || tables.some((part) => id.includes(part)));
  const chosen = exact.length > 0 && exact.length === tables.length ? exact : alike;
  if (format === "names") {
    process.stdout.write(chosen.map(({ id, title }) => `${id}\t${title}\n`).join(""));
    return;
  }
  const columns = chosen.flatMap((table) => table.columns).filter(({ runs }) => runs[size] > 0);
  const started = performance.now();
  const results = await playAll(tasksOf(columns, size, times), columns, size, threads);
  const seconds = (performance.now() - started) / 1000;
  const shown: readonly Table[] = chosen
    .map((table) => ({ ...table, columns: table.columns.filter(({ id }) => results.has(id)) }))
    .filter((table) => table.columns.length > 0);
  const facts = { size, seconds, threads, findings: findings(shown, results, size) };
  if (facts.findings.some(({ met }) => !met)) process.exitCode = 1;
  process.stdout.write(format === "json" ? asJson(shown, results, facts) : asMarkdown(shown, results, size));
}

async function playAll(tasks: Task[], columns: readonly Column[], size: Size, threads: number): Promise<Results> {
  const total = tasks.reduce((sum, { runs }) => sum + runs, 0);
  const results = new Map<string, Tally[]>(columns.map(({ id, rows }) => [id, rows(size).map(emptyTally)]));
  let played = 0;
  const take = ({ column, runs, tallies }: Done) => {
    played += runs;
    progress(played / total);
    for (const [row, tally] of tallies.entries()) {
      const into = results.get(column)?.[row];
      if (into) addTally(into, tally);
    }
  };
  await Promise.all(Array.from({ length: threads }, () => employ(tasks, size, take)));
  return results;
}

/** One worker thread that takes tasks until none is left. */
function employ(tasks: Task[], size: Size, take: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { size } });
    const next = () => {
      const task = tasks.shift();
      if (task) worker.postMessage(task);
      else worker.postMessage("enough");
    };
    worker.on("message", (done: Done) => {
      take(done);
      next();
    });
    worker.on("error", reject);
    worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
    next();
  });
}

const BAR = 40;

/** A bar on the terminal; nothing where nobody looks. */
function progress(part: number): void {
  if (!process.stderr.isTTY) return;
  const full = Math.round(part * BAR);
  const bar = "#".repeat(full) + "-".repeat(BAR - full);
  process.stderr.write(`\r${bar} ${(100 * part).toFixed(1)} %${part >= 1 ? "\n" : ""}`);
}

if (isMainThread) {
  await bench(JSON.parse(process.argv[2] ?? "{}") as Asked);
} else {
  const { size } = workerData as { size: Size };
  parentPort?.on("message", (task: Task | "enough") => {
    if (task === "enough") parentPort?.close();
    else parentPort?.postMessage(playTask(task, size));
  });
}
