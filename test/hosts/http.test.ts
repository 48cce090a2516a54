import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { EXAMPLE, folderWith } from "../tools/folder.ts";
import { overHttp } from "./mcp-client.ts";
import { PROGRAM, run } from "./process.ts";

interface Served {
  readonly url: string;
  readonly token: string;
  readonly tokenFile: string;
  stop(): Promise<number | null>;
}

const running: Served[] = [];
afterEach(async () => {
  for (const served of running.splice(0)) await served.stop();
});

/** A real server process of a project, and what it says at its start. */
async function serve(folder: string, env: Record<string, string> = {}): Promise<Served> {
  const child = spawn(process.execPath, [PROGRAM, "serve", "--http", "--project", folder], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      if (/token: .*\n/.test(said)) resolve();
    });
  });
  const [, url = ""] = /serving (\S+)/.exec(said) ?? [];
  const [, tokenFile = ""] = /token: in (\S+)/.exec(said) ?? [];
  const served = {
    url,
    tokenFile,
    token: tokenFile ? readFileSync(tokenFile, "utf8").trim() : (env.DEPLOY_FLOW_TOKEN ?? ""),
    stop: () =>
      new Promise<number | null>((resolve) => {
        if (child.exitCode !== null) return resolve(child.exitCode);
        child.once("exit", (code) => resolve(code));
        child.kill("SIGTERM");
      }),
  };
  running.push(served);
  return served;
}

/** One raw request, so that every header can be wrong. */
function raw(
  url: string,
  o: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: o.method ?? "POST", headers: o.headers, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString("utf8");
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject);
    sent.end(o.body);
  });
}

describe("the MCP server over HTTP", () => {
  it("serves a real client with progress, two at once, and leaves nothing behind", async () => {
    const served = await serve(folderWith(EXAMPLE));
    expect(statSync(served.tokenFile).mode & 0o777).toBe(0o600);
    const [one, two] = await Promise.all([overHttp(served), overHttp(served)]);
    const check = { baseline: ["base.xml"], candidate: ["cand.xml"], threshold: 5 };
    const seen = await one.call("regression-check", check);
    expect(seen.data).toMatchObject({ verdict: "FAIL", regressionRate: 8 });
    expect(seen.progress.length).toBeGreaterThan(1);
    expect((await two.call("deploy-next")).isError).toBe(false);
    const { resources } = await two.client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain("deploy://status");
    await one.close();
    expect((await two.call("regression-check", check)).data).toEqual(seen.data);
    await two.close();
    expect(await served.stop()).toBe(0);
    expect(existsSync(served.tokenFile)).toBe(false);
  });

  it("turns away who has no token, comes from a page, or sends too much", async () => {
    const served = await serve(folderWith({}), { DEPLOY_FLOW_TOKEN: "a-token-of-the-callers-own-32-chars" });
    expect(served.tokenFile).toBe("");
    const headers = {
      authorization: `Bearer ${served.token}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
    };
    const hello = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
    });
    const list = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/list" });
    const { authorization: _none, ...without } = headers;
    expect(await raw(served.url, { headers, body: hello })).toMatchObject({ status: 200 });
    expect(await raw(served.url, { headers: without, body: hello })).toMatchObject({ status: 401 });
    expect(
      await raw(served.url, { headers: { ...headers, origin: "https://evil.example" }, body: hello }),
    ).toMatchObject({ status: 403 });
    expect(await raw(served.url, { headers: { ...headers, host: "evil.example" }, body: hello })).toMatchObject({
      status: 403,
    });
    expect(await raw(served.url, { headers, body: list })).toMatchObject({ status: 400 });
    expect(await raw(served.url, { headers: { ...headers, "mcp-session-id": "nobody" }, body: list })).toMatchObject({
      status: 404,
    });
    // Sent in chunks, so that no length is stated: it is answered or cut off, and never read to its end.
    const long = { ...headers, "transfer-encoding": "chunked" };
    const flood = raw(served.url, { headers: long, body: `"${"x".repeat(2 * 1024 * 1024)}"` });
    expect([413, "cut off"]).toContain(await flood.then(({ status }) => status).catch(() => "cut off"));
    const damaged = await raw(served.url, { headers, body: "{" });
    expect(damaged.status).toBe(400);
    // More at once than the allowance holds, however slowly this machine sends them.
    const statuses = new Set<number>();
    for (let burst = 0; burst < 20 && !statuses.has(429); burst += 1) {
      const sent = Array.from({ length: 200 }, () =>
        raw(served.url, { method: "GET", headers }).catch(() => undefined),
      );
      for (const answer of await Promise.all(sent)) if (answer) statuses.add(answer.status);
    }
    expect([...statuses]).toContain(429);
  });

  it("refuses a weak token, a port that is taken, and flags without sense", async () => {
    const weak = await run(folderWith({}), ["serve", "--http"], { env: { DEPLOY_FLOW_TOKEN: "secret" } });
    expect(weak).toMatchObject({ code: 64 });
    expect(weak.err).toMatch(/too weak.*at least 32 characters.*found +6 characters.*next /s);
    const served = await serve(folderWith({}));
    const port = new URL(served.url).port;
    const taken = await run(folderWith({}), ["serve", "--http", "--port", port]);
    expect(taken).toMatchObject({ code: 64 });
    expect(taken.err).toMatch(/cannot be listened on.*EADDRINUSE.*next /s);
    expect(await run(folderWith({}), ["serve", "--port", "1234"])).toMatchObject({ code: 64 });
    expect(await run(folderWith({}), ["serve", "--no-stdio"])).toMatchObject({ code: 64 });
  });
});
