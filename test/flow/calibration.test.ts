import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { dispersionsOf, lastHour } from "../../mcp-server/flow/calibration.ts";
import { type Increment, instantOf } from "../../mcp-server/vocab/index.ts";
import { fakeWorld } from "./fake-world.ts";
import { heapedWindows } from "./old-windows.ts";
import { eventsOf } from "./scripts.ts";

const NOW = instantOf(Date.UTC(2026, 2, 1, 12));

async function recorded(windows: (now: typeof NOW) => Increment[]) {
  const world = fakeWorld();
  world.senses.windows = windows;
  await world.live();
  return { world, snapshot: eventsOf(world, "baseline")[0]?.snapshot };
}

describe("dispersion from the old version's own halves", () => {
  test("is recorded with the baseline, and the evidence of the release is divided by it", async () => {
    const { world, snapshot } = await recorded(heapedWindows(8));
    const { phi, status, windows } = snapshot?.dispersions?.["error-rate"] ?? {};
    expect({ status, windows }).toEqual({ status: "calibrated", windows: 60 });
    expect(phi).toBeGreaterThan(4);
    const rule = world
      .state()
      .tracks.get("production")
      ?.rules.find(({ id }) => id === "error-rate");
    expect(rule?.phi).toBe(phi);
    expect(rule?.probes.every(({ concurrent }) => concurrent?.spec.phi === phi)).toBe(true);
    expect(snapshot?.dispersions?.["latency-p99"]?.status).toBe("too-few");
    expect(snapshot?.dispersions).not.toHaveProperty("throughput");
  });

  test("of failures that come one by one is none", async () => {
    const { snapshot } = await recorded(heapedWindows(1));
    expect(snapshot?.dispersions?.["error-rate"]).toMatchObject({ phi: 1, status: "calibrated" });
  });

  test("is not known to sources that have no past, and requests then count as independent", async () => {
    const { world, snapshot } = await recorded(() => []);
    expect(snapshot?.dispersions).toBeUndefined();
    expect(world.state().tracks.get("production")?.rules[0]?.phi).toBe(1);
  });

  test("rests on the last hour, in whatever order its minutes are told", () => {
    const { plan } = fakeWorld();
    const old = heapedWindows(40)(instantOf(Date.parse(NOW) - 3_600_000));
    const recent = heapedWindows(8)(NOW);
    const kept = lastHour([...old, ...recent]);
    expect(kept).toHaveLength(60);
    expect(dispersionsOf(plan, [...kept].reverse())).toEqual(dispersionsOf(plan, recent));
  });
});
