import { readdirSync } from "node:fs";
import { join } from "node:path";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { briefsDue } from "../../mcp-server/flow/briefs/due.ts";
import { BRIEFS } from "../../mcp-server/flow/briefs/table.ts";
import { briefsNow } from "../../mcp-server/flow/briefs/texts.ts";
import type { Plan } from "../../mcp-server/flow/plan.ts";
import { emptyState, type RunState } from "../../mcp-server/flow/run-state.ts";
import { isBriefId } from "../../mcp-server/record/briefs.ts";
import { fakeWorld } from "./fake-world.ts";
import "./without-reports.ts";

const ROOT = join(import.meta.dirname, "../..");
const base = fakeWorld({}).plan;

function planAt(depth: Plan["depth"]): Plan {
  return { ...base, depth };
}

/** A run that is in a step, or over. */
function at(plan: Plan, step: string, over: Partial<RunState> = {}): RunState {
  const state = emptyState(plan);
  state.adviceMs = 60_000;
  state.steps.push({ step: step as never, startedAt: "2026-01-01T00:00:00.000Z" as never, endedAt: undefined });
  return Object.assign(state, over);
}

const OVER = { outcome: { outcome: "SUCCESS", reasons: [], at: "2026-01-01T00:10:00.000Z" } } as never as RunState;
const ids = (plan: Plan, state: RunState) => briefsDue(plan, state).map(({ id }) => id);

describe("briefs", () => {
  it("each have a template of their name, an agent that ships, and a role and step of their own", () => {
    const files = readdirSync(join(ROOT, "templates/briefs")).map((file) => file.replace(".hbs", ""));
    expect(files.filter((file) => file !== "frame").sort()).toEqual(BRIEFS.map(({ id }) => id).sort());
    const agents = readdirSync(join(ROOT, "skill/agents")).map((file) => file.replace(".md", ""));
    for (const { id, role, step } of BRIEFS) {
      expect(isBriefId(id), id).toBe(true);
      expect(agents).toContain(role);
      expect(id).toBe(`${step}-${role}`);
    }
    expect(new Set(BRIEFS.map(({ role }) => role)).size).toBe(8);
  });

  it.each<[string, Plan["depth"], RunState | string, string[]]>([
    ["nobody at depth minimal", "minimal", "readiness", []],
    [
      "three at once before readiness",
      "standard",
      "readiness",
      ["project-manager", "devops-engineer", "reliability-engineer"],
    ],
    [
      "the strategy's advocate too, thoroughly",
      "thorough",
      "readiness",
      ["deployment-manager", "project-manager", "devops-engineer", "reliability-engineer"],
    ],
    ["nobody for a baseline", "standard", "baseline", []],
    ["nobody while users are exposed", "standard", "execute", []],
    [
      "two after the outcome",
      "standard",
      Object.assign(at(base, "report"), OVER),
      ["deployment-manager", "support-lead"],
    ],
    ["nobody once the archive is begun", "standard", Object.assign(at(base, "report"), OVER, { archiveDir: "x" }), []],
  ])("ask %s", (_what, depth, place, roles) => {
    const plan = planAt(depth);
    const state = typeof place === "string" ? at(plan, place) : place;
    expect(briefsDue(plan, state).map(({ role }) => role)).toEqual(roles);
  });

  it("explain a failed staging gate and a rollback once the outcome is known", () => {
    const plan = planAt("standard");
    const gate = { gate: "staging", verdict: { outcome: "FAIL", reasons: [] } } as never;
    const blocked = Object.assign(at(plan, "report"), OVER, { gates: new Map([["staging/gate", gate]]) });
    expect(ids(plan, blocked)).toEqual([
      "staging-regression-analyst",
      "report-deployment-manager",
      "report-support-lead",
    ]);
    const back = Object.assign(at(plan, "report"), OVER, { latched: { kind: "slo", reasons: [] } });
    expect(ids(plan, back)).toEqual([
      "rollback-regression-analyst",
      "rollback-incident-commander",
      "report-deployment-manager",
      "report-support-lead",
    ]);
  });

  it("are not asked of a run that no agent started, nor twice of a role that answered", () => {
    const plan = planAt("standard");
    expect(ids(plan, Object.assign(at(plan, "readiness"), { adviceMs: 0 }))).toEqual([]);
    const answered = at(plan, "readiness");
    answered.advice.push({
      step: "readiness",
      role: "devops-engineer",
      text: "x",
      at: "2026-01-01T00:00:00.000Z" as never,
      finding: undefined,
    });
    expect(ids(plan, answered)).toEqual(["readiness-project-manager", "readiness-reliability-engineer"]);
  });

  it("of a rollback name the incident and the people that were named, and no others", () => {
    const latched = { kind: "slo", reasons: [] };
    const briefOf = (plan: Plan, over: object) =>
      briefsNow(plan, Object.assign(at(plan, "report"), OVER, { latched, ...over })).find(
        ({ role }) => role === "incident-commander",
      )?.text ?? "";
    expect(briefOf(planAt("standard"), {})).toContain("- incident: none was named yet");
    const declared = {
      sideEffects: [{ what: "orders in the queue", treatment: "the old version reads them" }],
      escalation: { contacts: [{ role: "incident commander", reach: "pager" }] },
    };
    const text = briefOf({ ...planAt("standard"), declared }, { incident: { incident: "INC-7", person: "ada" } });
    expect(text).toContain("- incident INC-7, named by ada");
    expect(text).toContain("- going back leaves, as declared: orders in the queue (the old version reads them)");
    expect(text).toContain("- people are called in this order: incident commander: pager");
    expect(encode(text).length).toBeLessThanOrEqual(600);
    expect(briefsNow(planAt("standard"), at(planAt("standard"), "readiness"))[0]?.text).not.toContain("incident:");
  });

  it("are short, carry facts of this run, and say how to hand in", () => {
    const plan = planAt("thorough");
    for (const step of ["readiness", "staging", "baseline", "execute", "observe", "rollback"]) {
      for (const { id, text } of briefsNow(plan, at(plan, step))) {
        expect(encode(text).length, id).toBeLessThanOrEqual(600);
        expect(text).toContain(plan.version);
        expect(text).toContain(`findings-${id}.md`);
      }
    }
  });
});
