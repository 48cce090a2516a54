import { describe, expect, test } from "vitest";
import { deliveryOf, fate, leadTimeMs } from "../../mcp-server/record/delivery.ts";
import { HistoryEntry } from "../../mcp-server/record/history.ts";

const entry = (day: number, outcome: string, more: object = {}): HistoryEntry =>
  HistoryEntry.parse({
    runId: `dpl-202603${String(day).padStart(2, "0")}T120000Z-00000a`,
    version: `2.${day}.0`,
    strategy: "canary",
    outcome,
    startedAt: `2026-03-${String(day).padStart(2, "0")}T12:00:00.000Z`,
    endedAt: `2026-03-${String(day).padStart(2, "0")}T12:30:00.000Z`,
    durationMs: 1_800_000,
    ...more,
  });

describe("how well a service is delivered", () => {
  test.each([
    ["SUCCESS", "stayed"],
    ["SUCCESS_RISK_ACCEPTED", "stayed"],
    ["UNPROVEN", "stayed"],
    ["ROLLED_BACK", "failed"],
    ["ROLLBACK_FAILED", "failed"],
    ["BLOCKED", "stopped"],
    ["ABORTED", "stopped"],
  ])("%s counts as %s", (outcome, kind) => expect(fate(entry(1, outcome))).toBe(kind));

  test("two weeks with three deployments, one failure, one blocked release", () => {
    const runs = [
      entry(1, "SUCCESS", { committedAt: "2026-03-01T10:30:00.000Z" }),
      entry(3, "BLOCKED", { committedAt: "2026-03-01T10:30:00.000Z" }),
      entry(5, "ROLLED_BACK", { restoreMs: 4_000 }),
      entry(8, "UNPROVEN", { committedAt: "2026-03-08T08:30:00.000Z" }),
      entry(15, "SUCCESS"),
    ];
    expect(deliveryOf(runs)).toMatchObject({
      runs: 5,
      deployments: 3,
      failures: 1,
      stopped: 1,
      changeFailureRatePct: 25,
      leadTime: { known: 2, medianMs: 3 * 3_600_000, shortestMs: 2 * 3_600_000, longestMs: 4 * 3_600_000 },
      timeToRestore: { known: 1, medianMs: 4_000 },
    });
    expect(deliveryOf(runs).deploymentsPerWeek).toBeCloseTo(3 / (14.02083 / 7), 3);
  });

  test("what is not known is null, never nought", () => {
    expect(deliveryOf([])).toMatchObject({
      runs: 0,
      spanMs: null,
      deploymentsPerWeek: null,
      changeFailureRatePct: null,
      leadTime: { known: 0, medianMs: null },
      timeToRestore: { medianMs: null },
    });
    expect(deliveryOf([entry(1, "BLOCKED")]).changeFailureRatePct).toBeNull();
    expect(deliveryOf([entry(1, "SUCCESS")]).deploymentsPerWeek).toBeNull();
  });

  test("a commit from after the run, or of a version that went back, has no lead time", () => {
    expect(leadTimeMs(entry(1, "SUCCESS", { committedAt: "2026-03-02T00:00:00.000Z" }))).toBeUndefined();
    expect(leadTimeMs(entry(1, "ROLLED_BACK", { committedAt: "2026-02-02T00:00:00.000Z" }))).toBeUndefined();
  });
});
