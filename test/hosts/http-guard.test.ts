import { describe, expect, it } from "vitest";
import { allowance, type Guard, type Knock, MAX_BODY_BYTES, refusalOf } from "../../mcp-server/hosts/mcp/http-guard.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const GUARD: Guard = { port: 4711, token: TOKEN, allow: () => true };
const GOOD: Knock = {
  method: "POST",
  path: "/mcp",
  host: "127.0.0.1:4711",
  origin: undefined,
  authorization: `Bearer ${TOKEN}`,
  contentLength: "100",
};

describe("the head of a request", () => {
  it.each<[string, Partial<Knock>, number | undefined]>([
    ["a good one", {}, undefined],
    ["localhost", { host: "localhost:4711" }, undefined],
    ["IPv6 loopback", { host: "[::1]:4711" }, undefined],
    ["capital letters in the host", { host: "LocalHost:4711" }, undefined],
    ["an origin of this very door", { origin: "http://localhost:4711" }, undefined],
    ["no stated length", { contentLength: undefined }, undefined],
    ["the longest body", { contentLength: String(MAX_BODY_BYTES) }, undefined],
    ["scheme in lower case", { authorization: `bearer ${TOKEN}` }, undefined],
    ["no host", { host: undefined }, 403],
    ["a rebound host", { host: "evil.example:4711" }, 403],
    ["another port", { host: "127.0.0.1:4712" }, 403],
    ["a host that only begins like ours", { host: "127.0.0.1:4711.evil.example" }, 403],
    ["a page elsewhere", { origin: "https://evil.example" }, 403],
    ["a sandboxed page", { origin: "null" }, 403],
    ["an origin that only ends like ours", { origin: "http://evil.example/localhost:4711" }, 403],
    ["another path", { path: "/" }, 404],
    ["a path below", { path: "/mcp/x" }, 404],
    ["no token", { authorization: undefined }, 401],
    ["a wrong token", { authorization: `Bearer ${TOKEN.slice(1)}x` }, 401],
    ["a beginning of the token", { authorization: `Bearer ${TOKEN.slice(0, 31)}` }, 401],
    ["another scheme", { authorization: `Basic ${TOKEN}` }, 401],
    ["an endless token", { authorization: `Bearer ${"x".repeat(600)}` }, 401],
    ["a method of no use", { method: "PUT" }, 405],
    ["one byte too long", { contentLength: String(MAX_BODY_BYTES + 1) }, 413],
    ["a length that is none", { contentLength: "-1" }, 413],
  ])("%s", (_name, change, status) => {
    expect(refusalOf({ ...GOOD, ...change }, GUARD)?.status).toBe(status);
  });

  it("uses up no allowance without the token", () => {
    let asked = 0;
    const guard: Guard = {
      ...GUARD,
      allow: () => {
        asked += 1;
        return false;
      },
    };
    expect(refusalOf({ ...GOOD, authorization: undefined }, guard)?.status).toBe(401);
    expect(asked).toBe(0);
    expect(refusalOf(GOOD, guard)).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
  });
});

describe("the allowance", () => {
  it("gives a burst at once and then what refills, whatever the clock did before", () => {
    let now = 1_000_000;
    const allow = allowance({ mono: () => now }, { burst: 3, perSecond: 2 });
    expect([allow(), allow(), allow(), allow()]).toEqual([true, true, true, false]);
    now += 499;
    expect(allow()).toBe(false);
    now += 1;
    expect([allow(), allow()]).toEqual([true, false]);
    now += 3_600_000;
    expect([allow(), allow(), allow(), allow()]).toEqual([true, true, true, false]);
  });
});
