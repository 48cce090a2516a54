// Feeds damaged test reports to every reader and says what became of them.
//   npm run fuzz [-- --inputs N] [--from M] [--threads T] [--write]
// The same numbers are the same inputs everywhere. A fault is a crash other than a refusal, a row that is none, a changed
// prototype, another result for the same bytes in other pieces, more than 5 s, or more memory than the heap given here.
// Faults are printed with the file that holds the input; exit code 1. --write puts the figures into docs/report-fuzzing.md.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { bundle, ROOT } from "./bundle.mjs";

const PAGE = join(ROOT, "docs/report-fuzzing.md");
const HEAP_MB = 256;
const SILENT_MS = 60_000;

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "20000" },
    from: { type: "string", default: "0" },
    threads: { type: "string", default: String(availableParallelism()) },
    write: { type: "boolean", default: false },
  },
});
const [inputs, from, threads] = [values.inputs, values.from, values.threads].map(Number);
if (![inputs, from, threads].every(Number.isSafeInteger) || inputs < 1 || from < 0 || threads < 1) {
  console.error("expected whole numbers for --inputs, --from and --threads");
  process.exit(64);
}
const temp = mkdtempSync(join(tmpdir(), "deploy-flow-fuzz-"));
const faults = join(temp, "faults");
mkdirSync(faults);
const program = join(temp, "fuzz.mjs");
await bundle(join(ROOT, "test/evidence/tests/fuzz/main.ts"), program);
const started = performance.now();
const parts = await Promise.all(Array.from({ length: threads }, (_, i) => playPart(from + i)));
const seconds = (performance.now() - started) / 1000;
const found = parts.flatMap(({ found }) => found);
for (const one of found) console.log(one);
const text = figures();
process.stdout.write(text);
if (found.length > 0) console.log(`inputs of faults: ${faults}`);
else rmSync(temp, { recursive: true, force: true });
if (values.write && found.length === 0) record(text);
process.exitCode = found.length > 0 ? 1 : 0;

/** Every `threads`-th input, in a process of its own whose silence or death is a fault too. */
function playPart(first) {
  return new Promise((resolve) => {
    const asked = JSON.stringify({ from: first, to: from + inputs, step: threads, faults });
    const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, program, asked], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const part = { found: [], formats: {}, peakMb: 0 };
    let at = first;
    let hung = false;
    let silence;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        hung = true;
        child.kill("SIGKILL");
      }, SILENT_MS);
    };
    alive();
    createInterface({ input: child.stdout }).on("line", (line) => {
      alive();
      const said = JSON.parse(line);
      if (said.at !== undefined) at = said.at;
      if (said.fault !== undefined) part.found.push(`${said.fault}\n  in ${said.file}`);
      if (said.formats !== undefined) Object.assign(part, { formats: said.formats, peakMb: said.peakMb });
    });
    child.on("close", (code, signal) => {
      clearTimeout(silence);
      if (hung) part.found.push(`no sign of life for ${SILENT_MS / 1000} s, within 100 inputs from ${at}`);
      else if (code !== 0) part.found.push(`the process ended with ${code ?? signal}, within 100 inputs from ${at}`);
      resolve(part);
    });
  });
}

function figures() {
  const formats = {};
  for (const part of parts) {
    for (const [format, { inputs, read, slowestMs }] of Object.entries(part.formats)) {
      const one = formats[format] ?? { inputs: 0, read: 0, slowestMs: 0 };
      formats[format] = {
        inputs: one.inputs + inputs,
        read: one.read + read,
        slowestMs: Math.max(one.slowestMs, slowestMs),
      };
    }
  }
  const played = Object.values(formats).reduce((sum, { inputs }) => sum + inputs, 0);
  const peakMb = Math.max(...parts.map(({ peakMb }) => peakMb));
  const rows = Object.entries(formats).map(
    ([format, { inputs, read, slowestMs }]) =>
      `| ${format} | ${inputs} | ${read} | ${inputs - read} | ${slowestMs.toFixed(0)} |`,
  );
  return `${played.toLocaleString("en-US")} inputs from number ${from} in ${seconds.toFixed(0)} s: ${found.length} faults. Peak memory of a process ${peakMb.toFixed(0)} MB,
with a heap of at most ${HEAP_MB} MB. Node.js ${process.versions.node}.

| format | inputs | read | refused | slowest, ms |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function record(text) {
  const page = readFileSync(PAGE, "utf8");
  const [start, end] = ["<!-- measured -->", "<!-- end -->"].map((mark) => page.indexOf(mark));
  if (start < 0 || end < start) throw new Error(`${PAGE} has no place for the figures`);
  writeFileSync(PAGE, `${page.slice(0, start)}<!-- measured -->\n\n${text}\n${page.slice(end)}`);
  console.log("written: docs/report-fuzzing.md");
}
