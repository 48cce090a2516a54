import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { runCommandLine } from "../../mcp-server/hosts/cli/main.ts";
import { run } from "../hosts/process.ts";
import { HEALTH_ONLY, playAll, type Scenario } from "./scenario.ts";
import { personAtTerminal } from "./terminal.ts";
import type { Edit, World } from "./world.ts";

const JOURNEYS: Edit = [
  ["journeys"],
  [
    {
      id: "look-around",
      priority: "P1",
      steps: [
        { path: "/search?q=green%20tea", expect: { status: 200, bodyContains: "TEA-GREEN", jsonVersion: "version" } },
        { path: "/search?q=kettle", expect: { status: 200, bodyContains: "isAvailable" } },
      ],
    },
  ],
];

const scenarios: Scenario[] = [
  {
    name: "with staging, its load and the rehearsal of going back",
    release: "healthy",
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
              "60",
              "--mix",
              "login=20,search=80",
              "--seconds",
              "600",
            ],
            timeout: "11m",
          },
          observe: "3s",
        },
      ],
    ],
    ends: "SUCCESS",
    production: "new",
  },
  {
    name: "without a metrics page: journeys as probe traffic are the measurement",
    release: "healthy",
    edits: [
      [["metrics"], { source: "probes", poll: "300ms" }],
      [["probes"], { ratePerSecond: 15, recordFor: "2s" }],
      [["observe"], "3s"],
      JOURNEYS,
    ],
    ends: "SUCCESS",
    production: "new",
  },
  {
    name: "a release whose instances die under users",
    release: "crashing",
    // Checks that fail as well are looked at again later than three crashes take.
    edits: [[["smoke", "confirmAfter"], "30s"]],
    ends: "ROLLED_BACK",
    production: "old",
    trigger: "infra",
    losesRequestsItself: true,
    prints: [/❌ Deployment failed: instances unhealthy: .*(failed their health check|crashes)/],
  },
  {
    name: "an old version that does not work any more either: ROLLBACK_FAILED, held until a person releases it",
    release: "spoiling",
    // Long enough for the checks to answer, so that it is they who say so.
    edits: [[["waits", "rollbackVerify"], "4s"]],
    ends: "ROLLBACK_FAILED",
    prints: [/What failed[^❌]*- smoke: search \(P0\) failed/],
    production: "old",
    trigger: "smoke",
    afterwards: expectHeldUntilReleased,
  },
];

/** Nothing starts before a person at a terminal says that production is in a known state. */
async function expectHeldUntilReleased(world: World): Promise<void> {
  const { root, ports } = world.project;
  rmSync(join(root, "spoiled"));
  const refused = await run(root, ["run", "4.0.0"]);
  expect(refused.code, refused.out).toBe(64);
  expect(refused.err).toContain("release-lock");
  const words = ["release-lock", "--reason", "the data is mended, ticket 4713"];
  const bySomeProgram = await run(root, words);
  expect(bySomeProgram.code, bySomeProgram.out).toBe(64);
  const { terminal, shown } = personAtTerminal();
  const signal = AbortSignal.timeout(60_000);
  expect(await runCommandLine({ words, cwd: root, ports, terminal, signal }), shown.join("")).toBe(0);
  const again = await run(root, ["run", "4.0.0"]);
  expect(again.code, `${again.out}\n${again.err}`).toBe(0);
}

playAll("services and releases of other kinds", scenarios);

playAll(
  "a first deployment",
  [
    {
      name: "that fails: traffic is withdrawn",
      release: "failing",
      edits: [HEALTH_ONLY],
      flags: ["--first-deploy"],
      ends: "ROLLED_BACK",
      production: "nothing",
      trigger: "slo",
      losesRequestsItself: true,
    },
    {
      name: "that is judged by absolute rules alone",
      release: "healthy",
      flags: ["--first-deploy"],
      ends: "SUCCESS",
      production: "new",
    },
  ],
  { first: null },
);

/** Too few requests to prove anything within the time. */
const QUIET: readonly Edit[] = [
  [["canary", "minRequests"], 2],
  [["waits", "decisionUnattended"], "1s"],
];

playAll(
  "a service with one request per second",
  [
    {
      name: "nothing speaks against the release and nothing proves it: UNPROVEN, and it stays",
      release: "healthy",
      edits: QUIET,
      ends: "UNPROVEN",
      production: "new",
    },
    {
      name: "journeys as probe traffic prove it",
      release: "healthy",
      edits: [...QUIET, JOURNEYS, [["probes"], { ratePerSecond: 20, recordFor: "2s" }], [["observe"], "3s"]],
      ends: "SUCCESS",
      production: "new",
    },
  ],
  { rate: 1 },
);
