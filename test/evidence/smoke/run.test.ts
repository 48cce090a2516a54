import { describe, expect, test } from "vitest";
import { SmokeConfig } from "../../../mcp-server/evidence/config.ts";
import { runSmoke, type SmokeOptions } from "../../../mcp-server/evidence/smoke/index.ts";
import type { HttpResponse } from "../../../mcp-server/ports/index.ts";
import type { Version } from "../../../mcp-server/vocab/index.ts";
import { fakeClock, fakeHttp } from "../../fakes/index.ts";

type Answer = string | Partial<HttpResponse> | Error;

/** Answers in turn; the last one stays. */
function inTurn(...answers: [Answer, ...Answer[]]) {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)] as Answer;
}

async function run(checks: unknown[], routes: Parameters<typeof fakeHttp>[0], more: Partial<SmokeOptions> = {}) {
  const clock = fakeClock();
  const http = fakeHttp(routes);
  const config = SmokeConfig.parse({ checks });
  const started = runSmoke({
    config,
    http,
    clock,
    baseUrls: ["http://shop"],
    mode: "staging",
    version: "2.0.0" as Version,
    signal: new AbortController().signal,
    redact: (text) => text.replaceAll("hunter2", "[redacted]"),
    ...more,
  });
  return { run: await clock.runUntil(started), http, clock };
}

const health = { id: "health", group: "health", priority: "P0", path: "/healthz", expect: { jsonVersion: "version" } };
const healthy = JSON.stringify({ version: "2.0.0" });

describe("one check", () => {
  test("passes, and says which version answered", async () => {
    const { run: smoke } = await run([health], { "GET http://shop/healthz": healthy });
    expect(smoke).toEqual({
      mode: "staging",
      versionExpected: "2.0.0",
      results: [
        {
          id: "health",
          group: "health",
          priority: "P0",
          outcome: "pass",
          attempts: 1,
          durationMs: 0,
          versionObserved: "2.0.0",
        },
      ],
    });
  });

  test.each<[string, object, Answer, string]>([
    [
      "another status",
      {},
      { status: 503, body: "pool exhausted" },
      'expected status 200, found 503 with the body "pool exhausted"',
    ],
    ["a redirect", {}, { status: 302, headers: { location: "http://evil/" } }, "expected status 200, found 302"],
    ["a missing text", { bodyContains: "token" }, "{}", 'the body lacks "token"'],
    ["another version", { jsonVersion: "version" }, '{"version":"1.9.0"}', 'expected version 2.0.0, found "1.9.0"'],
    ["no version", { jsonVersion: "version" }, '{"status":"ok"}', "does not say its version"],
    ["no JSON", { jsonVersion: "version" }, "2.0.0", "does not say its version"],
    ["an inherited member", { jsonVersion: "constructor.name" }, "{}", "does not say its version"],
    ["another version in a header", { headerVersion: "X-Version" }, { headers: { "x-version": "1.9.0" } }, "found"],
    ["no version in the header", { headerVersion: "x-version" }, "", "does not say its version"],
    [
      "places that disagree",
      { headerVersion: "x-version", jsonVersion: "version" },
      { headers: { "x-version": "1.9.0" }, body: healthy },
      '"1.9.0"',
    ],
    ["no answer", {}, new Error("connect ECONNREFUSED"), "no answer: connect ECONNREFUSED"],
  ])("fails on %s, after one confirmation", async (_, expectation, answer, message) => {
    const { run: smoke, clock } = await run([{ ...health, expect: expectation }], { "http://shop/healthz": answer });
    expect(smoke.results[0]).toMatchObject({ outcome: "fail", attempts: 2, message: expect.stringContaining(message) });
    expect(clock.mono()).toBe(1000);
  });

  test("that fails once and passes the rerun passes, and says so", async () => {
    const { run: smoke } = await run([health], { "http://shop/healthz": inTurn(new Error("socket hang up"), healthy) });
    expect(smoke.results[0]).toMatchObject({
      outcome: "pass",
      attempts: 2,
      durationMs: 1000,
      message: "passed when rerun; before: no answer: socket hang up",
    });
  });

  test("whose second answer is worse is judged by the second", async () => {
    const { run: smoke } = await run([health], {
      "http://shop/healthz": inTurn({ status: 500 }, '{"version":"1.9.0"}'),
    });
    expect(smoke.results[0]).toMatchObject({ outcome: "fail", versionObserved: "1.9.0" });
  });

  test.each(["EMFILE", "EADDRNOTAVAIL"])(
    "that this machine could not send (%s) is an error, not a failure",
    async (code) => {
      const { run: smoke } = await run([health], { "http://shop/healthz": Object.assign(new Error("no"), { code }) });
      expect(smoke.results[0]).toMatchObject({ outcome: "error", attempts: 1, message: expect.stringContaining(code) });
    },
  );

  test("without an address, or with one that is none, is an error", async () => {
    expect((await run([health], {}, { baseUrls: [] })).run.results[0]).toMatchObject({ outcome: "error", attempts: 0 });
    expect((await run([health], {}, { baseUrls: ["nowhere"] })).run.results[0]).toMatchObject({ outcome: "error" });
  });

  test("must pass at every address; a foreign version outranks the right one", async () => {
    const routes = { "http://a/healthz": healthy, "http://b/healthz": '{"version":"1.9.0"}' };
    const { run: smoke } = await run([health], routes, { baseUrls: ["http://a", "http://b"] });
    expect(smoke.results[0]).toMatchObject({
      outcome: "fail",
      versionObserved: "1.9.0",
      message: expect.stringMatching(/^http:\/\/b: /),
    });
  });

  test("never leaves its host", async () => {
    const { run: smoke, http } = await run(
      [
        { id: "login", group: "authentication", path: "/login", remember: { next: "next" } },
        { id: "follow", group: "business", path: "/{next}" },
      ],
      { "http://shop/login": '{"next":"/evil.example/x"}', "http://shop//evil.example/x": "here" },
    );
    expect(smoke.results.map((one) => one.outcome)).toEqual(["pass", "pass"]);
    expect(http.requests.map((one) => new URL(one.url).host)).toEqual(["shop", "shop"]);
  });
});

describe("messages", () => {
  test("are redacted before they are cut", async () => {
    const body = `${"x".repeat(110)} hunter2 ${"y".repeat(500)}`;
    const { run: smoke } = await run([health], { "http://shop/healthz": { status: 500, body } });
    const message = smoke.results[0]?.message ?? "";
    expect(message).not.toContain("hunt");
    expect(message.length).toBeLessThanOrEqual(301);
  });

  test("show the name of a remembered value, not the value", async () => {
    const { run: smoke } = await run(
      [
        { id: "login", group: "authentication", method: "POST", path: "/login", remember: { token: "data.token" } },
        { id: "pay", group: "business", path: "/pay", headers: { authorization: "Bearer {token}" } },
      ],
      {
        "POST http://shop/login": '{"data":{"token":"s3cr3t-value"}}',
        "http://shop/pay": (request) => ({ status: 401, body: `bad ${request.headers?.authorization}` }),
      },
    );
    expect(smoke.results[1]?.message).toContain("bad Bearer {token}");
  });
});

describe("a suite", () => {
  const login = {
    id: "login",
    group: "authentication",
    method: "POST",
    path: "/login",
    headers: { "content-type": "application/json" },
    body: '{"user":"smoke","release":"{version}"}',
    remember: { token: "token" },
  };
  const checkout = {
    id: "checkout",
    group: "business",
    method: "POST",
    path: "/checkout",
    headers: { authorization: "Bearer {token}" },
    body: '{"items":[{"sku":"tea"}]}',
    expect: { status: 201 },
  };

  test("hands remembered values on; other braces stay", async () => {
    const { run: smoke, http } = await run([login, checkout], {
      "POST http://shop/login": '{"token":"abc123"}',
      "POST http://shop/checkout": { status: 201 },
    });
    expect(smoke.results.map((one) => one.outcome)).toEqual(["pass", "pass"]);
    expect(http.requests[0]?.body).toBe('{"user":"smoke","release":"2.0.0"}');
    expect(http.requests[1]).toMatchObject({
      headers: { authorization: "Bearer abc123" },
      body: '{"items":[{"sku":"tea"}]}',
    });
  });

  test("a check that lacks what an earlier one should have given could not be run", async () => {
    const { run: smoke } = await run([login, checkout], {
      "http://shop/login": "{}",
      "http://shop/checkout": { status: 201 },
    });
    expect(smoke.results.map((one) => one.outcome)).toEqual(["fail", "error"]);
    expect(smoke.results[1]?.message).toContain("{token}");
  });

  test("at depth minimal runs P0 and P1 and lists the rest as skipped", async () => {
    const checks = ["P0", "P1", "P2", "P3"].map((priority) => ({ ...health, id: priority.toLowerCase(), priority }));
    const { run: smoke, http } = await run(checks, { "http://shop/healthz": healthy }, { depth: "minimal" });
    expect(smoke.results.map((one) => one.outcome)).toEqual(["pass", "pass", "skip", "skip"]);
    expect(http.requests).toHaveLength(2);
  });

  test("reports progress check by check", async () => {
    const seen: string[] = [];
    await run(
      [health, { ...health, id: "again" }],
      { "http://shop/healthz": healthy },
      {
        onProgress: (result, done, of) => seen.push(`${result.id} ${done}/${of}`),
      },
    );
    expect(seen).toEqual(["health 1/2", "again 2/2"]);
  });

  test("stops when aborted", async () => {
    const abort = new AbortController();
    const route = () => {
      abort.abort();
      return { status: 500 };
    };
    await expect(run([health], { "http://shop/healthz": route }, { signal: abort.signal })).rejects.toThrow();
  });

  test.each<[string, object[], string]>([
    ["two checks of one id", [health, health], "smoke.checks[1].id"],
    ["a name remembered twice", [login, { ...login, id: "again" }], "smoke.checks[1].remember"],
    ["a remembered version", [{ ...health, remember: { version: "v" } }], "smoke.checks[0].remember"],
  ])("%s is refused", async (_, checks, key) => {
    await expect(run(checks, {})).rejects.toMatchObject({ code: "config", where: { key } });
  });
});
