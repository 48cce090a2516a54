import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttp, type HttpListener, realHttpServer } from "../../mcp-server/ports/index.ts";
import { fakeHttp } from "../fakes/index.ts";

const http = createHttp();
const held: ServerResponse[] = [];
let listener: HttpListener;
let base: string;

beforeAll(async () => {
  listener = await realHttpServer.listen({ host: "127.0.0.1", port: 0 }, (request, response) => {
    const path = request.url ?? "/";
    if (path === "/never") return void held.push(response);
    if (path === "/drip") return void response.write("x");
    if (path === "/reset") return void request.socket.destroy();
    if (path === "/moved") return void response.writeHead(302, { location: "http://elsewhere.test/" }).end();
    if (path === "/big") return void response.end("x".repeat(2_000));
    if (path === "/fail") return void response.writeHead(503).end("no");
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk;
    });
    request.on("end", () => response.writeHead(200, { "x-seen": `${request.method} ${request.headers.a}` }).end(body));
  });
  base = `http://127.0.0.1:${listener.port}`;
});
afterAll(async () => {
  await listener.close(0);
  await http.close();
});

const send = (path: string, more = {}) => http.send({ url: base + path, timeoutMs: 5_000, maxBytes: 1_000, ...more });

describe("an HTTP request", () => {
  it("carries method, headers and body, and gives back status, headers and body", async () => {
    const response = await send("/echo", { method: "POST", headers: { a: "1" }, body: "héllo" });
    expect(response).toMatchObject({ status: 200, body: "héllo" });
    expect(response.headers["x-seen"]).toBe("POST 1");
    expect(response.durationMs).toBeGreaterThan(0);
  });

  it.each([
    ["an error of the server", "/fail", 503],
    ["a redirect, which is not followed", "/moved", 302],
  ])("has a response for %s", async (_name, path, status) => {
    expect((await send(path)).status).toBe(status);
  });

  it.each([
    ["no answer in time", "/never"],
    ["a body that does not end in time", "/drip"],
  ])("rejects for %s", async (_name, path) => {
    await expect(send(path, { timeoutMs: 150 })).rejects.toThrow(/timeout/i);
  });

  it("rejects for a body that is too long, one that is cut, and a refused connection", async () => {
    await expect(send("/big")).rejects.toThrow("longer than 1000 bytes");
    await expect(send("/reset")).rejects.toThrow();
    const unused = await realHttpServer.listen({ host: "127.0.0.1", port: 0 }, () => {});
    await unused.close(0);
    const refused = http.send({ url: `http://127.0.0.1:${unused.port}/`, timeoutMs: 5_000, maxBytes: 10 });
    await expect(refused).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("rejects when it is aborted", async () => {
    const stop = new AbortController();
    const waiting = send("/never", { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toThrow();
  });
});

describe("an HTTP server", () => {
  it("refuses a port that is taken", async () => {
    const taken = realHttpServer.listen({ host: "127.0.0.1", port: listener.port }, () => {});
    await expect(taken).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("finishes what it serves before it closes, and cuts what takes too long", async () => {
    const open: ServerResponse[] = [];
    const arrived = deferred();
    const server = await realHttpServer.listen({ host: "127.0.0.1", port: 0 }, (_request, response) => {
      open.push(response);
      if (open.length === 2) arrived.resolve(undefined);
    });
    const url = `http://127.0.0.1:${server.port}/`;
    const requests = [1, 2].map(() => http.send({ url, timeoutMs: 10_000, maxBytes: 100 }));
    const results = Promise.allSettled(requests);
    await arrived.promise;
    const closed = server.close(300);
    open[0]?.end("served");
    await closed;
    expect((await results).map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});

describe("the fake", () => {
  it("answers from its table and refuses everything else", async () => {
    const fake = fakeHttp({
      "GET http://a/x": "body",
      "http://a/y": () => ({ status: 500 }),
      "http://a/z": new Error("reset"),
    });
    const ask = (url: string, maxBytes = 100) => fake.send({ url, timeoutMs: 1, maxBytes });
    expect(await ask("http://a/x")).toMatchObject({ status: 200, body: "body" });
    expect(await ask("http://a/y")).toMatchObject({ status: 500 });
    await expect(ask("http://a/z")).rejects.toThrow("reset");
    await expect(ask("http://a/x", 2)).rejects.toThrow("longer than 2 bytes");
    await expect(ask("http://b/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(fake.requests).toHaveLength(5);
  });
});

function deferred() {
  let resolve: (value: undefined) => void = () => {};
  const promise = new Promise<undefined>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
