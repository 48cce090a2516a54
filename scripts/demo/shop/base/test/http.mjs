import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { noPace } from "../pace.mjs";
import { createShop } from "../shop.mjs";

const shop = createShop({
  version: "0.0.0-test",
  instance: "one",
  pace: noPace(),
  stock: { "TEA-GREEN": 500, "CUP-SMALL": 0 },
});
let base = "";

async function call(method, path, { body, token } = {}) {
  const response = await fetch(base + path, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: typeof body === "string" || body === undefined ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const json = response.headers.get("content-type") === "application/json" ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

const token = async () => (await call("POST", "/login", { body: { user: "smoke", password: "smoke" } })).json.token;
const order = async (quantity) =>
  call("POST", "/checkout", { token: await token(), body: { items: [{ sku: "TEA-GREEN", quantity }] } });

describe("shop over HTTP", () => {
  before(async () => {
    await new Promise((resolve) => shop.server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${shop.server.address().port}`;
  });
  after(() => shop.close());

  test("says that it is well and which version it is", async () => {
    const { status, json, headers } = await call("GET", "/healthz");
    assert.deepEqual([status, json.status, json.version], [200, "ok", "0.0.0-test"]);
    assert.deepEqual([headers.get("x-version"), headers.get("x-instance")], ["0.0.0-test", "one"]);
  });

  for (const [what, method, path, options, status] of [
    ["a login without a body", "POST", "/login", {}, 400],
    ["a login with a wrong password", "POST", "/login", { body: { user: "ada", password: "x" } }, 401],
    ["a checkout without a token", "POST", "/checkout", { body: { items: [] } }, 401],
    ["a checkout with a forged token", "POST", "/checkout", { token: "ada.9999999999999.x", body: { items: [] } }, 401],
    ["a body that is too long", "POST", "/login", { body: "x".repeat(70_000) }, 413],
    ["an unknown page", "GET", "/admin", {}, 404],
    ["a page asked for in the wrong way", "GET", "/login", {}, 405],
  ]) {
    test(`answers ${what} with ${status}`, async () => {
      const answer = await call(method, path, options);
      assert.equal(answer.status, status);
      assert.equal(typeof answer.json.error, "string");
    });
  }

  test("gives a token for user and password", async () => {
    assert.match(await token(), /^smoke\.\d+\./);
  });

  test("finds products and knows what is in stock", async () => {
    const { json } = await call("GET", "/search?q=green%20tea");
    assert.deepEqual(json.results, [{ sku: "TEA-GREEN", name: "Green tea", priceCents: 690, isAvailable: true }]);
  });

  test("shows what is out of stock as not available", async () => {
    const { json } = await call("GET", "/search?q=espresso%20cup");
    assert.equal(json.results[0].isAvailable, false);
  });

  for (const [quantity, total] of [
    [1, 1180],
    [10, 6210],
    [20, 12420],
  ]) {
    test(`sells ${quantity} for ${total}`, async () => {
      const { status, json } = await order(quantity);
      assert.equal(status, 201);
      assert.equal(json.order.total, total);
    });
  }

  test("refuses an empty basket", async () => {
    const { status } = await call("POST", "/checkout", { token: await token(), body: { items: [] } });
    assert.equal(status, 422);
  });

  test("counts its requests on the metrics page", async () => {
    await call("GET", "/search?q=x");
    const { text } = await call("GET", "/metrics");
    assert.match(text, /http_requests_total\{method="GET",path="\/search",status="200"\} \d+\n/);
    assert.match(text, /http_request_duration_seconds_bucket\{method="GET",path="\/search",le="\+Inf"\} \d+\n/);
  });
});
