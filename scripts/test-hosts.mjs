// Runs the tests that need real agent hosts. Installs the hosts into a folder of their own outside the project, then runs
// without any network where the system allows that: a scripted model on loopback stands in for the real one.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const hosts = process.env.DEPLOY_FLOW_HOSTS ?? join(tmpdir(), "deploy-flow-hosts");
const CLAUDE_VERSION = "2.1.330";

function skipped(why) {
  console.error(`\n*** SKIPPED: no test with a real agent host was run: ${why}\n`);
  process.exit(0);
}

function installed(name, version, binary) {
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
    skipped(`${name}@${version} could not be installed (${error.message})`);
  }
  return existsSync(path) ? path : skipped(`${name}@${version} has no ${binary}`);
}

const claude = installed("@anthropic-ai/claude-code", CLAUDE_VERSION, "@anthropic-ai/claude-code/bin/claude.exe");
const tests = ["npx", "--no-install", "vitest", "run", "--config", "test/real-hosts/vitest.config.ts"];
const words = [...tests, ...process.argv.slice(2)];
const alone = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
const canBeAlone = spawnSync(alone[0], [...alone.slice(1), "true"]).status === 0;
if (!canBeAlone) console.error("the network cannot be taken away here; the hosts are only told not to use it");
const [program, ...args] = canBeAlone ? [...alone, ...words] : words;
const run = spawnSync(program, args, {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, DEPLOY_FLOW_CLAUDE: claude },
});
process.exit(run.status ?? 1);
