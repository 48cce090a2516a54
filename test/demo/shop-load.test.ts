import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createScrapeSource, MetricsConfig } from "../../mcp-server/evidence/index.ts";
import { createHttp, systemClock } from "../../mcp-server/ports/index.ts";
import { type LoadOptions, startLoad } from "../../scripts/demo/open-loop.mjs";
import { workMs } from "../../scripts/demo/shop/base/pace.mjs";
import { instance, live, version } from "../evidence/metrics/service-page.ts";
import { makeProject, startShop } from "./project.ts";

let root = "";
let remove = () => {};
beforeAll(() => {
  ({ root, remove } = makeProject());
});
afterAll(() => remove());

async function load(of: string, o: Omit<LoadOptions, "url">) {
  const shop = await startShop(root, of);
  try {
    return await startLoad({ url: shop.url, ...o }).done;
  } finally {
    await shop.stop();
  }
}

const share = { rate: 11, seconds: 5, arrivals: "poisson" } as const;

describe("under load", () => {
  test("a request's work is lognormal: median 18 ms, one in a hundred above 35 ms, hardly any above the bound of 50 ms", () => {
    const times = Array.from({ length: 20_000 }, (_, count) => workMs(count)).sort((a, b) => a - b);
    expect(times[10_000]).toBeCloseTo(18, 0);
    expect(times[19_800]).toBeGreaterThan(33);
    expect(times[19_800]).toBeLessThan(36);
    expect(times.filter((ms) => ms > 48).length).toBeLessThan(20);
    expect(times.at(-1)).toBeLessThan(80);
  });

  test("2.0.0 is well at the rate of one production instance", async () => {
    const summary = await load("2.0.0", { rate: 100, seconds: 3, arrivals: "poisson" });
    expect(summary).toMatchObject({ ok: summary.sent, lost: 0, unsent: 0 });
    expect(summary.sent).toBeGreaterThan(200);
    expect(summary.ms.p50).toBeLessThan(60);
  });

  test("2.2.0 is well under what staging sends, which has no orders", async () => {
    const summary = await load("2.2.0", { rate: 50, seconds: 4, mix: { login: 20, search: 80 } });
    expect(summary).toMatchObject({ sent: 200, ok: 200 });
  });

  test("2.2.0 fails and is slow at a twentieth of production", async () => {
    const summary = await load("2.2.0", share);
    expect(summary.lost).toBe(0);
    expect(summary.serviceErrors / summary.sent).toBeGreaterThan(0.05);
    expect(summary.ms.p95).toBeGreaterThan(300);
  });

  test("what is scraped is what was sent", async () => {
    const shop = await startShop(root, "2.2.0");
    const http = createHttp();
    try {
      const source = createScrapeSource({
        config: MetricsConfig.parse({ ignore: { label: "path", matches: "/healthz|/metrics" } }),
        http,
        clock: systemClock,
        versions: { baseline: undefined, candidate: version("2.2.0") },
      });
      const state = live(instance("one", "2.2.0", { url: shop.url }));
      const signal = new AbortController().signal;
      const before = await source.poll(state, undefined, signal);
      const sent = await startLoad({ url: shop.url, rate: 60, seconds: 2, seed: 3 }).done;
      const { increments } = await source.poll(state, before.cursor, signal);
      const [errors, latency, throughput] = increments;
      expect(errors).toMatchObject({
        metric: "error-rate",
        exposure: sent.sent,
        events: sent.serviceErrors,
        quality: "ok",
      });
      expect(sent.serviceErrors).toBeGreaterThan(0);
      expect(latency).toMatchObject({ metric: "latency", exposure: sent.sent });
      expect(latency?.buckets?.map(({ le }) => le)).toEqual([5, 10, 25, 50, 100, 250, 500, 1000, 2500, null]);
      expect(latency?.buckets?.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(sent.sent);
      expect(throughput).toMatchObject({ metric: "throughput", events: sent.sent });
      expect(throughput?.exposure).toBeGreaterThanOrEqual(2);
      const history = await source.history(state, signal).catch((error: Error) => error.message);
      expect(history).toContain("no running instance");
    } finally {
      await http.close();
      await shop.stop();
    }
  });
});
