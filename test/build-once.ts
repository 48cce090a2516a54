import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Tests that start real processes run the same one-file bundle that users run. What they share for the whole run lies
 * in one temporary folder, which goes at the end: a worker that is ended cannot tidy up after itself.
 */
export default function buildOnce(): () => void {
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "deploy-flow-tests-"));
  process.env.DEPLOY_FLOW_TEST_TMP = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
