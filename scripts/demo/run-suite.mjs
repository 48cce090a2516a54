// Runs the shop's suite of one release and writes its JUnit report.
//   node run-suite.mjs releases/2.0.0 report.xml
// Exit code of the suite: 0 when every test passed.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [release, report] = process.argv.slice(2);
if (release === undefined || report === undefined) {
  console.error("usage: node run-suite.mjs RELEASE_FOLDER REPORT_FILE");
  process.exit(64);
}
const folder = resolve(release);
const suite = join(folder, "test", "shop.test.mjs");
if (!existsSync(suite)) {
  console.error(`${suite} does not exist`);
  process.exit(65);
}
// A runner inside a runner would report to the outer one.
const { NODE_TEST_CONTEXT: _, ...env } = process.env;
const ran = spawnSync(
  process.execPath,
  ["--test", "--test-reporter=junit", `--test-reporter-destination=${resolve(report)}`, suite],
  { cwd: folder, env, stdio: ["ignore", "inherit", "inherit"] },
);
// Newer versions of Node name the file of each test by its whole path; the same test must have the same name in each release.
if (existsSync(report)) writeFileSync(report, readFileSync(report, "utf8").replaceAll(`${folder}/`, ""));
process.exit(ran.status ?? 70);
