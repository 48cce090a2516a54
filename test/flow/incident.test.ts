import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { Request } from "../../mcp-server/flow/events.ts";
import { incidentRun, nameIncident } from "../../mcp-server/flow/name-incident.ts";
import { auditView } from "../../mcp-server/flow/views/audit-view.ts";
import { incidentView } from "../../mcp-server/flow/views/incident.ts";
import { problemText } from "../../mcp-server/flow/views/problem.ts";
import { recordOf } from "../../mcp-server/flow/views/record.ts";
import { incidentText } from "../../mcp-server/flow/views/severity.ts";
import { readRuns } from "../../mcp-server/record/incidents.ts";
import type { RunId } from "../../mcp-server/vocab/index.ts";
import { type FakeWorld, fakeWorld, NEW, RUN_ID } from "./fake-world.ts";

const naming = (incident: string, person = "ada"): Request => ({ kind: "incident", incident, way: "terminal", person });
const SAID = { incident: "INC-7", person: "ada" };

/** A release that goes back; people name its incident meanwhile. */
function goingBack(...requests: Request[]): FakeWorld {
  const world = fakeWorld();
  world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 });
  world.when(
    ({ event }) => event.event === "rollback-latched",
    () => {
      for (const [index, request] of requests.entries()) world.ask(request, `incident-${index}`);
    },
  );
  return world;
}
const historyOf = (world: FakeWorld) => readRuns(world.disk(), world.project.paths).entries;
const recorded = (world: FakeWorld) => recordOf(world.plan, world.events());

describe("the incident of a run", () => {
  test("is undeclared until a person names it, and says how", async () => {
    const world = goingBack();
    await world.live();
    expect(incidentText(recorded(world))).toBe("UNDECLARED: a person names it with `deploy-flow incident ID`");
    expect(historyOf(world)[0]).not.toHaveProperty("incident");
  });

  test("stands in the documents of a run that goes back", async () => {
    const world = goingBack(naming("INC-7"));
    await world.live();
    expect(world.state()).toMatchObject({ outcome: { outcome: "ROLLED_BACK" }, incident: { incident: "INC-7" } });
    const record = recorded(world);
    const report = incidentView(record, []);
    expect(report).toMatchObject({ incidentId: "INC-7", severity: "P1" });
    expect(report?.timeline).toContainEqual(
      expect.objectContaining({ what: "incident INC-7", detail: "named by ada, terminal" }),
    );
    expect(problemText(world.plan, world.events())).toContain("Incident: INC-7: named by ada");
    expect(auditView(record, world.events()).decisions).toContainEqual(
      expect.objectContaining({ decision: "incident of the run", by: "ada", way: "terminal", result: "INC-7" }),
    );
    expect(historyOf(world)[0]).toMatchObject({ runId: RUN_ID, incident: "INC-7" });
  });

  test("can be corrected; the last name counts, and both are on record", async () => {
    const world = goingBack(naming("INC-7"), naming("INC-7"), naming("INC-8", "grace"));
    await world.live();
    expect(historyOf(world)[0]?.incident).toBe("INC-8");
    const requests = world.events().flatMap(({ event }) => (event.event === "request" ? [event.taken] : []));
    expect(requests).toEqual([true, false, true]);
    expect(world.events().flatMap(({ event }) => (event.event === "incident" ? [event.incident] : []))).toEqual([
      "INC-7",
      "INC-8",
    ]);
  });

  test("decides nothing: the run goes as it would have gone without", async () => {
    const [plain, named] = [goingBack(), goingBack(naming("INC-7"))];
    await plain.live();
    await named.live();
    expect(named.platform.calls).toEqual(plain.platform.calls);
    expect(named.state().outcome?.outcome).toBe(plain.state().outcome?.outcome);
  });

  test("is kept, once, whenever the runner dies over it", async () => {
    const calm = goingBack(naming("INC-7"));
    await calm.live();
    const named = calm.events().find(({ event }) => event.event === "incident")?.seq ?? 0;
    expect(named).toBeGreaterThan(0);
    for (const n of [named - 2, named - 1, named, named + 1]) {
      const world = goingBack(naming("INC-7"));
      expect((await world.live({ at: "append", n })).ended).toBe("died");
      await world.live();
      expect(world.state().outcome?.outcome, `death at ${n}`).toBe("ROLLED_BACK");
      expect(
        world.events().filter(({ event }) => event.event === "incident"),
        `death at ${n}`,
      ).toHaveLength(1);
    }
  });
});

describe("an incident that is named after the end", () => {
  test("stands beside the closed record, and the history has it", async () => {
    const world = goingBack();
    await world.live();
    const before = JSON.stringify(world.events());
    const run = incidentRun(world.project);
    expect(run).toEqual({ runId: RUN_ID, version: NEW, outcome: "ROLLED_BACK" });
    expect(await nameIncident(world.project, run, SAID)).toMatchObject({ kept: "beside the run" });
    expect(await nameIncident(world.project, run, SAID)).toMatchObject({ note: "it was named so already" });
    expect(historyOf(world)).toMatchObject([{ runId: RUN_ID, incident: "INC-7" }]);
    await nameIncident(world.project, run, { incident: "INC-8", person: "grace" });
    expect(historyOf(world)[0]?.incident).toBe("INC-8");
    expect(JSON.stringify(world.events())).toBe(before);
  });

  test("is not lost when the runner of the run cannot be reached", async () => {
    const world = goingBack();
    await world.live({ at: "append", n: 12 });
    world.disk().mkdir(world.project.paths.inbox);
    const run = incidentRun(world.project);
    expect(run.outcome).toBeUndefined();
    const { kept, note } = await world.clock.runUntil(nameIncident(world.project, run, SAID));
    expect(kept).toBe("beside the run");
    expect(note).toMatch(/waits in the inbox/);
    await world.live();
    expect(historyOf(world)[0]?.incident).toBe("INC-7");
  });

  test("needs a run that there was", async () => {
    const world = goingBack();
    await world.live();
    expect(() => incidentRun(world.project, "dpl-20200101T000000Z-aaaaaa" as RunId)).toThrow(/there is no such run/);
    expect(() => incidentRun(fakeWorld().project)).toThrow(/there is no such run/);
  });

  test("a damaged line counts for nothing and hides no other", async () => {
    const world = goingBack();
    await world.live();
    const { incidents } = world.project.paths;
    world.disk().writeAtomic(incidents, '{"runId":"x"}\nnot a line');
    await nameIncident(world.project, incidentRun(world.project), SAID);
    expect(historyOf(world)[0]?.incident).toBe("INC-7");
    expect(world.disk().readText(incidents)).toMatch(/^\{"runId":"x"\}\nnot a line\n\{"at":/);
  });
});
