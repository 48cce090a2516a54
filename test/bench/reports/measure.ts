import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** One way to read a report. */
export interface Contender {
  readonly name: string;
  /** The program and its arguments before the files; `{folder}` is the scratch folder. */
  readonly argv: readonly string[];
  /** The exact package that it needs. */
  readonly npm?: string;
  /** A lower bound, not a reader. */
  readonly bound?: true;
  /** Takes so long at a million cases that it runs once. */
  readonly slow?: true;
  /** The command of this project, which has a budget. */
  readonly budget?: true;
}

/** Much more memory than the others need, or they could not take part. */
const NODE = [process.execPath, "--max-old-space-size=12000", "{folder}/main.mjs"];

/** Who takes part. The same work for all: a name and a status per test into a Map; the command itself besides. */
export const CONTENDERS: readonly Contender[] = [
  { name: "lower bound: search the bytes for `<testcase`", argv: [...NODE, "{folder}/scan.mjs"], bound: true },
  { name: "lower bound: fill the Map, reading nothing", argv: [...NODE, "{folder}/fill.mjs"], bound: true },
  {
    name: "`deploy-flow` (`inspect`, `regression-check`)",
    argv: [process.execPath, join(process.cwd(), "dist/deploy-flow.mjs")],
    budget: true,
  },
  { name: "its reader, filling a Map", argv: [...NODE, "{folder}/ours.mjs"] },
  { name: "Python 3 `iterparse`", argv: ["python3", "{folder}/iterparse.py"] },
  { name: "fast-xml-parser 5.12.1", argv: [...NODE, "{folder}/fast-xml-parser.mjs"], npm: "fast-xml-parser@5.12.1" },
  { name: "sax 1.6.1", argv: [...NODE, "{folder}/sax.mjs"], npm: "sax@1.6.1", slow: true },
  {
    name: "test-results-parser 0.4.6",
    argv: [...NODE, "{folder}/test-results-parser.mjs"],
    npm: "test-results-parser@0.4.6",
    slow: true,
  },
];

/** What one contender needed and found, at one size. CPU and memory are medians. */
export interface Line {
  readonly task: "one" | "two";
  readonly cases: number;
  readonly megabytes: number;
  readonly contender: Contender;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly runs: number;
  readonly found: string;
}

/** Preloaded into the measured program of this project: says at its end what it used. */
const USAGE = `process.on("exit", () => process.stderr.write("\\nusage " + JSON.stringify(process.resourceUsage())))`;

/** Runs one contender on one file or two. */
export function measure(contender: Contender, folder: string, files: readonly string[]) {
  return contender.budget ? measureCommand(contender, folder, files) : measureProgram(contender, folder, files);
}

function measureProgram({ name, argv }: Contender, folder: string, files: readonly string[]) {
  const [program = "", ...args] = argv.map((part) => part.replace("{folder}", folder));
  const ran = spawnSync(program, [...args, ...files], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 });
  if (ran.status !== 0) throw new Error(`${name} ended with ${ran.status ?? ran.signal}: ${ran.stderr.slice(-500)}`);
  const out = JSON.parse(ran.stdout.trim().split("\n").at(-1) ?? "");
  return { cpuSeconds: Number(out.cpuSeconds), peakMb: Number(out.peakMb), found: foundText(out, files.length) };
}

function measureCommand({ argv }: Contender, folder: string, files: readonly string[]) {
  const [program = "", bundle = ""] = argv;
  const [first = "", second] = files;
  const command =
    second === undefined
      ? ["inspect", first]
      : ["regression-check", "--baseline", first, "--candidate", second, "--limit", "1"];
  const preload = ["--import", `data:text/javascript,${encodeURIComponent(USAGE)}`];
  const ran = spawnSync(program, [...preload, bundle, ...command, "--format", "json", "--project", folder], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const usage = /\nusage (\{.*\})/.exec(ran.stderr)?.[1];
  if (usage === undefined) throw new Error(`deploy-flow ended with ${ran.status}: ${ran.stderr.slice(0, 500)}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage);
  const out = JSON.parse(ran.stdout);
  const counts = second === undefined ? out.total : { ...out.tests.baseline, lost: out.tests.totals.lost };
  return {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMb: (maxRSS * 1024) / 1e6,
    found: foundText(counts, files.length),
  };
}

function foundText(out: Record<string, number>, files: number): string {
  const counts = `${out.tests} tests: ${out.passed ?? 0} passed, ${out.failed ?? 0} failed, ${out.errored ?? 0} errored, ${out.skipped ?? 0} skipped`;
  return files === 1 ? counts : `${counts}; ${out.lost} lost`;
}

/** The middle one; of an even number the lower of both. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
