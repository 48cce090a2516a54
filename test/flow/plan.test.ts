import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DeployConfig } from "../../mcp-server/flow/config.ts";
import { parseDeployConfig, statedKeys } from "../../mcp-server/flow/config-file.ts";
import { makePlan, type PlanFacts } from "../../mcp-server/flow/make-plan.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { digestOf, FlowError, type LiveState, type Pool, sha256, type Version } from "../../mcp-server/vocab/index.ts";
import { configText, NEW, OLD } from "./fake-world.ts";

const MINIMAL = `service: shop
target:
  kind: sandbox
  artifact: releases/{version}
  command: [node, server.mjs]
  environments: { production: {} }
`;

function refusal(attempt: () => unknown): FlowError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const BOMB = `a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
`;

describe("deploy.yaml", () => {
  test.each([
    {
      name: "unknown key",
      text: `${MINIMAL}strategi: canary\n`,
      line: 7,
      key: "strategi",
      says: /unknown key;.*did you mean strategy/,
    },
    {
      name: "unknown key below another",
      text: `${MINIMAL}canary:\n  stagez: [5]\n`,
      line: 8,
      key: "canary.stagez",
      says: /unknown key;.*found "stagez"; next: did you mean stages/,
    },
    {
      name: "wrong type",
      text: `${MINIMAL}instances: two\n`,
      line: 7,
      key: "instances",
      says: /expected a number.*found "two"/,
    },
    {
      name: "value out of range",
      text: `${MINIMAL}regressionThreshold: 101\n`,
      line: 7,
      key: "regressionThreshold",
      says: /at most 100; found 101/,
    },
    {
      name: "wrong item of a list",
      text: `${MINIMAL}canary:\n  stages:\n    - 5\n    - 500\n`,
      line: 10,
      key: "canary.stages[1]",
      says: /at most 100; found 500/,
    },
    {
      name: "wrong duration",
      text: `${MINIMAL}observe: fast\n`,
      line: 7,
      key: "observe",
      says: /duration such as.*found "fast"/,
    },
    {
      name: "missing key",
      text: MINIMAL.replace("service: shop\n", ""),
      line: 1,
      key: "service",
      says: /found nothing/,
    },
    {
      name: "missing key of a section",
      text: MINIMAL.replace("  artifact: releases/{version}\n", ""),
      line: 2,
      key: "target.artifact",
      says: /found nothing/,
    },
    {
      name: "another kind of target",
      text: MINIMAL.replace("sandbox", "mainframe"),
      line: 3,
      key: "target.kind",
      says: /found "mainframe"/,
    },
    { name: "broken YAML", text: `${MINIMAL}canary: { stages: [5\n`, line: 8, key: undefined, says: /not valid YAML/ },
    { name: "a key twice", text: `${MINIMAL}service: other\n`, line: 7, key: undefined, says: /unique/ },
    { name: "an empty file", text: "", line: undefined, key: undefined, says: /is empty/ },
    { name: "a list instead of sections", text: "- a\n- b\n", line: 1, key: "(top level)", says: /expected a section/ },
    { name: "aliases that multiply", text: BOMB, line: undefined, key: undefined, says: /few aliases.*found.*alias/i },
  ])("refuses $name, saying where", ({ text, line, key, says }) => {
    const error = refusal(() => parseDeployConfig(text, "/shop/deploy.yaml"));
    expect(error.code).toBe("config");
    expect(error.where).toMatchObject({ file: "/shop/deploy.yaml", ...(line && { line }), ...(key && { key }) });
    expect(error.message).toMatch(says);
    expect(error.next).not.toBe("");
  });

  test("names every problem at once", () => {
    const error = refusal(() => parseDeployConfig(`${MINIMAL}observe: fast\ninstances: 0\n`, "deploy.yaml"));
    expect(error.message).toMatch(/key observe.*and 1 more: instances \(line 8\)/);
  });

  test("needs no more than a service and a target; the rest is the usual", () => {
    expect(parseDeployConfig(MINIMAL, "deploy.yaml")).toMatchObject({
      canary: { stages: [5, 25, 50, 100], stageDuration: "10m", minRequests: 100 },
      observe: "30m",
      regressionThreshold: 0,
      rollbackOnRegression: true,
      slo: { errorRatePct: 0.1, latencyP99Ms: 500 },
      approvals: { accept: ["terminal"] },
      waits: { decision: "60m", decisionUnattended: "10m" },
      onOrphan: "continue",
    });
  });

  test("of the demonstration is read", () => {
    const text = readFileSync(join(import.meta.dirname, "../../scripts/demo/deploy.yaml"), "utf8");
    expect(parseDeployConfig(text, "deploy.yaml").service).toBe("shop");
  });
});

const pool = (version: string, weightPct: number, content = version): Pool => ({
  version: version as Version,
  digest: digestOf(sha256(content)),
  instances: 2,
  weightPct,
});

function facts(
  o: {
    config?: Record<string, unknown>;
    parameters?: Record<string, unknown>;
    pools?: Pool[];
    production?: boolean;
    at?: string;
  } = {},
): PlanFacts {
  const text = configText(o.config);
  return {
    config: parseDeployConfig(text, "deploy.yaml"),
    stated: statedKeys(text),
    configSha256: sha256(text),
    parameters: RunParameters.parse({ version: NEW, ...o.parameters }),
    digest: digestOf(sha256(NEW)),
    live: {
      pools: o.pools ?? [pool(OLD, 100)],
      instances: [],
      measuredSharePct: { [OLD]: 100 },
      measuredRequests: 7,
      entryUrl: "http://entry.test",
      readAt: (o.at ?? "2026-03-01T12:00:00.000Z") as LiveState["readAt"],
    },
    routing: "per-request",
    minWeightPct: 1,
    parallelPools: true,
    documents: [],
    production: o.production ?? false,
    testsBaseline: { from: "none", reason: "none" },
    testsCandidate: [],
  };
}

const LONG = { canary: { stages: [20, 100], stageDuration: "10m" }, observe: "15m" };

describe("a plan", () => {
  test("has the same hash whenever the same is planned, whoever approved it", () => {
    const hash = planHash(makePlan(facts()));
    expect(planHash(makePlan(facts({ at: "2027-01-01T00:00:00.000Z", parameters: { approve: sha256("x") } })))).toBe(
      hash,
    );
  });

  test.each([
    { parameters: { version: "2.0.1" } },
    { parameters: { strategy: "blue-green" } },
    { parameters: { observe: "90s" } },
    { parameters: { regressionThreshold: 5 } },
    { parameters: { rollbackOnRegression: false } },
    { config: { instances: 3 } },
    { config: { waits: { decision: "5m" } } },
    { pools: [pool("1.0.1", 100)] },
  ])("has another hash for %j", (change) => {
    expect(planHash(makePlan(facts(change)))).not.toBe(planHash(makePlan(facts())));
  });

  test.each([
    { name: "the version that runs already", change: { pools: [pool(NEW, 100)] }, says: /runs already/ },
    { name: "the same bytes under another name", change: { pools: [pool("1.9", 100, NEW)] }, says: /runs already/ },
    { name: "other bytes under the name that runs", change: { pools: [pool(NEW, 100, "x")] }, says: /other content/ },
    {
      name: "two versions with traffic",
      change: { pools: [pool(OLD, 90), pool("1.1.0", 10)] },
      says: /more than one version/,
    },
    { name: "a first deployment that nobody called one", change: { pools: [] }, says: /--first-deploy/ },
    { name: "falling stages", change: { config: { canary: { stages: [50, 20, 100] } } }, says: /must rise/ },
    { name: "equal stages", change: { config: { canary: { stages: [50, 50, 100] } } }, says: /must rise/ },
    { name: "stages that do not end at 100", change: { config: { canary: { stages: [5, 50] } } }, says: /must be 100/ },
    {
      name: "a stage below what the target can route",
      change: { config: { canary: { stages: [0.5, 100] } } },
      says: /less than 1 %/,
    },
    {
      name: "a test command that leaves no report",
      change: { config: { tests: { candidate: { command: ["npm", "test"] } } } },
      says: /\{report\}/,
    },
    {
      name: "a short stage where users are",
      change: { production: true, config: { ...LONG, canary: { stages: [20, 100], stageDuration: "9m" } } },
      says: /canary\.stageDuration/,
    },
    {
      name: "a rolling batch of more than a quarter of the instances",
      change: { config: { strategy: "rolling", instances: 10, rolling: { batch: 3 } } },
      says: /rolling\.batch/,
    },
    {
      name: "a rolling deployment that takes longer than its window",
      change: { config: { strategy: "rolling", instances: 100, rolling: { batch: 1 } } },
      says: /8 h 16 min.*100 batches/,
    },
    {
      name: "a short pause after a rolling batch where users are",
      change: { production: true, config: { ...LONG, strategy: "rolling", rolling: { pause: "4m" } } },
      says: /rolling\.pause/,
    },
    {
      name: "a short observation where users are",
      change: { production: true, config: { ...LONG, observe: "14m" } },
      says: /observe/,
    },
    {
      name: "nobody's approval where users are",
      change: { production: true, config: { ...LONG, approvals: { accept: ["none"] } } },
      says: /approvals\.accept/,
    },
  ])("is refused for $name", ({ change, says }) => {
    const error = refusal(() => makePlan(facts(change)));
    expect(error.message).toMatch(says);
    expect(error.next).not.toBe("");
  });

  test("of real users keeps the floors; without them short watches are allowed", () => {
    expect(makePlan(facts({ production: true, config: LONG })).approvals).toEqual(["terminal"]);
    expect(makePlan(facts()).approvals).toEqual(["none"]);
  });

  test("takes parameters before deploy.yaml before defaults", () => {
    const config = { strategy: "blue-green", regressionThreshold: 3, rollbackOnRegression: false, observe: "2m" };
    const read = ({ strategy, regressionThreshold, rollbackOnRegression, stages }: ReturnType<typeof makePlan>) => [
      strategy,
      regressionThreshold,
      rollbackOnRegression,
      stages.at(-1)?.durationMs,
    ];
    expect(read(makePlan(facts()))).toEqual(["canary", 0, true, 60_000]);
    expect(read(makePlan(facts({ config })))).toEqual(["blue-green", 3, false, 120_000]);
    const parameters = { strategy: "canary", regressionThreshold: 0, rollbackOnRegression: true, observe: "3m" };
    expect(read(makePlan(facts({ config, parameters })))).toEqual(["canary", 0, true, 180_000]);
  });

  test("ends its stages at 100 % with the observation", () => {
    const { stages } = makePlan(
      facts({ config: { canary: { stages: [5, 25, 100], stageDuration: "2m" }, observe: "4m" } }),
    );
    expect(stages.map(({ weightPct, durationMs }) => [weightPct, durationMs])).toEqual([
      [5, 120_000],
      [25, 120_000],
      [100, 240_000],
    ]);
  });

  test("of a rolling deployment has a stage per batch and the time that its way back takes", () => {
    const config = { strategy: "rolling", instances: 12, rolling: { pause: "6m" }, observe: "20m", waits: {} };
    const plan = makePlan(facts({ config }));
    expect(plan.rolling).toEqual({ batch: 1, byReplica: false, enough: 11 });
    expect(plan.stages).toHaveLength(12);
    expect(plan.stages[0]).toMatchObject({ weightPct: 8.33, durationMs: 360_000, minRequests: 100 });
    expect(plan.stages.at(-1)).toMatchObject({ weightPct: 100, durationMs: 1_200_000 });
    expect(plan.waits.rollbackTrafficMs).toBe(900_000);
    const back = (strategy: string) => makePlan(facts({ config: { ...config, strategy } })).waits.rollbackTrafficMs;
    expect([back("blue-green"), back("canary")]).toEqual([60_000, 120_000]);
    expect(makePlan(facts({ config: { ...config, waits: { rollbackTraffic: "3m" } } })).waits.rollbackTrafficMs).toBe(
      180_000,
    );
  });

  test("gives going back some time: none at all would make it fail by order", () => {
    expect(DeployConfig.shape.waits.safeParse({ rollbackTraffic: "0s" }).success).toBe(false);
  });

  test("of a first deployment has one stage: there is no version for the rest of the traffic", () => {
    const plan = makePlan(facts({ pools: [], parameters: { firstDeploy: true } }));
    expect(plan.stages.map(({ weightPct }) => weightPct)).toEqual([100]);
    expect(plan.previous).toBeNull();
    expect(plan.notApplicable["production.regression"]).toMatch(/first deployment/);
    expect(plan.expectedUnknowns).not.toEqual([]);
  });

  test.each<[string, Partial<Record<keyof DeployConfig, unknown>>, string[]]>([
    ["everything configured", { staging: { load: { command: ["load"] } } }, []],
    ["no staging", {}, ["staging.deploy", "staging.metrics"]],
    ["staging without load", { staging: {} }, ["staging.metrics"]],
    ["no tests", { tests: undefined, staging: { load: { command: ["load"] } } }, ["staging.tests"]],
    [
      "no smoke checks",
      { smoke: undefined, staging: { load: { command: ["load"] } } },
      ["production.smoke", "staging.smoke"],
    ],
    ["no metrics", { metrics: undefined, staging: {} }, ["production.metrics", "staging.metrics"]],
  ])("says what will not be judged: %s", (_name, config, keys) => {
    const always = ["production.journeys", "production.tests", "staging.journeys"];
    expect(Object.keys(makePlan(facts({ config })).notApplicable).sort()).toEqual([...keys, ...always].sort());
  });
});
