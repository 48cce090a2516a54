import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { asks, HEALTH_ONLY, playAll, type Scenario } from "./scenario.ts";
import type { Edit, World } from "./world.ts";

const suite = (command: readonly string[]): Edit => [
  ["tests", "production"],
  [{ id: "search", command, timeout: "20s", safeInProduction: true }],
];
const SUITE = suite(["node", "suite.mjs", "{url}", "{report}"]);

/** What a gate says of the tests; undefined when it was not judged. */
function testsAt(world: World, gate: string): string | undefined {
  const entry = world.events().findLast(({ event }) => event.event === "gate" && event.key === gate)?.event;
  return entry?.event === "gate" ? entry.gate.dimensions.tests?.outcome : undefined;
}

const scenarios: Scenario[] = [
  {
    name: "that pass on both versions are part of the proof",
    release: "healthy",
    edits: [SUITE],
    ends: "SUCCESS",
    production: "new",
    afterwards: async (world) => {
      expect(testsAt(world, "production/gate")).toBe("PASS");
    },
  },
  {
    name: "see what no check sees: back, and they pass again on the old version",
    release: "misleading",
    edits: [SUITE, HEALTH_ONLY],
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "regression",
    prints: [/2 P1 tests passed in the baseline and no longer do/],
    afterwards: async (world) => {
      expect(testsAt(world, "rollback/gate")).toBe("PASS");
    },
  },
  {
    name: "a lost test with the flag off: a person may go back, and cannot accept it",
    release: "misleading",
    edits: [SUITE, HEALTH_ONLY],
    flags: ["--no-rollback-on-regression"],
    person: [
      {
        once: asks("regression"),
        types: ["approve", "--answer", "accept", "--reason", "nobody searches for tea"],
        exits: 64,
      },
      {
        once: asks("regression"),
        types: ["approve", "--answer", "rollback", "--reason", "they do"],
      },
    ],
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "manual",
  },
  {
    name: "a suite that cannot be started is no proof, and no loss",
    release: "healthy",
    edits: [suite(["./no-such-suite", "{report}"])],
    ends: "UNPROVEN",
    production: "new",
    afterwards: async (world) => {
      expect(testsAt(world, "production/gate")).toBe("INCONCLUSIVE");
    },
  },
];

playAll("test suites that are safe in production", scenarios, {
  prepare: (root) => cpSync(join(import.meta.dirname, "kinds/suite.mjs"), join(root, "suite.mjs")),
});
