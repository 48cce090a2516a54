// The demonstration: three versions of a small shop are deployed under live load, each through the same command that
// users run. One succeeds, one is blocked at staging, one is rolled back from the canary. Prints what a user of the
// flow sees, then what the users of the shop saw, measured by the load.
//   node demo.mjs PROGRAM [--dir DIR] [--keep] [--rate N] [--format json]
// PROGRAM is the bundled deploy-flow. Exit code 0 when all three ended as they should and no request was lost.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";
import { impactOf, impactTable } from "./impact.mjs";
import { startLoad } from "./open-loop.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const SCENARIOS = [
  { version: "2.0.0", outcome: "SUCCESS", exit: 0, about: "a healthy release" },
  { version: "2.1.0", outcome: "BLOCKED", exit: 10, about: "12 of its 150 tests no longer pass: 8.0 % > 5.0 %" },
  {
    version: "2.2.0",
    outcome: "ROLLED_BACK",
    exit: 20,
    about: "fine in staging, failing under what production users do",
  },
];
const MAX_SECONDS = 300;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: "string" },
    keep: { type: "boolean", default: false },
    rate: { type: "string", default: "200" },
    format: { type: "string", default: "text" },
  },
});
const program = resolve(positionals[0] ?? join(here, "../../dist/deploy-flow.mjs"));
const json = values.format === "json";
/** In a terminal the deployments show their live panel, as they would to whoever starts one there. */
const live = !json && process.stdin.isTTY === true && process.stdout.isTTY === true;
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (style, text) => (colour ? styleText(style, text) : text);
const say = (text = "") => {
  if (!json) console.log(text);
};

function fail(message) {
  console.error(`demo: ${message}`);
  process.exit(70);
}

if (!existsSync(program)) fail(`${program} does not exist; next: npm run build`);
if (values.dir && existsSync(values.dir) && readdirSync(values.dir).length > 0) {
  fail(`${values.dir} is not empty; next: name a new folder`);
}
const project = values.dir ? resolve(values.dir) : mkdtempSync(join(tmpdir(), "deploy-flow-demo-"));

function deployFlow(...args) {
  const ran = spawnSync(process.execPath, [program, ...args, "--project", project], {
    encoding: "utf8",
    timeout: 60_000,
  });
  if (ran.status !== 0) fail(`deploy-flow ${args.join(" ")} ended with ${ran.status}: ${ran.stderr || ran.stdout}`);
  return ran.stdout;
}

/** Runs the command that a user would run, in this terminal. Resolves with its exit code. */
function deploy(version) {
  return new Promise((done, reject) => {
    const child = spawn(
      process.execPath,
      [program, "run", version, "--regression-threshold", "5", "--project", project],
      { stdio: [live ? "inherit" : "ignore", json ? "ignore" : "inherit", "inherit"] },
    );
    following.current = child;
    child.on("error", reject);
    child.on("close", (code, signal) => done(code ?? signal));
  });
}

function archives(dir = join(project, ".aiwg/archive")) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((day) => readdirSync(join(dir, day)).map((name) => join(dir, day, name)));
}

const load = { current: undefined };
const following = { current: undefined };

/** Ends the load, a runner that is still at work, and what the sandbox left running. */
function cleanUp() {
  load.current?.stop();
  // Whoever follows a run would start its runner again.
  following.current?.kill("SIGKILL");
  const lock = join(project, ".aiwg/deployment/run.lock");
  if (existsSync(lock)) {
    try {
      process.kill(JSON.parse(readFileSync(lock, "utf8")).pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  spawnSync(process.execPath, [program, "sandbox-stop", "--project", project], { timeout: 30_000 });
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    cleanUp();
    process.exit(130);
  });
}

const started = performance.now();
let ok = true;
try {
  say(paint("bold", "deploy-flow demonstration"));
  say(`project   ${project}`);
  const made = spawnSync(process.execPath, [join(here, "make-releases.mjs"), project], { encoding: "utf8" });
  if (made.status !== 0) fail(`the releases could not be made: ${made.stderr}`);
  const { entryUrl } = JSON.parse(deployFlow("sandbox-seed", "1.9.0", "--format", "json"));
  say(`service   shop 1.9.0 serves production at ${entryUrl}`);
  load.current = startLoad({ url: entryUrl, rate: Number(values.rate), seconds: MAX_SECONDS, arrivals: "poisson" });
  say(`load      ${values.rate} requests per second, open loop, until the end`);

  const results = [];
  for (const [index, scenario] of SCENARIOS.entries()) {
    say();
    say(
      paint(
        "bold",
        `${index + 1} of ${SCENARIOS.length}: deploy-flow run ${scenario.version} --regression-threshold 5`,
      ),
    );
    say(`          ${scenario.about}`);
    say();
    const from = Date.now();
    const before = new Set(archives());
    const exit = await deploy(scenario.version);
    const archive = archives().find((dir) => !before.has(dir));
    const verified = archive && verify(archive);
    const right = exit === scenario.exit && verified?.ok === true && verified.outcome === scenario.outcome;
    ok &&= right;
    const visibleAt = archive && breachVisibleAt(archive);
    results.push({ ...scenario, exit, right, from, until: Date.now(), archive, verified, visibleAt });
  }
  load.current.stop();
  const summary = await load.current.done;
  const impact = impactOf(results, load.current.records);
  ok &&= impact.every((row) => row.lost === 0);
  const seconds = (performance.now() - started) / 1000;
  if (json) console.log(JSON.stringify({ ok, seconds, project, results, impact, load: summary }, null, 2));
  else report(results, impact, seconds);
} finally {
  cleanUp();
  if (ok && !values.keep && !values.dir && json) rmSync(project, { recursive: true, force: true });
}
process.exitCode = ok ? 0 : 1;

/** The moment up to which the poll that decided the rollback had counted, from the archived journal. */
function breachVisibleAt(archive) {
  const events = readFileSync(join(archive, "journal.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const latched = events.findIndex(({ event }) => event.event === "rollback-latched");
  const poll = events.slice(0, Math.max(0, latched)).findLast(({ event }) => event.event === "poll");
  const ends = (poll?.event.increments ?? []).map((increment) => Date.parse(increment.to));
  return ends.length > 0 ? Math.max(...ends) : undefined;
}

function verify(archive) {
  const ran = spawnSync(process.execPath, [program, "verify", archive, "--project", project, "--format", "json"], {
    encoding: "utf8",
  });
  try {
    return JSON.parse(ran.stdout);
  } catch {
    return undefined;
  }
}

function report(results, impact, seconds) {
  say();
  say(paint("bold", "What the three deployments came to"));
  for (const result of results) {
    const mark = result.right ? paint("green", "✓") : paint("red", "✗");
    const found = result.verified?.outcome ?? `exit ${result.exit}`;
    say(`${mark} ${result.version}  ${found}${result.right ? "" : ` (expected ${result.outcome})`}`);
    if (result.archive) {
      const checked = result.verified?.ok
        ? `verified: ${result.verified.checked.events} events, ${result.verified.checked.files} files, ${result.verified.checked.gates} verdicts judged again`
        : "NOT verified";
      say(`    ${relative(project, result.archive)}  (${checked})`);
    }
  }
  say();
  say(paint("bold", "What the users of the shop saw, measured by the load"));
  say(impactTable(impact));
  say();
  const reports = join(project, ".aiwg/reports");
  const files = existsSync(reports)
    ? readdirSync(reports).filter((name) => statSync(join(reports, name)).isFile())
    : [];
  say(`Reports: ${files.map((name) => join(".aiwg/reports", name)).join(", ")}`);
  say(`All of it is in ${project}`);
  say(
    `${ok ? paint("green", "The demonstration ended as it should") : paint("red", "The demonstration did NOT end as it should")} in ${seconds.toFixed(1)} s.`,
  );
}
