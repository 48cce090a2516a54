// Runs the tests that need other people's programs: agent hosts, and checkers of skills and of the protocol. Installs them
// into a folder of their own outside the project, then runs without any network where the system allows that: a scripted
// model on loopback stands in for the real one. What cannot be installed is skipped, and said at the end.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const hosts = process.env.DEPLOY_FLOW_HOSTS ?? join(tmpdir(), "deploy-flow-hosts");

/** Each with the variable by which its tests find it. */
const PROGRAMS = {
  DEPLOY_FLOW_CLAUDE: ["@anthropic-ai/claude-code", "2.1.330", "@anthropic-ai/claude-code/bin/claude.exe"],
  DEPLOY_FLOW_OPENCODE: ["opencode-ai", "1.18.33", "opencode-ai/bin/opencode.exe"],
  // opencode lists the files of a skill with it, and would load it from the network.
  DEPLOY_FLOW_RIPGREP: ["@vscode/ripgrep", "1.18.0", `@vscode/ripgrep-${process.platform}-${process.arch}/bin/rg`],
  // The conformance suite needs a newer Node.js than the project does.
  DEPLOY_FLOW_NODE: ["node", "24.21.0", "node/bin/node"],
  DEPLOY_FLOW_SKILLS_REF: ["skills-ref", "0.1.5", ".bin/skills-ref"],
  DEPLOY_FLOW_INSPECTOR: ["@modelcontextprotocol/inspector", "2.12.0", ".bin/mcp-inspector"],
  DEPLOY_FLOW_CONFORMANCE: ["@modelcontextprotocol/conformance", "0.1.16", ".bin/conformance"],
};
/** Which of them each file of tests needs. */
const TESTS = {
  "claude.test.ts": ["DEPLOY_FLOW_CLAUDE"],
  "evals.test.ts": ["DEPLOY_FLOW_CLAUDE"],
  "opencode.test.ts": ["DEPLOY_FLOW_OPENCODE", "DEPLOY_FLOW_RIPGREP"],
  "standards.test.ts": [
    "DEPLOY_FLOW_NODE",
    "DEPLOY_FLOW_SKILLS_REF",
    "DEPLOY_FLOW_INSPECTOR",
    "DEPLOY_FLOW_CONFORMANCE",
  ],
};

/** Where the program lies; undefined where it cannot be had, which is said. */
function installed([name, version, binary]) {
  const folder = join(hosts, `${name.replace(/\W+/g, "-")}-${version}`);
  const path = join(folder, "node_modules", binary);
  if (existsSync(path)) return path;
  console.error(`installing ${name}@${version} into ${folder} ...`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}\n');
  try {
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", `${name}@${version}`], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  } catch (error) {
    console.error(`${name}@${version} could not be installed (${error.message})`);
  }
  return existsSync(path) ? path : undefined;
}

const found = Object.entries(PROGRAMS).flatMap(([variable, program]) => {
  const path = installed(program);
  return path === undefined ? [] : [[variable, path]];
});
const has = new Set(found.map(([variable]) => variable));
const skipped = Object.entries(TESTS).flatMap(([file, needs]) => {
  const lacking = needs
    .filter((variable) => !has.has(variable))
    .map((variable) => PROGRAMS[variable].slice(0, 2).join("@"));
  return lacking.length === 0 ? [] : [`${file}: no ${lacking.join(", ")}`];
});
const files = Object.keys(TESTS).filter((file) => !skipped.some((line) => line.startsWith(`${file}:`)));

function run() {
  if (files.length === 0) return 0;
  const asked = process.argv.slice(2);
  const chosen = asked.some((word) => !word.startsWith("-")) ? [] : files;
  const tests = ["npx", "--no-install", "vitest", "run", "--config", "test/real-hosts/vitest.config.ts"];
  const words = [...tests, ...chosen, ...asked];
  for (const line of skipped) words.push("--exclude", `**/${line.split(":")[0]}`);
  const alone = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  const canBeAlone = spawnSync(alone[0], [...alone.slice(1), "true"]).status === 0;
  if (!canBeAlone) console.error("the network cannot be taken away here; the hosts are only told not to use it");
  const [program, ...args] = canBeAlone ? [...alone, ...words] : words;
  const env = { ...process.env, ...Object.fromEntries(found) };
  return spawnSync(program, args, { cwd: root, stdio: "inherit", env }).status ?? 1;
}

execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
const status = run();
for (const line of skipped) console.error(`\n*** SKIPPED, and not passed: ${line}\n`);
process.exit(status);
