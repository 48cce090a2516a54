import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MetricsConfig } from "../../../mcp-server/evidence/config.ts";
import { createScrapeSource, ExtraSeries, type ScrapeCursor } from "../../../mcp-server/evidence/metrics/index.ts";
import { FlowError, type Increment, type Instance, type Json } from "../../../mcp-server/vocab/index.ts";
import { fakeClock, fakeHttp } from "../../fakes/index.ts";
import { instance, live, page, type Served, version } from "./service-page.ts";

const signal = new AbortController().signal;

function setup(config: unknown = {}, clock = fakeClock(), http = fakeHttp()) {
  const source = createScrapeSource({
    config: MetricsConfig.parse(config),
    http,
    clock,
    versions: { baseline: version("1.0.0"), candidate: version("2.0.0") },
  });
  const serve = (id: string, served: Served | Error | string) => {
    http.routes[`http://${id}/metrics`] = typeof served === "string" || served instanceof Error ? served : page(served);
  };
  const poll = async (instances: Instance[], since?: Json, seconds = 10) => {
    await clock.advance(seconds * 1000);
    return source.poll(live(...instances), since, signal);
  };
  return { source, serve, poll, clock, http };
}

function find(increments: readonly Increment[], metric: string, arm: string): Increment {
  const found = increments.filter((one) => one.metric === metric && one.arm === arm);
  expect(found).toHaveLength(1);
  return found[0] as Increment;
}

/** `exposure/events quality` of one series, for short tables. */
function brief(increments: readonly Increment[], metric: string, arm: string): string {
  const one = find(increments, metric, arm);
  return `${one.exposure}/${one.events} ${one.quality}`;
}

describe("growth between polls", () => {
  test("is summed over the instances of each version, per series", async () => {
    const { serve, poll } = setup();
    const all = [instance("a", "1.0.0"), instance("b", "1.0.0"), instance("c", "2.0.0"), instance("x", "0.9.0")];
    serve("a", { ok: 100, failed: 1, fast: 50, medium: 90 });
    serve("b", { ok: 200 });
    serve("c", { ok: 5 });
    const first = await poll(all);
    expect(first.increments).toEqual([]);
    expect(Object.keys(first.perInstance)).toEqual(["a", "b", "c"]);

    serve("a", { ok: 110, failed: 3, fast: 55, medium: 100 });
    serve("b", { ok: 220, fast: 215, medium: 218 });
    serve("c", { ok: 9, failed: 1, fast: 5, medium: 5 });
    const second = await poll(all, first.cursor);
    expect(second.increments).toHaveLength(6);
    expect(brief(second.increments, "error-rate", "baseline")).toBe("32/2 ok");
    expect(brief(second.increments, "error-rate", "candidate")).toBe("5/1 ok");
    expect(brief(second.increments, "throughput", "baseline")).toBe("10/32 ok");
    expect(find(second.increments, "latency", "baseline")).toMatchObject({
      exposure: 32,
      events: 32,
      buckets: [
        { le: 10, count: 20 },
        { le: 100, count: 8 },
        { le: null, count: 4 },
      ],
      from: "2026-03-01T12:00:10.000Z",
      to: "2026-03-01T12:00:20.000Z",
    });
    expect(second.perInstance.a).toEqual({ arm: "baseline", version: "1.0.0", outcome: "ok" });
  });

  test("traffic that is no user's is left out", async () => {
    const { serve, poll } = setup({ ignore: { label: "path", matches: "/healthz|/metrics" } });
    const all = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    serve("a", { ok: 1, health: 500 });
    serve("c", { ok: 1 });
    const first = await poll(all);
    serve("a", { ok: 4, health: 900 });
    const second = await poll(all, first.cursor);
    expect(brief(second.increments, "error-rate", "baseline")).toBe("3/0 ok");
    expect(brief(second.increments, "error-rate", "candidate")).toBe("0/0 ok");
  });

  test("an instance that began after the watch counts from zero, one that ran before does not", async () => {
    const { serve, poll } = setup();
    const old = instance("a", "1.0.0");
    serve("a", { ok: 1000 });
    const first = await poll([old, instance("late", "1.0.0", { state: "starting" })]);
    serve("a", { ok: 1010 });
    serve("late", { ok: 70 });
    serve("c", { ok: 7, failed: 2 });
    const second = await poll([old, instance("late", "1.0.0"), instance("c", "2.0.0")], first.cursor);
    expect(second.perInstance.late?.outcome).toBe("first");
    expect(brief(second.increments, "error-rate", "baseline")).toBe("10/0 ok");
    expect(brief(second.increments, "error-rate", "candidate")).toBe("9/2 ok");
    expect(brief(second.increments, "throughput", "candidate")).toBe("10/9 ok");
  });

  test("an instance that is out of sight for a while is not counted twice", async () => {
    const { serve, poll } = setup();
    const [a, c] = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    serve("a", { ok: 10 });
    serve("c", { ok: 1 });
    const first = await poll([a, c]);
    const second = await poll([c], first.cursor);
    expect(brief(second.increments, "error-rate", "baseline")).toBe("0/0 missing");
    serve("a", { ok: 25 });
    const third = await poll([a, c], second.cursor);
    expect(brief(third.increments, "error-rate", "baseline")).toBe("15/0 ok");
    expect(brief(third.increments, "throughput", "baseline")).toBe("20/15 ok");
  });

  test("any split into polls adds up to the same", async () => {
    const steps = fc.array(fc.record({ ok: fc.nat(50), failed: fc.nat(5), isAsked: fc.boolean() }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const { serve, poll } = setup();
        const all = [instance("a", "1.0.0"), instance("c", "2.0.0")];
        const served = { ok: 3, failed: 1 };
        serve("a", served);
        serve("c", served);
        let { cursor } = await poll(all);
        const sums = { exposure: 0, events: 0, seconds: 0 };
        for (const [index, step] of list.entries()) {
          served.ok += step.ok;
          served.failed += step.failed;
          serve("c", step.isAsked || index === list.length - 1 ? served : new Error("reset"));
          const next = await poll(all, JSON.parse(JSON.stringify(cursor)) as Json);
          sums.exposure += find(next.increments, "error-rate", "candidate").exposure;
          sums.events += find(next.increments, "error-rate", "candidate").events;
          sums.seconds += find(next.increments, "throughput", "candidate").exposure;
          cursor = next.cursor;
        }
        expect(sums).toEqual({
          exposure: served.ok + served.failed - 4,
          events: served.failed - 1,
          seconds: list.length * 10,
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe("restarts", () => {
  async function pollAfter(before: Served, now: Served, restarts = [0, 0]) {
    const { serve, poll } = setup();
    serve("a", { ok: 1 });
    serve("c", before);
    const first = await poll([instance("a", "1.0.0"), instance("c", "2.0.0", { restarts: restarts[0] ?? 0 })]);
    serve("c", now);
    const second = await poll(
      [instance("a", "1.0.0"), instance("c", "2.0.0", { restarts: restarts[1] ?? 0 })],
      first.cursor,
    );
    return { brief: brief(second.increments, "error-rate", "candidate"), serve, poll, cursor: second.cursor };
  }

  test.each<[string, Served, Served, number[], string]>([
    ["a counter that fell", { ok: 100 }, { ok: 8, failed: 2 }, [0, 0], "10/2 reset"],
    ["failures fell alone", { ok: 100, failed: 5 }, { ok: 130, failed: 2 }, [0, 0], "132/2 reset"],
    ["the platform counted a restart", { ok: 100 }, { ok: 120 }, [0, 1], "120/0 reset"],
    ["another process start", { ok: 100, start: 1000 }, { ok: 120, start: 1100 }, [0, 0], "120/0 reset"],
    [
      "the same process, its start time off by the clock's second",
      { ok: 100, start: 1000 },
      { ok: 120, start: 1001 },
      [0, 0],
      "20/0 ok",
    ],
    [
      "the same process though a restart was counted late",
      { ok: 100, start: 1000 },
      { ok: 120, start: 1000 },
      [0, 1],
      "20/0 ok",
    ],
    ["nothing at all", { ok: 100 }, { ok: 100 }, [0, 0], "0/0 ok"],
  ])("%s", async (_, before, now, restarts, expected) => {
    expect((await pollAfter(before, now, restarts)).brief).toBe(expected);
  });

  test("a restart seen on the page before the platform counts it resets once", async () => {
    const { brief: seen, serve, poll, cursor } = await pollAfter({ ok: 100 }, { ok: 10 });
    expect(seen).toBe("10/0 reset");
    serve("c", { ok: 30 });
    const third = await poll([instance("a", "1.0.0"), instance("c", "2.0.0", { restarts: 1 })], cursor);
    expect(brief(third.increments, "error-rate", "candidate")).toBe("20/0 ok");
    serve("c", { ok: 35 });
    const fourth = await poll([instance("a", "1.0.0"), instance("c", "2.0.0", { restarts: 2 })], third.cursor);
    expect(brief(fourth.increments, "error-rate", "candidate")).toBe("35/0 reset");
  });
});

describe("no data is never zero", () => {
  const all = [instance("a", "1.0.0"), instance("c", "2.0.0"), instance("d", "2.0.0")];

  test.each<[string, string | Error, string]>([
    ["a refused connection", new Error("connect ECONNREFUSED"), "ECONNREFUSED"],
    ["a page that is no metrics page", "<html>", "the metrics page cannot be read"],
    ["a page without the metrics", "up 1\n", "no metric http_requests_total"],
    ["requests without the label that tells failures", "http_requests_total 7\n", "no label status"],
    ["a counter that is no number", 'http_requests_total{status="200"} NaN\n', "no count"],
    ["a series written twice", 'http_requests_total{status="200"} 1\nhttp_requests_total{status="200"} 2\n', "twice"],
  ])("%s", async (_, answer, problem) => {
    const { serve, poll } = setup();
    for (const one of all) serve(one.id, { ok: 1 });
    const first = await poll(all);
    serve("c", answer);
    serve("d", answer);
    const second = await poll(all, first.cursor);
    for (const metric of ["error-rate", "latency", "throughput"]) {
      expect(brief(second.increments, metric, "candidate")).toBe("0/0 missing");
      expect(find(second.increments, metric, "baseline").quality).toBe("ok");
    }
    expect(second.perInstance.c).toMatchObject({ outcome: "missing", problem: expect.stringContaining(problem) });

    serve("c", { ok: 6 });
    serve("d", { ok: 8, failed: 1 });
    const third = await poll(all, second.cursor);
    expect(brief(third.increments, "error-rate", "candidate")).toBe("13/1 ok");
    expect(brief(third.increments, "throughput", "candidate")).toBe("20/13 ok");
  });

  test("an arm that is answered for in part counts what answered and says who did not", async () => {
    const { serve, poll } = setup();
    for (const one of all) serve(one.id, { ok: 1 });
    const first = await poll(all);
    serve("c", { ok: 4 });
    serve("d", new Error("timeout"));
    const second = await poll(all, first.cursor);
    expect(brief(second.increments, "error-rate", "candidate")).toBe("3/0 ok");
    expect(second.perInstance.d).toMatchObject({ outcome: "missing", problem: "timeout" });
  });

  test("an arm without any instance is missing", async () => {
    const { serve, poll } = setup();
    serve("a", { ok: 1 });
    const { increments } = await poll([instance("a", "1.0.0")]);
    expect(brief(increments, "error-rate", "candidate")).toBe("0/0 missing");
  });

  test("a status other than 200 is no page", async () => {
    const { poll, http } = setup();
    http.routes["http://a/metrics"] = { status: 404, body: page({ ok: 1 }) };
    const { perInstance } = await poll([instance("a", "1.0.0")]);
    expect(perInstance.a?.problem).toContain("status 404");
  });

  test("an OpenMetrics page that breaks off is no page", async () => {
    const { poll, http } = setup();
    const headers = { "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8" };
    http.routes["http://a/metrics"] = { headers, body: page({ ok: 1 }) };
    expect((await poll([instance("a", "1.0.0")])).perInstance.a?.problem).toContain("# EOF");
    http.routes["http://a/metrics"] = { headers, body: `${page({ ok: 1 })}# EOF\n` };
    expect((await poll([instance("a", "1.0.0")])).perInstance.a?.outcome).toBe("first");
  });

  test("a page of the same sample time as before is stale", async () => {
    const { serve, poll } = setup();
    const dated = (count: number, at: number) =>
      `http_requests_total{status="200"} ${count} ${at}\n# TYPE http_request_duration_seconds histogram\n`;
    serve("a", { ok: 1 });
    serve("c", dated(5, 1000));
    const pair = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    const first = await poll(pair);
    const second = await poll(pair, first.cursor);
    expect(brief(second.increments, "error-rate", "candidate")).toBe("0/0 stale");
    serve("c", dated(9, 2000));
    const third = await poll(pair, second.cursor);
    expect(brief(third.increments, "error-rate", "candidate")).toBe("4/0 ok");
    expect(find(third.increments, "latency", "candidate").buckets).toEqual([]);
  });

  test("a missing histogram takes away latency, not the error rate; found again it is whole", async () => {
    const { serve, poll } = setup();
    const pair = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    serve("a", { ok: 1 });
    serve("c", { ok: 10 });
    const first = await poll(pair);
    serve("c", 'http_requests_total{status="200"} 15\n');
    const second = await poll(pair, first.cursor);
    expect(brief(second.increments, "error-rate", "candidate")).toBe("5/0 ok");
    expect(brief(second.increments, "latency", "candidate")).toBe("0/0 missing");
    expect(second.perInstance.c?.problem).toContain("http_request_duration_seconds");
    serve("c", { ok: 20 });
    const third = await poll(pair, second.cursor);
    expect(brief(third.increments, "error-rate", "candidate")).toBe("5/0 ok");
    expect(brief(third.increments, "latency", "candidate")).toBe("10/10 ok");
  });

  test("declared metrics that nothing was counted in yet are zero", async () => {
    const { serve, poll } = setup();
    const pair = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    serve("a", { ok: 1 });
    serve("c", "# TYPE http_requests counter\n# TYPE http_request_duration_seconds histogram\n# EOF\n");
    const first = await poll(pair);
    serve("c", { ok: 3 });
    const second = await poll(pair, first.cursor);
    expect(brief(second.increments, "error-rate", "candidate")).toBe("3/0 ok");
    expect(brief(second.increments, "latency", "candidate")).toBe("3/3 ok");
  });

  test("an aborted poll rejects: it must not look like a dead service", async () => {
    const { source, serve } = setup();
    serve("a", { ok: 1 });
    const abort = new AbortController();
    abort.abort();
    await expect(source.poll(live(instance("a", "1.0.0")), undefined, abort.signal)).rejects.toThrow();
  });
});

describe("time", () => {
  test.each([86_400_000, -86_400_000])("the wall clock jumping by %d ms changes labels only", async (jump) => {
    const { serve, poll, clock } = setup();
    const pair = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    serve("a", { ok: 1 });
    serve("c", { ok: 1 });
    const first = await poll(pair);
    clock.jumpWall(jump);
    serve("c", { ok: 4 });
    const second = await poll([...pair, instance("new", "2.0.0")], first.cursor);
    expect(brief(second.increments, "throughput", "candidate")).toBe("10/3 ok");
  });

  test("a runner that takes over goes on counting; only the span, and so throughput, is unknown once", async () => {
    const before = setup();
    const pair = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    before.serve("a", { ok: 1 });
    before.serve("c", { ok: 1 });
    const { cursor } = await before.poll(pair);
    const later = setup({}, fakeClock("2026-03-01T12:05:00.000Z"), before.http);
    later.serve("c", { ok: 31, failed: 4 });
    const second = await later.poll(pair, JSON.parse(JSON.stringify(cursor)) as Json, 0);
    expect(brief(second.increments, "error-rate", "candidate")).toBe("34/4 ok");
    expect(brief(second.increments, "throughput", "candidate")).toBe("0/0 missing");
    later.serve("c", { ok: 41, failed: 4 });
    const third = await later.poll(pair, second.cursor);
    expect(brief(third.increments, "throughput", "candidate")).toBe("10/10 ok");
  });

  test("a damaged cursor is refused", async () => {
    const { poll, serve } = setup();
    serve("a", { ok: 1 });
    const { cursor } = await poll([instance("a", "1.0.0")]);
    const damaged = { ...cursor, instances: { a: "?" } } satisfies Record<keyof ScrapeCursor, unknown>;
    await expect(poll([instance("a", "1.0.0")], damaged)).rejects.toMatchObject({ code: "damaged" });
  });
});

describe("latency buckets", () => {
  const buckets = (counts: Record<string, number>, path = "/") =>
    Object.entries(counts)
      .map(([le, count]) => `d_bucket{path="${path}",le="${le}"} ${count}\n`)
      .join("");
  const config = { latency: { name: "d", unit: "ms" } };
  const requests = 'http_requests_total{status="200"} 1\n';

  test("of series with different bounds only the shared ones are kept", async () => {
    const { serve, poll } = setup(config);
    const pair = [instance("a", "1.0.0"), instance("c", "2.0.0")];
    serve("a", { ok: 1 });
    serve("c", `# TYPE d histogram\n${requests}`);
    const first = await poll(pair);
    serve("c", requests + buckets({ 5: 1, 10: 3, "+Inf": 4 }) + buckets({ 10: 7, 20: 8, "+Inf": 9 }, "/b"));
    const second = await poll(pair, first.cursor);
    expect(find(second.increments, "latency", "candidate").buckets).toEqual([
      { le: 10, count: 10 },
      { le: null, count: 3 },
    ]);
  });

  test.each([
    ["counts that fall along the bounds", buckets({ 5: 3, 10: 2, "+Inf": 3 })],
    ["no bound of +Inf", buckets({ 5: 3, 10: 4 })],
    ["a bucket without a bound", 'd_bucket{path="/"} 3\n'],
  ])("%s is no histogram", async (_, text) => {
    const { serve, poll } = setup(config);
    serve("a", requests + text);
    const { perInstance } = await poll([instance("a", "1.0.0")]);
    expect(perInstance.a?.problem).toContain("d");
    expect(perInstance.a?.outcome).toBe("first");
  });

  test("bounds in seconds are whole milliseconds", async () => {
    const { serve, poll } = setup({ latency: { name: "d" } });
    serve("c", `# TYPE d histogram\n${requests}`);
    const first = await poll([instance("c", "2.0.0")]);
    serve("c", requests + buckets({ "0.005": 1, "0.07": 1, "0.3": 1, "+Inf": 1 }));
    const second = await poll([instance("c", "2.0.0")], first.cursor);
    expect(find(second.increments, "latency", "candidate").buckets?.map(({ le }) => le)).toEqual([5, 70, 300, null]);
  });
});

describe("history", () => {
  test("is what the baseline counted since its instances started", async () => {
    const { source, serve } = setup();
    const started = (at: string) => ({ startedAt: at as Instance["startedAt"] });
    serve("a", { ok: 3590, failed: 10, fast: 3000 });
    serve("b", { ok: 900, start: Date.parse("2026-03-01T11:45:00Z") / 1000 });
    serve("gone", new Error("refused"));
    serve("c", { ok: 1 });
    const history = await source.history(
      live(
        instance("a", "1.0.0", started("2026-03-01T11:00:00.000Z")),
        instance("b", "1.0.0", started("2026-03-01T09:00:00.000Z")),
        instance("gone", "1.0.0"),
        instance("c", "2.0.0"),
      ),
      signal,
    );
    expect(history).toEqual({
      from: "2026-03-01T11:00:00.000Z",
      to: "2026-03-01T12:00:00.000Z",
      version: "1.0.0",
      series: [
        { metric: "error-rate", exposure: 4500, events: 10 },
        {
          metric: "latency",
          exposure: 4500,
          events: 4500,
          buckets: [
            { le: 10, count: 3900 },
            { le: 100, count: 600 },
            { le: null, count: 0 },
          ],
        },
      ],
      throughputRps: 2,
      answered: 2,
      asked: 3,
    });
  });

  test("has no throughput when the wall clock went back before the start", async () => {
    const { source, serve, clock } = setup();
    serve("a", { ok: 10 });
    clock.jumpWall(-86_400_000);
    expect((await source.history(live(instance("a", "1.0.0")), signal)).throughputRps).toBeNull();
  });

  test("of nobody is an error, not an empty history", async () => {
    const { source, serve } = setup();
    await expect(source.history(live(), signal)).rejects.toMatchObject({ code: "unreadable" });
    serve("a", new Error("refused"));
    await expect(source.history(live(instance("a", "1.0.0")), signal)).rejects.toThrow("refused");
  });
});

describe("configuration", () => {
  test.each([
    [{ requests: { failed: { label: "status", matches: "(" } } }, "metrics.requests.failed.matches"],
    [{ ignore: { label: "path", matches: "[" } }, "metrics.ignore.matches"],
    [{ poll: "0s" }, "metrics.poll"],
  ])("%j is refused at %s", (config, key) => {
    expect(() => setup(config)).toThrowError(
      expect.objectContaining({ code: "config", where: { file: "deploy.yaml", key } }),
    );
  });

  test("two arms of one version are refused", () => {
    const versions = { baseline: version("1.0.0"), candidate: version("1.0.0") };
    const make = () =>
      createScrapeSource({ config: MetricsConfig.parse({}), http: fakeHttp(), clock: fakeClock(), versions });
    expect(make).toThrow(FlowError);
  });

  test("failures are matched against the whole label", async () => {
    const { serve, poll } = setup();
    const requests = (ok: number) =>
      `http_requests_total{status="200"} ${ok}\nhttp_requests_total{status="1500"} ${ok}\n# TYPE http_request_duration_seconds histogram\n`;
    serve("c", requests(1));
    const first = await poll([instance("c", "2.0.0")]);
    serve("c", requests(2));
    expect(brief((await poll([instance("c", "2.0.0")], first.cursor)).increments, "error-rate", "candidate")).toBe(
      "2/0 ok",
    );
  });
});

test("the baseline carries two halves by instance, the candidate and a single instance none", async () => {
  const { serve, poll } = setup();
  const names = ["a1", "a2", "a3"];
  const all = [...names.map((name) => instance(name, "1.0.0")), instance("c", "2.0.0"), instance("d", "2.0.0")];
  const round = (n: number) => {
    for (const [index, name] of names.entries()) serve(name, { ok: n * (index + 1), failed: n / 10 });
    serve("c", { ok: n });
    serve("d", { ok: n });
  };
  round(100);
  const first = await poll(all);
  round(200);
  const { increments } = await poll(all, first.cursor);
  const errors = find(increments, "error-rate", "baseline");
  expect(errors).toMatchObject({ exposure: 630, events: 30 });
  expect(errors.halves?.map(({ events }) => events).sort()).toEqual([10, 20]);
  expect(errors.halves?.reduce((sum, half) => sum + half.exposure, 0)).toBe(630);
  expect(find(increments, "latency", "baseline").halves?.every((half) => half.buckets?.length === 3)).toBe(true);
  expect(find(increments, "throughput", "baseline").halves?.[0].exposure).toBe(10);
  expect(find(increments, "error-rate", "candidate").halves).toBeUndefined();
});

describe("further series of a page", () => {
  const EXTRA = [
    { id: "orders", kind: "rate", name: "orders_total", unit: "orders", direction: "higher-is-better" },
    {
      id: "declined",
      kind: "ratio",
      name: "payments_total",
      events: { label: "result", matches: "declined" },
      unit: "payments",
      direction: "lower-is-better",
    },
    { id: "queue", kind: "gauge", name: "queue_length", unit: "jobs", direction: "lower-is-better" },
    { id: "basket", kind: "distribution", name: "basket_eur", unit: "EUR", direction: "higher-is-better" },
  ] as const;
  const shop = (n: number, declined = 0) =>
    `${page({ ok: n })}orders_total ${2 * n}\npayments_total{result="ok"} ${n}\npayments_total{result="declined"} ${declined}\nqueue_length ${n}\nbasket_eur_bucket{le="10"} ${n}\nbasket_eur_bucket{le="+Inf"} ${2 * n}\n`;
  const watch = () => {
    const http = fakeHttp();
    const clock = fakeClock();
    const source = createScrapeSource({
      config: MetricsConfig.parse({}),
      http,
      clock,
      versions: { baseline: version("1.0.0"), candidate: version("2.0.0") },
      extra: EXTRA.map((one) => ExtraSeries.parse(one)),
    });
    const poll = async (texts: Record<string, string>, since?: Json) => {
      for (const [id, text] of Object.entries(texts)) http.routes[`http://${id}/metrics`] = text;
      await clock.advance(10_000);
      const all = Object.keys(texts).map((id) => instance(id, id.startsWith("c") ? "2.0.0" : "1.0.0"));
      const polled = await source.poll(live(...all), since, signal);
      return { ...polled, cursor: JSON.parse(JSON.stringify(polled.cursor)) as Json };
    };
    return { source, poll };
  };

  test("is counted like requests: growth, halves, gauges as they are", async () => {
    const { source, poll } = watch();
    expect(source.metrics.map(({ id }) => id)).toEqual([
      ...["error-rate", "latency", "throughput"],
      ...EXTRA.map(({ id }) => id),
    ]);
    const first = await poll({ a: shop(10), b: shop(10), c: shop(10) });
    const { increments } = await poll({ a: shop(20), b: shop(40), c: shop(60, 5) }, first.cursor);
    expect(brief(increments, "orders", "candidate")).toBe("10/100 ok");
    expect(brief(increments, "declined", "candidate")).toBe("55/5 ok");
    expect(find(increments, "queue", "baseline")).toMatchObject({ value: 30, exposure: 2 });
    expect(find(increments, "basket", "candidate").buckets).toEqual([
      { le: 10, count: 50 },
      { le: null, count: 50 },
    ]);
    expect(
      find(increments, "orders", "baseline")
        .halves?.map(({ events }) => events)
        .sort(),
    ).toEqual([20, 60]);
  });

  test("one that a page lacks is missing and no zero; the others and the requests are read", async () => {
    const { poll } = watch();
    const without = (text: string) => text.replace(/^orders_total .*\n/m, "");
    const first = await poll({ a: shop(10), c: without(shop(10)) });
    const next = await poll({ a: shop(20), c: without(shop(20)) }, first.cursor);
    expect(brief(next.increments, "orders", "candidate")).toBe("0/0 missing");
    expect(brief(next.increments, "error-rate", "candidate")).toBe("10/0 ok");
    expect(next.perInstance.c?.problem).toContain("no metric orders_total");
    // Found at last, it is met first: it may have counted for a long time.
    const found = await poll({ a: shop(30), c: shop(30) }, next.cursor);
    expect(brief(found.increments, "orders", "candidate")).toBe("0/0 missing");
    expect(brief((await poll({ a: shop(40), c: shop(40) }, found.cursor)).increments, "orders", "candidate")).toBe(
      "10/20 ok",
    );
  });

  test("after a restart, and of an instance that is younger than the watch, all of it counts", async () => {
    const { poll } = watch();
    const first = await poll({ a: shop(10), c: shop(10) });
    const next = await poll({ a: shop(20), c: shop(3), c2: shop(7) }, first.cursor);
    expect(brief(next.increments, "orders", "candidate")).toBe("10/20 reset");
  });
});
