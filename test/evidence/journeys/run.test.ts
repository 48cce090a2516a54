import { describe, expect, test } from "vitest";
import {
  JourneysConfig,
  type JourneysOptions,
  journeysProblems,
  runJourneys,
} from "../../../mcp-server/evidence/index.ts";
import type { HttpResponse } from "../../../mcp-server/ports/index.ts";
import type { Version } from "../../../mcp-server/vocab/index.ts";
import { fakeClock, fakeHttp } from "../../fakes/index.ts";

type Answer = string | Partial<HttpResponse> | Error;

function inTurn(...answers: [Answer, ...Answer[]]) {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)] as Answer;
}

async function walk(journeys: unknown[], routes: Parameters<typeof fakeHttp>[0], more: Partial<JourneysOptions> = {}) {
  const clock = fakeClock();
  const http = fakeHttp(routes);
  const started = runJourneys({
    journeys: JourneysConfig.parse(journeys),
    http,
    clock,
    baseUrls: ["http://shop"],
    mode: "production",
    version: "2.0.0" as Version,
    signal: new AbortController().signal,
    redact: (text) => text,
    env: {},
    ...more,
  });
  return { ...(await clock.runUntil(started)), http, clock };
}

const login = { method: "POST", path: "/login", body: "{env:PASSWORD}", remember: { token: "data.token" } };
const cart = { path: "/cart", headers: { authorization: "Bearer {token}" }, expect: { jsonVersion: "version" } };
const buy = { id: "buy", passEnv: ["PASSWORD"], steps: [login, cart] };
const env = { PASSWORD: "open sesame" };
const SESSION = JSON.stringify({ data: { token: "tok-1234567" } });
const CART = JSON.stringify({ version: "2.0.0" });
const ROUTES = { "POST http://shop/login": SESSION, "GET http://shop/cart": CART };

describe("one journey", () => {
  test("walks its steps in order, with values from the answers before", async () => {
    const { results, http } = await walk([buy], ROUTES, { env });
    expect(results).toEqual([
      {
        id: "buy",
        priority: "P1",
        outcome: "pass",
        attempts: 1,
        completionPct: 100,
        steps: 2,
        stepsDone: 2,
        durationMs: 0,
        versionObserved: "2.0.0",
      },
    ]);
    expect(http.requests.map(({ url, body }) => [url, body])).toEqual([
      ["http://shop/login", "open sesame"],
      ["http://shop/cart", undefined],
    ]);
    expect(http.requests[1]?.headers).toEqual({ connection: "close", authorization: "Bearer tok-1234567" });
  });

  test("takes values from headers and cookies", async () => {
    const steps = [
      { path: "/a", remember: { at: { header: "Location" }, visit: { cookie: "sid" } } },
      { path: "{at}".replace("{at}", "/b/{at}"), headers: { cookie: "sid={visit}" } },
    ];
    const headers = {
      location: "42",
      "set-cookie": "theme=dark; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/, sid=abc123; HttpOnly, other=1",
    };
    const routes = { "GET http://shop/a": { headers }, "GET http://shop/b/42": "" };
    const { results, http } = await walk([{ id: "j", steps }], routes);
    expect(results[0]?.outcome).toBe("pass");
    expect(http.requests[1]?.headers).toEqual({ connection: "close", cookie: "sid=abc123" });
  });

  test("stops at the first step that fails, is walked once more whole, and says which step it was", async () => {
    const { results, http } = await walk(
      [buy],
      { ...ROUTES, "GET http://shop/cart": { status: 500, body: "no" } },
      { env },
    );
    expect(results[0]).toMatchObject({
      outcome: "fail",
      attempts: 2,
      completionPct: 0,
      stepsDone: 1,
      failedStep: "2 GET /cart",
    });
    expect(results[0]?.message).toContain("expected status 200, found 500");
    expect(http.requests.map(({ url }) => url.slice(11))).toEqual(["/login", "/cart", "/login", "/cart"]);
  });

  test("that completes when repeated passes with half of its walks", async () => {
    const cartAnswers = inTurn({ status: 503, body: "" }, CART);
    const { results } = await walk([buy], { ...ROUTES, "GET http://shop/cart": cartAnswers }, { env });
    expect(results[0]).toMatchObject({ outcome: "pass", attempts: 2, completionPct: 50 });
    expect(results[0]?.message).toContain("completed when repeated");
  });

  test("without its variable could not be walked, which is no failure of the service", async () => {
    const { results, http } = await walk([buy], ROUTES);
    expect(results[0]).toMatchObject({ outcome: "error", attempts: 1, completionPct: null });
    expect(results[0]?.message).toContain("the environment variable PASSWORD is not set");
    expect(http.requests).toEqual([]);
  });

  test("with nobody to ask could not be walked", async () => {
    const { results } = await walk([buy], ROUTES, { env, baseUrls: [] });
    expect(results[0]).toMatchObject({ outcome: "error", attempts: 0, completionPct: null });
  });

  test("has to complete at every address", async () => {
    const routes = {
      ...ROUTES,
      "POST http://two/login": SESSION,
      "GET http://two/cart": JSON.stringify({ version: "1.9.0" }),
    };
    const { results } = await walk([buy], routes, { env, baseUrls: ["http://shop", "http://two"] });
    expect(results[0]).toMatchObject({ outcome: "fail", versionObserved: "1.9.0" });
    expect(results[0]?.completionPct).toBeCloseTo(100 / 3);
    expect(results[0]?.message).toContain("http://two");
  });

  test("cleans up after itself also when it failed, and what stays is named", async () => {
    const journey = { ...buy, cleanup: [{ path: "/session/{token}" }] };
    const routes = { ...ROUTES, "DELETE http://shop/session/tok-1234567": { status: 403, body: "no" } };
    const { results } = await walk([journey], routes, { env });
    expect(results[0]?.outcome).toBe("pass");
    expect(results[0]?.message).toContain("cleanup 1 DELETE");
    expect(results[0]?.message).not.toContain("tok-1234567");
  });

  test("at depth minimal is left out unless it decides", async () => {
    const journeys = [
      { ...buy, id: "a", priority: "P2" },
      { ...buy, id: "b", priority: "P0" },
    ];
    const { results } = await walk(journeys, ROUTES, { env, depth: "minimal" });
    expect(results.map(({ outcome }) => outcome)).toEqual(["skip", "pass"]);
  });

  test("shares one time limit among its steps", async () => {
    const clock = fakeClock();
    const http = {
      send: async ({ timeoutMs }: { timeoutMs: number }) => {
        seen.push(timeoutMs);
        await clock.sleep(600.4);
        return { status: 200, headers: {}, body: "", durationMs: 600 };
      },
    };
    const seen: number[] = [];
    const journeys = JourneysConfig.parse([{ id: "slow", timeout: "1s", steps: [{ path: "/a" }, { path: "/b" }] }]);
    const o = {
      journeys,
      http,
      clock,
      baseUrls: ["http://shop"],
      mode: "production" as const,
      version: "2.0.0" as Version,
    };
    await clock.runUntil(runJourneys({ ...o, signal: new AbortController().signal, redact: (text) => text, env: {} }));
    expect(seen).toEqual([1000, 400]); // whole milliseconds: a real timer refuses parts;
  });
});

describe("secrets", () => {
  const secret = "s3cr3t/ü&=";
  test.each([
    ["plainly", secret],
    ["URL-encoded", encodeURIComponent(secret)],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in JSON", JSON.stringify({ said: secret })],
  ])("are not in a message when the service echoes them %s", async (_how, echo) => {
    const routes = { ...ROUTES, "POST http://shop/login": { status: 401, body: `you sent ${echo} !` } };
    const { results } = await walk([buy], routes, { env: { PASSWORD: secret } });
    expect(results[0]?.message).toContain("{env:PASSWORD}");
    expect(results[0]?.message).not.toContain(echo);
  });

  test("are refused where passEnv does not list them", () => {
    const journeys = JourneysConfig.parse([{ id: "j", steps: [{ path: "/", headers: { a: "{env:HOME}" } }] }]);
    expect(journeysProblems(journeys)).toEqual([
      { key: "journeys[0].steps[0]", what: "{env:HOME} is used but HOME is not in passEnv" },
    ]);
  });

  test("in a remembered value are never put in", async () => {
    const steps = [
      { path: "/a", remember: { trap: "x" } },
      { path: "/b", headers: { h: "{trap}" } },
    ];
    const routes = { "GET http://shop/a": JSON.stringify({ x: "{env:PASSWORD}" }), "GET http://shop/b": "" };
    const { http } = await walk([{ id: "j", passEnv: ["PASSWORD"], steps }], routes, { env });
    expect(http.requests[1]?.headers).toEqual({ connection: "close", h: "{env:PASSWORD}" });
  });
});

describe("journeysProblems", () => {
  test.each([
    ["an id twice", [{ ...buy }, { ...buy }], "journeys[1].id"],
    ["no time", [{ ...buy, timeout: "0s" }], "journeys[0].timeout"],
    ["too much time", [{ ...buy, timeout: "3m" }], "journeys[0].timeout"],
    ["a name remembered twice", [{ ...buy, steps: [login, login] }], "journeys[0].steps[1].remember"],
    [
      "the name of the release",
      [{ ...buy, steps: [{ path: "/", remember: { version: "v" } }] }],
      "journeys[0].steps[0].remember",
    ],
  ])("finds %s", (_name, journeys, key) => {
    expect(journeysProblems(JourneysConfig.parse(journeys)).map((problem) => problem.key)).toContain(key);
  });
});
