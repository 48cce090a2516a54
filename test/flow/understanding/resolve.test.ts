import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseDeployConfig, statedKeys } from "../../../mcp-server/flow/config-file.ts";
import { RunParameters } from "../../../mcp-server/flow/parameters.ts";
import { type Resolved, resolveParameters } from "../../../mcp-server/flow/understanding/resolve.ts";
import { FlowError } from "../../../mcp-server/vocab/index.ts";

type Section = Record<string, unknown>;

function resolved(parameters: Section, config: Section = {}): Resolved {
  const text = stringify({
    service: "shop",
    target: { kind: "sandbox", artifact: "r/{version}", command: ["node"], environments: { production: {} } },
    ...config,
  });
  return resolveParameters({
    parameters: RunParameters.parse({ version: "2.0.0", ...parameters }),
    config: parseDeployConfig(text, "deploy.yaml"),
    stated: statedKeys(text),
  });
}

const from = ({ understood }: Resolved, name: string) => understood.find((row) => row.name === name)?.source;

function refusal(parameters: Section, config: Section = {}): FlowError {
  try {
    resolved(parameters, config);
  } catch (error) {
    if (error instanceof FlowError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("precedence", () => {
  const say = {
    flag: { strategy: "rolling", observe: "50m" },
    answer: { answers: { strategy: "rolling", observe: "50m" } },
    guidance: { guidance: "use rolling updates, 50 min observation" },
    file: { strategy: "blue-green", observe: "40m" },
  };

  it.each<[string, Section, Section, string | undefined, number, string | undefined]>([
    ["flag", { ...say.flag, ...say.guidance }, say.file, "rolling", 50, "flag"],
    ["answer", { ...say.answer, ...say.guidance }, say.file, "rolling", 50, "answer"],
    ["guidance", say.guidance, say.file, "rolling", 50, "guidance"],
    ["deploy.yaml", {}, say.file, "blue-green", 40, "deploy.yaml"],
    ["default", {}, {}, undefined, 30, "default"],
  ])("%s", (_name, parameters, config, strategy, observeMin, source) => {
    const all = resolved(parameters, config);
    expect(all.strategy?.value).toBe(strategy);
    expect(all.observeMs).toBe(observeMin * 60_000);
    expect(from(all, "observation")).toBe(source);
  });

  it.each<[string, Section, RegExp]>([
    ["flag and guidance", { strategy: "canary", guidance: "use blue-green" }, /flag: canary; guidance: blue-green/],
    ["flag and a denial", { strategy: "canary", guidance: "avoid canary" }, /flag: canary; guidance: not canary/],
    ["flag and stages", { strategy: "blue-green", guidance: "5% → 25% → 100%" }, /flag: blue-green; guidance: canary/],
    ["flag and answer", { risk: "low", answers: { risk: "high" } }, /flag: low; answer: high/],
    [
      "answer and guidance",
      { answers: { migrations: false }, guidance: "schema change" },
      /answer: none; guidance: included/,
    ],
    ["guidance and itself", { guidance: "use canary; use blue-green" }, /guidance: canary; guidance: blue-green/],
    ["two times", { observe: "20m", answers: { observe: "25m" } }, /flag: 20 min 00 s; answer: 25 min/],
    ["a looser flag", { regressionThreshold: 5, guidance: "zero tolerance" }, /flag: 5 %; guidance: 0 %/],
    ["a shorter flag", { observe: "15m", guidance: "60 min observation" }, /flag: 15 min 00 s; guidance: 1 h/],
    [
      "a shorter flag and extra",
      { observe: "15m", guidance: "extra monitoring" },
      /flag: 15 min 00 s; guidance: 30 min/,
    ],
    ["less depth", { depth: "minimal", guidance: "extra validation" }, /flag: minimal; guidance: thorough/],
    ["no rollback", { rollbackOnRegression: false, guidance: "automatic rollback" }, /flag: off.*; guidance: on/],
    [
      "a later way back",
      { answers: { rollbackTolerance: "5m" }, guidance: "instant rollback" },
      /answer: .*5 min.*guidance: .*1 min/,
    ],
  ])("refuses a contradiction, naming both: %s", (_name, parameters, says) => {
    const error = refusal(parameters);
    expect(error).toMatchObject({ code: "usage", exit: 64 });
    expect(error.what).toMatch(/contradict/);
    expect(error.found).toMatch(says);
  });

  it("takes the strategy of deploy.yaml back where guidance denies it", () => {
    const all = resolved({ guidance: "avoid canary" }, { strategy: "canary" });
    expect(all.strategy).toBeUndefined();
    expect(all.avoid).toEqual(["canary"]);
  });
});

describe("what tightens", () => {
  it.each<[string, Section, Section, Section]>([
    ["a longer watch", { guidance: "60 min observation" }, {}, { observeMs: 3_600_000 }],
    ["a shorter watch is not applied", { guidance: "20 min observation" }, {}, { observeMs: 1_800_000 }],
    ["extra monitoring doubles", { guidance: "extra monitoring" }, { observe: "40m" }, { observeMs: 4_800_000 }],
    ["a lower threshold", { guidance: "threshold 2%" }, { regressionThreshold: 5 }, { regressionThreshold: 2 }],
    ["a higher threshold is not applied", { guidance: "threshold 5%" }, {}, { regressionThreshold: 0 }],
    [
      "rollback on",
      { guidance: "automatic rollback" },
      { rollbackOnRegression: false },
      { rollbackOnRegression: true },
    ],
    ["rollback off is not applied", { guidance: "manual rollback" }, {}, { rollbackOnRegression: true }],
    ["more depth", { guidance: "extra validation" }, {}, { depth: "thorough" }],
    ["less depth is not applied", { guidance: "minimal validation" }, {}, { depth: "standard" }],
    [
      "stricter levels",
      { answers: { slo: { errorRatePct: 0.05, latencyP99Ms: 900 } } },
      {},
      { slo: { errorRatePct: 0.05, latencyP99Ms: 500 } },
    ],
    [
      "the strictest of two",
      { answers: { slo: { latencyP99Ms: 400 } }, guidance: "p99 under 300 ms" },
      {},
      { slo: { errorRatePct: 0.1, latencyP99Ms: 300 } },
    ],
    ["a first deployment is only hinted at", { guidance: "first production deployment" }, {}, { firstDeploy: false }],
    ["an instant way back", { answers: { rollbackTolerance: "instant" } }, {}, { rollbackToleranceMs: 60_000 }],
    [
      "a flag may loosen",
      { regressionThreshold: 10, depth: "minimal", observe: "16m" },
      {},
      { regressionThreshold: 10, depth: "minimal", observeMs: 960_000 },
    ],
  ])("%s", (_name, parameters, config, expected) => {
    expect(resolved(parameters, config)).toMatchObject(expected);
  });

  it.each([
    ["50% → 100%", /at most 5 %/],
    ["5% → 100%", /5 times/],
    ["canary with 5% → 4% → 100%", /rise/],
  ])("refuses stages of guidance: %s", (guidance, says) => {
    expect(refusal({ guidance }).message).toMatch(says);
  });

  const phrases = fc.constantFrom(
    ...["threshold 50%", "allow 90% regression", "10 min observation", "1 min of monitoring", "minimal validation"],
    ...["skip smoke tests", "manual rollback", "no automatic rollback", "never roll back", "error rate below 50%"],
    ...["p99 under 9000 ms", "low risk", "routine update", "urgent", "no monitoring", "extra checks", "zero tolerance"],
    ...[
      "extra monitoring",
      "90 min observation",
      "not",
      "avoid",
      "without",
      "first deployment",
      "hotfix",
      "without approval",
    ],
  );

  it("guidance never loosens a gate, whatever it says", () => {
    const file = { regressionThreshold: 3, observe: "30m", rollbackOnRegression: true };
    const plain = resolved({}, file);
    fc.assert(
      fc.property(
        fc.array(phrases, { maxLength: 8 }),
        fc.constantFrom(", ", ". ", " ", "; ", " and "),
        (said, glue) => {
          let all: Resolved;
          try {
            all = resolved({ guidance: said.join(glue) }, file);
          } catch (error) {
            expect(error).toBeInstanceOf(FlowError);
            return;
          }
          expect(all.regressionThreshold).toBeLessThanOrEqual(plain.regressionThreshold);
          expect(all.observeMs).toBeGreaterThanOrEqual(plain.observeMs);
          expect(all.rollbackOnRegression).toBe(true);
          expect(all.depth).not.toBe("minimal");
          expect(all.slo.errorRatePct).toBeLessThanOrEqual(plain.slo.errorRatePct);
          expect(all.slo.latencyP99Ms).toBeLessThanOrEqual(plain.slo.latencyP99Ms);
          expect(all.firstDeploy).toBe(false);
          expect(all.fixes).toBeNull();
        },
      ),
      { numRuns: 300 },
    );
  });

  it("unknown words change nothing but what is shown", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."qxzvj ,.;\n") }), (guidance) => {
        const { understood: _rows, ...with_ } = resolved({ guidance });
        const { understood: _none, ...without } = resolved({});
        expect(with_).toEqual(without);
      }),
    );
  });

  it("says every parameter once with its source, and words only of guidance", () => {
    const all = resolved({ risk: "low", guidance: "extra monitoring, hello" }, { regressionThreshold: 4 });
    const names = all.understood
      .filter(({ name }) => name !== "guidance")
      .map(({ name, source }) => `${name} ${source}`);
    expect(new Set(names).size).toBe(names.length);
    expect(all.understood.every(({ source, words }) => (words !== null) === (source === "guidance"))).toBe(true);
    expect(all.understood).toContainEqual({
      name: "regression threshold",
      value: "recommended at risk low: 5-10 %; shown, not applied",
      source: "recommendation",
      words: null,
    });
    expect(all.regressionThreshold).toBe(4);
    expect(all.understood).toContainEqual({
      name: "guidance",
      value: "commentary only: it changes nothing",
      source: "guidance",
      words: "hello",
    });
  });
});

describe("--fixes", () => {
  it("is kept with its reason", () => {
    expect(resolved({ fixes: "INC-7", reason: "ends the outage" }).fixes).toEqual({
      incident: "INC-7",
      reason: "ends the outage",
    });
  });
  it.each([{ fixes: "INC-7" }, { reason: "because" }])("needs both: %j", (parameters) => {
    expect(refusal(parameters)).toMatchObject({ code: "usage", expected: "--fixes INCIDENT --reason TEXT" });
  });
});
