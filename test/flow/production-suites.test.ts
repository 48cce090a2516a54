import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { parseDeployConfig } from "../../mcp-server/flow/config-file.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import { criteria } from "../../mcp-server/flow/views/criteria.ts";
import { recordOf } from "../../mcp-server/flow/views/record.ts";
import { unknowns } from "../../mcp-server/flow/views/unknowns.ts";
import type { RunOutcome } from "../../mcp-server/vocab/index.ts";
import { configText, type FakeWorld, fakeWorld, NEW, OLD, type WorldOptions } from "./fake-world.ts";
import { answer, asked, at, bad, eventsOf, MILD, started } from "./scripts.ts";

const suite = { id: "checkout", command: ["npx", "run", "{report}", "{url}"], safeInProduction: true };
const TESTS = {
  baseline: { reports: ["reports/{previousVersion}.xml"] },
  candidate: { reports: ["reports/{version}.xml"] },
  production: [suite, { ...suite, id: "search", priority: "P0" }],
};
const HELD = { rollbackOnRegression: false };

interface Case extends WorldOptions {
  readonly what: string;
  readonly script?: (world: FakeWorld) => void;
  readonly outcome: RunOutcome;
  readonly trigger?: string;
  readonly gate?: string;
  readonly says?: RegExp;
}

const losing = (world: FakeWorld) => {
  world.senses.suite = (side, id) => (side === "after" && id === "checkout" ? ["pay"] : []);
};

const losingAfterwards = (world: FakeWorld) => {
  world.senses.suite = (side, id) => (side !== "before" && id === "checkout" ? ["pay"] : []);
};

const CASES: Case[] = [
  { what: "that pass as before", outcome: "SUCCESS", gate: "PASS" },
  {
    what: "of which one loses a test",
    script: losing,
    outcome: "ROLLED_BACK",
    trigger: "regression",
    says: /1 P1 test/,
  },
  {
    what: "of which one fails as it failed before",
    script: (world) => {
      world.senses.suite = () => ["pay"];
    },
    outcome: "SUCCESS",
    gate: "PASS",
    says: /failing in both/,
  },
  {
    what: "of which one gives no answer about the new version",
    unattended: true,
    script: (world) => {
      world.senses.suite = (side, id) => (side === "after" && id === "search" ? new Error("exit 3") : []);
    },
    outcome: "UNPROVEN",
    gate: "INCONCLUSIVE",
    says: /suite search against the new version: exit 3/,
  },
  {
    what: "of which one gives no answer about the version before",
    unattended: true,
    script: (world) => {
      world.senses.suite = (side) => (side === "before" ? new Error("exit 3") : []);
    },
    outcome: "UNPROVEN",
    gate: "INCONCLUSIVE",
    says: /suite checkout against the version before: exit 3/,
  },
  {
    what: "that lose a test with the flag off, and nobody answers",
    config: HELD,
    unattended: true,
    script: losing,
    outcome: "ROLLED_BACK",
    trigger: "regression",
  },
  {
    what: "that lose a test with the flag off, and a person goes back",
    config: HELD,
    script: (world) => {
      losing(world);
      world.when(asked, () => void world.ask(answer("rollback")));
    },
    outcome: "ROLLED_BACK",
    trigger: "manual",
  },
  {
    what: "in a first deployment, with a failing test",
    serving: undefined,
    parameters: { firstDeploy: true },
    config: { tests: { candidate: TESTS.candidate, production: TESTS.production } },
    script: losing,
    outcome: "ROLLED_BACK",
    trigger: "regression",
  },
];

describe("suites that are safe in production", () => {
  test.each(CASES)("$what: $outcome", async ({ script, outcome, trigger, gate, says, ...options }) => {
    const world = fakeWorld({ ...options, config: { tests: TESTS, ...options.config } });
    script?.(world);
    await world.live();
    const state = world.state();
    expect(state.outcome?.outcome).toBe(outcome);
    expect(state.latched?.kind).toBe(trigger);
    const dimension = state.gates.get("production/gate")?.dimensions.tests;
    expect(dimension?.outcome).toBe(gate);
    const reasons = dimension && dimension.outcome !== "NOT_APPLICABLE" ? dimension.reasons : state.latched?.reasons;
    if (says) expect(reasons?.map(({ text }) => text).join("\n")).toMatch(says);
    const { differences } = await verifyArchive(world.project, state.archiveDir ?? "");
    expect(differences).toEqual([]);
  });

  describe("stand among the criteria of success, with what they found", () => {
    const criterionOf = async (script: (world: FakeWorld) => void) => {
      const world = fakeWorld({ config: { tests: TESTS }, unattended: true });
      script(world);
      await world.live();
      const record = recordOf(world.plan, world.events());
      const found = criteria(record).find(({ name }) => name === "Suites that are safe in production");
      return { found, missing: unknowns(record).filter((line) => line.includes("suites")) };
    };

    test("all pass", async () => {
      const detail = "0 of 4 tests that passed before do not pass now";
      expect(await criterionOf(() => {})).toMatchObject({ found: { status: "MET", detail }, missing: [] });
    });
    test("one loses a test", async () => {
      const detail = "1 of 4 tests that passed before do not pass now";
      expect(await criterionOf(losing)).toMatchObject({ found: { status: "NOT MET", detail }, missing: [] });
    });
    test("one gives no answer: what the other found is not the whole", async () => {
      const detail = "suite search against the new version: exit 3";
      const { found } = await criterionOf((world) => {
        world.senses.suite = (side, id) => (side === "after" && id === "search" ? new Error("exit 3") : []);
      });
      expect(found).toMatchObject({ status: "NOT MET", detail });
    });
    test("gone back before they ran", async () => {
      const { found, missing } = await criterionOf((world) => bad(world, 0.5));
      expect(found).toMatchObject({ status: "NOT REACHED" });
      expect(missing).toEqual(["suites in production: not run"]);
    });
  });

  test("run before the first change of production and again at 100 %, and are kept as evidence of each", async () => {
    const world = fakeWorld({ config: { tests: TESTS } });
    await world.live();
    const refs = world.state().evidence.filter(({ ref }) => ref.name.startsWith("suites/"));
    expect(refs.map(({ ref }) => `${ref.version} ${ref.name} ${ref.origin}`)).toMatchInlineSnapshot(`
      [
        "1.0.0 suites/production-pre-deploy/checkout executed",
        "1.0.0 suites/production-pre-deploy/search executed",
        "2.0.0 suites/production-post-deploy/checkout executed",
        "2.0.0 suites/production-post-deploy/search executed",
      ]
    `);
    const ran = (key: string) => at(world, ({ event }) => event.event === "result" && event.key === key);
    const changed = at(world, ({ event }) => event.event === "intent" && event.intent.env === "production");
    expect(ran("baseline/suites")).toBeLessThanOrEqual(changed);
    expect(ran("production/suites")).toBeGreaterThan(at(world, started("stage-2/watch")));
    const judged =
      world
        .state()
        .gates.get("production/gate")
        ?.verdict.inputs.map(({ name }) => name) ?? [];
    expect(judged.filter((name) => name.startsWith("suites/")).sort()).toEqual(refs.map(({ ref }) => ref.name).sort());
  });

  test("run again on the old version after going back, which is part of the proof", async () => {
    const world = fakeWorld({ config: { tests: TESTS } });
    losing(world);
    await world.live();
    const { evidence, gates, outcome } = world.state();
    const again = evidence.filter(({ ref }) => ref.name.startsWith("suites/production-post-rollback"));
    expect(again.map(({ ref }) => ref.version)).toEqual([OLD, OLD]);
    expect(gates.get("rollback/gate")?.dimensions.tests?.outcome).toBe("PASS");
    expect(outcome?.outcome).toBe("ROLLED_BACK");
  });

  test("a test that is lost on the old version too: going back did not mend it, and the project is held", async () => {
    const world = fakeWorld({ config: { tests: TESTS } });
    losingAfterwards(world);
    await world.live();
    expect(world.state().gates.get("rollback/gate")).toMatchObject({ result: "PARTIAL" });
    expect(world.state().outcome?.outcome).toBe("ROLLBACK_FAILED");
    const { differences } = await verifyArchive(world.project, world.state().archiveDir ?? "");
    expect(differences).toEqual([]);
  });

  test("a suite without an answer after going back is told, and no failed rollback", async () => {
    const world = fakeWorld({ config: { tests: TESTS } });
    world.senses.suite = (side) => (side === "after" ? ["pay"] : side === "back" ? new Error("exit 3") : []);
    await world.live();
    expect(world.state().outcome?.outcome).toBe("ROLLED_BACK");
    expect(
      world
        .state()
        .notices.map(({ text }) => text)
        .join("\n"),
    ).toMatch(/more could not be proven: .*after the rollback: exit 3/);
  });

  test("stop the observation at once when they lose a test, and do not keep it waiting for ever", async () => {
    const world = fakeWorld({ config: { tests: TESTS, observe: "30m" } });
    losing(world);
    await world.live();
    const latched = at(world, ({ event }) => event.event === "rollback-latched");
    expect(latched - at(world, started("stage-2/watch"))).toBeLessThan(3 * 60_000);
  });

  test("a lost test is nobody's to accept: only going back and looking into it are offered", async () => {
    const world = fakeWorld({ config: { tests: TESTS, ...MILD, observe: "30m" } });
    losing(world);
    world.when(asked, () => void world.ask(answer("rollback")));
    await world.live();
    expect(eventsOf(world, "question").map(({ question }) => question.options)).toEqual([["rollback", "investigate"]]);
  });

  test("a regression of the metrics that a person could accept is refused once a test is lost", async () => {
    const world = fakeWorld({ config: { tests: TESTS, ...MILD, canary: { stages: [100] } }, unattended: true });
    losing(world);
    bad(world, 0.05);
    const notes: (string | undefined)[] = [];
    world.when(
      ({ event }) => event.event === "result" && event.key === "production/suites",
      () => void notes.push(world.ask(answer("accept"))?.note),
    );
    await world.live();
    expect(notes).toEqual([expect.stringMatching(/production suites fail, which nobody can accept|takes rollback/)]);
    expect(world.state()).toMatchObject({ accepted: false, outcome: { outcome: "ROLLED_BACK" } });
  });

  test("without an answer they are run once more, and then say so", async () => {
    const world = fakeWorld({ config: { tests: TESTS }, unattended: true });
    let asked = 0;
    world.senses.suite = (side, id) => {
      if (side !== "after" || id !== "search") return [];
      asked += 1;
      return asked === 1 ? new Error("exit 3") : [];
    };
    await world.live();
    expect(asked).toBe(2);
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });

  test("none configured is not applicable, and the plan says so", () => {
    expect(fakeWorld().plan.notApplicable["production.tests"]).toBe("no suite is marked safe to run in production");
    expect(fakeWorld({ config: { tests: TESTS } }).plan.notApplicable).not.toHaveProperty("production.tests");
  });

  test("an archive whose rows were exchanged is found out", async () => {
    const world = fakeWorld({ config: { tests: TESTS } });
    await world.live();
    const dir = world.state().archiveDir ?? "";
    const folder = `${world.project.root}/${dir}/evidence`;
    const [name = ""] = world
      .disk()
      .list(folder)
      .filter((file) => file.startsWith("suites-production-post-deploy"));
    world
      .disk()
      .writeAtomic(`${folder}/${name}`, world.disk().readText(`${folder}/${name}`).replace("passed", "failed"));
    const { differences } = await verifyArchive(world.project, dir);
    expect(differences.map(({ what }) => what).join("\n")).toMatch(/production suites cannot be judged again/);
  });
});

describe("a suite for production in deploy.yaml", () => {
  const refused = (change: Record<string, unknown>, more: object[] = []) => {
    const tests = { ...TESTS, production: [{ ...suite, ...change }, ...more] };
    try {
      parseDeployConfig(configText({ tests }), "deploy.yaml");
    } catch (error) {
      return (error as Error).message;
    }
    return "taken";
  };

  test.each([
    ["without the mark", { safeInProduction: undefined }, /tests\.production\[0\]\.safeInProduction/],
    ["with the mark denied", { safeInProduction: false }, /tests\.production\[0\]\.safeInProduction/],
    ["without a report", { command: ["npx", "run"] }, /\{report\}/],
    [
      "with a placeholder that has no value",
      { command: ["run", "{report}", "{artifact}"] },
      /\{artifact\} has no value/,
    ],
    ["with one in a variable", { env: { BASE: "{report}" } }, /\{report\} has no value/],
    ["with the address in a variable", { env: { BASE: "{url}/api" } }, /^taken$/],
    ["as it should be", {}, /^taken$/],
  ])("%s", (_what, change, says) => {
    expect(refused(change)).toMatch(says);
  });

  test("with the name of another one", () => {
    expect(refused({}, [suite])).toMatch(/tests\.production\[1\]\.id/);
  });

  test("is part of what a person approves", () => {
    const hash = (command: string[]) =>
      fakeWorld({ config: { tests: { ...TESTS, production: [{ ...suite, command }] } } }).plan.tests?.config.production;
    expect(hash(["run", "{report}"])).toMatchObject([
      { command: ["run", "{report}"], safeInProduction: true, priority: "P1" },
    ]);
  });
});

test("the version under test is named in every line of evidence", async () => {
  const world = fakeWorld({ config: { tests: TESTS } });
  await world.live();
  const after = world.state().evidence.filter(({ ref }) => ref.name.startsWith("suites/production-post-deploy"));
  expect(after.map(({ ref }) => ref.version)).toEqual([NEW, NEW]);
});
