import { execFileSync } from "node:child_process";

/** Tests that start real processes run the same one-file bundle that users run. */
export default function buildOnce(): void {
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
}
