import { describe, expect, test } from "vitest";
import { createProber, createProbeSource, JourneysConfig, MetricCursor } from "../../../mcp-server/evidence/index.ts";
import type { Http } from "../../../mcp-server/ports/index.ts";
import type { Digest, Instance, Instant, LiveState, Pool, Reach, Version } from "../../../mcp-server/vocab/index.ts";
import { fakeClock, fakeHttp } from "../../fakes/index.ts";

const OLD = "1.0.0" as Version;
const NEW = "2.0.0" as Version;
const digest = `sha256:${"a".repeat(64)}` as Digest;

const instance = (id: string, version: Version, state: Instance["state"] = "ready"): Instance => ({
  id,
  version,
  digest,
  url: `http://${id}`,
  state,
  startedAt: "2026-01-01T00:00:00.000Z" as Instant,
  restarts: 0,
  oomKills: 0,
  crashes: 0,
});
const liveOf = (...instances: Instance[]): LiveState => ({
  pools: [],
  instances,
  measuredSharePct: {},
  measuredRequests: 0,
  entryUrl: "http://entry",
  readAt: "2026-01-01T00:00:00.000Z" as Instant,
});
const LIVE = liveOf(instance("old", OLD), instance("new", NEW));
const JOURNEYS = JourneysConfig.parse([{ id: "look", timeout: "5s", steps: [{ path: "/a" }, { path: "/b" }] }]);
const WELL = { "GET http://old/a": "", "GET http://old/b": "", "GET http://new/a": "", "GET http://new/b": "" };
const signal = new AbortController().signal;

function world(http: Http = fakeHttp(WELL), clock = fakeClock(), reach: Reach = "instances") {
  const prober = createProber({ http, clock, env: {} });
  const source = createProbeSource({
    prober,
    clock,
    versions: { baseline: OLD, candidate: NEW },
    reach,
    journeys: () => JOURNEYS,
    ratePerSecond: 2,
    pollMs: 1000,
    recordForMs: 10_000,
  });
  return { clock, source, prober, pass: (ms: number) => clock.runUntil(clock.sleep(ms)) };
}

const errorRates = (
  increments: readonly { metric: string; arm: string; exposure: number; events: number; quality: string }[],
) =>
  Object.fromEntries(
    increments
      .filter(({ metric }) => metric === "error-rate")
      .map(({ arm, exposure, events, quality }) => [arm, [exposure, events, quality]]),
  );

describe("probes as a source of metrics", () => {
  test("ask both versions alike, and count what comes back once", async () => {
    const { source, pass } = world();
    const first = await source.poll(LIVE, undefined, signal);
    expect(first.increments).toEqual([]);
    await pass(1000);
    const second = await source.poll(LIVE, first.cursor, signal);
    const { baseline, candidate } = errorRates(second.increments);
    expect(baseline).toEqual(candidate);
    expect(candidate?.[0]).toBeGreaterThanOrEqual(4);
    const again = await source.poll(LIVE, second.cursor, signal);
    expect(errorRates(again.increments)).toEqual({ baseline: [0, 0, "ok"], candidate: [0, 0, "ok"] });
    source.rest?.();
  });

  describe("where instances cannot be asked one by one", () => {
    const pool = (version: Version, weightPct: number): Pool => ({ version, digest, instances: 1, weightPct });
    const shared = (o: Partial<LiveState>): LiveState => ({ ...liveOf(), ...o });
    const asked = async (reach: Reach, live: LiveState) => {
      const sent: string[] = [];
      const http: Http = {
        send: async ({ url, headers }) => {
          sent.push(`${new URL(url).host} ${headers?.connection ?? "kept"}`);
          return { status: 200, headers: {}, body: "", durationMs: 1 };
        },
      };
      const { source, pass } = world(http, fakeClock(), reach);
      const first = await source.poll(live, undefined, signal);
      await pass(1000);
      const { increments } = await source.poll(live, first.cursor, signal);
      source.rest?.();
      const qualities = Object.entries(errorRates(increments)).map(([arm, [, , quality]]) => [arm, quality]);
      return { sent: [...new Set(sent)].sort(), qualities: Object.fromEntries(qualities) };
    };

    test("each version is asked at its own address, every time by a new connection", async () => {
      const versionUrls = { [OLD]: "http://of-old", [NEW]: "http://of-new" };
      const live = shared({ pools: [pool(OLD, 80), pool(NEW, 20)], versionUrls });
      expect(await asked("version", live)).toEqual({
        sent: ["of-new close", "of-old close"],
        qualities: { baseline: "ok", candidate: "ok" },
      });
    });

    test.each([
      ["the old one", [pool(OLD, 100), pool(NEW, 0)], { baseline: "ok", candidate: "missing" }],
      ["the new one", [pool(OLD, 0), pool(NEW, 100)], { baseline: "missing", candidate: "ok" }],
    ])("the entry stands for %s while it alone has the traffic", async (_name, pools, qualities) => {
      expect(await asked("entry", shared({ pools }))).toEqual({ sent: ["entry close"], qualities });
    });

    test("nobody is asked at an entry that two versions share, and that is missing", async () => {
      expect(await asked("entry", shared({ pools: [pool(OLD, 80), pool(NEW, 20)] }))).toEqual({
        sent: [],
        qualities: { baseline: "missing", candidate: "missing" },
      });
    });

    test("nor a version that has no address", async () => {
      const live = shared({ pools: [pool(OLD, 100)], versionUrls: { [OLD]: "http://of-old" } });
      expect((await asked("version", live)).qualities).toEqual({ baseline: "ok", candidate: "missing" });
    });
  });

  test("count a dead instance as failures, not as silence", async () => {
    const http = fakeHttp({ "GET http://old/a": "", "GET http://old/b": "" });
    const { source, pass } = world(http);
    const first = await source.poll(LIVE, undefined, signal);
    await pass(1000);
    const { candidate, baseline } = errorRates((await source.poll(LIVE, first.cursor, signal)).increments);
    expect(candidate?.[1]).toBe(candidate?.[0]);
    expect(candidate?.[0]).toBeGreaterThan(0);
    expect(baseline?.[1]).toBe(0);
    source.rest?.();
  });

  test("are missing where this machine cannot send them", async () => {
    const http: Http = { send: () => Promise.reject(Object.assign(new Error("no ports"), { code: "EADDRNOTAVAIL" })) };
    const { source, pass } = world(http);
    const first = await source.poll(LIVE, undefined, signal);
    await pass(1000);
    const rates = errorRates((await source.poll(LIVE, first.cursor, signal)).increments);
    expect(rates).toEqual({ baseline: [0, 0, "missing"], candidate: [0, 0, "missing"] });
    source.rest?.();
  });

  test("are missing for a version of which nobody can be asked", async () => {
    const { source, pass } = world();
    const alone = liveOf(instance("old", OLD), instance("new", NEW, "starting"));
    const first = await source.poll(alone, undefined, signal);
    await pass(1000);
    const rates = errorRates((await source.poll(alone, first.cursor, signal)).increments);
    expect(rates.candidate).toEqual([0, 0, "missing"]);
    expect(rates.baseline?.[2]).toBe("ok");
    source.rest?.();
  });

  test("do not pile up on a service that hangs, nor warn of the many that listen for their end", async () => {
    const warnings: string[] = [];
    const warned = (warning: Error) => warnings.push(warning.name);
    process.on("warning", warned);
    const clock = fakeClock();
    let open = 0;
    let most = 0;
    const http: Http = {
      send: async ({ timeoutMs, signal: own }) => {
        open += 1;
        most = Math.max(most, open);
        await clock.sleep(timeoutMs, own);
        open -= 1;
        throw Object.assign(new Error("timeout"), { name: "TimeoutError" });
      },
    };
    const { source, pass } = world(http, clock);
    let { cursor } = await source.poll(LIVE, undefined, signal);
    let failed = 0;
    for (let poll = 0; poll < 20; poll += 1) {
      await pass(1000);
      const next = await source.poll(LIVE, cursor, signal);
      cursor = next.cursor;
      failed += errorRates(next.increments).candidate?.[1] as number;
    }
    expect(most).toBeLessThanOrEqual(16);
    expect(failed).toBeGreaterThan(8);
    source.rest?.();
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });

  test("end by themselves when nobody polls any more, and at once when told", async () => {
    const http = fakeHttp(WELL);
    const { source, pass } = world(http);
    await source.poll(LIVE, undefined, signal);
    await pass(10_000);
    const sent = http.requests.length;
    expect(sent).toBeLessThanOrEqual(2 * 2 * 2 * 4);
    await pass(10_000);
    expect(http.requests.length).toBe(sent);
    await source.poll(LIVE, undefined, signal);
    source.rest?.();
    await pass(5000);
    expect(http.requests.length - sent).toBeLessThanOrEqual(4);
  });

  test("taken up by another process go on from zero: nothing is counted twice", async () => {
    const before = world();
    const first = await before.source.poll(LIVE, undefined, signal);
    await before.pass(1000);
    const { cursor } = await before.source.poll(LIVE, first.cursor, signal);
    before.source.rest?.();
    const written = MetricCursor.parse(JSON.parse(JSON.stringify(cursor)));
    const clock = fakeClock();
    await clock.runUntil(clock.sleep(5000));
    const after = world(fakeHttp(WELL), clock);
    const taken = await after.source.poll(LIVE, written, signal);
    expect(errorRates(taken.increments)).toEqual({ baseline: [0, 0, "ok"], candidate: [0, 0, "ok"] });
    await after.pass(1000);
    const next = await after.source.poll(LIVE, taken.cursor, signal);
    expect(errorRates(next.increments).candidate?.[0]).toBeLessThanOrEqual(8);
    after.source.rest?.();
  });

  test("record what the old version does, with latencies", async () => {
    const { source, clock } = world();
    const history = await clock.runUntil(source.history(LIVE, signal));
    expect(history.version).toBe(OLD);
    expect(history.series[0]).toMatchObject({ metric: "error-rate", events: 0 });
    expect(history.series[0]?.exposure).toBeGreaterThanOrEqual(38);
    expect(history.series[1]?.buckets?.reduce((sum, { count }) => sum + count, 0)).toBe(history.series[1]?.exposure);
    expect(history.throughputRps).toBeCloseTo(4, 0);
  });
});
