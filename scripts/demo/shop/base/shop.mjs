import { createServer } from "node:http";
import { login, userOf } from "./accounts.mjs";
import { PRODUCTS } from "./catalogue.mjs";
import { createInventory } from "./inventory.mjs";
import { createMetrics } from "./metrics.mjs";
import { createOrders } from "./orders.mjs";
import { search } from "./search.mjs";

const MOST_BODY_BYTES = 64 * 1024;
const PLENTY = 100_000_000;

/** A refusal with a status for the customer. */
function refusal(status, message) {
  return Object.assign(new Error(message), { status });
}

async function readJson(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw refusal(413, "the body is too long");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw refusal(400, "the body is no JSON");
  }
}

/**
 * The shop as an HTTP server that does not listen yet. `stock` in pieces per product number; by default there is
 * enough of everything for any demonstration.
 */
export function createShop({ version, instance = "", pace, stock, nowMs = Date.now }) {
  const inventory = createInventory(stock ?? Object.fromEntries(PRODUCTS.map(({ sku }) => [sku, PLENTY])), pace);
  const orders = createOrders(inventory);
  const metrics = createMetrics({ version, startedMs: nowMs() });

  const routes = {
    "GET /healthz": async () => [200, { status: "ok" }],
    "GET /metrics": async () => [200, metrics.render()],
    "POST /login": async (request) => {
      const body = await readJson(request);
      await pace.work();
      const token = login(body?.user, body?.password, nowMs());
      return token === undefined ? [401, { error: "user and password do not match" }] : [200, { token }];
    },
    "GET /search": async (_request, url) => {
      await pace.work();
      const found = search(url.searchParams.get("q") ?? "");
      const pieces = await inventory.available(found.map(({ sku }) => sku));
      const results = found.map(({ sku, name, priceCents }, index) => {
        return { sku, name, priceCents, isAvailable: (pieces[index] ?? 0) > 0 };
      });
      return [200, { results }];
    },
    "POST /checkout": async (request) => {
      const body = await readJson(request);
      const [scheme, token] = (request.headers.authorization ?? "").split(" ");
      const user = scheme === "Bearer" && token ? userOf(token, nowMs()) : undefined;
      if (user === undefined) return [401, { error: "log in first" }];
      await pace.work();
      return [201, { order: await orders.place(user, body) }];
    },
  };
  const paths = new Set(Object.keys(routes).map((route) => route.split(" ")[1]));

  async function answer(request, url) {
    const route = routes[`${request.method} ${url.pathname}`];
    if (route === undefined)
      return paths.has(url.pathname) ? [405, { error: "not this way" }] : [404, { error: "no such page" }];
    try {
      return await route(request, url);
    } catch (error) {
      return [error.status ?? 500, { error: error.status ? error.message : "internal error" }];
    }
  }

  let isClosing = false;
  const server = createServer((request, response) => {
    const started = performance.now();
    const url = new URL(request.url ?? "/", "http://shop");
    response.on("close", () => {
      metrics.observe({
        method: request.method,
        path: paths.has(url.pathname) ? url.pathname : "other",
        status: response.writableFinished ? response.statusCode : 499,
        seconds: (performance.now() - started) / 1000,
      });
    });
    answer(request, url).then(([status, body]) => {
      const isText = typeof body === "string";
      response.writeHead(status, {
        "content-type": isText ? "text/plain; version=0.0.4; charset=utf-8" : "application/json",
        "x-version": version,
        "x-instance": instance,
        ...(isClosing ? { connection: "close" } : {}),
      });
      response.end(isText ? body : JSON.stringify({ ...body, version }));
    });
  });
  // Longer than any proxy keeps a connection: the side that sends must be the one that closes.
  server.keepAliveTimeout = 75_000;

  return {
    server,
    /** Ends after the requests in flight. */
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        server.close(resolve);
        server.closeIdleConnections();
      }),
  };
}
