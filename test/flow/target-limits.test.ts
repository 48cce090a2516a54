import { describe, expect, test } from "vitest";
import { parseDeployConfig, statedKeys } from "../../mcp-server/flow/config-file.ts";
import { makePlan, type PlanFacts } from "../../mcp-server/flow/make-plan.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import { poolsAt } from "../../mcp-server/flow/runbooks/pools.ts";
import { checksApply, replicaSharePct, replicasFor } from "../../mcp-server/flow/target-limits.ts";
import { capabilitiesOf } from "../../mcp-server/target/index.ts";
import { digestOf, FlowError, type LiveState, sha256, type Version } from "../../mcp-server/vocab/index.ts";
import { configText, NEW, OLD } from "./fake-world.ts";

const TARGET = {
  kind: "command",
  production: false,
  routing: "per-request",
  resolve: { command: ["resolve", "{version}"] },
  observe: { command: ["observe", "{env}"] },
  apply: { command: ["apply", "{env}"] },
};

/** A plan over a command target with four instances. */
function planned(target: object, config: Record<string, unknown> = {}, o: { first?: boolean } = {}) {
  const text = configText({ instances: 4, target: { ...TARGET, ...target }, ...config });
  const read = parseDeployConfig(text, "deploy.yaml");
  const { routing, minWeightPct, parallelPools, production } = capabilitiesOf(read.target);
  const facts: PlanFacts = {
    config: read,
    stated: statedKeys(text),
    configSha256: sha256(text),
    parameters: RunParameters.parse({ version: NEW, firstDeploy: o.first === true }),
    digest: digestOf(sha256(NEW)),
    live: {
      pools: o.first ? [] : [{ version: OLD as Version, digest: digestOf(sha256(OLD)), instances: 4, weightPct: 100 }],
      instances: [],
      measuredSharePct: {},
      measuredRequests: 0,
      entryUrl: "http://entry.test",
      readAt: "2026-03-01T12:00:00.000Z" as LiveState["readAt"],
    },
    routing,
    minWeightPct,
    parallelPools,
    documents: [],
    production,
    testsBaseline: { from: "none", reason: "none" },
    testsCandidate: [],
  };
  return makePlan(facts);
}

function refusal(attempt: () => unknown): FlowError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const QUIET = { metrics: undefined };

describe("a target whose traffic follows replicas", () => {
  const byReplica = { routing: "by-replica" };

  test("gets the replicas that make the share", () => {
    const plan = planned(byReplica, { ...QUIET, canary: { stages: [20, 50, 100] } });
    const at = (pct: number) => poolsAt(plan, pct).map(({ instances, weightPct }) => [instances, weightPct]);
    expect([at(20), at(50), at(100)]).toEqual([
      [
        [4, 80],
        [1, 20],
      ],
      [
        [4, 50],
        [4, 50],
      ],
      [
        [4, 0],
        [4, 100],
      ],
    ]);
  });

  test.each([
    [[5, 100], "5 %", "the nearest 20 %"],
    [[25, 100], "25 %", "the nearest 20 %"],
    [[20, 30, 100], "30 %", "the nearest 33.33 %"],
  ])("refuses the stages %j and names the smallest share", (stages, found, nearest) => {
    const error = refusal(() => planned(byReplica, { ...QUIET, canary: { stages } }));
    expect(error.where?.key).toBe("canary.stages");
    expect(error.found).toBe(found);
    expect(error.expected).toContain("the smallest is 20 %");
    expect(error.expected).toContain(nearest);
  });

  test("takes a share that is written in hundredths", () => {
    const plan = planned(byReplica, { ...QUIET, canary: { stages: [33.33, 100] } });
    expect(poolsAt(plan, 33.33).map(({ instances }) => instances)).toEqual([4, 2]);
  });

  test("has no metrics judged", () => {
    expect(refusal(() => planned(byReplica, { canary: { stages: [20, 100] } })).where?.key).toBe("metrics");
  });

  test.each([1, 2, 3, 7, 50])("every number of replicas beside %i old ones is found again from its share", (old) => {
    for (let count = 1; count <= 4 * old; count += 1) {
      expect(replicasFor(old, replicaSharePct(old, count))).toBe(count);
    }
  });
});

describe("a target without URLs of its instances", () => {
  const noUrls = { instanceUrls: false };

  test("refuses a metrics section, because no page can be read", () => {
    const error = refusal(() => planned(noUrls));
    expect(error.where?.key).toBe("metrics");
    expect(error.found).toContain("target.instanceUrls");
  });

  const PROBED = { metrics: { source: "probes" }, journeys: [{ id: "look", steps: [{ path: "/" }] }] };

  test.each([
    ["canary", "20 %"],
    ["rolling", "25 %"],
    [undefined, "20 %"],
  ])("refuses probes during %s, where both versions share the entry", (strategy, share) => {
    const config = { ...PROBED, ...(strategy ? { strategy } : {}), canary: { stages: [20, 100] } };
    const error = refusal(() => planned({ ...noUrls, routing: "by-replica" }, config));
    expect(error.where?.key).toBe("metrics.source");
    expect(error.found).toContain(share);
    expect(error.next).toContain("strategy: blue-green");
  });

  test.each([
    ["blue-green", {}],
    [undefined, {}],
    ["canary", { first: true }],
  ])("takes probes at the entry where one version at a time has it: %s %j", (strategy, o) => {
    const config = { ...PROBED, staging: {}, ...(strategy ? { strategy } : { canary: undefined }) };
    const plan = planned({ ...noUrls, routing: "by-replica" }, config, o);
    expect(plan.stages.map(({ weightPct }) => weightPct)).toEqual([100]);
    expect(plan.notApplicable["stage.smoke"]).toContain("only the entry can be asked");
    expect(plan.notApplicable["staging.regression"]).toContain("only absolute targets");
  });

  test("takes probes at an address of each version, in staging beside the old one too", () => {
    const plan = planned({ ...noUrls, versionUrls: true }, { ...PROBED, staging: {} });
    expect(plan.stages.length).toBeGreaterThan(1);
    expect([plan.notApplicable["stage.smoke"], plan.notApplicable["staging.regression"]]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("refuses to read metrics pages through an address that instances share", () => {
    const error = refusal(() => planned({ ...noUrls, versionUrls: true }));
    expect(error.next).toContain("probe traffic (probes)");
  });

  test("with URLs takes them, also where traffic follows replicas", () => {
    const plan = planned({ routing: "by-replica" }, { ...PROBED, canary: { stages: [20, 100] } });
    expect(plan.metrics?.config.source).toBe("probes");
  });

  test("has its smoke checks asked at 100 % only, which the plan says", () => {
    const plan = planned(noUrls, QUIET);
    expect(plan.notApplicable["stage.smoke"]).toContain("only the entry can be asked");
    expect(checksApply(plan, { track: "production", final: false })).toBe(false);
    expect(checksApply(plan, { track: "production", final: true })).toBe(true);
    expect(checksApply(plan, { track: "post-rollback", final: false })).toBe(true);
    expect(checksApply(planned({}), { track: "production", final: false })).toBe(true);
  });
});

describe("a target that holds one version at a time", () => {
  test.each(["canary", "blue-green", "rolling", undefined])("is refused by its key for %s", (strategy) => {
    const error = refusal(() => planned({ parallelPools: false }, { ...QUIET, ...(strategy ? { strategy } : {}) }));
    expect(error.where?.key).toBe("target.parallelPools");
    expect(error.next).toContain("hold two versions");
  });

  test("can be deployed to for the first time", () => {
    const plan = planned({ parallelPools: false }, QUIET, { first: true });
    expect(plan.previous).toBeNull();
    expect(plan.stages.map(({ weightPct }) => poolsAt(plan, weightPct).length)).toEqual([1]);
  });
});

describe("without a metrics section", () => {
  test.each([
    [{ metrics: undefined }, 10_000],
    [{ metrics: undefined, waits: { poll: "500ms" } }, 500],
    [{ metrics: { poll: "20s" }, waits: { poll: "500ms" } }, 20_000],
  ])("%j is polled every %i ms", (config, pollMs) => {
    expect(planned({}, config).pollMs).toBe(pollMs);
  });
});

describe("a target that does not measure traffic", () => {
  test("is asked for no minimum of requests, and the plan says that nobody counts them", () => {
    const plan = planned({}, QUIET);
    expect(plan.stages.map(({ minRequests }) => minRequests)).toEqual([0, 0]);
    expect(plan.expectedUnknowns.join()).toContain("target.measuresTraffic");
  });

  test("one that measures is asked for it", () => {
    const plan = planned({ measuresTraffic: true }, QUIET);
    expect(plan.stages.map(({ minRequests }) => minRequests)).toEqual([50, 50]);
    expect(plan.expectedUnknowns.join()).not.toContain("target.measuresTraffic");
  });
});

test("a target that deploys no folders has no {artifact} for the tests", () => {
  const tests = { candidate: { command: ["run", "{artifact}", "{report}"] } };
  expect(refusal(() => planned({}, { tests })).where?.key).toBe("tests.candidate.command");
});
