import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { verifyArchive } from "../../mcp-server/flow/verify.ts";
import { documentsOf } from "../../mcp-server/flow/views/documents.ts";
import { outcomeText } from "../../mcp-server/flow/views/outcome-words.ts";
import { recordOf } from "../../mcp-server/flow/views/record.ts";
import { FlowError } from "../../mcp-server/vocab/index.ts";
import { broken } from "./fake-platform.ts";
import { type FakeWorld, fakeWorld, OLD, type WorldOptions } from "./fake-world.ts";

const PHONE = { id: "add_phone", kind: "expand", reversible: true };
const EMAIL = { id: "add-email", kind: "expand", reversible: true };
const FAX = { id: "drop-fax", kind: "contract", reversible: false, unusedSince: OLD, forwardFix: "docs/fix.md" };

async function ended(o: WorldOptions, script?: (world: FakeWorld) => void): Promise<FakeWorld> {
  const world = fakeWorld(o);
  script?.(world);
  const life = await world.live();
  if (life.error) throw life.error;
  expect((await verifyArchive(world.project, world.state().archiveDir ?? "")).differences).toEqual([]);
  return world;
}

const told = (world: FakeWorld) => outcomeText(recordOf(world.plan, world.events()));
const orderOf = (world: FakeWorld) =>
  world.platform.calls.flatMap(({ op, env, id, pools }) =>
    op === "migrate" ? [`${env}: ${id}`] : op === "apply" && pools ? [`${env}: pools`] : [],
  );

describe("migrations", () => {
  test("run in their order, in staging first, before the new version is anywhere", async () => {
    const world = await ended({ config: { staging: { observe: "30s" }, migrations: [PHONE, EMAIL] } });
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
    const order = orderOf(world);
    expect(order.filter((call) => call.includes("add"))).toEqual([
      "staging: add_phone",
      "staging: add-email",
      "production: add_phone",
      "production: add-email",
    ]);
    expect(order.indexOf("production: add_phone")).toBeLessThan(order.indexOf("production: pools"));
    expect(world.state().exposed).toBe(true);
    expect(told(world)).toContain("Schema in production: add_phone, add-email applied");
  });

  test("that fail in staging leave production as it is", async () => {
    const world = await ended({ config: { staging: { observe: "30s" }, migrations: [PHONE] } }, (w) => {
      w.platform.fault = ({ op, env }) => (op === "migrate" && env === "staging" ? broken() : undefined);
    });
    expect(world.state().outcome).toMatchObject({ outcome: "ABORTED", runningVersion: OLD });
    expect(world.platform.migrated.production).toEqual([]);
  });

  test("that fail in production stop the run, and the state of the schema is told", async () => {
    const world = await ended({ config: { migrations: [PHONE, EMAIL, { ...EMAIL, id: "add-zip" }] } }, (w) => {
      w.platform.fault = ({ op, id }) => (op === "migrate" && id === "add-email" ? broken() : undefined);
    });
    expect(world.state()).toMatchObject({ exposed: false, outcome: { outcome: "ABORTED" } });
    const text =
      "schema in production: add_phone applied, and left so; add-email begun and not known to have finished: look at the schema; add-zip not begun";
    expect(world.state().outcome?.reasons).toContainEqual({ code: "schema-state", text });
    expect(world.platform.calls.filter(({ op }) => op === "apply")).toEqual([]);
  });

  test("that cannot be undone expose production: the run goes back and proves the old version", async () => {
    const world = await ended({ config: { migrations: [FAX] } }, (w) => {
      w.platform.fault = ({ op }) => (op === "migrate" ? broken() : undefined);
    });
    expect(world.state()).toMatchObject({ exposed: true, exposedAt: undefined, outcome: { outcome: "ROLLED_BACK" } });
    expect(world.state().gates.get("rollback/gate")?.verdict.outcome).toBe("PASS");
    expect(told(world)).toContain("drop-fax begun and not known to have finished");
  });

  test("are never run the other way: what stays is in the rollback plan", async () => {
    const world = await ended({ config: { migrations: [PHONE, FAX] } });
    const plan = documentsOf(recordOf(world.plan, world.events())).find(({ kind }) => kind === "rollback-plan");
    const view = JSON.stringify(plan?.view);
    expect(view).toContain("no migration is run the other way");
    expect(view).toContain("cannot be undone; when it turns out wrong: docs/fix.md");
  });

  test.each([
    ["would leave the old version broken", { ...PHONE, oldVersionWorks: false }, "migrations[0].oldVersionWorks"],
    ["take away what the old version uses", { ...FAX, unusedSince: "2.0.0" }, "migrations[0].unusedSince"],
    ["have no plan for going on", { ...PHONE, reversible: false }, "migrations[0].forwardFix"],
    [
      "name a plan that is not there",
      { ...PHONE, reversible: false, forwardFix: "gone.md" },
      "migrations[0].forwardFix",
    ],
  ])("are refused when they %s", (_name, migration, key) => {
    try {
      fakeWorld({ config: { migrations: [migration] } });
    } catch (error) {
      expect(error).toBeInstanceOf(FlowError);
      expect((error as FlowError).where?.key).toBe(key);
      return;
    }
    throw new Error("it was not refused");
  });
});
