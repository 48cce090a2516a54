import { describe, expect, test } from "vitest";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import { documentPath, documentsOf } from "../../mcp-server/flow/views/documents.ts";
import { recordOf } from "../../mcp-server/flow/views/record.ts";
import { startText } from "../../mcp-server/flow/views/start.ts";
import { finalSummary } from "../../mcp-server/flow/views/summary.ts";
import { ARTIFACT_KINDS } from "../../mcp-server/record/artifact-kinds/index.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { OUTCOME_EXIT } from "../../mcp-server/vocab/index.ts";
import { ARTIFACTS_OF, ARTIFACTS_OF_STRATEGY } from "../e2e/artifacts-of.ts";
import { messagesOf } from "../e2e/messages.ts";
import { type FakeWorld, fakeWorld, NEW, OLD } from "./fake-world.ts";
import { journalProblems } from "./invariants.ts";

/**
 * The shortest times that a target with real users allows are 15 minutes and more: too long for real processes, so here
 * clock, platform and users are injected, and everything else is what runs there.
 */
const FLOORS = {
  canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
  rolling: { pause: "5m", minRequests: 5 },
  observe: "15m",
  metrics: { poll: "60s" },
  approvals: { accept: ["terminal"] },
};
const MINUTE = 60_000;
/** A URL that nobody knows: a condition that the plan does not name. */
const CONDITION = { kind: "http", id: "tracker", criterion: "TST-3", url: "http://tracker.test/" };

type Asked = (stamped: Stamped<FlowEvent>) => boolean;
const asks =
  (about: string): Asked =>
  ({ event }) =>
    event.event === "question" && event.question.about === about;

function withApproval(world: FakeWorld): FakeWorld {
  const hash = planHash(world.plan);
  const approve = { kind: "approve", decision: "approve", planHash: hash, way: "terminal", person: "ada" } as const;
  world.when(asks("approval"), () => void world.ask(approve));
  return world;
}

/** Outcome and exit code, production, every document present and valid, what is told, and that it all can be judged again. */
async function expectSuccess(world: FakeWorld): Promise<void> {
  expect(await world.live()).toMatchObject({ ended: "archived" });
  const { plan } = world;
  const state = world.state();
  expect(state.outcome?.outcome, JSON.stringify(state.outcome)).toBe("SUCCESS");
  expect(OUTCOME_EXIT.SUCCESS).toBe(0);
  const serving = world.platform.pools("production").filter(({ weightPct }) => weightPct > 0);
  expect(serving.map(({ version, weightPct }) => [version, weightPct])).toEqual([[NEW, 100]]);
  expect(journalProblems(world.events())).toEqual([]);
  for (const { watch, servedMs } of state.watches.values()) expect(servedMs).toBeGreaterThanOrEqual(watch.plannedMs);

  const due = [...ARTIFACTS_OF.SUCCESS, ...ARTIFACTS_OF_STRATEGY[plan.strategy]];
  const named = due.map((path) => path.replaceAll("{version}", NEW));
  expect(named.filter((path) => !state.artifacts.includes(path))).toEqual([]);
  for (const { kind, place, name, view } of documentsOf(recordOf(plan, world.events()))) {
    expect(() => ARTIFACT_KINDS[kind].view.parse(view), documentPath(place, name)).not.toThrow();
  }
  expect((await verifyArchive(world.project, state.archiveDir ?? "")).differences).toEqual([]);

  const told = `${startText(plan, planHash(plan))}\n${finalSummary({ state, events: world.events() })}`;
  expect(messagesOf(told, { old: OLD, new: NEW })).toMatchSnapshot();
}

describe("with real users, for the shortest times that are allowed", () => {
  test.each(["canary", "blue-green", "rolling"] as const)("%s to SUCCESS, approved by a person", async (strategy) => {
    const world = withApproval(fakeWorld({ production: true, config: FLOORS, parameters: { strategy } }));
    await expectSuccess(world);
    expect(world.state().approval).toMatchObject({ person: "ada", way: "terminal" });
    const last = [...world.state().watches.values()].at(-1);
    expect(last?.servedMs).toBeGreaterThanOrEqual(15 * MINUTE);
  });

  test("CONDITIONAL-GO that a person acknowledges, to SUCCESS", async () => {
    const config = { ...FLOORS, readiness: { checks: [CONDITION] } };
    const world = withApproval(fakeWorld({ production: true, config }));
    const word = {
      kind: "answer",
      answer: "continue",
      way: "terminal",
      person: "ada",
      reason: "looked at it",
    } as const;
    world.when(asks("conditions"), () => void world.ask(word));
    await expectSuccess(world);
    expect(world.state().answers).toContainEqual(expect.objectContaining({ answer: "continue", person: "ada" }));
  });
});
