import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DIMENSIONS,
  type GateInput,
  GateVerdict,
  gateSeverity,
  JUDGE,
  productionGate,
  RollbackVerdict,
  rollbackVerification,
  stageVerdict,
  stagingGate,
} from "../../../mcp-server/judge/index.ts";
import type {
  Dimension,
  EvidenceRef,
  Instant,
  NotApplicable,
  Outcome3,
  Sha256,
  Verdict,
  Version,
} from "../../../mcp-server/vocab/index.ts";

const verdict = (outcome: Outcome3, code = outcome.toLowerCase(), inputs: EvidenceRef[] = []): Verdict => ({
  outcome,
  reasons: [{ code, text: `it is ${code}` }],
  wouldPassIf: outcome === "PASS" ? "" : `no ${code}`,
  judge: JUDGE,
  inputs,
});
const [pass, fail, unclear] = [verdict("PASS"), verdict("FAIL"), verdict("INCONCLUSIVE")];
const none: NotApplicable = { outcome: "NOT_APPLICABLE", reason: "none configured" };
const evidence = (name: string): EvidenceRef => ({
  name,
  rawSha256: "a".repeat(64) as Sha256,
  storedSha256: "b".repeat(64) as Sha256,
  origin: "executed",
  version: "2.0.0" as Version,
  at: "2026-01-01T00:00:00.000Z" as Instant,
});

const staged: GateInput = {
  threshold: 5,
  deploy: pass,
  tests: pass,
  metrics: pass,
  slo: pass,
  smoke: pass,
  infra: pass,
};

describe("stagingGate", () => {
  it.each([
    ["everything passes", {}, "PASS", undefined],
    ["a lost test", { tests: fail }, "FAIL", "tests"],
    ["a failing smoke check", { smoke: fail }, "FAIL", "smoke"],
    ["a broken SLO target", { slo: fail }, "FAIL", "slo"],
    ["a regressed metric", { metrics: fail }, "FAIL", "metrics"],
    ["no baseline for the tests", { tests: unclear }, "INCONCLUSIVE", "tests"],
    ["a FAIL outranks an INCONCLUSIVE", { tests: fail, smoke: unclear }, "FAIL", "tests"],
    ["what does not apply by the plan", { metrics: none, slo: none, smoke: none }, "PASS", undefined],
    ["tests that were forgotten", { tests: undefined }, "INCONCLUSIVE", "tests"],
    ["not applicable without a reason", { metrics: { ...none, reason: " " } }, "INCONCLUSIVE", "metrics"],
    ["a failed deployment, whatever was measured", { deploy: fail, tests: fail }, "FAIL", "deploy"],
    ["unknown health", { infra: unclear }, "INCONCLUSIVE", "infra"],
  ] as const)("%s", (_, change, outcome, worst) => {
    const gate = stagingGate({ ...staged, ...change });
    expect(gate.verdict.outcome).toBe(outcome);
    expect(gate.worst).toBe(worst);
    expect(GateVerdict.parse(gate)).toEqual(gate);
  });

  it("does not look at measurements of a deployment that failed", () => {
    expect(Object.keys(stagingGate({ ...staged, deploy: fail }).dimensions)).toEqual(["deploy"]);
  });

  it("says what failed and what would have passed, dimension by dimension", () => {
    const gate = stagingGate({ ...staged, tests: verdict("FAIL", "lost"), smoke: verdict("INCONCLUSIVE", "skipped") });
    expect(gate.verdict.reasons).toEqual([
      { code: "skipped", text: "smoke: it is skipped" },
      { code: "lost", text: "tests: it is lost" },
    ]);
    expect(gate.verdict.wouldPassIf).toBe("smoke: no skipped; tests: no lost");
  });

  it("rests on the evidence of all dimensions, each piece once", () => {
    const gate = stagingGate({
      ...staged,
      tests: verdict("PASS", "ok", [evidence("t"), evidence("u")]),
      slo: verdict("PASS", "ok", [evidence("u")]),
    });
    expect(gate.verdict.inputs.map(({ name }) => name)).toEqual(["u", "t"]);
  });

  it("can be asked about fewer dimensions", () => {
    expect(stagingGate({ threshold: 0, tests: pass, required: ["tests"] }).verdict.outcome).toBe("PASS");
  });
});

describe("every gate", () => {
  const gates = [stagingGate, productionGate, rollbackVerification];

  it("takes an empty set for INCONCLUSIVE or worse, also when nothing is required", () => {
    for (const gate of gates) {
      expect(gate({ threshold: 0 }).verdict.outcome).not.toBe("PASS");
      const unasked = gate({ threshold: 0, required: [] }).verdict;
      expect(unasked.outcome).toBe("INCONCLUSIVE");
      expect(unasked.reasons).toEqual([{ code: "nothing-judged", text: "no dimension was judged" }]);
    }
  });

  it("does not pass when nothing applies", () => {
    const input: GateInput = {
      threshold: 0,
      traffic: none,
      deploy: none,
      infra: none,
      smoke: none,
      slo: none,
      metrics: none,
      tests: none,
    };
    for (const gate of gates) expect(gate(input).verdict.outcome).toBe("INCONCLUSIVE");
  });

  it("never lets one dimension make up for another", () => {
    const dimension = fc.constantFrom<Dimension>(pass, fail, unclear, none);
    const input = fc.record(Object.fromEntries(DIMENSIONS.map((name) => [name, dimension])));
    fc.assert(
      fc.property(input, (dimensions) => {
        const outcomes = Object.values(dimensions).map(({ outcome }) => outcome);
        const gate = productionGate({ threshold: 0, ...dimensions });
        const expected = outcomes.includes("FAIL")
          ? "FAIL"
          : outcomes.includes("INCONCLUSIVE") || !outcomes.includes("PASS")
            ? "INCONCLUSIVE"
            : "PASS";
        expect(gate.verdict.outcome).toBe(expected);
        expect(gate.worst === undefined ? undefined : dimensions[gate.worst]?.outcome).toBe(
          expected === "PASS" || !outcomes.includes(expected) ? undefined : expected,
        );
      }),
    );
  });
});

describe("stageVerdict", () => {
  const stage = {
    threshold: 0,
    deploy: pass,
    infra: pass,
    smoke: pass,
    metrics: pass,
    slo: pass,
    proven: true,
    reasons: [],
  };
  const thin = verdict("INCONCLUSIVE", "low-traffic");

  it.each([
    ["all in order", {}, "PASS"],
    ["a small share proves nothing yet", { metrics: thin, slo: thin, proven: false }, "PASS"],
    ["no measurement at all", { metrics: verdict("INCONCLUSIVE", "no-data") }, "INCONCLUSIVE"],
    ["a regression", { metrics: fail }, "FAIL"],
    ["smoke checks not run", { smoke: unclear }, "INCONCLUSIVE"],
    ["left without its requests", { reasons: [{ code: "low-exposure", text: "3 of 500" }] }, "INCONCLUSIVE"],
    ["infrastructure forgotten", { infra: undefined }, "INCONCLUSIVE"],
  ] as const)("%s", (_, change, outcome) => {
    const gate = stageVerdict({ ...stage, ...change });
    expect(gate.verdict.outcome).toBe(outcome);
    expect(gate.gate).toBe("stage");
  });

  it("shows the metrics as they were judged", () => {
    expect(stageVerdict({ ...stage, metrics: thin }).dimensions.metrics).toEqual(thin);
  });
});

describe("rollbackVerification", () => {
  const back: GateInput = { threshold: 0, traffic: pass, infra: pass, smoke: pass, slo: pass, metrics: pass };

  it.each([
    ["all is well again", {}, "SUCCESS", "PASS"],
    ["traffic is not back", { traffic: fail }, "FAILED", "FAIL"],
    ["traffic is unknown", { traffic: unclear }, "FAILED", "FAIL"],
    ["traffic was never looked at", { traffic: undefined }, "FAILED", "FAIL"],
    ["the old version fails smoke checks", { smoke: fail }, "FAILED", "FAIL"],
    ["the old version is unhealthy", { infra: fail }, "FAILED", "FAIL"],
    ["smoke checks were not run", { smoke: unclear }, "PARTIAL", "INCONCLUSIVE"],
    ["smoke checks were forgotten", { smoke: undefined }, "PARTIAL", "INCONCLUSIVE"],
    ["the SLO is still broken", { slo: fail }, "PARTIAL", "INCONCLUSIVE"],
    ["too little data for the SLO", { slo: unclear }, "PARTIAL", "INCONCLUSIVE"],
    ["health is degraded", { infra: unclear }, "PARTIAL", "INCONCLUSIVE"],
    ["the regression is still there", { metrics: fail }, "PARTIAL", "INCONCLUSIVE"],
    ["the regression may still be there", { metrics: unclear }, "PARTIAL", "INCONCLUSIVE"],
    ["no metrics in the plan", { metrics: none, slo: none }, "SUCCESS", "PASS"],
    ["a first deployment whose traffic was withdrawn", { traffic: none, metrics: none }, "SUCCESS", "PASS"],
  ] as const)("%s", (_, change, result, outcome) => {
    const gate = rollbackVerification({ ...back, ...change });
    expect([gate.result, gate.verdict.outcome]).toEqual([result, outcome]);
    expect(RollbackVerdict.parse(gate)).toEqual(gate);
  });
});

describe("gateSeverity", () => {
  const p0: Verdict = { ...fail, reasons: [{ code: "smoke-failed", text: "home (P0) failed" }] };
  it.each([
    ["nothing failed", {}, undefined, "NONE"],
    ["tests within the threshold that lost some", {}, "LOW", "LOW"],
    ["a regression of metrics", { metrics: fail }, undefined, "MEDIUM"],
    ["lost tests of unknown priority", { tests: fail }, undefined, "MEDIUM"],
    ["lost tests of known priority", { tests: fail }, "CRITICAL", "CRITICAL"],
    ["a broken service level beside it", { metrics: fail, slo: fail }, undefined, "HIGH"],
    ["a failing check", { smoke: fail }, undefined, "HIGH"],
    ["a failing P0 check beside a lost P1 test", { smoke: p0, tests: fail }, "HIGH", "CRITICAL"],
    ["what is not known", { smoke: unclear }, undefined, "NONE"],
  ] as const)("%s", (_name, edits, tests, severity) => {
    expect(gateSeverity(stagingGate({ ...staged, ...edits }), tests)).toBe(severity);
  });
});
