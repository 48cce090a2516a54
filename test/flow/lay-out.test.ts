import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { keptText, layOut } from "../../mcp-server/flow/lay-out.ts";
import type { StartOrder } from "../../mcp-server/flow/run-files.ts";
import type { RunId } from "../../mcp-server/vocab/index.ts";
import { fakeWorld, RUN_ID } from "./fake-world.ts";

const NEXT = "dpl-20260302T120000Z-00000b" as RunId;

async function ended() {
  const world = fakeWorld();
  expect((await world.live()).ended).toBe("archived");
  const order = { runId: NEXT, plan: world.plan, configText: "service: shop\n" } as unknown as StartOrder;
  const { working, journal } = world.project.paths;
  return { world, working, journal, start: () => layOut(world.project, order), archive: world.state().archiveDir };
}

describe("the working folder of the run before", () => {
  test("is cleared once its archive is whole", async () => {
    const { world, working, journal, start } = await ended();
    expect(start()).toBeUndefined();
    expect(world.disk().stat(journal)).toBeUndefined();
    expect(world.disk().list(`${working}/..`)).toEqual(["deployment"]);
  });

  test.each(["gone", "changed"])("is kept where its archive is %s: it is the only whole record", async (how) => {
    const { world, working, journal, start, archive } = await ended();
    const folder = `${world.project.root}/${archive}`;
    const record = world.disk().readText(journal);
    if (how === "gone") world.disk().remove(folder);
    else world.disk().writeAtomic(`${folder}/manifest.json`, "{}");
    const kept = start();
    expect(kept).toBe(`.aiwg/working/deployment.kept-${RUN_ID}`);
    expect(world.disk().readText(`${working}.kept-${RUN_ID}/journal.jsonl`)).toBe(record);
    expect(world.disk().stat(journal)).toBeUndefined();
    expect(keptText(kept ?? "")).toContain(RUN_ID);
  });

  test("is not thrown away when the plan of a run in it is missing", async () => {
    const world = fakeWorld();
    await world.live({ at: "append", n: 12 });
    world.disk().remove(world.project.paths.plan);
    const order = { runId: NEXT, plan: world.plan, configText: "" } as unknown as StartOrder;
    expect(() => layOut(world.project, order)).toThrow(/frozen plan of the run cannot be read/);
    expect(world.disk().stat(world.project.paths.journal)?.size).toBeGreaterThan(0);
  });

  test("goes where it holds no run", () => {
    const world = fakeWorld();
    const { working, evidence } = world.project.paths;
    world.disk().writeAtomic(`${evidence}/left`, "by a start that died");
    const order = { runId: NEXT, plan: world.plan, configText: "" } as unknown as StartOrder;
    expect(layOut(world.project, order)).toBeUndefined();
    expect(world.disk().list(evidence)).toEqual([]);
    expect(world.disk().list(`${working}/..`)).toEqual(["deployment"]);
  });
});
