// Usage: node suite.mjs VERSION REPORT. Runs the tests of a release; their failures are in the report.
import { spawnSync } from "node:child_process";

const [version, report] = process.argv.slice(2);
const reporter = ["--test-reporter=junit", `--test-reporter-destination=${report}`];
const env = { ...process.env, RELEASE: version };
process.exitCode = spawnSync(process.execPath, ["--test", ...reporter, "shop.test.mjs"], { env }).status ?? 1;
