import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseStrategy } from "../../mcp-server/flow/strategy/choose.ts";
import { adviceDocuments } from "../../mcp-server/flow/strategy/documents.ts";
import type { Strategy } from "../../mcp-server/flow/strategy/name.ts";
import { STRATEGIES, type StrategyContext, weighStrategies } from "../../mcp-server/flow/strategy/score.ts";
import { projectPaths } from "../../mcp-server/record/paths.ts";
import { FlowError, sha256 } from "../../mcp-server/vocab/index.ts";
import { fakeClock, memoryDisk } from "../fakes/index.ts";
import { projectOn } from "./fake-world.ts";

const USUAL: StrategyContext = {
  risk: "medium",
  downtime: "unknown",
  migrations: "unknown",
  rollbackToleranceMs: null,
  avoid: [],
  routing: "per-request",
  parallelPools: true,
  instances: 4,
  hasPrevious: true,
  hasMetrics: true,
  wayBackMs: { canary: 120_000, "blue-green": 60_000, rolling: 900_000 },
  planned: { canary: { ms: 3_600_000 }, "blue-green": { ms: 1_800_000 }, rolling: { ms: 2_700_000 } },
};

const best = (changes: Partial<StrategyContext>) => chooseStrategy(undefined, { ...USUAL, ...changes }).recommended;

describe("the recommended strategy", () => {
  it.each<[string, Partial<StrategyContext>, Strategy]>([
    ["nothing said, on a target that draws requests", {}, "canary"],
    ["nothing said and no metrics", { hasMetrics: false }, "canary"],
    ["high risk", { risk: "high" }, "canary"],
    ["high risk and no downtime", { risk: "high", downtime: "zero" }, "canary"],
    ["low risk", { risk: "low" }, "canary"],
    ["no downtime", { downtime: "zero" }, "blue-green"],
    ["low risk with a migration", { risk: "low", migrations: "included" }, "blue-green"],
    ["an instant way back", { rollbackToleranceMs: 60_000 }, "blue-green"],
    ["a way back in five minutes", { rollbackToleranceMs: 300_000 }, "canary"],
    ["canary left out", { avoid: ["canary"] }, "blue-green"],
    ["canary and blue-green left out", { avoid: ["canary", "blue-green"] }, "rolling"],
    ["nothing served yet, one version at a time", { hasPrevious: false, parallelPools: false }, "blue-green"],
    [
      "shares that the target cannot make",
      { planned: { ...USUAL.planned, canary: { problem: "too fine" } } },
      "blue-green",
    ],
    ["a first deployment", { hasPrevious: false }, "blue-green"],
  ])("%s: %s", (_name, changes, expected) => {
    expect(best(changes)).toBe(expected);
  });

  it.each<[string, Strategy, Partial<StrategyContext>, RegExp]>([
    ["two versions side by side", "canary", { parallelPools: false }, /cannot run two versions side by side/],
    ["rolling, whose batches mix two versions", "rolling", { parallelPools: false }, /two versions side by side/],
    ["one instance", "rolling", { instances: 1 }, /one instance/],
    ["too slow a way back", "canary", { rollbackToleranceMs: 60_000 }, /up to 2 min 00 s.*no more than 1 min 00 s/],
    ["not planned", "canary", { planned: { ...USUAL.planned, canary: { problem: "shares of 1 %" } } }, /shares of 1 %/],
  ])("is kept beside a named one, which is refused where it cannot be: %s", (_name, value, changes, says) => {
    const attempt = () => chooseStrategy({ value, source: "deploy.yaml" }, { ...USUAL, ...changes });
    expect(attempt).toThrow(FlowError);
    expect(attempt).toThrow(says);
    expect(attempt).toThrow(/deploy\.yaml, key strategy/);
  });

  it("leaves a named one alone where it can be", () => {
    const choice = chooseStrategy({ value: "rolling", source: "flag" }, USUAL);
    expect(choice).toMatchObject({ chosen: "rolling", chosenBy: "flag", recommended: "canary" });
    expect(choice.options.map(({ strategy }) => strategy)).toEqual(["canary", "blue-green", "rolling"]);
  });

  it("is refused when every one is ruled out, with each reason", () => {
    const attempt = () => chooseStrategy(undefined, { ...USUAL, avoid: ["canary", "rolling"], parallelPools: false });
    for (const says of [
      /no strategy can be taken/,
      /canary: .*leave it out/,
      /blue-green: .*side by side/,
      /rolling: /,
    ]) {
      expect(attempt).toThrow(says);
    }
  });

  it("is never one with an obstacle, and the same facts always give the same", () => {
    const context = fc.record({
      risk: fc.constantFrom("low" as const, "medium" as const, "high" as const),
      downtime: fc.constantFrom("zero" as const, "acceptable" as const, "unknown" as const),
      migrations: fc.constantFrom("included" as const, "none" as const, "unknown" as const),
      rollbackToleranceMs: fc.option(fc.integer({ min: 1, max: 2_000_000 })),
      avoid: fc.subarray([...STRATEGIES]),
      routing: fc.constantFrom("per-request" as const, "sticky" as const, "by-replica" as const),
      parallelPools: fc.boolean(),
      instances: fc.integer({ min: 1, max: 20 }),
      hasPrevious: fc.boolean(),
      hasMetrics: fc.boolean(),
    });
    fc.assert(
      fc.property(context, (drawn) => {
        const facts = { ...USUAL, ...drawn };
        const options = weighStrategies(facts);
        expect(weighStrategies(facts)).toEqual(options);
        expect(options.map(({ strategy }) => strategy).sort()).toEqual([...STRATEGIES].sort());
        const possible = options.filter(({ obstacles }) => obstacles.length === 0);
        if (possible.length === 0) {
          expect(() => chooseStrategy(undefined, facts)).toThrow(FlowError);
          return;
        }
        const { recommended } = chooseStrategy(undefined, facts);
        expect(possible.map(({ strategy }) => strategy)).toContain(recommended);
        const scores = possible.map(({ score }) => score);
        expect(possible.find(({ strategy }) => strategy === recommended)?.score).toBe(Math.max(...scores));
      }),
    );
  });
});

describe("documents noted as advice", () => {
  it("are those that people wrote, by digest; none is needed", () => {
    const ours =
      '---\nartifact: "deployment-plan-1.0.0"\nkind: "deployment-plan"\ngenerator: "deploy-flow 0.1.0"\n---\n\n# Plan\n';
    const disk = memoryDisk({
      "/shop/.aiwg/intake/project-intake.md": "# Intake\n",
      "/shop/.aiwg/deployment/deployment-plan-1.0.0.md": ours,
      "/shop/.aiwg/deployment/deployment-plan-spring.md": "# Our plan\n",
      "/shop/.aiwg/deployment/rollback-plan-1.0.0.md": "# no\n",
    });
    expect(adviceDocuments(projectOn(disk, fakeClock()))).toEqual([
      { path: ".aiwg/intake/project-intake.md", sha256: sha256("# Intake\n") },
      { path: ".aiwg/deployment/deployment-plan-spring.md", sha256: sha256("# Our plan\n") },
    ]);
    expect(adviceDocuments(projectOn(memoryDisk({ "/shop/deploy.yaml": "" }), fakeClock()))).toEqual([]);
    expect(projectPaths("/shop").deployment).toBe("/shop/.aiwg/deployment");
  });
});
