import { createHash, randomBytes } from "node:crypto";
import { createServer, request as httpRequest, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Pool as Connections, request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { randomIds, realHttpServer } from "../../mcp-server/ports/index.ts";
import type { Backend } from "../../mcp-server/target/sandbox/forward.ts";
import { type EntryProxy, openProxy } from "../../mcp-server/target/sandbox/proxy.ts";
import type { Version } from "../../mcp-server/vocab/index.ts";
import { eventually } from "./conformance.ts";

let proxy: EntryProxy;
let entry: string;
const closing: (() => void)[] = [];
beforeEach(async () => {
  proxy = await openProxy({ httpServer: realHttpServer, ids: randomIds }, 0);
  entry = `http://127.0.0.1:${proxy.port}`;
});
afterEach(async () => {
  await proxy.close(0);
  for (const close of closing.splice(0)) close();
});

async function listening(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function backendAt(port: number, id = "one"): Backend {
  const connections = new Connections(`http://127.0.0.1:${port}`);
  closing.push(() => void connections.destroy());
  let inFlight = 0;
  return {
    id,
    version: "1.0.0" as Version,
    state: "ready",
    alive: true,
    connections,
    get inFlight() {
      return inFlight;
    },
    enter: () => {
      inFlight += 1;
      return () => {
        inFlight -= 1;
      };
    },
  };
}

/** Routes everything to services with these listeners. */
async function serve(...listeners: RequestListener[]): Promise<Backend[]> {
  const ports = await Promise.all(listeners.map((listener) => listening(createServer(listener))));
  const backends = ports.map((port, n) => backendAt(port, `service-${n}`));
  routeTo(...backends);
  return backends;
}

function routeTo(...backends: Backend[]): void {
  proxy.route([{ version: "1.0.0" as Version, weightPct: 100, backends }]);
}

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ok: RequestListener = (incoming, response) => {
  incoming.resume();
  incoming.on("end", () => response.end("ok"));
};

describe("the proxy passes on", () => {
  test.each([200, 204, 301, 304, 404, 500, 503])("status %i as it is, and says who answered", async (status) => {
    await serve((_incoming, response) => response.writeHead(status, { "x-own": "1" }).end());
    const answer = await request(entry);
    await answer.body.dump();
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toMatchObject({
      "x-own": "1",
      "x-deploy-flow-instance": "service-0",
      "x-deploy-flow-version": "1.0.0",
    });
    expect(proxy.stats()).toMatchObject({ proxied: 1, errors: 0 });
  });

  test("method, path, query, host and repeated headers", async () => {
    await serve((incoming, response) =>
      response.end(JSON.stringify([incoming.method, incoming.url, incoming.rawHeaders])),
    );
    const answer = await request(`${entry}/a%20b?c=d&c=%2F`, {
      method: "DELETE",
      headers: { host: "shop.example", "x-many": ["1", "2"], connection: "keep-alive" },
    });
    const [method, url, raw] = (await answer.body.json()) as [string, string, string[]];
    expect([method, url]).toEqual(["DELETE", "/a%20b?c=d&c=%2F"]);
    const lower = raw.map((text, n) => (n % 2 === 0 ? text.toLowerCase() : text)).join("\n");
    expect(lower).toContain("host\nshop.example");
    expect(lower).toContain("x-many\n1\nx-many\n2");
  });

  test("a HEAD answer with its length and without a body", async () => {
    await serve((_incoming, response) => response.writeHead(200, { "content-length": "1234" }).end());
    const answer = await request(entry, { method: "HEAD" });
    expect(answer.headers["content-length"]).toBe("1234");
    expect(await answer.body.text()).toBe("");
  });

  test.each([
    ["a small body of known length", 10, true],
    ["a small body of unknown length", 10, false],
    ["a large body of known length", 20_000_000, true],
    ["a large body of unknown length", 20_000_000, false],
  ])("%s, both ways, unchanged", async (_name, size, known) => {
    await serve((incoming, response) => incoming.pipe(response));
    const bytes = randomBytes(size);
    const answer = await request(entry, {
      method: "POST",
      body: known ? bytes : Readable.from([bytes.subarray(0, size / 2), bytes.subarray(size / 2)]),
    });
    const hash = createHash("sha256");
    for await (const chunk of answer.body) hash.update(chunk as Buffer);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("the first part of an answer before the last is there", async () => {
    let finish = () => {};
    await serve((_incoming, response) => {
      response.write("first");
      finish = () => response.end("last");
    });
    const answer = await request(entry);
    const parts: string[] = [];
    for await (const chunk of answer.body) {
      parts.push(String(chunk));
      finish();
    }
    expect(parts).toEqual(["first", "last"]);
  });

  test("an early refusal of a large upload", async () => {
    await serve((_incoming, response) => response.writeHead(413).end("too large"));
    const answer = await request(entry, { method: "POST", body: randomBytes(5_000_000) });
    expect([answer.statusCode, await answer.body.text()]).toEqual([413, "too large"]);
    expect(proxy.stats().errors).toBe(0);
  });

  test("a request that waits for 100-continue", async () => {
    await serve((incoming, response) => incoming.pipe(response));
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { expect: "100-continue", "content-length": "4" };
      const sending = httpRequest(entry, { method: "POST", headers }, async (answer) => {
        resolve(Buffer.concat(await answer.toArray()).toString());
      });
      sending.on("continue", () => sending.end("body"));
      sending.on("error", reject);
      sending.flushHeaders();
    });
    expect(text).toBe("body");
  });

  test("requests of one client over one connection", async () => {
    await serve(ok);
    const client = new Connections(entry, { connections: 1 });
    for (let n = 0; n < 20; n += 1) await (await client.request({ path: "/", method: "GET" })).body.dump();
    await client.close();
    expect(proxy.stats()).toMatchObject({ proxied: 20, inFlight: 0 });
  });
});

test("a request that speaks to the proxy and to no resource is refused as the client's fault", async () => {
  await serve(ok);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(proxy.port, "127.0.0.1");
    socket.once("data", (data) => {
      resolve(String(data));
      socket.destroy();
    });
    socket.write("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
  });
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(proxy.stats()).toMatchObject({ errors: 0, inFlight: 0 });
});

describe("a request that does not reach its instance", () => {
  test.each(["GET", "POST"] as const)("%s: goes to another one, and nobody notices", async (method) => {
    const [alive] = await serve(ok);
    const dead = backendAt(await deadPort(), "dead");
    routeTo(dead, alive as Backend);
    for (let n = 0; n < 20; n += 1) {
      const answer = await request(entry, { method, body: method === "POST" ? "order" : null });
      expect([answer.statusCode, await answer.body.text()]).toEqual([200, "ok"]);
    }
    const stats = proxy.stats();
    expect(stats).toMatchObject({ proxied: 20, errors: 0, inFlight: 0 });
    expect(stats.retried).toBeGreaterThan(0);
  });

  test("large upload: goes whole to another one, because none of it was read", async () => {
    const bytes = randomBytes(3_000_000);
    const [alive] = await serve((incoming, response) => {
      const hash = createHash("sha256");
      incoming.on("data", (chunk) => hash.update(chunk));
      incoming.on("end", () => response.end(hash.digest("hex")));
    });
    routeTo(backendAt(await deadPort(), "dead"), alive as Backend);
    for (let n = 0; n < 5; n += 1) {
      const answer = await request(entry, { method: "POST", body: bytes });
      expect(await answer.body.text()).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
    expect(proxy.stats().errors).toBe(0);
  });

  test("is answered 502 with the reason when there is no other", async () => {
    routeTo(backendAt(await deadPort()));
    const answer = await request(entry);
    await answer.body.dump();
    expect([answer.statusCode, answer.headers["x-deploy-flow-error"]]).toEqual([502, "refused"]);
    expect(proxy.stats()).toMatchObject({ proxied: 0, errors: 1, errorsByReason: { refused: 1 } });
  });

  test("is answered 502 when nothing is routed", async () => {
    const answer = await request(entry);
    await answer.body.dump();
    expect([answer.statusCode, answer.headers["x-deploy-flow-error"]]).toEqual([502, "no-instance"]);
  });
});

describe("an instance that breaks off", () => {
  /** Takes the request, then cuts the connection without an answer. */
  const cuts: RequestListener = (incoming) => incoming.socket.destroy();

  test("before the answer: an idempotent request is sent once more, to another one", async () => {
    const seen = { cut: 0 };
    const backends = await serve((incoming, response) => {
      seen.cut += 1;
      cuts(incoming, response);
    }, ok);
    for (let n = 0; n < 10; n += 1) expect((await request(entry, { method: "PUT", body: "x" })).statusCode).toBe(200);
    expect(seen.cut).toBeGreaterThan(0);
    expect(backends.map((backend) => backend.inFlight)).toEqual([0, 0]);
    expect(proxy.stats()).toMatchObject({ errors: 0, retried: seen.cut });
  });

  test("before the answer: an order is not placed twice", async () => {
    let orders = 0;
    await serve(
      ...Array.from(
        { length: 2 },
        (): RequestListener => (incoming, response) => {
          orders += 1;
          cuts(incoming, response);
        },
      ),
    );
    const answer = await request(entry, { method: "POST", body: "order" });
    expect([answer.statusCode, answer.headers["x-deploy-flow-error"]]).toEqual([502, "reset"]);
    expect(orders).toBe(1);
  });

  test("in the middle of the answer: the client's connection is cut too, and it counts", async () => {
    await serve((_incoming, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const answer = await request(entry);
    await expect(answer.body.text()).rejects.toThrow();
    await eventually(
      async () => proxy.stats(),
      (stats) => stats.errorsByReason["cut-off"] === 1,
    );
  });

  test("with something that is not HTTP: 502", async () => {
    const port = await listening(createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n\r\n")));
    routeTo(backendAt(port));
    const answer = await request(entry);
    expect([answer.statusCode, answer.headers["x-deploy-flow-error"]]).toEqual([502, "bad-answer"]);
  });
});

describe("a client that goes away", () => {
  test.each([
    ["while it waits", "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["while it sends a small body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf"],
    ["while it sends a large body", `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n${"x".repeat(1000)}`],
  ])("%s counts as nothing and leaves nothing behind", async (_name, text) => {
    const [backend] = await serve((incoming) => incoming.resume());
    const socket = connect(proxy.port, "127.0.0.1");
    socket.write(text);
    await delay(100);
    socket.destroy();
    await eventually(
      async () => proxy.stats().inFlight,
      (inFlight) => inFlight === 0,
    );
    expect(backend?.inFlight).toBe(0);
    expect(proxy.stats()).toMatchObject({ proxied: 0, errors: 0 });
  });

  test("in the middle of a long answer stops the instance's work", async () => {
    let stopped = false;
    await serve((_incoming, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(10_000)), 5);
      response.on("close", () => {
        clearInterval(more);
        stopped = true;
      });
    });
    const socket = connect(proxy.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await delay(100);
    socket.destroy();
    await eventually(
      async () => stopped,
      (value) => value,
    );
    expect(proxy.stats()).toMatchObject({ errors: 0, inFlight: 0 });
  });
});

test("a slow reader does not make the proxy hold the whole answer", async () => {
  let written = 0;
  await serve((_incoming, response) => {
    const chunk = Buffer.alloc(256 * 1024);
    const more = () => {
      while (written < 400 * chunk.length) {
        written += chunk.length;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
      response.end();
    };
    more();
  });
  const socket = connect(proxy.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  socket.pause();
  await delay(500);
  expect(written).toBeLessThan(50 * 256 * 1024);
  let received = 0;
  socket.on("data", (chunk) => {
    received += chunk.length;
  });
  socket.resume();
  await eventually(
    async () => received,
    (bytes) => bytes > 400 * 256 * 1024,
  );
  socket.destroy();
});

test("a switch of the routes holds for the very next request", async () => {
  const [first] = await serve((_incoming, response) => response.end("first"));
  const [second] = await serve((_incoming, response) => response.end("second"));
  for (let n = 0; n < 50; n += 1) {
    routeTo((n % 2 === 0 ? first : second) as Backend);
    expect(await (await request(entry)).body.text()).toBe(n % 2 === 0 ? "first" : "second");
  }
});
