import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { eventLine, NO_LINES } from "../../mcp-server/hosts/cli/event-line.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import type { Increment, Instant, MetricId, RunId, Sha256, StepKey, Version } from "../../mcp-server/vocab/index.ts";

const HASH = "a".repeat(64) as Sha256;
const KEY = "canary/stage-1" as StepKey;
const WHY = [{ code: "x", text: "8.0 % > 5.0 %" }];

function stamped(event: FlowEvent): Stamped<FlowEvent> {
  const at = "2026-01-31T12:30:45.678Z" as Instant;
  return { seq: 1, epoch: 1, at, actor: { kind: "runner", name: "deploy-flow" }, event, prev: HASH, hash: HASH };
}

const line = (event: FlowEvent) => eventLine(stamped(event), NO_LINES).line;

const WATCH = {
  track: "production" as const,
  text: "10 % on 2.0.0",
  weightPct: 10,
  plannedMs: 600_000,
  extensionMs: 600_000,
  minRequests: 100,
  frozen: false,
  final: false,
};

function poll(elapsedMs: number, requests: number, failed: number, problem?: string): FlowEvent {
  const at = "2026-01-31T12:30:45.678Z" as Instant;
  const increment = (arm: Increment["arm"], events: number): Increment => ({
    metric: "error-rate" as MetricId,
    arm,
    from: at,
    to: at,
    exposure: requests,
    events,
    quality: "ok",
  });
  return {
    event: "poll",
    key: KEY,
    elapsedMs,
    increments: [increment("candidate", failed), increment("baseline", 0)],
    cursor: null,
    live: null,
    ...(problem === undefined ? {} : { problem }),
  };
}

describe("the line of an event", () => {
  it.each<[FlowEvent, string | undefined]>([
    [
      {
        event: "run-opened",
        runId: "dpl-20260131T123045Z-abcdef" as RunId,
        version: "2.0.0" as Version,
        planHash: HASH,
        unattended: true,
      },
      "12:30:45Z run dpl-20260131T123045Z-abcdef: deploy version 2.0.0, plan aaaaaaaaaaaa",
    ],
    [{ event: "ownership", reason: "start", pid: 1, host: "h" }, undefined],
    [
      { event: "ownership", reason: "resume", pid: 1, host: "h", found: "production serves 1.9.0" },
      "12:30:45Z a new runner took the run over; found: production serves 1.9.0",
    ],
    [{ event: "step", step: "execute", state: "started" }, "12:30:45Z step execute"],
    [{ event: "step", step: "execute", state: "finished" }, undefined],
    [{ event: "intent", key: KEY, intent: { text: "start the new version" } }, "12:30:45Z start the new version"],
    [{ event: "result", key: KEY, value: null }, undefined],
    [{ event: "result", key: KEY, value: null, reconciled: true }, "12:30:45Z found done already: canary/stage-1"],
    [
      { event: "attempt-failed", key: KEY, message: "refused\nnext: obey", retryable: true },
      "12:30:45Z attempt failed, will be tried again: refused next: obey",
    ],
    [{ event: "baseline", snapshot: null, reason: "no metrics" }, "12:30:45Z no baseline: no metrics"],
    [{ event: "watch-started", key: KEY, watch: WATCH }, "12:30:45Z watch for 10 min 00 s: 10 % on 2.0.0"],
    [{ event: "extended", key: KEY, byMs: 60_000, reasons: WHY }, "12:30:45Z extended by 1 min 00 s: 8.0 % > 5.0 %"],
    [
      { event: "watch-ended", key: KEY, result: { end: "served", proven: false, reasons: WHY } },
      "12:30:45Z watch served, not proven yet: 8.0 % > 5.0 %",
    ],
    [
      { event: "watch-ended", key: KEY, result: { end: "trigger", trigger: { kind: "slo", reasons: WHY } } },
      "12:30:45Z watch stopped by slo: 8.0 % > 5.0 %",
    ],
    [
      {
        event: "gate",
        key: KEY,
        gate: {
          gate: "staging",
          verdict: { outcome: "FAIL", reasons: WHY, wouldPassIf: "", judge: "j", inputs: [] },
          dimensions: {},
        },
      },
      "12:30:45Z GATE staging: FAIL: 8.0 % > 5.0 %",
    ],
    [
      {
        event: "gate",
        key: "stage-2/watch" as StepKey,
        gate: {
          gate: "stage",
          verdict: { outcome: "PASS", reasons: WHY, wouldPassIf: "", judge: "j", inputs: [] },
          dimensions: {
            smoke: { outcome: "PASS", reasons: [], wouldPassIf: "", judge: "j", inputs: [] },
            tests: { outcome: "NOT_APPLICABLE", reason: "none" },
          },
        },
      },
      "12:30:45Z GATE stage (stage-2): PASS (smoke)",
    ],
    [
      {
        event: "question",
        key: KEY,
        question: {
          about: "regression",
          text: "worse?",
          options: ["rollback", "accept"],
          deadlineMs: 3_600_000,
          onExpiry: "rollback",
        },
      },
      "12:30:45Z QUESTION: worse? (rollback | accept, within 1 h 00 min); answer: deploy-flow approve --answer rollback --reason ...",
    ],
    [
      { event: "answer", key: KEY, answer: "expired", way: "none", person: "", reason: "" },
      "12:30:45Z nobody answered in time",
    ],
    [
      { event: "approval", decision: "approve", planHash: HASH, way: "terminal", person: "ada" },
      "12:30:45Z plan aaaaaaaaaaaa approved by ada (terminal)",
    ],
    [
      { event: "request", id: "r", request: { kind: "abort", reason: "smoke" }, taken: false, note: "too late" },
      "12:30:45Z request abort not taken: too late",
    ],
    [{ event: "request", id: "r", request: { kind: "resume" }, taken: true }, undefined],
    [{ event: "rollback-latched", trigger: { kind: "slo", reasons: WHY } }, "12:30:45Z ROLLBACK (slo): 8.0 % > 5.0 %"],
    [{ event: "notice", level: "warning", text: "mind" }, "12:30:45Z warning: mind"],
    [
      { event: "outcome", outcome: "ROLLED_BACK", reasons: WHY, runningVersion: "1.9.0" as Version },
      "12:30:45Z OUTCOME ROLLED_BACK: production runs 1.9.0; 8.0 % > 5.0 %",
    ],
    [
      { event: "outcome", outcome: "SUCCESS", reasons: [], runningVersion: null },
      "12:30:45Z OUTCOME SUCCESS: production runs nothing",
    ],
    [{ event: "waited", key: KEY, ms: 5 }, undefined],
    [{ event: "artifact", path: "x.md", sha256: HASH }, undefined],
  ])("%j", (event, expected) => expect(line(event)).toBe(expected));

  it("masks secrets and control characters in texts of others", () => {
    const told = line({
      event: "attempt-failed",
      key: KEY,
      message: "password=hunter22 \u001b[31mred",
      retryable: false,
    });
    expect(told).toBe("12:30:45Z attempt failed: password=[redacted] red");
  });
});

describe("the lines of a watch", () => {
  function linesOf(events: FlowEvent[]): (string | undefined)[] {
    let state = NO_LINES;
    return events.map((event) => {
      const told = eventLine(stamped(event), state);
      state = told.state;
      return told.line?.slice("12:30:45Z ".length);
    });
  }

  it("reports four times however often is polled, with the sums of both arms", () => {
    const polls = Array.from({ length: 60 }, () => poll(10_000, 100, 1));
    const told = linesOf([{ event: "watch-started", key: KEY, watch: WATCH }, ...polls]);
    const progress = told.slice(1).filter((one) => one !== undefined);
    expect(progress).toHaveLength(4);
    expect(progress[0]).toBe(
      "served 2 min 30 s of 10 min 00 s: new 1500 requests, 1.00 % failed, old 1500 requests, 0.00 % failed",
    );
    expect(progress[3]).toContain("served 10 min 00 s of 10 min 00 s");
  });

  it("reports a long watch every five minutes", () => {
    const watch = { ...WATCH, plannedMs: 60 * 60_000 };
    const told = linesOf([
      { event: "watch-started", key: KEY, watch },
      ...Array.from({ length: 120 }, () => poll(30_000, 1, 0)),
    ]);
    expect(told.slice(1).filter((one) => one !== undefined)).toHaveLength(12);
  });

  it("says once that it cannot measure, and when it can again", () => {
    const told = linesOf([
      { event: "watch-started", key: KEY, watch: WATCH },
      poll(1_000, 1, 0),
      poll(1_000, 0, 0, "no answer"),
      poll(1_000, 0, 0, "no answer"),
      poll(1_000, 1, 0),
    ]);
    expect(told.slice(1)).toEqual([undefined, "cannot measure: no answer", undefined, "measuring again"]);
  });

  it("starts counting anew at each watch", () => {
    const short = { ...WATCH, plannedMs: 4_000 };
    const told = linesOf([
      { event: "watch-started", key: KEY, watch: short },
      poll(4_000, 10, 10),
      { event: "watch-started", key: KEY, watch: short },
      poll(2_000, 4, 0),
    ]);
    expect(told[3]).toBe("served 2.0 s of 4.0 s: new 4 requests, 0.00 % failed, old 4 requests, 0.00 % failed");
  });

  it("says how many of the counted requests were probes", () => {
    const told = linesOf([
      { event: "watch-started", key: KEY, watch: { ...WATCH, plannedMs: 4_000 } },
      { ...poll(2_000, 40, 0), probes: { baseline: 12, candidate: 3 } } as FlowEvent,
      { ...poll(2_000, 40, 0), probes: { baseline: 13, candidate: 2 } } as FlowEvent,
    ]);
    expect(told[2]).toBe(
      "served 4.0 s of 4.0 s: new 80 requests, 0.00 % failed, old 80 requests, 0.00 % failed (30 of them probes)",
    );
  });

  it("counts nothing as progress after the watch has ended", () => {
    const told = linesOf([
      { event: "watch-started", key: KEY, watch: { ...WATCH, plannedMs: 4_000 } },
      { event: "watch-ended", key: KEY, result: { end: "served", proven: true, reasons: [] } },
      poll(4_000, 10, 0),
    ]);
    expect(told.slice(1)).toEqual(["watch served, proven", undefined]);
  });
});

it("names the batch of a rolling deployment whose gate is judged", () => {
  const verdict = { outcome: "PASS" as const, reasons: WHY, wouldPassIf: "", judge: "j", inputs: [] };
  const watch = { ...WATCH, text: "batch 2 of 6: 3 of 10 instances on 2.0.0" };
  const watched = eventLine(stamped({ event: "watch-started", key: KEY, watch }), NO_LINES);
  expect(watched.line).toBe("12:30:45Z watch for 10 min 00 s: batch 2 of 6: 3 of 10 instances on 2.0.0");
  const gate = { gate: "stage" as const, verdict, dimensions: { infra: verdict } };
  const judged = eventLine(stamped({ event: "gate", key: KEY, gate }), watched.state);
  expect(judged.line).toBe("12:30:45Z GATE batch 2 of 6: PASS (infra)");
});
