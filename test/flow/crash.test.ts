import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import type { SmokeResult } from "../../mcp-server/judge/index.ts";
import type { RunOutcome } from "../../mcp-server/vocab/index.ts";
import { JOURNEY_FAIL, SMOKE_FAIL } from "./fake-hands.ts";
import { broken } from "./fake-platform.ts";
import { type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";
import { journalProblems, weightsTold } from "./invariants.ts";
import type { Death } from "./mortality.ts";

interface Story extends WorldOptions {
  readonly name: string;
  readonly outcome: RunOutcome;
  /** What platform and people do while the run goes on. */
  readonly script?: (world: FakeWorld) => void;
}

/** A regression that is no breach of a service level: what a person is asked about. */
const MILD = { slo: { errorRatePct: 20 }, triggers: { errorRatePp: 20 }, rollbackOnRegression: false };
const mild = (world: FakeWorld) => world.platform.conduct.set(NEW, { failed: 0.05, slow: 0 });
/** Eight instances, two per batch: 1, 3, 5, 7, 8. */
const ROLLING = {
  parameters: { strategy: "rolling" },
  config: { instances: 8, observe: "40s", rolling: { batch: 2, pause: "20s", minRequests: 20 } },
};
const FLOORS = { canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 }, observe: "15m" };

const JOURNEYS = { journeys: [{ id: "buy", steps: [{ path: "/" }, { method: "POST", path: "/pay" }] }] };
const SUITES = {
  tests: {
    baseline: { reports: ["reports/{previousVersion}.xml"] },
    candidate: { reports: ["reports/{version}.xml"] },
    production: [{ id: "checkout", command: ["run", "{report}"], safeInProduction: true }],
  },
};
const MIGRATIONS = [
  { id: "add_phone", kind: "expand", reversible: true },
  { id: "add-email", kind: "expand", reversible: true },
];

const STORIES: Story[] = [
  { name: "canary", outcome: "SUCCESS" },
  { name: "blue-green", outcome: "SUCCESS", parameters: { strategy: "blue-green" } },
  { name: "rolling", outcome: "SUCCESS", ...ROLLING },
  {
    name: "rolling, and rolled back for its errors in the second batch",
    outcome: "ROLLED_BACK",
    ...ROLLING,
    script: (world) =>
      world.when(
        ({ event }) => event.event === "watch-started" && event.key === "stage-2/watch",
        () => void world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 }),
      ),
  },
  {
    name: "rolling, and rolled back with fewer instances than before",
    outcome: "ROLLED_BACK",
    ...ROLLING,
    script: (world) => {
      world.when(
        ({ event }) => event.event === "watch-started" && event.key === "stage-3/watch",
        () => void world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 }),
      );
      // While the new version has traffic: the eighth instance of the old one starts no more.
      world.platform.fault = ({ pools }) =>
        (pools?.find((pool) => pool.version !== NEW)?.instances ?? 0) > 7 && world.state().latched
          ? broken()
          : undefined;
    },
  },
  {
    name: "with migrations",
    outcome: "SUCCESS",
    config: { staging: { observe: "30s" }, migrations: MIGRATIONS },
  },
  {
    name: "stopped by a migration that fails",
    outcome: "ABORTED",
    config: { migrations: MIGRATIONS },
    script: (world) => {
      world.platform.fault = ({ op, id }) => (op === "migrate" && id === "add-email" ? broken() : undefined);
    },
  },
  {
    name: "sent back by an irreversible migration that fails",
    outcome: "ROLLED_BACK",
    config: {
      migrations: [
        { id: "drop-fax", kind: "contract", reversible: false, unusedSince: OLD, forwardFix: "docs/fix.md" },
      ],
    },
    script: (world) => {
      world.platform.fault = ({ op }) => (op === "migrate" ? broken() : undefined);
    },
  },
  { name: "with staging", outcome: "SUCCESS", config: { staging: { observe: "30s" } } },
  {
    name: "first deployment",
    outcome: "SUCCESS",
    serving: undefined,
    parameters: { firstDeploy: true },
    config: { tests: { candidate: { reports: ["reports/{version}.xml"] } } },
  },
  {
    name: "rolled back for its errors",
    outcome: "ROLLED_BACK",
    script: (world) => world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 }),
  },
  {
    name: "rolled back for its smoke checks at 100 %",
    outcome: "ROLLED_BACK",
    script: (world) => {
      const well = world.senses.smoke;
      world.when(
        ({ event }) => event.event === "watch-started" && event.key === "stage-2/watch",
        () => {
          world.senses.smoke = (mode, version) => (mode === "production" ? [SMOKE_FAIL] : well(mode, version));
        },
      );
    },
  },
  { name: "with user journeys", outcome: "SUCCESS", config: { ...JOURNEYS, staging: { observe: "30s" } } },
  {
    name: "rolled back for its user journeys at 100 %",
    outcome: "ROLLED_BACK",
    config: JOURNEYS,
    script: (world) => {
      const well = world.senses.journeys;
      world.when(
        ({ event }) => event.event === "watch-started" && event.key === "stage-2/watch",
        () => {
          world.senses.journeys = (mode, version) => (mode === "production" ? [JOURNEY_FAIL] : well(mode, version));
        },
      );
    },
  },
  { name: "with suites that run in production", outcome: "SUCCESS", config: SUITES },
  {
    name: "rolled back for a test of a suite that runs in production",
    outcome: "ROLLED_BACK",
    config: SUITES,
    script: (world) => {
      world.senses.suite = (side) => (side === "after" ? ["pay"] : []);
    },
  },
  {
    name: "aborted for its user journeys before anybody was exposed",
    outcome: "ABORTED",
    config: JOURNEYS,
    script: (world) => {
      const well = world.senses.journeys;
      world.senses.journeys = (mode, version) => (mode === "pre-cutover" ? [JOURNEY_FAIL] : well(mode, version));
    },
  },
  {
    name: "rolled back because the platform refuses the last stage",
    outcome: "ROLLED_BACK",
    script: (world) => {
      world.platform.fault = ({ pools }) =>
        pools?.some((pool) => pool.version === NEW && pool.weightPct === 100) ? broken() : undefined;
    },
  },
  {
    name: "rolled back on request",
    outcome: "ROLLED_BACK",
    script: (world) =>
      world.when(
        ({ event }) => event.event === "poll" && event.key === "stage-1/watch",
        () => void world.ask({ kind: "rollback", reason: "support calls" }, "req-back"),
      ),
  },
  { name: "blocked by its tests", outcome: "BLOCKED", failingTests: 3 },
  {
    name: "aborted on request",
    outcome: "ABORTED",
    script: (world) =>
      world.when(
        ({ event }) => event.event === "baseline",
        () => void world.ask({ kind: "abort", reason: "wrong day" }, "req-abort"),
      ),
  },
  {
    name: "held, and the regression accepted",
    outcome: "SUCCESS_RISK_ACCEPTED",
    config: MILD,
    script: (world) => {
      mild(world);
      world.when(
        ({ event }) => event.event === "question",
        () => void world.ask(answer("accept"), "req-accept"),
      );
    },
  },
  {
    name: "held for a degraded instance and a failing P2 check, until both are well again",
    outcome: "SUCCESS",
    config: { instances: 4, canary: { stages: [50, 100], stageDuration: "60s", minRequests: 50 } },
    script: (world) => {
      const well = world.senses.smoke;
      let until: number | undefined;
      world.senses.smoke = (mode, version) => {
        if (until === undefined || mode !== "production") return well(mode, version);
        const outcome = world.clock.mono() < until ? "fail" : "pass";
        return [...(well(mode, version) as SmokeResult[]), { ...SMOKE_FAIL, id: "banner", priority: "P2", outcome }];
      };
      world.when(
        ({ event }) => event.event === "result" && event.key === "stage-1/expose",
        async () => {
          const [one] = world.platform.instances("production", NEW);
          until = world.clock.mono() + 50_000;
          if (one) one.state = "unhealthy";
          await world.clock.sleep(50_000);
          if (one) one.state = "ready";
        },
      );
    },
  },
  {
    name: "held, and rolled back by a person",
    outcome: "ROLLED_BACK",
    config: MILD,
    script: (world) => {
      mild(world);
      world.when(
        ({ event }) => event.event === "question",
        () => void world.ask(answer("rollback"), "req-roll"),
      );
    },
  },
  { name: "held, and nobody answers", outcome: "ROLLED_BACK", unattended: true, config: MILD, script: mild },
  {
    name: "approved in a terminal",
    outcome: "SUCCESS",
    production: true,
    config: { ...FLOORS, approvals: { accept: ["terminal"] }, metrics: { poll: "60s" } },
    script: (world) =>
      world.when(
        ({ event }) => event.event === "question",
        () => void world.ask(approve(world), "req-approve"),
      ),
  },
];

const answer = (choice: "accept" | "rollback") =>
  ({ kind: "answer", answer: choice, way: "terminal", person: "ada", reason: "known and small" }) as const;
const approve = (world: FakeWorld) =>
  ({ kind: "approve", decision: "approve", planHash: planHash(world.plan), way: "terminal", person: "ada" }) as const;

async function tell(
  story: Story,
  death?: Death,
): Promise<{ world: FakeWorld; appends: number; calls: number; writes: number }> {
  const world = fakeWorld(story);
  story.script?.(world);
  const first = await world.live(death);
  let last = first;
  for (let lives = 1; last.ended !== "archived"; lives += 1) {
    if (last.ended === "failed") throw last.error;
    expect(lives).toBeLessThan(4);
    last = await world.live();
  }
  return { world, appends: first.appends, calls: first.calls, writes: first.writes };
}

describe.each(STORIES)("a run that is $name", (story) => {
  test("ends the same wherever its runner dies", async () => {
    const whole = await tell(story);
    expect(whole.world.state().outcome?.outcome, JSON.stringify(whole.world.state().outcome)).toBe(story.outcome);
    const weights = weightsTold(whole.world);
    const pools = whole.world.platform.pools("production");
    const { migrated } = whole.world.platform;
    const deaths: Death[] = [
      ...Array.from({ length: whole.appends }, (_, index): Death => ({ at: "append", n: index + 1 })),
      ...Array.from({ length: whole.calls }, (_, index): Death => ({ at: "before-call", n: index + 1 })),
      ...Array.from({ length: whole.calls }, (_, index): Death => ({ at: "after-call", n: index + 1 })),
    ];
    for (const death of deaths) {
      const { world } = await tell(story, death);
      const found = {
        outcome: world.state().outcome?.outcome,
        weights: weightsTold(world),
        pools: world.platform.pools("production"),
        migrated: world.platform.migrated,
        problems: journalProblems(world.events()),
      };
      expect(found, `${death.at} ${death.n}`).toEqual({
        outcome: story.outcome,
        weights,
        pools,
        migrated,
        problems: [],
      });
    }
  }, 180_000);
});

describe.each(STORIES.filter(({ name }) => ["canary", "rolled back for its errors"].includes(name)))(
  "a run that is $name",
  (story) => {
    test.each(["disk", "disk-and-power"] as const)(
      "ends the same wherever its %s dies, in its archive too",
      async (at) => {
        const whole = await tell(story);
        for (let n = 1; n <= whole.writes; n += 1) {
          const { world } = await tell(story, { at, n });
          expect(world.state().outcome?.outcome, `${at} ${n}`).toBe(story.outcome);
          expect(journalProblems(world.events()), `${at} ${n}`).toEqual([]);
          expect(world.platform.pools("production"), `${at} ${n}`).toEqual(whole.world.platform.pools("production"));
          const { differences } = await verifyArchive(world.project, world.state().archiveDir ?? "");
          expect(differences, `${at} ${n}`).toEqual([]);
        }
      },
      180_000,
    );
  },
);
