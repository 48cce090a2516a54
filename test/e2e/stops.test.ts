import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { run } from "../hosts/process.ts";
import { asks, playAll, type Scenario } from "./scenario.ts";
import { type Edit, instancesNow, type World } from "./world.ts";

const command = (id: string, criterion: string, exitCode: number) => ({
  kind: "command",
  id,
  criterion,
  command: ["node", "-e", `process.exit(${exitCode})`],
});

const checks = (...list: unknown[]): Edit => [["readiness"], { checks: list, require: ["ENV-2"] }];

/** With real users: a person approves, and the shortest times that are allowed there. */
const REAL_USERS: readonly Edit[] = [
  [["target", "production"], true],
  [["canary", "stageDuration"], "10m"],
  [["observe"], "15m"],
  [["approvals"], { accept: ["flag", "terminal"] }],
];

/** One criterion that nobody could expect to fail: a condition that the plan does not name. */
const CONDITION: Edit = [["readiness"], { checks: [command("scanner", "SEC-1", 1)], answerWithin: "5m" }];

const ALWAYS: Edit = [
  ["freeze"],
  [
    {
      name: "always",
      days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
      from: "00:00",
      to: "24:00",
      timeZone: "UTC",
      reason: "busiest weeks of the year",
    },
  ],
];

/** One instance of what runs in production says that it is not well, and the platform has seen it. */
async function oneInstanceUnwell({ project }: World): Promise<void> {
  const [first] = await instancesNow(project);
  writeFileSync(join(project.root, "limping"), first?.id ?? "");
  while ((await instancesNow(project)).every(({ state }) => state === "ready")) await project.ports.clock.sleep(100);
}

const scenarios: Scenario[] = [
  {
    name: "NO-GO: a mandatory criterion fails",
    release: "healthy",
    edits: [checks(command("no-incident", "ENV-2", 1))],
    ends: "BLOCKED by readiness",
    production: "old",
    prints: [/NO-GO/, /ENV-2/],
  },
  {
    name: "NO-GO: production itself is not well",
    release: "healthy",
    before: oneInstanceUnwell,
    ends: "BLOCKED by readiness",
    production: "old",
    prints: [/❌ Production is UNHEALTHY/, /ENV-1: 1 of 2 serving instances are ready/],
  },
  {
    name: "the release that ends an incident goes without that criterion, for a reason",
    release: "healthy",
    edits: [checks(command("no-incident", "ENV-2", 1))],
    flags: ["--fixes", "INC-4711", "--reason", "orders fail since noon"],
    ends: "SUCCESS",
    production: "new",
    afterwards: async ({ project: { paths } }) => {
      const report = readFileSync(join(paths.deployment, "deployment-readiness-report.md"), "utf8");
      expect(report).toContain("waived, this release fixes INC-4711");
      expect(JSON.parse(readFileSync(paths.plan, "utf8"))).toMatchObject({
        fixes: { incident: "INC-4711", reason: "orders fail since noon" },
      });
    },
  },
  {
    name: "CONDITIONAL-GO that a person acknowledges goes on",
    release: "healthy",
    edits: [...REAL_USERS, CONDITION],
    flags: ["--approve", "{planHash}"],
    person: [
      {
        once: asks("conditions"),
        types: ["approve", "--answer", "continue", "--reason", "scanned by hand this morning"],
        atTerminal: true,
      },
      {
        once: (event) => event.event === "poll" && event.key === "stage-1/watch",
        types: ["deploy-decide", "rollback", "--reason", "the customer called"],
      },
    ],
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "manual",
    prints: [/CONDITIONAL-GO/],
  },
  {
    name: "CONDITIONAL-GO that a person acknowledges goes on to SUCCESS",
    release: "healthy",
    // A freeze asks for a person's approval also where no real users are and watches may be short.
    edits: [ALWAYS, CONDITION, [["approvals"], { accept: ["flag", "terminal"] }]],
    flags: ["--override-freeze", "checkout is down, ticket 4715", "--approve", "{planHash}"],
    person: [
      {
        once: asks("conditions"),
        types: ["approve", "--answer", "continue", "--reason", "scanned by hand this morning"],
        atTerminal: true,
      },
    ],
    ends: "SUCCESS",
    production: "new",
    prints: [/CONDITIONAL-GO/, /ticket 4715/],
    afterwards: async (world) => {
      const answers = world.events().flatMap(({ event }) => (event.event === "answer" ? [event] : []));
      const word = { answer: "continue", way: "terminal", reason: "scanned by hand this morning" };
      expect(answers).toContainEqual(expect.objectContaining(word));
      const { deployment } = world.project.paths;
      const report = readFileSync(join(deployment, "deployment-readiness-report.md"), "utf8");
      const person = answers.find(({ answer }) => answer === "continue")?.person;
      expect(report).toMatch(new RegExp(`\\| \`SEC-1\` \\| the command ended with code 1 \\|.*\\| ${person} \\|`));
    },
  },
  {
    name: "CONDITIONAL-GO that nobody acknowledges is a no",
    release: "healthy",
    edits: [...REAL_USERS, CONDITION, [["waits", "decisionUnattended"], "1s"]],
    flags: ["--approve", "{planHash}"],
    ends: "BLOCKED by readiness",
    production: "old",
  },
  {
    name: "BLOCKED at staging by what staging shows",
    release: "failingInStaging",
    edits: [
      [
        ["staging"],
        {
          load: {
            command: [
              "node",
              "load.mjs",
              "--url",
              "{url}",
              "--rate",
              "40",
              "--mix",
              "login=20,search=80",
              "--seconds",
              "600",
            ],
            timeout: "11m",
          },
          observe: "2s",
          rehearse: false,
        },
      ],
    ],
    ends: "BLOCKED at staging",
    production: "old",
  },
  {
    name: "BLOCKED at staging by the 8 % of its tests that it loses",
    release: "healthy",
    edits: [
      [["regressionThreshold"], 5],
      [["staging"], { observe: "1s", rehearse: false }],
    ],
    // Of the release of the demonstration in which one wrong limit lets 12 of 150 tests fail.
    before: ({ project: { root } }, version) =>
      cpSync(join(root, "reports/2.1.0.xml"), join(root, `reports/${version}.xml`)),
    ends: "BLOCKED at staging",
    production: "old",
    prints: [/8\.0 %/, /12 of 150|138 of 150/],
  },
  {
    name: "ABORTED before exposure on request",
    release: "healthy",
    edits: REAL_USERS,
    person: [{ once: asks("approval"), types: ["deploy-decide", "abort", "--reason", "wrong version"] }],
    ends: "ABORTED at approval",
    production: "old",
    prints: [/wrong version/],
  },
  {
    name: "ABORTED by a rejected plan",
    release: "healthy",
    edits: REAL_USERS,
    person: [
      {
        once: asks("approval"),
        types: ["approve", "{planHash}", "--answer", "reject", "--reason", "not on a Friday"],
        atTerminal: true,
      },
    ],
    ends: "ABORTED at approval",
    production: "old",
  },
  {
    name: "ABORTED by nobody's approval",
    release: "healthy",
    edits: [...REAL_USERS, [["waits", "approval"], "1s"]],
    ends: "ABORTED at approval",
    production: "old",
  },
  {
    name: "ABORTED by a smoke check that fails before any user is exposed",
    release: "misleadingInProduction",
    ends: "ABORTED before traffic",
    production: "old",
    prints: [/❌/],
  },
  {
    name: "BLOCKED by a freeze, also where an override names no person who may give it",
    release: "healthy",
    edits: [ALWAYS],
    ends: "BLOCKED by a freeze",
    production: "old",
    prints: [/busiest weeks of the year/],
    afterwards: async (world) => {
      const refused = await run(world.project.root, ["run", "4.0.0", "--override-freeze", "checkout is down"]);
      expect(refused.code, refused.out).toBe(64);
    },
  },
  {
    name: "a freeze that a person overrides with a reason",
    release: "healthy",
    edits: [ALWAYS, [["approvals"], { accept: ["flag"] }]],
    flags: ["--override-freeze", "checkout is down, ticket 4712", "--approve", "{planHash}"],
    ends: "SUCCESS",
    production: "new",
    prints: [/ticket 4712/],
  },
];

playAll("runs that end before users are exposed, and what lets them go on", scenarios);
