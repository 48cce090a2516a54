import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { SmokeConfig } from "../../../mcp-server/evidence/config.ts";
import { runSmoke } from "../../../mcp-server/evidence/smoke/index.ts";
import { createHttp, systemClock } from "../../../mcp-server/ports/index.ts";
import type { Version } from "../../../mcp-server/vocab/index.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Much longer than any of these answers takes, however busy the machine is: no outcome depends on it. */
const NO_DEADLINE = "50s";

async function smoke(baseUrl: string, timeout = NO_DEADLINE) {
  const http = createHttp();
  const checks = [{ id: "home", group: "health", priority: "P0", path: "/" }];
  try {
    const run = await runSmoke({
      config: SmokeConfig.parse({ timeout, confirmAfter: "1ms", checks }),
      http,
      clock: systemClock,
      baseUrls: [baseUrl],
      mode: "production",
      version: "1.0.0" as Version,
      signal: new AbortController().signal,
      redact: (text) => text,
    });
    return run.results[0];
  } finally {
    await http.close();
  }
}

test("a redirect to another host is not followed", async () => {
  let isReached = false;
  const elsewhere = await serve((_, response) => {
    isReached = true;
    response.end("ok");
  });
  const home = await serve((_, response) => response.writeHead(302, { location: elsewhere }).end());
  expect(await smoke(home)).toMatchObject({
    outcome: "fail",
    attempts: 2,
    message: expect.stringContaining("found 302"),
  });
  expect(isReached).toBe(false);
});

test("a service that never answers fails when the time is up", async () => {
  expect(await smoke(await serve(() => {}), "200ms")).toMatchObject({
    outcome: "fail",
    attempts: 2,
    message: expect.stringContaining("no answer"),
  });
});

test("a service that is gone fails", async () => {
  const url = await serve(() => {});
  await new Promise((closed) => servers.pop()?.close(closed));
  expect(await smoke(url)).toMatchObject({ outcome: "fail", message: expect.stringContaining("ECONNREFUSED") });
});

test("an answer that breaks off fails", async () => {
  const url = await serve((request, response) => {
    response.writeHead(200, { "content-length": 100 }).write("half", () => request.socket.destroy());
  });
  expect(await smoke(url)).toMatchObject({ outcome: "fail", attempts: 2 });
});

test("an answer of unreasonable length fails", async () => {
  const url = await serve((_, response) => response.end("x".repeat(5 * 1024 * 1024)));
  expect(await smoke(url)).toMatchObject({ outcome: "fail", message: expect.stringContaining("longer than") });
});

test("every check comes by a connection of its own: a kept one may lead to the version before", async () => {
  const connections = new Set<unknown>();
  const url = await serve((request, response) => {
    connections.add(request.socket);
    response.writeHead(connections.size > 1 ? 200 : 503).end();
  });
  expect(await smoke(url)).toMatchObject({ outcome: "pass", attempts: 2 });
  expect(connections.size).toBe(2);
});
