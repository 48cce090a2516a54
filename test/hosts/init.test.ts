import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDeployConfig } from "../../mcp-server/flow/config-file.ts";
import { folderWith } from "../tools/folder.ts";
import { run } from "./process.ts";

const PROJECT = {
  "package.json": JSON.stringify({ name: "tea", version: "3.1.0", scripts: { start: "node server.mjs" } }),
  "server.mjs": 'const { PORT } = process.env; if (request.url === "/health") ok();',
};
const config = (folder: string) => parseDeployConfig(readFileSync(join(folder, "deploy.yaml"), "utf8"), "deploy.yaml");

describe("init", () => {
  it("writes a deploy.yaml that is accepted, says what it rests on and what to do next", async () => {
    const folder = folderWith(PROJECT);
    const ended = await run(folder, ["init"]);
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(ended.out).toMatch(/target\.command: node server\.mjs {2}\(package\.json scripts\.start\)/);
    expect(ended.out).toMatch(
      /not found:[\s\S]*staging\.load[\s\S]*next:[\s\S]*deploy-flow run 3\.1\.0 --first-deploy/,
    );
    expect(config(folder)).toMatchObject({ service: "tea", target: { healthPath: "/health" } });
    expect(readdirSync(folder).sort()).toEqual(["deploy.yaml", "package.json", "server.mjs"]);
  });

  it("never replaces one that is there, and keeps it when told to", async () => {
    const folder = folderWith({ ...PROJECT, "deploy.yaml": "mine: true\n", "deploy.yaml.before-init": "older\n" });
    const refused = await run(folder, ["init"]);
    expect(refused).toMatchObject({ code: 64, out: "" });
    expect(refused.err).toMatch(/already, and it was not touched[\s\S]*--force/);
    expect(readFileSync(join(folder, "deploy.yaml"), "utf8")).toBe("mine: true\n");
    const forced = await run(folder, ["init", "--force", "--format", "json"]);
    expect(JSON.parse(forced.out)).toMatchObject({ backup: join(folder, "deploy.yaml.before-init-2") });
    expect(readFileSync(join(folder, "deploy.yaml.before-init"), "utf8")).toBe("older\n");
    expect(readFileSync(join(folder, "deploy.yaml.before-init-2"), "utf8")).toBe("mine: true\n");
    expect(config(folder).service).toBe("tea");
  });

  it.each([
    ["a folder", (file: string) => mkdirSync(file)],
    ["a link", (file: string) => symlinkSync("package.json", file)],
  ])("never replaces %s of that name", async (_what, make) => {
    const folder = folderWith(PROJECT);
    make(join(folder, "deploy.yaml"));
    expect(await run(folder, ["init", "--force"])).toMatchObject({ code: 64 });
    expect(readFileSync(join(folder, "package.json"), "utf8")).toBe(PROJECT["package.json"]);
  });

  it("writes nothing when it only prints", async () => {
    const folder = folderWith(PROJECT);
    const printed = await run(folder, ["init", "--print"]);
    expect(parseDeployConfig(printed.out, "printed").service).toBe("tea");
    const data = JSON.parse((await run(folder, ["init", "--print", "--format", "json"])).out);
    expect(data).toMatchObject({
      written: null,
      target: "sandbox",
      measured: null,
      findings: { version: { value: "3.1.0" } },
    });
    expect(existsSync(join(folder, "deploy.yaml"))).toBe(false);
  });

  it("works on the folder where we are, not on the project above it", async () => {
    const folder = folderWith({ "deploy.yaml": "mine: true\n", "inner/package.json": PROJECT["package.json"] });
    expect(await run(join(folder, "inner"), ["init"])).toMatchObject({ code: 0 });
    expect(config(join(folder, "inner")).service).toBe("tea");
    expect(readFileSync(join(folder, "deploy.yaml"), "utf8")).toBe("mine: true\n");
  });

  it.each([
    ["an address that is none", ["init", "--url", "shop"], /expected {2}an address/],
    ["an address where nothing answers", ["init", "--url", "http://127.0.0.1:9"], /the service does not answer/],
    ["a path to another host", ["init", "--url", "http://127.0.0.1:9", "--path", "//example.com"], /--path/],
    ["a project that is not there", ["init", "--project", "elsewhere"], /project folder does not exist/],
    ["a time without end", ["init", "--seconds", "0"], /--seconds/],
  ])("refuses %s and writes nothing", async (_name, words, says) => {
    const folder = folderWith(PROJECT);
    const ended = await run(folder, words);
    expect(ended).toMatchObject({ code: 64, out: "" });
    expect(ended.err).toMatch(says);
    expect(existsSync(join(folder, "deploy.yaml"))).toBe(false);
  });
});

describe("init measures a running service", () => {
  const METRICS = `# TYPE http_requests_total counter
http_requests_total{code="200"} 9990
http_requests_total{code="500"} 10
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.1"} 9900
http_request_duration_seconds_bucket{le="0.25"} 9990
http_request_duration_seconds_bucket{le="+Inf"} 10000
http_request_duration_seconds_count 10000
`;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const pages: Record<string, string> = { "/health": '{"version":"3.0.0"}', "/menu": "tea", "/metrics": METRICS };
    const page = pages[request.url ?? ""];
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  let url = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it("takes names, health and targets from its answers, with the counts that they rest on", async () => {
    const folder = folderWith(PROJECT);
    const ended = await run(folder, ["init", "--url", url, "--seconds", "1", "--path", "/menu", "--path", "/gone"]);
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(config(folder)).toMatchObject({
      target: { healthPath: "/health" },
      slo: { errorRatePct: 0.1, latencyP99Ms: 200 },
      metrics: { source: "scrape", requests: { name: "http_requests_total", failed: { label: "code" } } },
      smoke: { checks: [{ path: "/health", expect: { jsonVersion: "version" } }] },
      journeys: [{ steps: [{ path: "/menu" }] }],
    });
    const text = readFileSync(join(folder, "deploy.yaml"), "utf8");
    expect(text).toMatch(
      /errorRatePct: 0\.1 # 10 of 10000 requests that the service counted since its start failed, 0\.1 %/,
    );
    expect(text).toMatch(/latencyP99Ms: 200 # the service's own histogram: p99 below 100 ms over 10000 requests/);
    expect(ended.out).toContain("/gone is not measured: it answered with status 404");
    expect(new Set(asked.map((line) => line.split(" ")[0]))).toEqual(new Set(["GET"]));
  });

  it.each([
    [
      "a label names",
      ['path="/menu",code="200"} 1900', 'path="/health",code="200"} 5000'],
      { label: "path", matches: "/health" },
      /ignore: \{ label: path, matches: "\/health" \} # health checks are nobody's requests/,
    ],
    ["no label names", ['code="200"} 5900'], undefined, /# ignore: no label tells health checks/],
    ["it does not count", ['path="/menu",code="200"} 5900'], undefined, /^(?![\s\S]*ignore:)/],
  ])(
    "leaves out health checks that %s, because they would hide what users meet",
    async (_name, counters, ignore, says) => {
      const page = ["# TYPE http_requests_total counter", ...counters.map((one) => `http_requests_total{${one}`), ""];
      const shop = createServer((request, response) => {
        const pages: Record<string, string> = { "/health": "{}", "/": "tea", "/metrics": page.join("\n") };
        response.writeHead(pages[request.url ?? ""] === undefined ? 404 : 200).end(pages[request.url ?? ""]);
      });
      await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
      const folder = folderWith(PROJECT);
      const where = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
      expect(await run(folder, ["init", "--url", where, "--seconds", "1"])).toMatchObject({ code: 0, err: "" });
      shop.close();
      const text = readFileSync(join(folder, "deploy.yaml"), "utf8");
      expect(text).toMatch(says);
      expect(config(folder).metrics).toMatchObject({ source: "scrape" });
      expect(config(folder).metrics?.ignore).toEqual(ignore);
    },
  );
});
