import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type * as Esbuild from "esbuild";
import { makeJunit } from "./make-junit.ts";
import { report } from "./report.ts";
import { CONTENDERS, type Contender, type Line, measure, median } from "./reports/measure.ts";
import { pageText } from "./reports/page.ts";

// One report and two, read by this project and by what else could be taken, side by side on the same files.
//   npm run bench -- reports [--write] [--cases 100000]      --write puts the tables into docs/report-benchmark.md

/** Its own folder, not that of the bundle that this program runs from, has the bundler. */
const { build } = createRequire(join(process.cwd(), "package.json"))("esbuild") as typeof Esbuild;

const PAGE = join(process.cwd(), "docs/report-benchmark.md");
const asked = process.argv.slice(2);
const only = asked.includes("--cases") ? Number(asked[asked.indexOf("--cases") + 1]) : undefined;
const write = asked.includes("--write");
if (write && only !== undefined) throw new Error("--write takes all sizes");
const SIZES = only === undefined ? [100_000, 1_000_000] : [only];
/** Above 512 MB no text of Node.js can hold a file. */
const BEYOND_ONE_STRING = 2_000_000;

const folder = mkdtempSync(join(tmpdir(), "report-bench-"));
try {
  prepare();
  const lines: Line[] = [];
  for (const cases of SIZES) lines.push(...(await compareAll(cases)));
  const large = only === undefined ? await readLarge() : undefined;
  for (const line of lines) {
    const size = `${line.cases.toLocaleString("en-US")} cases`;
    const what = `${line.task === "one" ? "reading one report" : "comparing two reports"} of ${size}, ${line.contender.name}`;
    const budget =
      line.task === "two" && line.contender.budget && line.cases === 1_000_000 ? { cpu: 8, mb: 150 } : undefined;
    report({ what: `${what}: CPU`, value: line.cpuSeconds, unit: "s", ...(budget ? { budget: budget.cpu } : {}) });
    report({ what: `${what}: peak memory`, value: line.peakMb, unit: "MB", ...(budget ? { budget: budget.mb } : {}) });
  }
  if (large)
    report({ what: `reading one report of ${large.bytes} bytes: peak memory`, value: large.peakMb, unit: "MB" });
  if (write)
    writePage(pageText(lines, large, { node: process.versions.node, processor: cpus()[0]?.model.trim() ?? "unknown" }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The contenders' programs and libraries, in a folder of their own: none of them is a dependency of this project. */
function prepare(): void {
  cpSync(join(process.cwd(), "test/bench/reports/contenders"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private": true}');
  const wanted = CONTENDERS.flatMap(({ npm }) => npm ?? []);
  const installed = spawnSync("npm", ["install", "--no-audit", "--no-fund", ...wanted], {
    cwd: folder,
    encoding: "utf8",
  });
  if (installed.status !== 0) throw new Error(`npm install ${wanted.join(" ")}: ${installed.stderr.slice(-500)}`);
}

async function compareAll(cases: number): Promise<Line[]> {
  await build({
    entryPoints: ["test/bench/reports/ours.ts"],
    outfile: join(folder, "ours.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const baseline = join(folder, `baseline-${cases}.xml`);
  const candidate = join(folder, `candidate-${cases}.xml`);
  await makeJunit(baseline, { cases });
  // Broken and missing tests: finding them is what a comparison is for.
  await makeJunit(candidate, { cases, breakEvery: 5_000, dropEvery: 5_000 });
  const lines: Line[] = [];
  for (const task of ["one", "two"] as const) {
    const files = task === "one" ? [baseline] : [baseline, candidate];
    const runs = new Map<Contender, ReturnType<typeof measure>[]>();
    // In turn, not one after the other: a machine that is busy for a while is so for all.
    for (let round = 0; round < 3; round++) {
      for (const contender of CONTENDERS) {
        if (task === "two" && contender.bound) continue;
        if (round > 0 && contender.slow && cases > 100_000) continue;
        runs.set(contender, [...(runs.get(contender) ?? []), measure(contender, folder, files)]);
      }
    }
    for (const [contender, measured] of runs) {
      const found = new Set(measured.map((one) => one.found));
      lines.push({
        task,
        cases,
        megabytes: statSync(baseline).size / 1e6,
        contender,
        cpuSeconds: median(measured.map((one) => one.cpuSeconds)),
        peakMb: median(measured.map((one) => one.peakMb)),
        runs: measured.length,
        found: [...found].join(" / "),
      });
    }
  }
  rmSync(baseline);
  rmSync(candidate);
  for (const { task, contender, found } of lines) {
    const other = lines.find((line) => line.task === task && line.contender.name.startsWith("Python"))?.found;
    if (contender.budget && found !== other) throw new Error(`${contender.name} found ${found}, Python ${other}`);
  }
  return lines;
}

/** A file that no reader can hold as one text. Every test has to be found. */
async function readLarge() {
  const file = join(folder, `large-${BEYOND_ONE_STRING}.xml`);
  await makeJunit(file, { cases: BEYOND_ONE_STRING });
  const { size } = statSync(file);
  const inspect = CONTENDERS.find(({ budget }) => budget);
  if (!inspect) throw new Error("no contender is this project's command");
  const { cpuSeconds, peakMb, found } = measure(inspect, folder, [file]);
  rmSync(file);
  if (!found.startsWith(`${BEYOND_ONE_STRING} tests`)) throw new Error(`of a file of ${size} bytes: ${found}`);
  return { bytes: size, cases: BEYOND_ONE_STRING, cpuSeconds, peakMb };
}

function writePage(tables: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [start, end] = ["<!-- measured -->", "<!-- end -->"].map((mark) => page.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start)
    throw new Error(`${PAGE} has no place for the tables`);
  writeFileSync(PAGE, `${page.slice(0, start)}<!-- measured -->\n\n${tables}\n${page.slice(end)}`);
}
