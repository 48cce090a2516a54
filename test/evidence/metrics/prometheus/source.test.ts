import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MetricsConfig } from "../../../../mcp-server/evidence/config.ts";
import {
  createPrometheusSource,
  type ExtraSeries,
  PrometheusCursor,
} from "../../../../mcp-server/evidence/metrics/index.ts";
import type { Increment, Instance, Json } from "../../../../mcp-server/vocab/index.ts";
import { fakeClock } from "../../../fakes/index.ts";
import { instance, live, version } from "../service-page.ts";
import { fakePrometheus } from "./fake-server.ts";

const signal = new AbortController().signal;
const OLD = version("1.0.0");
const NEW = version("2.0.0");
const BOTH = [instance("a", "1.0.0"), instance("b", "2.0.0")];

const pod = (name: string, of: string) => ({ pod: name, version: of, job: "shop" });
const A = pod("a-1", "1.0.0");
const B = pod("b-1", "2.0.0");

function setup(
  o: {
    prometheus?: Record<string, unknown>;
    metrics?: Record<string, unknown>;
    extra?: ExtraSeries[];
    env?: Record<string, string>;
  } = {},
) {
  const server = fakePrometheus();
  const clock = fakeClock();
  const source = createPrometheusSource({
    config: MetricsConfig.parse({
      source: "prometheus",
      prometheus: { url: "http://prometheus:9090", match: 'job="shop",version="{version}"', ...o.prometheus },
      ...o.metrics,
    }),
    http: server,
    clock,
    versions: { baseline: OLD, candidate: NEW },
    released: NEW,
    env: o.env ?? {},
    ...(o.extra ? { extra: o.extra } : {}),
  });
  const pass = async (seconds: number) => {
    server.now += seconds;
    await clock.advance(seconds * 1000);
  };
  const poll = (since?: Json, instances: Instance[] = BOTH) => source.poll(live(...instances), since, signal);
  return { server, source, clock, pass, poll };
}

/** One scrape: requests by status, and as many in a histogram up to 0.1 s. */
function counters(ok: number, failed?: number) {
  return {
    'http_requests_total{status="200"}': ok,
    ...(failed === undefined ? {} : { 'http_requests_total{status="500"}': failed }),
    'http_request_duration_seconds_bucket{le="0.1"}': ok,
    'http_request_duration_seconds_bucket{le="+Inf"}': ok + (failed ?? 0),
  };
}

function brief(increments: readonly Increment[], metric: string, arm: string): string {
  const found = increments.filter((one) => one.metric === metric && one.arm === arm);
  return found.map(({ exposure, events, quality }) => `${exposure}/${events} ${quality}`).join(", ");
}

describe("growth between polls", () => {
  test("counts from scrape to scrape, with the times of the server's samples", async () => {
    const { server, pass, poll } = setup();
    server.scrape(A, counters(1000, 10), 15);
    server.scrape(A, counters(1010, 10));
    server.scrape(B, counters(100), 15);
    server.scrape(B, counters(105));
    const first = await poll();
    expect(first.increments).toEqual([]);

    await pass(15);
    server.scrape(A, counters(1050, 12));
    // The label value 500 was never there before: what it counts happened since the last scrape.
    server.scrape(B, counters(120, 3));
    await pass(2);
    const second = await poll(first.cursor);
    expect(brief(second.increments, "error-rate", "baseline")).toBe("42/2 ok");
    expect(brief(second.increments, "error-rate", "candidate")).toBe("18/3 ok");
    expect(brief(second.increments, "throughput", "candidate")).toBe("15/18 ok");
    expect(second.increments.find((one) => one.metric === "latency" && one.arm === "candidate")).toMatchObject({
      exposure: 18,
      buckets: [
        { le: 100, count: 15 },
        { le: null, count: 3 },
      ],
      from: new Date(1_700_000_000_000).toISOString(),
      to: new Date(1_700_000_015_000).toISOString(),
    });
    expect(second.perInstance).toEqual({
      "baseline a-1": { arm: "baseline", version: OLD, outcome: "ok" },
      "candidate b-1": { arm: "candidate", version: NEW, outcome: "ok" },
    });
    expect(PrometheusCursor.parse(JSON.parse(JSON.stringify(second.cursor)))).toEqual(second.cursor);
  });

  test("a poll between two scrapes says that nothing is new, never that nothing happened in an arm", async () => {
    const { server, pass, poll } = setup();
    server.scrape(A, counters(100), 15);
    server.scrape(A, counters(110));
    server.scrape(B, counters(10), 15);
    server.scrape(B, counters(11));
    const first = await poll();
    await pass(10);
    const between = await poll(first.cursor);
    expect(brief(between.increments, "error-rate", "baseline")).toBe("0/0 ok");
    await pass(5);
    server.scrape(A, counters(150));
    // Only one arm was scraped: it waits for the other, so that both are compared over the same time.
    const half = await poll(between.cursor);
    expect(brief(half.increments, "error-rate", "baseline")).toBe("0/0 ok");
    await pass(3);
    server.scrape(B, counters(16, 1));
    const both = await poll(half.cursor);
    expect(brief(both.increments, "error-rate", "baseline")).toBe("40/0 ok");
    expect(brief(both.increments, "error-rate", "candidate")).toBe("6/1 ok");
  });

  test("restarts between scrapes are seen, and what came after them counts", async () => {
    const { server, pass, poll } = setup();
    server.scrape(A, counters(100), 15);
    server.scrape(A, counters(110));
    server.scrape(B, counters(500), 15);
    server.scrape(B, counters(510));
    const first = await poll();
    await pass(15);
    server.scrape(A, counters(130));
    server.scrape(B, counters(7, 2));
    await pass(15);
    server.scrape(A, counters(150));
    server.scrape(B, counters(27, 2));
    const second = await poll(first.cursor);
    expect(brief(second.increments, "error-rate", "candidate")).toBe("29/2 reset");
    expect(brief(second.increments, "latency", "candidate")).toBe("29/29 reset");
    expect(brief(second.increments, "error-rate", "baseline")).toBe("40/0 ok");
  });

  test("a target that is met during the watch starts counting at its first sample", async () => {
    const { server, pass, poll } = setup();
    server.scrape(A, counters(100), 15);
    server.scrape(A, counters(110));
    const first = await poll();
    expect(brief(first.increments, "error-rate", "candidate")).toBe("0/0 missing");
    expect(first.problem).toContain("candidate: http_requests_total: no series matches");
    await pass(15);
    server.scrape(A, counters(120));
    server.scrape(B, counters(1_000_000, 900_000));
    const met = await poll(first.cursor);
    expect(brief(met.increments, "error-rate", "candidate")).toBe("0/0 ok");
    await pass(15);
    server.scrape(A, counters(130));
    server.scrape(B, counters(1_000_010, 900_000));
    const second = await poll(met.cursor);
    expect(brief(second.increments, "error-rate", "candidate")).toBe("10/0 ok");
    expect(brief(second.increments, "error-rate", "baseline")).toBe("20/0 ok");
  });

  test("the baseline carries two halves by instance", async () => {
    const { server, pass, poll } = setup();
    const pods = ["a-1", "a-2", "a-3", "a-4"].map((name) => pod(name, "1.0.0"));
    const all = (extra: number) => {
      for (const [index, target] of pods.entries()) server.scrape(target, counters(100 + extra * (index + 1)));
      server.scrape(B, counters(10 + extra));
    };
    all(0);
    const first = await poll();
    await pass(15);
    all(1);
    const next = await poll(first.cursor);
    const errors = next.increments.find((one) => one.metric === "error-rate" && one.arm === "baseline");
    expect(errors?.exposure).toBe(10);
    expect((errors?.halves?.[0].exposure ?? 0) + (errors?.halves?.[1].exposure ?? 0)).toBe(10);
    expect(next.increments.find((one) => one.arm === "candidate")?.halves).toBeUndefined();
    const latency = next.increments.find((one) => one.metric === "latency" && one.arm === "baseline");
    expect(latency?.halves?.map((half) => half.buckets?.length)).toEqual([2, 2]);
  });
});

describe("what is not there is missing, never zero", () => {
  test.each([
    ["a server that is gone", new Error("connect ECONNREFUSED"), /cannot be asked/],
    [
      "an error of the query",
      { status: 422, body: '{"status":"error","errorType":"execution","error":"too many samples"}' },
      /422, "execution": "too many samples"/,
    ],
    ["a proxy's page", { status: 502, body: "<html>Bad Gateway</html>" }, /502 and no JSON/],
    ["a page instead of an answer", { status: 200, body: "<html>login</html>" }, /200 and no JSON/],
    ["another program's JSON", { status: 200, body: '{"ok":true}' }, /no Prometheus result/],
    [
      "half an answer",
      { status: 200, body: '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"val' },
      /no JSON/,
    ],
    [
      "a success with the wrong status",
      {
        status: 503,
        headers: { "retry-after": "60" },
        body: '{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}',
      },
      /status 503/,
    ],
  ])("%s", async (_, broken, expected) => {
    const { server, pass, poll } = setup();
    server.scrape(A, counters(100));
    server.scrape(B, counters(100));
    const first = await poll();
    await pass(15);
    server.broken = broken;
    await expect(poll(first.cursor)).rejects.toThrow(expected);
  });

  test("a partial answer of a federated store", async () => {
    const { server, poll } = setup();
    server.scrape(A, counters(100));
    server.scrape(B, counters(100));
    const first = await poll();
    server.extra = { warnings: ["store 10.0.0.7 did not answer"] };
    await expect(poll(first.cursor)).rejects.toThrow(/incomplete.*store 10.0.0.7/);
  });

  test("samples that fail to come are old after two and a half scrapes, for each arm by itself", async () => {
    const { server, pass, poll } = setup();
    server.scrape(A, counters(100), 10);
    server.scrape(A, counters(110));
    server.scrape(B, counters(100), 10);
    server.scrape(B, counters(110));
    let last = await poll();
    const seen: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      await pass(10);
      server.scrape(A, counters(120 + 10 * i));
      last = await poll(last.cursor);
      seen.push(
        `${brief(last.increments, "error-rate", "baseline")} | ${brief(last.increments, "error-rate", "candidate")}`,
      );
    }
    expect(seen).toEqual(["0/0 ok | 0/0 ok", "0/0 ok | 0/0 ok", "30/0 ok | 0/0 stale", "0/0 ok | 0/0 ok"]);
  });

  test("a series without the label that tells failures", async () => {
    const { server, pass, poll } = setup({ metrics: { requests: { failed: { label: "code", matches: "5.." } } } });
    const both = (n: number) =>
      [A, B].forEach((target) => {
        server.scrape(target, counters(n));
      });
    both(1);
    const first = await poll();
    await pass(15);
    both(2);
    const next = await poll(first.cursor);
    expect(brief(next.increments, "error-rate", "candidate")).toBe("0/0 missing");
    expect(next.problem).toContain("a series has no label code");
  });

  test("no number of a series can make growth negative or not finite", async () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.constantFrom("NaN", "+Inf", "-Inf", "-3", "1e400"));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 3, maxLength: 8 }), async (values) => {
        const { server, pass, poll } = setup();
        server.scrape(A, counters(1));
        server.scrape(B, counters(1));
        let cursor: Json | undefined;
        for (const each of values) {
          await pass(15);
          server.scrape(A, counters(100));
          server.scrape(B, { 'http_requests_total{status="200"}': each });
          const next = await poll(cursor).catch(() => undefined);
          cursor = next?.cursor ?? cursor;
          for (const one of next?.increments ?? []) {
            expect(one.exposure >= 0 && one.events >= 0 && Number.isFinite(one.exposure + one.events)).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("asking", () => {
  test("secrets come from the environment and go into no address", async () => {
    const { server, poll } = setup({
      prometheus: { auth: { bearerEnv: "PROM_TOKEN" }, headers: { "X-Scope-OrgID": "shop" } },
      env: { PROM_TOKEN: "s3cret\n" },
    });
    server.scrape(A, counters(1));
    await poll();
    expect(server.requests.every(({ headers }) => headers?.authorization === "Bearer s3cret")).toBe(true);
    expect(server.requests.every(({ headers }) => headers?.["X-Scope-OrgID"] === "shop")).toBe(true);
    expect(server.requests.some(({ url }) => url.includes("s3cret"))).toBe(false);
    expect(() => setup({ prometheus: { auth: { user: "me", passwordEnv: "PW" } } })).toThrow(/PW/);
    const basic = setup({ prometheus: { auth: { user: "me", passwordEnv: "PW" } }, env: { PW: "x" } });
    await basic.poll();
    expect(basic.server.requests[0]?.headers?.authorization).toBe(`Basic ${Buffer.from("me:x").toString("base64")}`);
  });

  test("a server that is too busy is asked again within the time of the poll", async () => {
    const { server, clock, poll } = setup({ metrics: { timeout: "5s" } });
    server.scrape(A, counters(1));
    server.broken = { status: 429, headers: { "retry-after": "2" }, body: "slow down" };
    const polling = poll();
    await clock.advance(1000);
    server.broken = undefined;
    const done = await clock.runUntil(polling);
    expect(done.cursor.series.requests?.arms.baseline).toEqual({ "a-1": server.now });
  });

  test("every query carries the time of the first answer, and a short range once something is known", async () => {
    const { server, pass, poll } = setup();
    server.scrape(A, counters(1), 15);
    server.scrape(A, counters(1));
    server.scrape(B, counters(1), 15);
    server.scrape(B, counters(1));
    const first = await poll();
    await pass(15);
    server.requests.length = 0;
    await poll(first.cursor);
    const asked = server.requests.map(({ url }) => new URL(url).searchParams);
    expect(asked[0]?.get("query")).toBe("time()");
    expect(new Set(asked.slice(1).map((one) => one.get("time")))).toEqual(new Set([`${server.now}.000`]));
    expect(asked[1]?.get("query")).toBe('{__name__="http_requests_total",job="shop",version="1.0.0"}[90s]');
  });
});

describe("histograms and further series", () => {
  test("native histograms are counted bucket by bucket", async () => {
    const { server, pass, poll } = setup();
    const edge = 2 ** -3;
    const native = (count: number) => ({
      count: String(count),
      buckets: [
        [3, "-0.001", "0.001", "1"],
        [0, String(edge / 2 ** 0.125), String(edge), String(count - 1)],
      ] as const,
    });
    const scrape = (n: number) => {
      for (const target of [A, B]) {
        server.scrape(target, { 'http_requests_total{status="200"}': n, http_request_duration_seconds: native(n) });
      }
    };
    scrape(5);
    const first = await poll();
    await pass(15);
    scrape(25);
    const next = await poll(first.cursor);
    const latency = next.increments.find((one) => one.metric === "latency" && one.arm === "candidate");
    expect(latency).toMatchObject({ exposure: 20, events: 20, quality: "ok" });
    expect(latency?.buckets?.filter(({ count }) => count > 0)).toEqual([{ le: 125, count: 20 }]);
    expect(latency?.buckets?.at(-1)?.le).toBeNull();
  });

  test("counters, shares and gauges of the business", async () => {
    const extra: ExtraSeries[] = [
      { id: "orders" as never, kind: "rate", name: "orders_total", unit: "orders", direction: "higher-is-better" },
      {
        id: "declined" as never,
        kind: "ratio",
        name: "payments_total",
        events: { label: "result", matches: "declined" },
        unit: "payments",
        direction: "lower-is-better",
      },
      { id: "queue" as never, kind: "gauge", name: "queue_length", unit: "jobs", direction: "lower-is-better" },
    ];
    const { server, pass, poll, source } = setup({ extra });
    const scrape = (n: number) => {
      for (const target of [A, B]) {
        server.scrape(target, {
          ...counters(n),
          orders_total: 2 * n,
          'payments_total{result="ok"}': n,
          'payments_total{result="declined"}': Math.floor(n / 10),
          queue_length: n,
        });
      }
    };
    scrape(100);
    const first = await poll();
    await pass(10);
    scrape(200);
    const next = await poll(first.cursor);
    expect(source.metrics.map(({ id }) => id)).toEqual([
      "error-rate",
      "latency",
      "throughput",
      "orders",
      "declined",
      "queue",
    ]);
    expect(brief(next.increments, "orders", "candidate")).toBe("10/200 ok");
    expect(brief(next.increments, "declined", "candidate")).toBe("110/10 ok");
    expect(next.increments.find((one) => one.metric === "queue" && one.arm === "candidate")?.value).toBe(200);
  });
});

describe("history", () => {
  test("is read minute by minute, in whole counts, with halves and the present load", async () => {
    const { server, source } = setup();
    const end = Math.floor(server.now / 60) * 60;
    const pods = ["a-1", "a-2"].map((name) => pod(name, "1.0.0"));
    for (let ago = 3600; ago >= 0; ago -= 15) {
      const n = 10 * ((3600 - ago) / 15);
      for (const target of pods) server.scrape(target, counters(n, Math.floor(n / 100)), server.now - end + ago);
    }
    const history = await source.history(live(...BOTH), signal);
    const minutes = (history.windows ?? []).filter(({ metric }) => metric === "error-rate");
    expect(minutes).toHaveLength(60);
    expect(minutes.every(({ exposure }) => Number.isInteger(exposure))).toBe(true);
    expect(minutes.every(({ halves }) => halves !== undefined)).toBe(true);
    expect(history.series.find(({ metric }) => metric === "error-rate")).toMatchObject({
      exposure: 2 * (2400 + 24),
      events: 48,
    });
    expect(history.throughputRps).toBeCloseTo((2 * 40.4) / 60, 0);
  });

  test("of a server that has known the version for a few scrapes only is those scrapes", async () => {
    const { server, source } = setup();
    server.scrape(A, counters(100), 20);
    server.scrape(A, counters(150), 10);
    server.scrape(A, counters(200, 5));
    const history = await source.history(live(...BOTH), signal);
    expect(history.series[0]).toEqual({ metric: "error-rate", exposure: 105, events: 5 });
    expect(history.throughputRps).toBe(105 / 20);
  });

  test("of nothing is refused", async () => {
    await expect(setup().source.history(live(...BOTH), signal)).rejects.toThrow(/no requests of this version/);
  });
});

test("a young version with more samples than a call takes arguments has its history", async () => {
  const [now, scrapes, many] = [1_000_000, 21, 12_000];
  const result = Array.from({ length: many }, (_, index) => ({
    metric: { __name__: "http_requests_total", status: index % 100 === 0 ? "500" : "200", path: `/${index}` },
    values: Array.from({ length: scrapes }, (_, scrape) => [now - (scrapes - 1 - scrape) * 15, String(scrape)]),
  }));
  const answer = (data: unknown) => JSON.stringify({ status: "success", data });
  const body = (url: string) => {
    const { pathname, searchParams } = new URL(url);
    const query = searchParams.get("query") ?? "";
    if (query === "time()") return answer({ resultType: "scalar", result: [now, String(now)] });
    const isRecent = pathname.endsWith("/query") && query.includes("http_requests_total");
    return answer({ resultType: "matrix", result: isRecent ? result : [] });
  };
  const source = createPrometheusSource({
    config: MetricsConfig.parse({
      source: "prometheus",
      prometheus: { url: "http://prometheus:9090", match: 'version="{version}"' },
    }),
    http: { send: async ({ url }) => ({ status: 200, headers: {}, body: body(url), durationMs: 1 }) },
    clock: fakeClock(),
    versions: { baseline: OLD, candidate: undefined },
    released: NEW,
    env: {},
  });
  const history = await source.history(live(...BOTH), signal);
  expect(history.series.find(({ metric }) => metric === "error-rate")).toMatchObject({
    exposure: many * (scrapes - 1),
    events: (many / 100) * (scrapes - 1),
  });
});
