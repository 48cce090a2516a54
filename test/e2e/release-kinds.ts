import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How a release of the shop behaves. Requests are counted by each instance for itself, smoke checks included. */
interface Behaviour {
  readonly does: "nothing" | "fail" | "mislead" | "slow" | "exit" | "spoil" | "limp" | "silence";
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
  /** One of its instances says that it is not ready, and serves. */
  limping: { does: "limp", from: ONCE_USERS_COME, environment: "production" },
  /** It serves well, and its page of metrics is gone. */
  silent: { does: "silence", from: ONCE_USERS_COME, environment: "production" },
} as const satisfies Record<string, Behaviour>;
export type ReleaseKind = keyof typeof RELEASE_KINDS;

const HEALTHY = "2.0.0";

/** Adds a release of this kind to a project, with the report of a suite in which all tests passed. */
export function addRelease(root: string, version: string, kind: ReleaseKind): void {
  const folder = join(root, "releases", version);
  cpSync(join(root, "releases", HEALTHY), folder, { recursive: true });
  cpSync(join(import.meta.dirname, "kinds/pace.mjs"), join(folder, "pace.mjs"));
  letPagesFollow(join(folder, "shop.mjs"));
  writeFileSync(join(folder, "kind.json"), `${JSON.stringify(RELEASE_KINDS[kind])}\n`);
  writeFileSync(join(folder, "release.json"), `${JSON.stringify({ version })}\n`);
  cpSync(join(root, "reports/1.9.0.xml"), join(root, `reports/${version}.xml`));
}

const PAGES = [
  [
    'async () => [200, { status: "ok" }]',
    'async () => (pace.isWell() ? [200, { status: "ok" }] : [503, { error: "unwell" }])',
  ],
  [
    "async () => [200, metrics.render()]",
    'async () => (pace.isTold() ? [200, metrics.render()] : [503, { error: "gone" }])',
  ],
] as const;

/** Lets the pages for health and metrics answer as the kind says. */
function letPagesFollow(shop: string): void {
  let text = readFileSync(shop, "utf8");
  for (const [usual, followed] of PAGES) {
    if (!text.includes(usual)) throw new Error(`the shop has no page that answers ${usual}`);
    text = text.replace(usual, followed);
  }
  writeFileSync(shop, text);
}
