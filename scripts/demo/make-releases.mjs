// Writes a complete project for the demonstration: the shop in its releases, a deploy.yaml, the load, and the test report
// of the version that runs first.
//   node make-releases.mjs OUTDIR [--healthy NAME]...
// A release is the base with the files of every release it builds on laid over it. --healthy adds a release that
// behaves like 2.0.0 under another name (and so with another digest).
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const FIRST = "1.9.0";
const HEALTHY = "2.0.0";
const LAYERS = {
  [FIRST]: [],
  [HEALTHY]: ["2.0.0"],
  "2.1.0": ["2.0.0", "2.1.0"],
  "2.2.0": ["2.0.0", "2.2.0"],
};
const PROJECT_FILES = ["deploy.yaml", "load.mjs", "load-summary.mjs", "open-loop.mjs", "run-suite.mjs"];

function writeRelease(out, version, layers) {
  const folder = join(out, "releases", version);
  cpSync(join(here, "shop/base"), folder, { recursive: true, filter: (path) => !path.endsWith(".d.mts") });
  for (const layer of layers) cpSync(join(here, "shop/releases", layer), folder, { recursive: true });
  writeFileSync(join(folder, "release.json"), `${JSON.stringify({ version })}\n`);
}

function writeFirstReport(out) {
  mkdirSync(join(out, "reports"), { recursive: true });
  const report = join(out, "reports", `${FIRST}.xml`);
  const ran = spawnSync(process.execPath, [join(out, "run-suite.mjs"), join(out, "releases", FIRST), report]);
  if (ran.status !== 0) throw new Error(`the suite of ${FIRST} does not pass: ${ran.stderr}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { healthy: { type: "string", multiple: true, default: [] } },
});
const [target] = positionals;
if (target === undefined || positionals.length > 1) {
  console.error("usage: node make-releases.mjs OUTDIR [--healthy NAME]...");
  process.exit(64);
}
const unusable = values.healthy.find((name) => name in LAYERS || !/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(name));
if (unusable !== undefined) {
  console.error(`--healthy ${unusable}: taken, or not a version`);
  process.exit(64);
}
const out = resolve(target);
mkdirSync(out, { recursive: true });
for (const file of PROJECT_FILES) cpSync(join(here, file), join(out, file));
for (const [version, layers] of Object.entries(LAYERS)) writeRelease(out, version, layers);
for (const name of values.healthy) writeRelease(out, name, LAYERS[HEALTHY]);
writeFirstReport(out);
console.log([...Object.keys(LAYERS), ...values.healthy].map((version) => join("releases", version)).join("\n"));
