import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seedSandbox, startRun, statusOf, verifyArchive } from "../../mcp-server/flow/api.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { RunParameters } from "../../mcp-server/flow/parameters.ts";
import type { Version } from "../../mcp-server/vocab/index.ts";
import { HAS_PROMETHEUS, startPrometheus, WITHOUT_PROMETHEUS } from "./prometheus-server.ts";
import { type Edit, editConfig, makeWorld, servingNow, type World } from "./world.ts";

if (!HAS_PROMETHEUS) console.error(WITHOUT_PROMETHEUS);

/** Slower than other worlds: a sample has to be scraped, stored and asked for before anything can be judged. */
const PROMETHEUS_TIMES: readonly Edit[] = [
  [["metrics", "poll"], "500ms"],
  [["metrics", "timeout"], "5s"],
  [["canary", "stageDuration"], "8s"],
  [["observe"], "8s"],
  [["waits", "decisionUnattended"], "2m"],
  [["triggers", "latencyP99Pct"], 5_000],
  [["slo", "latencyP99Ms"], 8_000],
];

describe.skipIf(!HAS_PROMETHEUS)("deployments measured by a real Prometheus server", () => {
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
  let world: World;

  beforeAll(async () => {
    prometheus = await startPrometheus();
    world = await makeWorld({
      edits: [
        ...PROMETHEUS_TIMES,
        [["metrics", "source"], "prometheus"],
        [["metrics", "prometheus"], { url: prometheus.url, match: 'job="shop",env="production",version="{version}"' }],
      ],
    });
    prometheus.follow(world.project);
  }, 120_000);
  beforeEach(async () => {
    const [serving] = (await servingNow(world.project)).filter(({ weightPct }) => weightPct > 0);
    if (serving?.version !== "1.9.0") await seedSandbox(world.project, "1.9.0" as Version, AbortSignal.timeout(60_000));
    await prometheus.has('count_over_time(http_requests_total{version="1.9.0"}[5s]) > 4');
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await prometheus?.close();
  });

  const start = (version: string) =>
    startRun(world.project, RunParameters.parse({ version }), {
      unattended: true,
      actor: { kind: "person", name: "test" },
    });
  const happened = async (wanted: (event: FlowEvent) => boolean) => {
    while (!world.events().some(({ event }) => wanted(event))) {
      const status = await statusOf(world.project);
      if (status.state === "finished") throw new Error(`the run ended before: ${JSON.stringify(status.reasons)}`);
      await world.project.ports.clock.sleep(50);
    }
  };
  const polls = () => world.events().flatMap(({ event }) => (event.event === "poll" ? [event] : []));

  test("a healthy version succeeds, counted on both versions at the same time", async () => {
    await start("2.0.0");
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
    const both = polls().filter(({ increments }) =>
      (["baseline", "candidate"] as const).every((arm) =>
        increments.some((one) => one.arm === arm && one.metric === "error-rate" && one.exposure > 0),
      ),
    );
    expect(both.length).toBeGreaterThan(3);
    const halves = both.flatMap(({ increments }) => increments).filter((one) => one.halves !== undefined);
    expect(halves.length).toBeGreaterThan(0);
    const recorded = world.events().flatMap(({ event }) => (event.event === "baseline" ? [event.snapshot] : []));
    expect(recorded[0]?.series.find(({ metric }) => metric === "error-rate")?.exposure).toBeGreaterThan(0);
    expect((await verifyArchive(world.project, status.archive ?? "")).differences).toEqual([]);
  }, 300_000);

  test("a version that fails under use is rolled back", async () => {
    await start("2.2.0");
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("ROLLED_BACK");
    expect(status.runningVersion).toBe("1.9.0");
    expect((await verifyArchive(world.project, status.archive ?? "")).differences).toEqual([]);
  }, 300_000);

  test("a server that dies and comes back holds the rollout, which then goes on", async () => {
    await start("3.0.0");
    await happened((event) => event.event === "poll" && event.key === "stage-1/watch" && event.increments.length > 0);
    await prometheus.kill();
    await happened((event) => event.event === "question" && event.question.about === "data");
    await prometheus.start();
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("SUCCESS");
    expect(polls().some(({ problem }) => problem?.includes("cannot be asked"))).toBe(true);
    expect(world.events().some(({ event }) => event.event === "answer" && event.answer === "withdrawn")).toBe(true);
  }, 300_000);

  test("a server that stays dead holds the rollout, and when nobody answers the old version is served again", async () => {
    editConfig(world.project.root, [[["waits", "decisionUnattended"], "4s"]]);
    await start("3.0.1");
    await happened((event) => event.event === "poll" && event.key === "stage-1/watch" && event.increments.length > 0);
    await prometheus.kill();
    await happened((event) => event.event === "question" && event.question.about === "data");
    await happened((event) => event.event === "rollback-latched");
    const latched = world.events().flatMap(({ event }) => (event.event === "rollback-latched" ? [event.trigger] : []));
    expect(latched[0]?.kind).toBe("data");
    await happened((event) => event.event === "result" && event.key.startsWith("rollback"));
    await prometheus.start();
    const status = await world.ended();
    expect(status.outcome, JSON.stringify(status.reasons)).toBe("ROLLED_BACK");
    expect(status.runningVersion).toBe("1.9.0");
  }, 300_000);
});
