import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideStage, type StagePoll } from "../../../mcp-server/judge/index.ts";
import type { Outcome3 } from "../../../mcp-server/vocab/index.ts";
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

const cases: [string, Partial<StagePoll>, string][] = [
  ["everything in order", {}, "advance proven"],
  ["time not served", early, "continue"],
  ["a stage below 100 % without proof", { metrics: thin }, "advance unproven"],
  ["the end at 100 % with proof", { final: true, expectedSharePct: 100, measuredSharePct: 100 }, "advance proven"],
  ["the end at 100 % without proof", { final: true, metrics: thin }, "extend"],
  ["the same after the extension", { final: true, metrics: thin, ...extended }, "hold inconclusive"],

  ["a broken SLO", { metrics: broken, ...early }, "rollback slo"],
  ["a broken SLO without the flag", { metrics: broken, rollbackOnRegression: false }, "rollback slo"],
  ["a broken SLO although a regression was accepted", { metrics: broken, accepted: true }, "rollback slo"],
  [
    "a failing smoke check without the flag",
    { smoke: smoke("FAIL"), rollbackOnRegression: false, ...early },
    "rollback smoke",
  ],
  [
    "an unhealthy version without the flag",
    { infra: unhealthy, rollbackOnRegression: false, ...early },
    "rollback infra",
  ],
  [
    "an unhealthy version while the metrics are silent",
    { infra: unhealthy, metrics: silent, deadForMs: MINUTE },
    "rollback infra",
  ],

  ["a regression with the flag", { metrics: worse, ...early }, "rollback regression"],
  ["a regression without the flag", { metrics: worse, rollbackOnRegression: false, ...early }, "hold regression"],
  ["an accepted regression, time not served", { metrics: worse, accepted: true, ...early }, "continue"],
  ["an accepted regression", { metrics: worse, accepted: true }, "advance unproven"],
  ["an accepted regression at 100 %", { metrics: worse, accepted: true, final: true }, "advance unproven"],
  ["acceptance without any regression at 100 %", { metrics: thin, accepted: true, final: true }, "extend"],

  ["one missed poll", { metrics: metrics({ missedStreak: 1 }), deadForMs: 10_000 }, "continue"],
  ["two missed polls", { metrics: silent, deadForMs: 20_000 }, "hold data"],
  ["one missed poll of a slow source", { metrics: metrics({ missedStreak: 1 }), deadForMs: MINUTE }, "hold data"],
  ["silence of 5 minutes, probes pass", { metrics: silent, deadForMs: 5 * MINUTE }, "hold data"],
  [
    "silence of just under 5 minutes, probes fail",
    { metrics: silent, deadForMs: 5 * MINUTE - 1, probesFail: true },
    "hold data",
  ],
  ["silence of 5 minutes, probes fail", { metrics: silent, deadForMs: 5 * MINUTE, probesFail: true }, "rollback data"],
  ["silence of 59 minutes", { metrics: silent, deadForMs: 59 * MINUTE }, "hold data"],
  ["silence of 60 minutes", { metrics: silent, deadForMs: 60 * MINUTE }, "rollback data"],
  [
    "silence of 10 minutes, unattended",
    { metrics: silent, deadForMs: 10 * MINUTE, limits: { ...done.limits, dataMs: 10 * MINUTE } },
    "rollback data",
  ],
  ["a blind minute where no metrics are judged", { metrics: undefined, deadForMs: MINUTE }, "hold data"],
  ["blind for 60 minutes where no metrics are judged", { metrics: undefined, deadForMs: 60 * MINUTE }, "rollback data"],
  ["gaps within what is borne", { ...early, gapsMs: 30 * MINUTE }, "continue"],
  ["a source that came and went for too long", { ...early, gapsMs: 31 * MINUTE }, "hold inconclusive"],
  [
    "the same in its next gap",
    { ...early, gapsMs: 31 * MINUTE, metrics: silent, deadForMs: MINUTE },
    "hold inconclusive",
  ],
  ["the same after one missed poll", { ...early, gapsMs: 31 * MINUTE, deadForMs: 10_000 }, "hold inconclusive"],
  ["gaps, and then the whole time served", { gapsMs: 31 * MINUTE }, "advance proven"],
  ["gaps, and a point still open", { gapsMs: 31 * MINUTE, measuredRequests: 1000 }, "hold inconclusive"],
  [
    "gaps, and the source is dead past its deadline",
    { ...early, gapsMs: 31 * MINUTE, metrics: silent, deadForMs: 60 * MINUTE },
    "rollback data",
  ],
  ["smoke checks that have not answered at the end", { smokeRequired: true, smoke: undefined }, "extend"],
  ["smoke checks that never answered", { smokeRequired: true, smoke: undefined, ...extended }, "hold inconclusive"],
  ["journeys that fail", { journeys: smoke("FAIL") }, "rollback smoke"],
  ["journeys that fail, with the flag off", { journeys: smoke("FAIL"), rollbackOnRegression: false }, "rollback smoke"],
  ["journeys that have not ended at the end", { journeysRequired: true }, "extend"],
  ["journeys that never ended", { journeysRequired: true, ...extended }, "hold inconclusive"],
  ["journeys that could not be walked", { journeysRequired: true, journeys: smoke("INCONCLUSIVE") }, "extend"],
  ["journeys that complete", { journeysRequired: true, journeys: smoke("PASS") }, "advance proven"],

  ["too few requests at the end of the stage", { measuredRequests: 1000 }, "extend"],
  ["too few users, and probes enough", { measuredRequests: 1000, probeRequests: 500 }, "advance proven"],
  ["too few users, and too few probes", { measuredRequests: 1000, probeRequests: 100 }, "extend"],
  ["too few requests after the extension", { measuredRequests: 1000, ...extended }, "hold inconclusive"],
  ["too few requests before the end", { measuredRequests: 1000, ...early }, "continue"],
  ["no traffic at all", { measuredRequests: 0 }, "extend"],
  ["exactly the minimum, rounded share", { measuredRequests: 2000, measuredSharePct: 24.98 }, "advance proven"],
  ["a share that is far from the plan", { measuredSharePct: 34 }, "pause"],
  ["a share within five points", { measuredSharePct: 29.9 }, "advance proven"],
  [
    "a share that few requests explain",
    { measuredRequests: 60, measuredSharePct: 40, minExposure: 10 },
    "advance proven",
  ],
  ["versions that were not read back", { versionsReadBack: false }, "extend"],
  ["versions not read back after the extension", { versionsReadBack: false, ...extended }, "hold inconclusive"],
  ["a degraded environment", { infra: degraded }, "pause"],
  ["a degraded environment, time not served", { infra: degraded, ...early }, "pause"],
  [
    "a degraded environment while something has to be asked",
    { infra: degraded, measuredRequests: 1000, ...extended },
    "hold inconclusive",
  ],
  ["inconclusive smoke checks", { smoke: smoke("INCONCLUSIVE") }, "extend"],
  ["no measurement of the candidate", { metrics: metrics({ proven: false, candidateExposure: 0 }) }, "extend"],

  ["neither metrics nor smoke checks", { metrics: undefined, smoke: undefined }, "advance unproven"],
  [
    "smoke checks that do not apply",
    { smoke: { outcome: "NOT_APPLICABLE", reason: "none configured" } },
    "advance proven",
  ],
];

describe("decideStage", () => {
  it.each(cases)("%s", (_, change, expected) => {
    expect(brief(decideStage({ ...done, ...change }))).toBe(expected);
  });

  it("says what it waits for", () => {
    const decision = decideStage({ ...done, ...early, measuredRequests: 400 });
    expect(decision).toEqual({
      do: "continue",
      waitsFor: "6 min 00 s more; 102 of at least 500 requests served by the new version",
    });
  });

  it("names the acceptance among its reasons", () => {
    const decision = decideStage({ ...done, metrics: worse, accepted: true });
    expect(decision.do === "advance" && decision.reasons[0]?.code).toBe("risk-accepted");
  });

  const outcome = fc.constantFrom<Outcome3>("PASS", "FAIL", "INCONCLUSIVE");
  const anyPoll = fc
    .record({
      regression: outcome,
      slo: outcome,
      proven: fc.boolean(),
      exposure: fc.constantFrom(0, 10, 5000),
      smoke: outcome,
      infra: fc.constantFrom("HEALTHY" as const, "DEGRADED" as const, "UNHEALTHY" as const),
      poll: fc.record({
        servedMs: fc.constantFrom(0, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE),
        extendedMs: fc.constantFrom(0, 10 * MINUTE),
        rollbackOnRegression: fc.boolean(),
        accepted: fc.boolean(),
        measuredRequests: fc.constantFrom(0, 1000, 20_000),
        versionsReadBack: fc.boolean(),
        final: fc.boolean(),
        deadForMs: fc.constantFrom(0, MINUTE, 20 * MINUTE, 90 * MINUTE),
        probesFail: fc.boolean(),
        degradedForMs: fc.constantFrom(0, 9 * MINUTE, 10 * MINUTE),
        shareOffForMs: fc.constantFrom(0, 9 * MINUTE, 10 * MINUTE),
        measuredSharePct: fc.constantFrom(25, 60),
        gapsMs: fc.constantFrom(0, 31 * MINUTE),
        smokeCleanForMs: fc.constantFrom(undefined, 0, 9 * MINUTE, 10 * MINUTE),
      }),
    })
    .map(({ regression, slo, proven, exposure, smoke: seen, infra, poll }): StagePoll => {
      const reading = metrics({
        regression: bare(regression, "r"),
        slo: bare(slo, "s"),
        proven,
        candidateExposure: exposure,
      });
      return {
        ...done,
        ...poll,
        metrics: reading,
        smoke: smoke(seen),
        infra: { status: infra, reasons: [{ code: "i", text: "i" }] },
      };
    });

  it("never rolls back without a FAIL, an unhealthy version or a dead source, and never advances over harm", () => {
    fc.assert(
      fc.property(anyPoll, (poll) => {
        const decision = decideStage(poll);
        const harm =
          poll.metrics?.slo.outcome === "FAIL" || poll.smoke?.outcome === "FAIL" || poll.infra.status === "UNHEALTHY";
        const regressed = poll.metrics?.regression.outcome === "FAIL" && !poll.accepted;
        const dead = poll.deadForMs >= 5 * MINUTE;
        const amiss = poll.infra.status === "DEGRADED" || (poll.measuredSharePct === 60 && poll.measuredRequests > 0);
        const overdue = amiss && Math.max(poll.degradedForMs, poll.shareOffForMs) >= 10 * MINUTE;
        if (decision.do === "rollback") {
          expect(harm || (regressed && poll.rollbackOnRegression) || dead || overdue).toBe(true);
        }
        if (harm) expect(decision.do).toBe("rollback");
        if (decision.do !== "advance") return;
        expect(regressed || poll.deadForMs > 0 || !poll.versionsReadBack || amiss).toBe(false);
        expect(poll.smokeCleanForMs ?? Infinity).toBeGreaterThanOrEqual(poll.plannedMs);
        expect(poll.servedMs).toBeGreaterThanOrEqual(poll.plannedMs + poll.extendedMs);
        if (poll.final && !poll.accepted) expect(decision.proven).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("is never offered a second extension", () => {
    fc.assert(
      fc.property(anyPoll, (poll) => {
        if (poll.extendedMs > 0) expect(decideStage(poll).do).not.toBe("extend");
      }),
    );
  });
});
