import { describe, expect, test } from "vitest";
import { planHash } from "../../../mcp-server/flow/plan.ts";
import { problemOf, problemText, tellsProblem } from "../../../mcp-server/flow/views/problem.ts";
import { progressText } from "../../../mcp-server/flow/views/progress.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { startText } from "../../../mcp-server/flow/views/start.ts";
import { aborted, blocked, notReady, rollbackFailed, rolledBack, success, unproven } from "./journals.ts";

type Told = ReturnType<typeof success>;
const problem = ({ state, events }: Told) => problemText(state.plan, events);
/** As it was told when it happened: up to the first event that tells it. */
const atOnce = ({ state, events }: Told) => {
  const index = events.findIndex(({ event }) => tellsProblem(event));
  return index < 0 ? undefined : problemText(state.plan, events.slice(0, index + 1));
};

describe("what is told at the start", () => {
  test("is what was planned", () => {
    const { plan } = success().state;
    // The hash changes with every member that a plan gets.
    expect(planHash(plan)).toMatch(/^[0-9a-f]{64}$/);
    expect(startText(plan, "0".repeat(64) as ReturnType<typeof planHash>)).toMatchSnapshot();
  });
});

describe("progress", () => {
  test.each([
    ["success", success()],
    ["blocked", blocked()],
    ["rolled back", rolledBack()],
    ["not ready", notReady()],
  ])("of a run that was %s", (_name, run) => {
    expect(progressText(run.state.plan, run.events, "read the report")).toMatchSnapshot();
  });

  test("tells nothing that has not happened, at every event of a run", () => {
    const { state, events } = rolledBack();
    for (const [index, { event }] of events.entries()) {
      const text = progressText(state.plan, events.slice(0, index + 1), "wait") ?? "";
      const gates = events.slice(0, index + 1).filter((one) => one.event.event === "gate").length;
      expect(text.split("\n").filter((line) => /^ {2}\S+ gate /.test(line)).length, event.event).toBe(gates);
      expect(text.includes("✓ Rollback")).toBe(index >= events.findIndex((one) => one.event.event === "outcome"));
    }
    expect(progressText(state.plan, [], "wait")).toBeUndefined();
  });
});

describe("problems", () => {
  test.each([
    ["success", success(), undefined],
    ["unproven", unproven(), undefined],
    ["aborted", aborted(), undefined],
    ["not ready", notReady(), "environment-degraded"],
    ["another artifact", notReady("artifact"), "quality-gate"],
    ["blocked", blocked(), "staging-regression"],
    ["rolled back", rolledBack(), "slo-breach"],
    ["rollback failed", rollbackFailed(), "rollback-failed"],
  ])("%s: %#", (_name, run, kind) => {
    expect(problemOf(recordOf(run.state.plan, run.events))).toBe(kind);
    expect(problem(run)).toMatchSnapshot();
  });

  test("claim no success of a rollback before it was measured", () => {
    const early = atOnce(rolledBack()) ?? "";
    expect(early).toContain("⏳ all traffic on 2.0.0: under way");
    expect(early).not.toContain("verified");
    expect(early).not.toContain("Production is back");
  });
});
