import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Acknowledgement,
  type Answer,
  acknowledge,
  CRITERIA,
  CRITERION_IDS,
  type CriterionId,
  isMandatory,
  judgeReadiness,
  openConditions,
  type PlannedCriterion,
  type ReadinessInput,
  type ReadinessProfile,
  ReadinessReport,
} from "../../../mcp-server/judge/index.ts";
import { canonicalJson, type Instant, instantOf } from "../../../mcp-server/vocab/index.ts";

const AT = "2026-03-01T12:00:00.000Z" as Instant;
const HOUR = 3_600_000;
const later = (ms: number) => instantOf(Date.parse(AT) + ms);

type Given = Partial<Answer> & { by?: Answer["by"] };

function answer(criterion: CriterionId, given: Given = {}): Answer {
  return {
    criterion,
    check: `check-${criterion.toLowerCase()}`,
    status: "pass",
    text: "as it should be",
    by: { kind: "runner", name: "deploy-flow" },
    at: AT,
    accepted: [],
    evidence: [],
    ...given,
  };
}

/** All answers pass, but for what is given; null: nobody answers and the plan says so; "silent": planned, no answer. */
function input(
  changes: Partial<Record<CriterionId, Given | Given[] | null | "silent">> = {},
  o: Partial<ReadinessInput> = {},
): ReadinessInput {
  const profile: ReadinessProfile = o.profile ?? "basic";
  const criteria: PlannedCriterion[] = CRITERION_IDS.map((id) => ({
    id,
    mandatory: isMandatory(id, profile),
    answeredBy: changes[id] === null ? [] : [`check-${id.toLowerCase()}`],
  }));
  const answers = CRITERION_IDS.flatMap((id) => {
    const given = changes[id];
    if (given === null || given === "silent") return [];
    return [given ?? {}].flat().map((one) => answer(id, one));
  });
  return { profile, criteria, answers, at: AT, validMs: HOUR, acknowledged: [], fixes: undefined, ...o };
}

const agent = (status: Answer["status"]): Given => ({ status, by: { kind: "agent", name: "reliability-engineer" } });

/** Ada's word on what a report of this input shows of a criterion. */
function taken(shown: ReadinessInput, criterion: CriterionId): Acknowledgement[] {
  const result = judgeReadiness(shown).results.find((one) => one.criterion === criterion);
  return result ? [acknowledge(result, shown.answers, "ada")] : [];
}

describe("table A", () => {
  it.each([
    ["A1", "the plan is another one", { PLAN: { status: "fail" } }, {}, "NO_GO"],
    ["A1", "the lock is not held", { LOCK: { status: "fail" } }, {}, "NO_GO"],
    ["A1", "the lock is not known", { LOCK: { status: "unknown" } }, {}, "NO_GO"],
    ["A2", "the artifact is another one", { "ART-1": { status: "fail" } }, {}, "NO_GO"],
    ["A2", "a freeze", { FREEZE: { status: "fail" } }, {}, "NO_GO"],
    ["A2", "the plan was rejected", { "APR-1": { status: "fail" } }, {}, "NO_GO"],
    ["A2", "one check passes and another fails", { "TST-1": [{ status: "pass" }, { status: "fail" }] }, {}, "NO_GO"],
    ["A2", "strict: the scan fails", { "SEC-1": { status: "fail" } }, { profile: "strict" }, "NO_GO"],
    ["A3", "the environment is unknown", { "ENV-1": { status: "unknown" } }, {}, "NO_GO"],
    ["A3", "no answer of a mandatory one", { "TST-1": "silent" }, {}, "NO_GO"],
    ["A3", "a mandatory one that nobody answers", { "RBK-1": null }, {}, "NO_GO"],
    ["A3", "an answer that has expired", { "ART-1": { validUntil: later(-1) } }, {}, "NO_GO"],
    ["A3", "an answer from the future", { "ART-1": { at: later(61_000) } }, {}, "NO_GO"],
    ["A3", "an answer that says nothing beside one that passes", { "ART-1": [{}, { status: "unknown" }] }, {}, "NO_GO"],
    ["A3", "only an agent answers a mandatory one", { "TST-1": agent("pass") }, {}, "NO_GO"],
    ["A3", "strict: nobody scans", { "SEC-1": null }, { profile: "strict" }, "NO_GO"],
    ["A4", "an incident, advisory", { "ENV-2": { status: "fail" } }, {}, "NO_GO"],
    ["A4", "a database does not answer, advisory", { "ENV-3": { status: "fail" } }, {}, "NO_GO"],
    ["A5", "an irreversible migration", { "RBK-2": { status: "fail" } }, {}, "NO_GO"],
    ["A5", "a failed rehearsal", { REHEARSAL: { status: "fail" } }, {}, "NO_GO"],
    ["A6", "levels in staging pending", { "REL-1": { status: "unknown", pending: "staging" } }, {}, "GO"],
    ["A6", "tests pending", { "TST-1": { status: "unknown", pending: "staging" } }, {}, "GO"],
    ["A6", "approval pending", { "APR-1": { status: "unknown", pending: "approval" } }, {}, "GO"],
    [
      "A6",
      "pending, and nobody is on call",
      { "REL-1": { status: "unknown", pending: "staging" }, "REL-3": null },
      {},
      "CONDITIONAL_GO",
    ],
    ["A7", "nobody scans", { "SEC-1": null }, {}, "CONDITIONAL_GO"],
    ["A7", "the scan finds something", { "SEC-1": { status: "fail" } }, {}, "CONDITIONAL_GO"],
    ["A7", "a named acceptance", { "SEC-1": { accepted: ["CVE-1 until May, ada"] } }, {}, "CONDITIONAL_GO"],
    ["A7", "strict with a named acceptance", { "SEC-1": { accepted: ["x"] } }, { profile: "strict" }, "CONDITIONAL_GO"],
    ["A7", "an incident that this release ends", { "ENV-2": { status: "fail" } }, { fixes: "INC-7" }, "CONDITIONAL_GO"],
    ["A7", "outside the levels, as it mends", { "REL-2": { status: "fail" } }, { fixes: "INC-7" }, "CONDITIONAL_GO"],
    ["A7", "an agent lowers an advisory one", { "SEC-2": [{}, agent("fail")] }, {}, "CONDITIONAL_GO"],
    ["A8", "all pass", {}, {}, "GO"],
    ["A8", "no migration", { "RBK-2": { status: "not-applicable" } }, {}, "GO"],
    ["A8", "an agent answers an advisory one", { "OPS-1": agent("pass") }, {}, "GO"],
    ["A8", "clocks a minute apart", { "ART-1": { at: later(60_000) } }, {}, "GO"],
    ["A8", "valid to this moment", { "ART-1": { validUntil: AT } }, {}, "GO"],
    ["A8", "strict, all pass", {}, { profile: "strict" }, "GO"],
  ] as const)("%s: %s", (row, _what, changes, options, decision) => {
    const report = judgeReadiness(input(changes as never, options));
    expect([report.row, report.decision]).toEqual([row, decision]);
    expect(report.reach).toBe(decision === "NO_GO" ? "none" : row === "A6" ? "staging" : "production");
    expect(ReadinessReport.parse(report)).toEqual(report);
  });

  it("says of each gap what to do", () => {
    const { gaps, reasons } = judgeReadiness(input({ "ART-1": { status: "fail", text: "sha256:2 is not sha256:1" } }));
    expect(gaps).toEqual([
      { criterion: "ART-1", status: "fail", text: "sha256:2 is not sha256:1", todo: CRITERIA["ART-1"].todo },
    ]);
    expect(reasons[0]?.text).toContain("sha256:2 is not sha256:1");
  });

  it("is valid for an hour", () => {
    expect(judgeReadiness(input()).validUntil).toBe(later(HOUR));
  });
});

describe("conditions", () => {
  const open = (given: ReadinessInput) => openConditions(judgeReadiness(given)).map(({ criterion }) => criterion);

  it("are acknowledged by the plan where the plan says that nobody answers", () => {
    expect(open(input({ "SEC-1": null, "REL-3": null }))).toEqual([]);
  });

  it("are open where a check was planned and does not pass", () => {
    expect(open(input({ "SEC-1": { status: "unknown" }, "OPS-1": "silent", "TST-3": { status: "fail" } }))).toEqual([
      "SEC-1",
      "TST-3",
      "OPS-1",
    ]);
  });

  it("are open where an agent found something that nobody was to look at", () => {
    expect(open(input({ "SEC-2": null }, { answers: [...input().answers, answer("SEC-2", agent("fail"))] }))).toContain(
      "SEC-2",
    );
  });

  it("are closed by a person's word", () => {
    const shown = input({ "SEC-1": { status: "fail" } });
    const given = { ...shown, acknowledged: taken(shown, "SEC-1") };
    expect(open(shown)).toContain("SEC-1");
    expect(open(given)).not.toContain("SEC-1");
    expect(judgeReadiness(given).decision).toBe("CONDITIONAL_GO");
  });

  it.each<[string, Partial<Answer>, Partial<Answer>]>([
    ["what fails, when it was only not known", { status: "unknown" }, { status: "fail" }],
    ["another failure", { status: "fail", text: "one medium" }, { status: "fail", text: "one high" }],
    ["what is not known, when it failed", { status: "fail" }, { status: "unknown" }],
  ])("are not closed by an earlier word on %s", (_name, then, now) => {
    const acknowledged = taken(input({ "SEC-1": then }), "SEC-1");
    expect(open(input({ "SEC-1": now }, { acknowledged }))).toContain("SEC-1");
  });

  it("are not closed by a word that a later failure beside the first had not been shown to", () => {
    const shown = input({ "SEC-1": { status: "fail" } });
    const found = answer("SEC-1", { ...agent("fail"), text: "a key is in it" });
    const now = { ...shown, answers: [...shown.answers, found], acknowledged: taken(shown, "SEC-1") };
    expect(open(now)).toContain("SEC-1");
  });

  it("never close a gap", () => {
    const given = input(
      { "ENV-2": { status: "fail" } },
      { acknowledged: taken(input({ "ENV-2": { status: "unknown" } }), "ENV-2") },
    );
    expect(judgeReadiness(given).decision).toBe("NO_GO");
  });
});

describe("a fix of an incident", () => {
  it.each(CRITERION_IDS.filter((id) => isMandatory(id, "basic")))("waives no failure of %s", (id) => {
    expect(judgeReadiness(input({ [id]: { status: "fail" } }, { fixes: "INC-7" })).decision).toBe("NO_GO");
  });

  it("waives under strict what it waives under basic", () => {
    const fails = { "ENV-2": { status: "fail" }, "REL-2": { status: "fail" } } as const;
    const report = judgeReadiness(input(fails, { fixes: "INC-7", profile: "strict" }));
    expect([report.decision, report.environment]).toEqual(["CONDITIONAL_GO", "HEALTHY"]);
  });
});

describe("laws", () => {
  const status = fc.constantFrom<Answer["status"]>("pass", "fail", "unknown", "not-applicable");
  const byAgent = fc.record({ criterion: fc.constantFrom(...CRITERION_IDS), status });
  const anything = fc.array(fc.record({ criterion: fc.constantFrom(...CRITERION_IDS), status }), { maxLength: 40 });
  const order = ["NO_GO", "CONDITIONAL_GO", "GO"];

  it("no mandatory criterion without a pass, and no GO over a gap", () => {
    fc.assert(
      fc.property(anything, fc.constantFrom<ReadinessProfile>("basic", "strict"), (given, profile) => {
        const answers = given.map((one) => answer(one.criterion, { status: one.status }));
        const report = judgeReadiness(input({}, { answers, profile }));
        const lacking = CRITERION_IDS.filter((id) => isMandatory(id, profile)).filter(
          (id) => !answers.some((one) => one.criterion === id && one.status !== "unknown" && one.status !== "fail"),
        );
        expect(lacking.length === 0 || report.decision === "NO_GO").toBe(true);
        expect(report.decision === "NO_GO").toBe(report.gaps.length > 0);
      }),
    );
  });

  it("an agent makes no decision better where others were asked", () => {
    fc.assert(
      fc.property(anything, fc.array(byAgent, { maxLength: 10 }), (given, findings) => {
        const others = given.map((one) => answer(one.criterion, { status: one.status }));
        const heard = CRITERION_IDS.filter((id) => others.some((one) => one.criterion === id));
        const agents = findings
          .filter((one) => heard.includes(one.criterion) || isMandatory(one.criterion, "basic"))
          .map((one) => answer(one.criterion, agent(one.status)));
        const before = judgeReadiness(input({}, { answers: others })).decision;
        const after = judgeReadiness(input({}, { answers: [...others, ...agents] })).decision;
        expect(order.indexOf(after)).toBeLessThanOrEqual(order.indexOf(before));
      }),
    );
  });

  it("the order of answers does not matter for the decision", () => {
    fc.assert(
      fc.property(anything, (given) => {
        const answers = given.map((one) => answer(one.criterion, { status: one.status }));
        const [a, b] = [answers, [...answers].reverse()].map((some) => judgeReadiness(input({}, { answers: some })));
        expect(canonicalJson({ ...b, answers: [] })).toBe(canonicalJson({ ...a, answers: [] }));
      }),
    );
  });
});
