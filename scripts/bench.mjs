// Measures what design budgets speak of and prints each figure beside its budget.
//   npm run bench [-- NAME ...] [--FLAG ...]     NAME: part of the name of a file in test/bench; flags go to the benches
// A bench is a program in test/bench/*.bench.ts that prints one JSON line per figure: {what, value, unit, budget?}.
// Exit code 1 when a figure is over its budget or a bench failed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { bundle, ROOT } from "./bundle.mjs";

const args = process.argv.slice(2);
const firstFlag = args.findIndex((part) => part.startsWith("--"));
const asked = firstFlag < 0 ? args : args.slice(0, firstFlag);
const flags = firstFlag < 0 ? [] : args.slice(firstFlag);
const files = readdirSync(join(ROOT, "test/bench"))
  .filter((name) => name.endsWith(".bench.ts"))
  .filter((name) => asked.length === 0 || asked.some((part) => name.includes(part)));
if (files.length === 0) {
  console.error(`no bench is named like ${asked.join(", ")}; next: ls test/bench`);
  process.exit(64);
}
spawnSync(process.execPath, [join(ROOT, "scripts/build.mjs")], { stdio: "inherit" });
const temp = mkdtempSync(join(tmpdir(), "deploy-flow-bench-"));
let over = 0;
try {
  console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown processor"}\n`);
  for (const file of files) {
    const program = join(temp, `${basename(file, ".ts")}.mjs`);
    await bundle(join(ROOT, "test/bench", file), program, { external: ["esbuild"] });
    const ran = spawnSync(process.execPath, [program, ...flags], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const figures = ran.stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    for (const figure of figures) console.log(line(figure));
    if (ran.status !== 0 || figures.length === 0) {
      over += 1;
      console.log(`FAILED   ${file} ended with ${ran.status ?? ran.signal}`);
    }
  }
} finally {
  rmSync(temp, { recursive: true, force: true });
}
process.exitCode = over > 0 ? 1 : 0;

function line({ what, value, unit, budget }) {
  // A figure that is not a number was not measured; that is never within a budget.
  const within = budget === undefined || value <= budget;
  if (!within) over += 1;
  const mark = budget === undefined ? "        " : within ? "within  " : "OVER    ";
  const shown = Number.isInteger(value) ? String(value) : value.toPrecision(3);
  return `${mark} ${what}: ${shown} ${unit}${budget === undefined ? "" : ` (budget ${budget} ${unit})`}`;
}
