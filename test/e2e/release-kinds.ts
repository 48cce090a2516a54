import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How a release of the shop behaves. Requests are counted by each instance for itself, smoke checks included. */
interface Behaviour {
  readonly does: "nothing" | "fail" | "mislead" | "slow" | "exit" | "spoil";
  /** It begins after so many requests; 0: with the first. */
  readonly from?: number;
  /** Only every so many-th request is met. */
  readonly everyNth?: number;
  /** Only there; everywhere without it. */
  readonly environment?: "staging" | "production";
}

/** More than the checks before the first user send to one instance, fewer than users send within a second. */
const ONCE_USERS_COME = 12;

export const RELEASE_KINDS = {
  healthy: { does: "nothing" },
  failing: { does: "fail", from: ONCE_USERS_COME },
  failingInStaging: { does: "fail", environment: "staging" },
  misleading: { does: "mislead", from: ONCE_USERS_COME },
  misleadingInProduction: { does: "mislead", environment: "production" },
  slower: { does: "slow", from: ONCE_USERS_COME },
  crashing: { does: "exit", from: ONCE_USERS_COME, environment: "production" },
  /** Breaks the data that it shares with the version before. */
  spoiling: { does: "spoil", from: ONCE_USERS_COME, environment: "production" },
} as const satisfies Record<string, Behaviour>;
export type ReleaseKind = keyof typeof RELEASE_KINDS;

const HEALTHY = "2.0.0";

/** Adds a release of this kind to a project, with the report of a suite in which all tests passed. */
export function addRelease(root: string, version: string, kind: ReleaseKind): void {
  const folder = join(root, "releases", version);
  cpSync(join(root, "releases", HEALTHY), folder, { recursive: true });
  cpSync(join(import.meta.dirname, "kinds/pace.mjs"), join(folder, "pace.mjs"));
  writeFileSync(join(folder, "kind.json"), `${JSON.stringify(RELEASE_KINDS[kind])}\n`);
  writeFileSync(join(folder, "release.json"), `${JSON.stringify({ version })}\n`);
  cpSync(join(root, "reports/1.9.0.xml"), join(root, `reports/${version}.xml`));
}
