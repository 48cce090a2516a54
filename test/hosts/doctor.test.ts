import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { nodeCheck } from "../../mcp-server/flow/doctor.ts";
import { folderWith } from "../tools/folder.ts";
import { run } from "./process.ts";

const config = (o: { command?: string; port?: number; more?: string }) => `service: shop
target:
  kind: sandbox
  artifact: releases/{version}
  command: [${o.command ?? "node"}, server.mjs]
  environments: { production: { port: ${o.port ?? 0} } }
${o.more ?? ""}`;

async function examined(folder: string) {
  const ended = await run(folder, ["doctor", "--format", "json"]);
  const { checks } = JSON.parse(ended.out) as { checks: { id: string; state: string; found: string; next?: string }[] };
  return { code: ended.code, of: (id: string) => checks.find((check) => check.id === id) };
}

describe("doctor", () => {
  it("finds nothing wrong where nothing is, and leaves nothing behind", async () => {
    const folder = folderWith({ "deploy.yaml": config({}) });
    const { code, of } = await examined(folder);
    for (const id of ["node", "project folder", "private folder", "deploy.yaml", "program node"])
      expect(of(id), id).toMatchObject({ state: "ok" });
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(["deploy.yaml"]);
    expect((await run(folder, ["doctor"])).out).toMatch(/^✓ node: \d+\.\d+/);
  });

  it("says what is wrong with deploy.yaml, and goes on", async () => {
    const { code, of } = await examined(folderWith({ "deploy.yaml": config({ more: "obsrve: 5m\n" }) }));
    expect(code).toBe(1);
    expect(of("deploy.yaml")).toMatchObject({ state: "problem", next: "did you mean observe?" });
    expect(of("project folder")).toMatchObject({ state: "ok" });
  });

  it("misses a deploy.yaml", async () => {
    const { code, of } = await examined(folderWith({}));
    expect(code).toBe(1);
    expect(of("deploy.yaml")?.next).toContain("deploy-flow init");
  });

  it("misses programs that deploy.yaml starts", async () => {
    const { code, of } = await examined(folderWith({ "deploy.yaml": config({ command: "no-such-program-here" }) }));
    expect(code).toBe(1);
    expect(of("program no-such-program-here")).toMatchObject({ state: "problem" });
  });

  it("sees a port that something listens on", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, of } = await examined(folderWith({ "deploy.yaml": config({ port }) }));
    server.close();
    expect(of("port of production")).toMatchObject({ state: "warning", found: expect.stringContaining("EADDRINUSE") });
    expect(code).toBe(0);
  });

  it.each([
    ["20.19.0", "ok"],
    ["20.18.3", "problem"],
    ["18.20.0", "problem"],
    ["22.0.0", "ok"],
  ])("judges Node.js %s", (version, state) => {
    expect(nodeCheck(version).state).toBe(state);
  });

  it("asks the metrics server, and misses its secret", async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.end('{"status":"success","data":{"resultType":"scalar","result":[1700000000,"1700000000"]}}');
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const metrics = (auth: string) =>
      `metrics: { source: prometheus, prometheus: { url: "http://127.0.0.1:${port}", match: 'version="{version}"'${auth} } }\n`;
    const open = await examined(folderWith({ "deploy.yaml": config({ more: metrics("") }) }));
    expect(open.of("metrics server")).toMatchObject({ state: "ok" });
    const secret = folderWith({ "deploy.yaml": config({ more: metrics(", auth: { bearerEnv: NO_SUCH_TOKEN }") }) });
    expect((await examined(secret)).of("metrics server")).toMatchObject({
      state: "problem",
      next: expect.stringContaining("NO_SUCH_TOKEN"),
    });
    server.close();
    const gone = await examined(folderWith({ "deploy.yaml": config({ more: metrics("") }) }));
    expect(gone.of("metrics server")).toMatchObject({
      state: "problem",
      found: expect.stringContaining("cannot be asked"),
    });
    expect(asked).toEqual([undefined]);
    expect(gone.code).toBe(1);
  });
});
