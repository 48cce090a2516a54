import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { readinessDifference } from "../../mcp-server/flow/readiness-state.ts";
import { healthOf } from "../../mcp-server/flow/runbooks/readiness-looks.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import type { Instant } from "../../mcp-server/vocab/index.ts";
import type { FakeHttp } from "../fakes/index.ts";
import { type FakeWorld, fakeWorld, type WorldOptions } from "./fake-world.ts";

const MINUTE = 60_000;
const FLOORS = {
  canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
  observe: "15m",
};
/** Nobody answers the command of fakeExec but with code 0; a URL that is not known refuses the connection. */
const PASSING = { kind: "command", id: "signature", criterion: "SEC-2", command: ["verify"] };
const FAILING = { kind: "http", id: "tracker", criterion: "TST-3", url: "http://tracker.test/" };
const ATTESTED = { kind: "attestation", id: "no-incident", criterion: "ENV-2", statement: "no incident is open" };

const world = (readiness: object, o: WorldOptions = {}) =>
  fakeWorld({ ...o, config: { ...(o.production ? FLOORS : {}), readiness, ...o.config } });

const outcomeOf = (one: FakeWorld) => one.state().outcome?.outcome;
const reports = (one: FakeWorld) => [...one.state().readiness.values()].map(({ report }) => report);
const asks = (about: string) => (stamped: Stamped<FlowEvent>) =>
  stamped.event.event === "question" && stamped.event.question.about === about;
const answer = (one: FakeWorld, given: "continue" | "reject" | "attest") =>
  one.ask({ kind: "answer", answer: given, way: "terminal", person: "ada", reason: "looked at it" });

function approveNow(one: FakeWorld): void {
  const opened = one.events()[0]?.event;
  if (opened?.event !== "run-opened") return;
  one.ask({ kind: "approve", decision: "approve", planHash: opened.planHash, way: "terminal", person: "ada" });
}

function approve(one: FakeWorld): void {
  one.when(asks("approval"), () => approveNow(one));
}

describe("readiness in a run", () => {
  test("goes to staging first, and looks again before production is changed", async () => {
    const one = world({ checks: [PASSING] });
    expect((await one.live()).ended).toBe("archived");
    expect(outcomeOf(one)).toBe("SUCCESS");
    expect(reports(one).map(({ row, reach }) => [row, reach])).toEqual([
      ["A6", "staging"],
      ["A7", "production"],
    ]);
    const first = one.events().findIndex(({ event }) => event.event === "intent" && event.intent.env === "production");
    const second = one.events().findLastIndex(({ event }) => event.event === "readiness");
    expect(second).toBeLessThan(first);
  });

  test("blocks where production is not well, and touches nothing", async () => {
    const one = world({});
    one.senses.lockLost = true;
    await one.live();
    expect(outcomeOf(one)).toBe("BLOCKED");
    expect(reports(one).at(-1)).toMatchObject({ decision: "NO_GO", row: "A1" });
    expect(one.platform.calls.filter(({ op }) => op === "apply")).toEqual([]);
  });

  test("blocks before exposure when the second look finds what the first did not", async () => {
    const one = world({});
    one.when(
      ({ event }) => event.event === "step" && event.step === "baseline" && event.state === "started",
      () => {
        one.senses.lockLost = true;
      },
    );
    await one.live();
    expect([outcomeOf(one), one.state().exposed]).toEqual(["BLOCKED", false]);
    expect(reports(one).map(({ decision }) => decision)).toEqual(["CONDITIONAL_GO", "NO_GO"]);
  });

  test("asks nobody about conditions where there are no real users", async () => {
    const one = world({ checks: [FAILING] });
    await one.live();
    expect(outcomeOf(one)).toBe("SUCCESS");
    expect(one.events().some(asks("conditions"))).toBe(false);
  });

  test.each([
    ["continue", "SUCCESS"],
    ["reject", "BLOCKED"],
    ["silence", "BLOCKED"],
  ] as const)("with real users, a condition that nobody expected: %s", async (given, outcome) => {
    const one = world({ checks: [FAILING] }, { production: true });
    approve(one);
    if (given !== "silence") one.when(asks("conditions"), () => void answer(one, given));
    await one.live();
    expect(outcomeOf(one)).toBe(outcome);
    if (given === "continue") {
      const taken = reports(one)
        .at(-1)
        ?.conditions.find(({ criterion }) => criterion === "TST-3");
      expect(taken?.acknowledgedBy).toBe("ada");
    }
  });

  test("a condition is watched while users are exposed: what gets worse is said once, and decides nothing", async () => {
    const one = world(
      { checks: [FAILING] },
      { production: true, config: { canary: { stages: [20, 50, 100], stageDuration: "10m", minRequests: 50 } } },
    );
    approve(one);
    one.when(asks("conditions"), () => void answer(one, "continue"));
    one.when(
      ({ event }) => event.event === "watch-started" && event.key === "stage-1/watch",
      () => {
        (one.project.ports.http as FakeHttp).routes["http://tracker.test/"] = { status: 500, body: "3 open P0" };
      },
    );
    await one.live();
    expect(outcomeOf(one)).toBe("SUCCESS");
    const looks = one
      .events()
      .flatMap(({ event }) => (event.event === "intent" && event.key.startsWith("conditions/") ? [event.key] : []));
    expect(looks).toEqual([
      "conditions/stage-2/tracker",
      "conditions/stage-3/tracker",
      "conditions/production/tracker",
    ]);
    const said = one.state().notices.filter(({ text }) => text.startsWith("the condition TST-3 has become worse"));
    expect(said).toHaveLength(1);
  });

  test("a word on a condition does not cover what is found wrong later", async () => {
    const one = world({ validFor: "1m", checks: [FAILING] }, { production: true });
    one.when(asks("conditions"), () => void answer(one, "continue"));
    one.when(asks("approval"), async () => {
      await one.clock.sleep(10 * MINUTE, new AbortController().signal);
      const finding = { criterion: "TST-3", status: "fail" } as const;
      one.ask({ kind: "advice", step: "readiness", role: "qa-engineer", text: "orders are lost, P0", finding });
      approveNow(one);
    });
    await one.live();
    expect(outcomeOf(one)).toBe("BLOCKED");
    expect(one.events().filter(asks("conditions"))).toHaveLength(2);
  });

  test.each([
    ["attest", "SUCCESS"],
    ["reject", "BLOCKED"],
    ["silence", "BLOCKED"],
  ] as const)("a mandatory criterion that a person attests: %s", async (given, outcome) => {
    const one = world({ require: ["ENV-2"], checks: [ATTESTED] });
    if (given !== "silence") one.when(asks("attestation"), () => void answer(one, given));
    await one.live();
    expect(outcomeOf(one)).toBe(outcome);
  });

  test("what a person attests of one criterion is no word on the next that is asked about", async () => {
    const second = { ...ATTESTED, id: "on-call", criterion: "REL-3", statement: "somebody is on call" };
    const one = world({ require: ["ENV-2", "REL-3"], checks: [ATTESTED, second] });
    const question = "readiness/1/no-incident/attest";
    const word = {
      kind: "answer",
      answer: "attest",
      question,
      way: "terminal",
      person: "ada",
      reason: "looked",
    } as const;
    const receipts: unknown[] = [];
    for (const check of ["no-incident", "on-call"]) {
      one.when(
        ({ event }) => event.event === "question" && event.key === `readiness/1/${check}/attest`,
        () => void receipts.push(one.ask(word)),
      );
    }
    await one.live();
    expect(receipts).toMatchObject([{ taken: true }, { taken: false }]);
    expect(outcomeOf(one)).toBe("BLOCKED");
  });

  test("an agent's finding lowers what a check says", async () => {
    const one = world({ require: ["SEC-2"], checks: [PASSING] });
    one.when(
      ({ event }) => event.event === "run-opened",
      () => {
        const finding = { criterion: "SEC-2", status: "fail" } as const;
        one.ask({ kind: "advice", step: "readiness", role: "security-gatekeeper", text: "a key is in it", finding });
      },
    );
    await one.live();
    expect(outcomeOf(one)).toBe("BLOCKED");
  });

  test("everything is asked again when the GO has expired", async () => {
    const one = world({ validFor: "1m", checks: [PASSING] }, { production: true });
    one.when(asks("approval"), async () => {
      await one.clock.sleep(10 * MINUTE, new AbortController().signal);
      approveNow(one);
    });
    await one.live();
    expect(outcomeOf(one)).toBe("SUCCESS");
    expect([...one.state().readiness.values()].map(({ full }) => full)).toEqual([true, true]);
  });

  test("what an agent found before the GO expired is asked for again", async () => {
    const asked = { kind: "finding", id: "notes", criterion: "OPS-1", role: "support-lead", wait: "1m" };
    const one = world({ validFor: "1m", checks: [asked] }, { production: true });
    one.when(
      ({ event }) => event.event === "run-opened",
      () => {
        const finding = { criterion: "OPS-1", status: "pass" } as const;
        one.ask({ kind: "advice", step: "readiness", role: "support-lead", text: "drafted", finding });
      },
    );
    one.when(asks("approval"), async () => {
      await one.clock.sleep(10 * MINUTE, new AbortController().signal);
      approveNow(one);
    });
    await one.live();
    expect(outcomeOf(one)).toBe("BLOCKED");
    const status = reports(one).map(({ results }) => results.find(({ criterion }) => criterion === "OPS-1")?.status);
    expect(status).toEqual(["pass", "unknown"]);
  });

  test("verify finds a decision that its answers do not give", async () => {
    const one = world({});
    one.senses.lockLost = true;
    await one.live();
    const stamped = one.events().find(({ event }) => event.event === "readiness");
    if (stamped?.event.event !== "readiness") throw new Error("no report");
    const { event, at } = stamped;
    expect(readinessDifference(one.state(), at, event)).toBeUndefined();
    const forged = { ...event, report: { ...event.report, decision: "GO" as const } };
    expect(readinessDifference(one.state(), at, forged)).toContain("recorded GO, the answers give NO_GO");
  });

  test("a crash at every event before production leaves the same outcome", async () => {
    const whole = world({ checks: [PASSING, ATTESTED] });
    whole.when(asks("attestation"), () => void answer(whole, "attest"));
    await whole.live();
    const end = whole.events().findLastIndex(({ event }) => event.event === "readiness");
    for (let n = 1; n <= end + 2; n += 1) {
      const one = world({ checks: [PASSING, ATTESTED] });
      one.when(asks("attestation"), () => void answer(one, "attest"));
      await one.live({ at: "append", n });
      for (let life = 0; life < 3 && !one.state().archiveDir; life += 1) {
        if (one.state().question) answer(one, "attest");
        await one.live();
      }
      expect([n, outcomeOf(one)]).toEqual([n, "SUCCESS"]);
    }
  }, 120_000);
});

test.each([
  [true, "fail"],
  [false, "pass"],
])("production that serves nobody, where the plan knows of a version that does: %s", (isServed, status) => {
  const at = "2026-03-01T12:00:00.000Z" as Instant;
  const live = { pools: [], instances: [], measuredSharePct: {}, measuredRequests: 0, entryUrl: "", readAt: at };
  expect(healthOf(live, live, isServed).status).toBe(status);
});
