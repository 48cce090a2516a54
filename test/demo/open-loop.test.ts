import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type LoadSummary, startLoad } from "../../scripts/demo/open-loop.mjs";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Serves on a free port and returns the URL. */
async function serve(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const search = { search: 1 };

describe("open-loop load", () => {
  test("tells apart what a deployment cost and what a version did itself", async () => {
    let count = 0;
    const url = await serve((request, response) => {
      count += 1;
      if (count === 1) response.writeHead(200, { "x-version": "1", "x-deploy-flow-version": "2" }).end("{}");
      else if (count === 2) response.writeHead(503, { "x-version": "2" }).end("{}");
      else if (count === 3) response.writeHead(502, { "x-deploy-flow-error": "refused" }).end();
      else if (count === 4) response.writeHead(404).end('{"version":"3"}');
      else if (count === 5) request.socket.destroy();
      else if (count === 6)
        response.writeHead(200, { "content-length": 10 }).write("cut", () => request.socket.destroy());
      else if (count === 7) return;
      else response.writeHead(200).end('{"version":"2"}');
    });
    const load = startLoad({ url, rate: 40, seconds: 0.2, mix: search, timeoutMs: 400 });
    const summary = await load.done;
    expect(summary).toMatchObject({ sent: 8, ok: 2, serviceErrors: 1, proxyErrors: 1, refused: 1, lost: 3, unsent: 0 });
    expect(summary.byVersion["2"]).toMatchObject({ answered: 3, ok: 2, serviceErrors: 1 });
    expect(summary.byVersion["3"]).toMatchObject({ answered: 1, ok: 0 });
    expect(summary.firstTroubles.map(({ outcome, code }) => code ?? outcome).sort()).toEqual([
      "ECONNRESET",
      "ECONNRESET",
      "ETIMEDOUT",
      "proxy-error",
    ]);
  });

  test("leaves by schedule though nothing is answered", async () => {
    const waiting: (() => void)[] = [];
    const url = await serve((_, response) => {
      waiting.push(() => response.end("{}"));
    });
    const load = startLoad({ url, rate: 100, seconds: 0.5, mix: search });
    while (waiting.length < 50) await once(server as Server, "request");
    expect(load.records).toEqual([]);
    for (const answer of waiting) answer();
    expect(await load.done).toMatchObject({ sent: 50, ok: 50 });
  });

  test("counts what it could not send instead of piling it up", async () => {
    const url = await serve(() => {});
    const load = startLoad({ url, rate: 100, seconds: 0.2, mix: search, maxInFlight: 5, timeoutMs: 300 });
    expect(await load.done).toMatchObject({ sent: 5, lost: 5, unsent: 15 });
  });

  test("logs in before its first checkout and uses the token", async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? "-"}`);
      const isLogin = request.url === "/login";
      response.writeHead(isLogin ? 200 : 201).end(isLogin ? '{"token":"t"}' : "{}");
    });
    await startLoad({ url, rate: 20, seconds: 0.3, mix: { checkout: 1 } }).done;
    expect(seen[0]).toBe("/login -");
    expect(seen.at(-1)).toBe("/checkout Bearer t");
  });

  test("draws the same requests from the same seed, in the asked proportions", async () => {
    const paths: string[] = [];
    const url = await serve((request, response) => {
      paths.push((request.url ?? "").split("?")[0] ?? "");
      response.end('{"token":"t"}');
    });
    const o = { url, rate: 400, seconds: 0.5, arrivals: "poisson" } as const;
    const first = await startLoad({ ...o, seed: 7 }).done;
    const second = await startLoad({ ...o, seed: 7 }).done;
    expect(second.sent).toBe(first.sent);
    expect(first.sent).toBeGreaterThan(130);
    expect(first.sent).toBeLessThan(270);
    const share = paths.filter((path) => path === "/search").length / paths.length;
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.7);
  });

  test.each([
    { rate: 0, seconds: 1 },
    { rate: 1, seconds: Number.NaN },
    { rate: 1e6, seconds: 1e6 },
  ])("refuses %j", (o) => {
    expect(() => startLoad({ url: "http://127.0.0.1:1", ...o })).toThrow(RangeError);
  });
});

describe("load.mjs", () => {
  const run = (...flags: string[]) => spawn(process.execPath, ["scripts/demo/load.mjs", ...flags]);

  test("told to end, it stops sending, waits for what is under way and writes its summary", async () => {
    const folder = mkdtempSync(join(tmpdir(), "load-"));
    const out = join(folder, "load.ndjson");
    const held: (() => void)[] = [];
    const url = await serve((_, response) => {
      held.push(() => response.end("{}"));
    });
    try {
      const child = run("--url", url, "--rate", "50", "--seconds", "600", "--mix", "search=1", "--out", out);
      while (held.length < 5) await once(server as Server, "request");
      child.kill("SIGTERM");
      const ended = once(child, "exit");
      const release = setInterval(() => {
        for (const answer of held.splice(0)) answer();
      }, 20);
      expect(await ended).toEqual([0, null]);
      clearInterval(release);
      const lines = readFileSync(out, "utf8").trim().split("\n");
      const { summary } = JSON.parse(lines.at(-1) ?? "") as { summary: LoadSummary };
      expect(summary.sent).toBe(lines.length - 1);
      expect(summary.sent).toBeGreaterThanOrEqual(5);
      expect(summary).toMatchObject({ ok: summary.sent, lost: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    [[]],
    [["--url", "http://127.0.0.1:1"]],
    [["--url", "nowhere", "--rate", "1", "--seconds", "1"]],
    [["--url", "http://127.0.0.1:1", "--rate", "x", "--seconds", "1"]],
    [["--url", "http://127.0.0.1:1", "--rate", "1", "--seconds", "1", "--mix", "steal=1"]],
    [["--url", "http://127.0.0.1:1", "--rate", "1", "--seconds", "1", "--fast"]],
  ])("flags %j are refused with 64", async (flags) => {
    expect(await once(run(...flags), "exit")).toEqual([64, null]);
  });
});
