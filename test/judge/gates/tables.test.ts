import { describe, expect, test } from "vitest";
import {
  acceptanceRefusal,
  type DimensionName,
  decideStage,
  type GateInput,
  rollbackVerification,
  type StagePoll,
} from "../../../mcp-server/judge/index.ts";
import type { Dimension } from "../../../mcp-server/vocab/index.ts";
import {
  bare,
  brief,
  broken,
  degraded,
  done,
  early,
  extended,
  MINUTE,
  metrics,
  silent,
  smoke,
  thin,
  unhealthy,
  worse,
} from "./stage-poll.ts";

/**
 * The decision tables of the specification, a row a case, by their row names. "overruled" stands where the design
 * decides otherwise than the table; the case then is the design's rule.
 */
const ill = [{ code: "others-unwell", text: "instances of 1.0.0 are unwell" }];
type Row = readonly [row: string, what: string, poll: Partial<StagePoll>, decision: string];

const off = { rollbackOnRegression: false };
const wrongShare = { measuredSharePct: 60 };
const minor = {
  smoke: {
    ...bare("PASS", "smoke-passed"),
    inputs: [],
    reasons: [{ code: "minor-smoke-failure", text: "x (P2): fail" }],
  },
};

/** C: a canary stage or rolling batch, while users are exposed. */
const C: Row[] = [
  ["C1", "SLO breach", { ...early, ...off, metrics: broken }, "rollback slo"],
  ["C1", "confirmed P0/P1 smoke failure", { ...early, ...off, smoke: smoke("FAIL") }, "rollback smoke"],
  ["C1", "OOM, crash loop or more than half unhealthy", { ...early, ...off, infra: unhealthy }, "rollback infra"],
  ["C1", "harm outranks a degraded environment", { infra: degraded, metrics: broken }, "rollback slo"],
  [
    "C1, overruled",
    "data missing for 5 min holds first",
    { ...early, metrics: silent, deadForMs: 5 * MINUTE },
    "hold data",
  ],
  [
    "C1, overruled",
    "data missing for 5 min and the probes fail",
    { ...early, metrics: silent, deadForMs: 5 * MINUTE, probesFail: true },
    "rollback data",
  ],
  ["C2", "regression FAIL, flag true", { ...early, metrics: worse }, "rollback regression"],
  ["C3", "regression FAIL, flag false", { ...early, ...off, metrics: worse }, "hold regression"],
  ["C4", "environment DEGRADED", { ...early, infra: degraded, degradedForMs: 9 * MINUTE }, "pause"],
  ["C4", "DEGRADED for 10 min", { ...early, infra: degraded, degradedForMs: 10 * MINUTE }, "rollback infra"],
  [
    "C4",
    "DEGRADED for 10 min while a regression is held",
    { ...early, ...off, metrics: worse, infra: degraded, degradedForMs: 10 * MINUTE },
    "rollback infra",
  ],
  ["C4", "well again after 10 min", { ...early, degradedForMs: 10 * MINUTE }, "continue"],
  ["C5", "share outside tolerance", { ...early, ...wrongShare, shareOffForMs: 9 * MINUTE }, "pause"],
  ["C5", "not fixed in 10 min", { ...early, ...wrongShare, shareOffForMs: 10 * MINUTE }, "rollback target"],
  [
    "C5",
    "too few requests to tell",
    { ...early, ...wrongShare, measuredRequests: 19, shareOffForMs: 10 * MINUTE },
    "continue",
  ],
  ["C6", "1 missed poll", { ...early, metrics: metrics({ missedStreak: 1 }), deadForMs: 10_000 }, "continue"],
  ["C6", "2 missed polls", { ...early, metrics: silent, deadForMs: 20_000 }, "hold data"],
  ["C7, overruled", "samples below minimum at stage end", { measuredRequests: 1000 }, "extend"],
  ["C7, overruled", "still below after the extension", { measuredRequests: 1000, ...extended }, "hold inconclusive"],
  ["C8", "P2 smoke failure before the end", { ...early, ...minor, smokeCleanForMs: 0 }, "continue"],
  ["C8", "P2 smoke failure at the end holds promotion", { ...minor, smokeCleanForMs: 0 }, "extend"],
  ["C8", "one full clean window since", { ...extended, smokeCleanForMs: 10 * MINUTE }, "advance proven"],
  ["C8", "less than a clean window", { ...extended, smokeCleanForMs: 9 * MINUTE }, "hold inconclusive"],
  ["C8", "no clean window: a person is asked", { ...extended, ...minor, smokeCleanForMs: 0 }, "hold inconclusive"],
  ["C9", "stage timer not complete", early, "continue"],
  ["note to D", "instances of the other version are unwell", { ...early, othersUnwell: ill }, "hold inconclusive"],
  ["note to D", "whatever the flag", { ...early, ...off, othersUnwell: ill }, "hold inconclusive"],
  ["note to D", "a person lets it go on", { ...early, othersUnwell: ill, goesOn: true }, "continue"],
  ["note to D", "which is no proof at the end", { ...extended, othersUnwell: ill, goesOn: true }, "hold inconclusive"],
  ["note to D", "harm outranks it", { ...early, metrics: broken, othersUnwell: ill }, "rollback slo"],
  ["C10", "all inside bounds for the full stage", {}, "advance proven"],
  ["C10", "digest not verified", { versionsReadBack: false }, "extend"],
];

/** D: the production gate, all traffic, the whole observation. */
const D: Row[] = [
  ["D2", "SLO breach, flag true", { metrics: broken }, "rollback slo"],
  ["D2", "SLO breach, flag false", { ...off, metrics: broken }, "rollback slo"],
  ["D3", "P0/P1 smoke failure, flag false", { ...off, smoke: smoke("FAIL") }, "rollback smoke"],
  ["D4", "UNHEALTHY, flag false", { ...off, infra: unhealthy }, "rollback infra"],
  ["D5, overruled", "data missing for more than 5 min", { metrics: silent, deadForMs: 6 * MINUTE }, "hold data"],
  ["D5, overruled", "data missing until the deadline", { metrics: silent, deadForMs: 60 * MINUTE }, "rollback data"],
  ["D6", "regression FAIL, flag true", { ...early, metrics: worse }, "rollback regression"],
  ["D6", "regression FAIL, flag false", { ...early, ...off, metrics: worse }, "hold regression"],
  ["D6", "a lost test of the production suites, flag true", { ...early, tests: smoke("FAIL") }, "rollback regression"],
  [
    "D6",
    "a lost test of the production suites, flag false",
    { ...early, ...off, tests: smoke("FAIL") },
    "hold regression",
  ],
  [
    "D6",
    "an accepted worsening of the metrics does not cover a lost test",
    { ...early, ...off, accepted: true, metrics: worse, tests: smoke("FAIL") },
    "hold regression",
  ],
  ["D2", "harm outranks a lost test", { ...off, metrics: broken, tests: smoke("FAIL") }, "rollback slo"],
  ["D8", "production suites under way within their limit", { testsMayTakeMs: MINUTE }, "continue"],
  ["D8", "production suites that do not end", { testsMayTakeMs: 0 }, "extend"],
  ["D8", "nor after the extension", { ...extended, testsMayTakeMs: 0 }, "hold inconclusive"],
  ["D8", "production suites without an answer", { testsMayTakeMs: MINUTE, tests: smoke("INCONCLUSIVE") }, "extend"],
  ["D8", "nor after the extension: asked", { ...extended, tests: smoke("INCONCLUSIVE") }, "hold inconclusive"],
  ["D13", "production suites passed", { testsMayTakeMs: MINUTE, tests: smoke("PASS") }, "advance proven"],
  ["D7", "data missing for less than 5 min", { metrics: silent, deadForMs: MINUTE }, "hold data"],
  ["D8, overruled", "INCONCLUSIVE at the end", { metrics: thin }, "extend"],
  ["D8, overruled", "INCONCLUSIVE after the extension, flag true", { metrics: thin, ...extended }, "hold inconclusive"],
  [
    "D8, overruled",
    "INCONCLUSIVE after the extension, flag false",
    { ...off, metrics: thin, ...extended },
    "hold inconclusive",
  ],
  ["D9", "DEGRADED", { infra: degraded, degradedForMs: 9 * MINUTE }, "pause"],
  ["D9", "DEGRADED for 10 min, flag true", { infra: degraded, degradedForMs: 10 * MINUTE }, "rollback infra"],
  ["D9", "DEGRADED for 10 min, flag false", { ...off, infra: degraded, degradedForMs: 10 * MINUTE }, "rollback infra"],
  ["D10, overruled", "P2 smoke failure extends once", { ...minor, smokeCleanForMs: 0 }, "extend"],
  [
    "D10, overruled",
    "P2 smoke failure then asks, and never goes back by itself",
    { ...extended, ...minor, smokeCleanForMs: 0 },
    "hold inconclusive",
  ],
  [
    "D11",
    "a service level that is not shown to be held extends once",
    {
      metrics: metrics({
        proven: false,
        slo: bare("INCONCLUSIVE", "low-traffic"),
        regression: bare("INCONCLUSIVE", "low-traffic"),
      }),
    },
    "extend",
  ],
  ["D11", "and passes once it is", extended, "advance proven"],
  ["D12", "window not over", early, "continue"],
  ["D13", "window over, digest verified", {}, "advance proven"],
];

describe("table C", () => {
  test.each(C)("%s: %s", (_row, _what, poll, decision) => {
    expect(brief(decideStage({ ...done, ...poll }))).toBe(decision);
  });
});

describe("table D", () => {
  const observed = { final: true, expectedSharePct: 100, measuredSharePct: 100 };
  test.each(D)("%s: %s", (_row, _what, poll, decision) => {
    expect(brief(decideStage({ ...done, ...observed, ...poll }))).toBe(decision);
  });

  test("D6: a lost test cannot be accepted, a worsening of the metrics alone can", () => {
    const lost = decideStage({ ...done, ...observed, ...off, metrics: worse, tests: smoke("FAIL") });
    expect(lost).toMatchObject({ do: "hold", unacceptable: true });
    expect(decideStage({ ...done, ...observed, ...off, metrics: worse })).not.toHaveProperty("unacceptable");
  });

  test("without metrics, checks and journeys the production suites are the proof", () => {
    const alone = { ...done, ...observed, metrics: undefined, smoke: undefined as never };
    expect(brief(decideStage({ ...alone, tests: smoke("PASS") }))).toBe("advance proven");
    expect(brief(decideStage(alone))).toBe("advance unproven");
    expect(brief(decideStage({ ...alone, tests: smoke("PASS"), journeys: smoke("INCONCLUSIVE") }))).toBe("extend");
  });

  test("D10: a person who goes on over a P2 failure has a proven release", () => {
    const decision = decideStage({ ...done, ...observed, ...extended, ...minor, smokeCleanForMs: 0 });
    expect(decision.do === "hold" && decision.proven).toBe(true);
    const thinner = decideStage({ ...done, ...observed, ...extended, ...minor, smokeCleanForMs: 0, metrics: thin });
    expect(thinner.do === "hold" && thinner.proven).toBe(false);
  });
});

const dimension = (outcome: "PASS" | "FAIL" | "INCONCLUSIVE", code = "x"): Dimension => ({
  ...bare(outcome, code),
  inputs: [],
});
const na: Dimension = { outcome: "NOT_APPLICABLE", reason: "the plan judges no metrics" };

/** F: what a rollback came to at its deadline. */
const F: [row: string, what: string, change: Partial<Record<DimensionName, Dimension>>, result: string][] = [
  ["F1", "old version has not all traffic", { traffic: dimension("FAIL") }, "FAILED"],
  ["F1", "unknown whether it has", { traffic: dimension("INCONCLUSIVE") }, "FAILED"],
  ["F2", "smoke P0/P1 FAIL", { smoke: dimension("FAIL") }, "FAILED"],
  ["F3", "UNHEALTHY", { infra: dimension("FAIL") }, "FAILED"],
  ["F4", "smoke not run or error", { smoke: dimension("INCONCLUSIVE", "smoke-not-run") }, "PARTIAL"],
  ["F5", "SLO outside bounds", { slo: dimension("FAIL") }, "PARTIAL"],
  ["F5", "SLO data missing", { slo: dimension("INCONCLUSIVE", "no-data") }, "PARTIAL"],
  ["F6", "DEGRADED or unknown", { infra: dimension("INCONCLUSIVE") }, "PARTIAL"],
  ["F7", "regression not gone", { metrics: dimension("FAIL") }, "PARTIAL"],
  ["F8", "regression INCONCLUSIVE", { metrics: dimension("INCONCLUSIVE") }, "PARTIAL"],
  ["F9", "regression gone", {}, "SUCCESS"],
  ["F9", "regression not applicable", { metrics: na, slo: na }, "SUCCESS"],
];

describe("table F", () => {
  const well: GateInput = {
    threshold: 0,
    traffic: dimension("PASS"),
    smoke: dimension("PASS"),
    slo: dimension("PASS"),
    infra: dimension("PASS"),
    metrics: dimension("PASS"),
  };
  test.each(F)("%s: %s", (_row, _what, change, result) => {
    expect(rollbackVerification({ ...well, ...change }).result).toBe(result);
  });

  test("F1 to F3 outrank what is only PARTIAL", () => {
    const all = { ...well, smoke: dimension("FAIL"), slo: dimension("INCONCLUSIVE"), metrics: dimension("FAIL") };
    expect(rollbackVerification(all).result).toBe("FAILED");
  });
});

/** E: what a person must not accept, whatever they say. */
const E: [what: string, input: Parameters<typeof acceptanceRefusal>[0], refusal: RegExp | undefined][] = [
  ["everything passes", { checks: [check("P0", "pass")], slo: "PASS" }, undefined],
  ["nothing is known yet of the service level", { checks: [], slo: undefined }, undefined],
  ["a P0 check fails", { checks: [check("P0", "fail")], slo: "PASS" }, /P0 check x fails/],
  ["a P1 check or journey fails", { checks: [check("P1", "fail")], slo: "PASS" }, /P1 check x fails/],
  ["a P2 check fails", { checks: [check("P2", "fail")], slo: "PASS" }, undefined],
  [
    "a P2 check of security fails",
    { checks: [check("P2", "fail", "security")], slo: "PASS" },
    /security check x fails/,
  ],
  ["a P3 check of authorization fails", { checks: [check("P3", "fail", "Authorization")], slo: "PASS" }, /security/],
  ["a production suite lost a test", { checks: [], slo: "PASS", suites: "FAIL" }, /production suites fail/],
  ["a production suite gave no answer", { checks: [], slo: "PASS", suites: "INCONCLUSIVE" }, undefined],
  ["the service level is broken", { checks: [], slo: "FAIL" }, /service level is broken/],
];

function check(priority: "P0" | "P1" | "P2" | "P3", outcome: "pass" | "fail", group = "api") {
  return { id: "x", group, priority, outcome };
}

describe("table E: an acceptance", () => {
  test.each(E)("when %s", (_what, input, refusal) => {
    const found = acceptanceRefusal(input);
    if (refusal) expect(found).toMatch(refusal);
    else expect(found).toBeUndefined();
  });
});
