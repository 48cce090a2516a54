import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Reading, readRun } from "./reading.ts";
import { makeWorld } from "./world.ts";

/** What docs/tokens.md says of whole runs; `npm run tokens -- --runs` measures it anew. */
const FILE = join(import.meta.dirname, "../../scripts/token-runs.json");
const isMeasured = process.env.DEPLOY_FLOW_TOKENS === "write";

interface Entry extends Reading {
  readonly depth: string;
}
const written: Entry[] = isMeasured ? [] : (JSON.parse(readFileSync(FILE, "utf8")) as Entry[]);

/** As many stages as the default has, one of which is longer than a look waits. */
const EDITS = [
  [
    ["canary", "stages"],
    [5, 25, 50, 100],
  ],
  [["canary", "stageDuration"], "2s"],
  [["canary", "minRequests"], 0],
  [["observe"], isMeasured ? "65s" : "2s"],
  [["regressionThreshold"], 5],
  // Wide where a busy machine could look like a bad release.
  [["triggers", "latencyP99Pct"], 5_000],
  [["slo", "latencyP99Ms"], 8_000],
  [["waits", "advice"], "2m"],
] as const;

const RUNS = [
  ["minimal", "2.0.0", "SUCCESS"],
  ["minimal", "2.2.0", "ROLLED_BACK"],
  ["standard", "3.0.0", "SUCCESS"],
  ["standard", "2.2.0", "ROLLED_BACK"],
  ["thorough", "3.0.1", "SUCCESS"],
  ["thorough", "2.2.0", "ROLLED_BACK"],
] as const;

test("what models read in a whole run is what the page says", { timeout: 600_000 }, async () => {
  const world = await makeWorld({ edits: [...EDITS], seconds: 3_000 });
  const entries: Entry[] = [];
  try {
    for (const [depth, version, outcome] of isMeasured ? RUNS : RUNS.slice(2, 4)) {
      const reading = await readRun(world, { version, depth });
      await world.ended();
      expect(reading.outcome, `${depth} ${version}`).toBe(outcome);
      entries.push({ depth, ...reading });
    }
  } finally {
    await world.close();
  }
  if (isMeasured) writeFileSync(FILE, `${JSON.stringify(entries, undefined, 2)}\n`);
  for (const entry of isMeasured ? [] : entries) {
    const said = written.find(({ depth, outcome }) => depth === entry.depth && outcome === entry.outcome);
    expect(said, "is measured").toBeDefined();
    // How often there is news, and how far a bad release comes, depends on the machine by a look or two.
    expect(Math.abs(entry.agents - (said?.agents ?? 0))).toBeLessThanOrEqual(2);
    for (const key of ["conversation", "conversationAsText", "inAgents"] as const) {
      expect(entry[key] / (said?.[key] ?? 1), key).toBeGreaterThan(0.6);
      expect(entry[key] / (said?.[key] ?? 1), key).toBeLessThan(1.5);
    }
  }
});
