// Plays generated traffic to the judge and to today's tools, and prints false rollbacks, detections and delays.
//   npm run bench:judge [-- --short] [--format json] [--threads N] [--times N] [--write] [TABLE ...]
// --short plays what CI plays (a minute), otherwise all of it; TABLE: part of the name of a table, such as latency.
// --times N plays N times as many runs as the record. --write puts the full run, or these tables of it, into
// docs/judge-benchmark.md, each as soon as it is measured: a run that was interrupted goes on with what is missing.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle, ROOT } from "./bundle.mjs";
import { plotOf } from "./judge-plot.mjs";

const RECORD = join(ROOT, "docs/judge-benchmark.md");
const PLOT = join(ROOT, "docs/judge-benchmark.svg");
const MARKS = ["<!-- measured -->", "<!-- end -->"];
const LARGEST_OUTPUT = 64 * 1024 * 1024;

const { values, positionals: tables } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    format: { type: "string", default: "markdown" },
    times: { type: "string", default: "1" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const [threads, times] = [Number(values.threads), Number(values.times)];
const usage = !["markdown", "json"].includes(values.format)
  ? `--format ${values.format}: expected markdown or json`
  : !Number.isInteger(threads) || threads < 1
    ? `--threads ${values.threads}: expected a number of 1 or more`
    : !Number.isInteger(times) || times < 1
      ? `--times ${values.times}: expected a number of 1 or more`
      : values.write && (values.short || values.format === "json")
        ? "--write takes the full run as Markdown"
        : undefined;
if (usage) {
  console.error(usage);
  process.exit(64);
}
const temp = mkdtempSync(join(tmpdir(), "deploy-flow-bench-"));
try {
  const program = join(temp, "bench-judge.mjs");
  await bundle(join(ROOT, "test/bench/judge/main.ts"), program);
  const run = (what) => {
    const asked = { size: values.short ? "short" : "full", format: values.format, threads, times, tables, ...what };
    const ran = spawnSync(process.execPath, [program, JSON.stringify(asked)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: LARGEST_OUTPUT,
    });
    process.exitCode = Math.max(process.exitCode ?? 0, ran.status ?? 1);
    return ran.stdout;
  };
  if (values.write) writeAll(run);
  else process.stdout.write(run({}));
} finally {
  rmSync(temp, { recursive: true, force: true });
}

/** Measures and writes one table after the other. */
function writeAll(run) {
  const named = (what) =>
    run({ format: "names", ...what })
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t"));
  const titles = named({ tables: [] }).map(([, title]) => title);
  for (const [id] of named({})) {
    record(run({ tables: [id] }), titles);
    console.log(`${id}: written to docs/judge-benchmark.md`);
  }
}

/** Puts the sections between the marks of the page, in place of those with the same title, in the order of `titles`. */
function record(markdown, titles) {
  const page = readFileSync(RECORD, "utf8");
  const [from, to] = MARKS.map((mark) => page.indexOf(mark));
  if (from < 0 || to < from) throw new Error(`${RECORD} has no place for the tables: ${MARKS.join(" ... ")}`);
  const sections = sectionsOf(page.slice(from + MARKS[0].length, to));
  for (const [title, text] of sectionsOf(markdown)) sections.set(title, text);
  const inOrder = [...sections].sort(([a], [b]) => titles.indexOf(a) - titles.indexOf(b));
  const body = inOrder.map(([, section]) => section).join("\n\n");
  const written = `${page.slice(0, from + MARKS[0].length)}\n\n${body}\n\n${page.slice(to)}`;
  writeFileSync(RECORD, written);
  const plot = plotOf(written);
  if (plot !== undefined) writeFileSync(PLOT, plot);
}

/** Text of each section by its title, in order. */
function sectionsOf(text) {
  const parts = text.split(/^(?=## )/m).filter((part) => part.startsWith("## "));
  return new Map(parts.map((part) => [part.slice(3, part.indexOf("\n")), part.trim()]));
}
