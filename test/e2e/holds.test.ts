import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { asks, playAll, type Scenario } from "./scenario.ts";
import type { Edit, World } from "./world.ts";

/** The one check that a release whose pages fail passes all the same: users' own requests are well. */
const SEARCH_ONLY: Edit = [
  ["smoke", "checks"],
  [
    {
      id: "search",
      group: "business",
      priority: "P0",
      path: "/search?q=green%20tea",
      expect: { status: 200, bodyContains: "TEA-GREEN", jsonVersion: "version" },
    },
  ],
];

const mend = (file: string) => (world: World) => rmSync(join(world.project.root, file));

/** Longer than `waits.unseen` of the scenario, also where a poll takes its time. */
const LONG_UNWELL_MS = 4_000;

const held: Scenario[] = [
  {
    name: "an instance that is not well holds, and goes back when it stays so for its time",
    release: "limping",
    flags: ["--strategy", "blue-green"],
    edits: [SEARCH_ONLY, [["waits", "degraded"], "2s"]],
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "infra",
    prints: [/❌ Deployment failed: .*1 of 2 instances ready; degraded for .* without a break/],
    afterwards: expectHeldFirst("held"),
  },
  {
    name: "an instance that is well again, after more than a watch may miss: a person is asked, and goes back",
    release: "limping",
    flags: ["--strategy", "blue-green"],
    // Not served yet when it is well again.
    edits: [SEARCH_ONLY, [["waits", "unseen"], "1s"], [["observe"], "30s"]],
    person: [
      {
        once: (event) => event.event === "held",
        does: async (world) => {
          await world.project.ports.clock.sleep(LONG_UNWELL_MS);
          mend("limping")(world);
        },
      },
      { once: asks("inconclusive"), types: ["approve", "--answer", "rollback", "--reason", "it limped, ticket 4714"] },
    ],
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "manual",
  },
  {
    name: "metrics that are gone hold, and it goes back when nobody decides",
    release: "silent",
    edits: [SEARCH_ONLY, [["waits", "decisionUnattended"], "2s"]],
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "data",
    prints: [/❌ Deployment failed: .*no required metric could be read .*nobody decided/],
    afterwards: expectHeldFirst("question"),
  },
  {
    name: "metrics that come back take the question back, and it goes on",
    release: "silent",
    edits: [SEARCH_ONLY],
    person: [{ once: asks("data"), does: mend("silent") }],
    ends: "SUCCESS",
    production: "new",
    afterwards: async (world) => {
      const answers = world.events().flatMap(({ event }) => (event.event === "answer" ? [event.answer] : []));
      expect(answers).toContain("withdrawn");
    },
  },
];

/** Held before it went back, not because of it. */
function expectHeldFirst(kind: "held" | "question"): Scenario["afterwards"] {
  return async (world) => {
    const kinds = world.events().map(({ event }) => event.event);
    expect(kinds).toContain(kind);
    expect(kinds.indexOf(kind)).toBeLessThan(kinds.indexOf("rollback-latched"));
  };
}

playAll("what holds a rollout that nothing speaks against", held);

/** A ledger of its own, as a tool for migrations keeps one. */
const MIGRATE = `import { appendFileSync } from "node:fs";
const [id, env] = process.argv.slice(2);
appendFileSync("ledger.txt", \`\${id} in \${env}\\n\`);
`;

const migrating = (id: string): Pick<Scenario, "edits" | "before" | "prints" | "afterwards"> => ({
  edits: [
    [["target", "migrate"], { command: ["node", "migrate.mjs", "{migration}", "{env}"] }],
    [["migrations"], [{ id, kind: "expand", reversible: true }]],
  ],
  before: ({ project: { root } }) => writeFileSync(join(root, "migrate.mjs"), MIGRATE),
  afterwards: async (world) => {
    const { root, paths } = world.project;
    const lines = readFileSync(join(root, "ledger.txt"), "utf8").split("\n");
    expect(lines.filter((line) => line.startsWith(id))).toEqual([`${id} in production`]);
    const done = world.events().flatMap(({ event }) => (event.event === "intent" ? [event] : []));
    const [migration, start] = [/^migration/, /^start .* without traffic/].map((what) =>
      done.findIndex(({ intent }) => what.test(intent.text)),
    );
    expect(migration).toBeGreaterThanOrEqual(0);
    expect(migration, "the schema comes before the first instance").toBeLessThan(start ?? -1);
    const { version } = JSON.parse(readFileSync(paths.plan, "utf8"));
    expect(readFileSync(join(paths.deployment, `rollback-plan-${version}.md`), "utf8")).toContain(`${id} (expand)`);
  },
});

playAll("a release that expands the schema", [
  { ...migrating("add_phone"), name: "to SUCCESS", release: "healthy", ends: "SUCCESS", production: "new" },
  {
    ...migrating("add_fax"),
    name: "that goes back: the migration stays, once",
    release: "misleading",
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "smoke",
  },
]);
