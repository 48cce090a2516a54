import { describe, expect, it } from "vitest";
import type { RunStatus } from "../../mcp-server/flow/status.ts";
import { notEnded } from "../../mcp-server/hosts/cli/final.ts";
import { panelLines } from "../../mcp-server/hosts/cli/panel.ts";
import type { MetricId } from "../../mcp-server/vocab/index.ts";

const STATUS: RunStatus = {
  state: "running",
  understood: [],
  runId: "dpl-20260131T123045Z-abcdef",
  service: "shop",
  version: "2.0.0",
  previousVersion: "1.9.0",
  strategy: "canary",
  step: "execute",
  doing: "watching 25 % on 2.0.0",
  weightPct: 25,
  measuredSharePct: 24.8,
  servedMs: 130_000,
  plannedMs: 600_000,
  metrics: [
    {
      id: "error-rate" as MetricId,
      unit: "%",
      baselineKind: "concurrent",
      baseline: { value: 0.1, exposure: 9980 },
      candidate: { value: 0.12, exposure: 1204 },
      change: 0.02,
      changeUnit: "pp",
      limit: 0,
      trigger: 2,
      evidence: 1.2,
      needed: 125,
      outcome: "INCONCLUSIVE",
      waitsFor: "about 300 more requests",
    },
  ],
  gates: [],
  reasons: [],
  runner: { alive: true },
  artifacts: [],
  notices: [],
  next: "nothing",
};

describe("the live panel", () => {
  it("shows stage, both arms, evidence and what is waited for", () => {
    const text = panelLines(STATUS, { columns: 200, colours: false }).join("\n");
    expect(text).toContain("shop 2.0.0 after 1.9.0 · canary · dpl-20260131T123045Z-abcdef");
    expect(text).toMatch(/█+░+ execute at 25 % \(measured 24\.8 %\) {2}2 min 10 s of 10 min 00 s/);
    expect(text).toContain("new 0.12 % of 1204 | old 0.1 % of 9980 | +0.02 pp open evidence 1.2/125");
    expect(text).toContain("now    watching 25 % on 2.0.0");
    expect(text).not.toContain("\u001b");
  });

  it.each([40, 60, 100])("never gets wider than %i columns, colours or not", (columns) => {
    for (const colours of [false, true]) {
      for (const line of panelLines(STATUS, { columns, colours })) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours count for no width
        expect([...line.replace(/\u001b\[[0-9;]*m/g, "")].length).toBeLessThanOrEqual(columns);
      }
    }
  });

  it("says what is asked and for how long", () => {
    const asked = {
      ...STATUS,
      question: { about: "regression", text: "worse?", options: ["rollback", "accept"], remainingMs: 60_000 },
    };
    expect(panelLines(asked, { columns: 100, colours: false })).toContain("asks   rollback | accept, 1 min 00 s left");
  });
});

describe("what is said of a run without an outcome", () => {
  it.each([
    [{ ...STATUS, state: "none" as const, runId: undefined }, "no run\nnext: nothing"],
    [STATUS, "dpl-20260131T123045Z-abcdef: running, watching 25 % on 2.0.0\nnext: nothing"],
  ])("%#", ({ runId, ...status }, expected) => {
    expect(notEnded(runId === undefined ? status : { ...status, runId })).toBe(expected);
  });
});
