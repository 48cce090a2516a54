import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runSmoke, smokeProblems, testsProblems } from "../../mcp-server/evidence/index.ts";
import { DeployConfig } from "../../mcp-server/flow/config.ts";
import { createHttp, systemClock } from "../../mcp-server/ports/index.ts";
import type { Version } from "../../mcp-server/vocab/index.ts";
import { makeProject, startShop } from "./project.ts";

let root = "";
let remove = () => {};
beforeAll(() => {
  ({ root, remove } = makeProject("--healthy", "3.0.0", "--healthy", "3.0.1"));
});
afterAll(() => remove());

const config = () => DeployConfig.parse(parse(readFileSync(join(root, "deploy.yaml"), "utf8")));

/** Names of all tests of a report, and of the failed ones. */
function cases(report: string): { all: string[]; failed: string[] } {
  const text = readFileSync(join(root, report), "utf8");
  const rows = [...text.matchAll(/<testcase name="([^"]*)"[^>]*?(\/?)>/g)];
  return {
    all: rows.map((row) => row[1] ?? ""),
    failed: [...text.matchAll(/<testcase name="([^"]*)"[^>]*>\s*<failure/g)].map((row) => row[1] ?? ""),
  };
}

function runSuite(version: string) {
  const report = `report-${version}.xml`;
  const { status } = spawnSync(process.execPath, ["run-suite.mjs", `releases/${version}`, report], { cwd: root });
  return { status, ...cases(report) };
}

describe("the suites", () => {
  test("of the version that runs first: all 150 pass, and its report is there", () => {
    const { all, failed } = cases("reports/1.9.0.xml");
    expect(all).toHaveLength(150);
    expect(new Set(all).size).toBe(150);
    expect(failed).toEqual([]);
  });

  test.each(["2.0.0", "2.2.0", "3.0.0"])("of %s: the same 150 pass", (version) => {
    const { status, all, failed } = runSuite(version);
    expect(status).toBe(0);
    expect(all).toEqual(cases("reports/1.9.0.xml").all);
    expect(failed).toEqual([]);
  });

  test("of 2.1.0: the same 150, of which 12 fail, all for one wrong limit", () => {
    const { status, all, failed } = runSuite("2.1.0");
    expect(status).toBe(1);
    expect(all).toEqual(cases("reports/1.9.0.xml").all);
    expect(failed).toHaveLength(12);
    for (const name of failed) expect(name).toMatch(/\b(10|ten)\b/);
  });

  test("a report names no folder of this machine", () => {
    expect(readFileSync(join(root, "reports/1.9.0.xml"), "utf8")).not.toContain(root);
  });
});

describe("the releases", () => {
  const files = (version: string) =>
    Object.fromEntries(
      readdirSync(join(root, "releases", version), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.split(`/releases/${version}/`)[1] ?? "", readFileSync(path, "utf8")]),
    );
  const changed = (a: string, b: string) => {
    const [before, after] = [files(a), files(b)];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter((name) => before[name] !== after[name])
      .sort();
  };

  test.each([
    ["1.9.0", "2.0.0", ["release.json", "search.mjs"]],
    ["2.0.0", "2.1.0", ["pricing.mjs", "release.json"]],
    ["2.0.0", "2.2.0", ["inventory.mjs", "pool.mjs", "release.json"]],
    ["2.0.0", "3.0.0", ["release.json"]],
    ["3.0.0", "3.0.1", ["release.json"]],
  ])("from %s to %s only what is meant changes", (before, after, names) => {
    expect(changed(before, after)).toEqual(names);
  });

  test.each(["2.0.0", "../x", "a b"])("a healthy copy named %j is refused", (name) => {
    const ran = spawnSync(process.execPath, ["scripts/demo/make-releases.mjs", join(root, "other"), "--healthy", name]);
    expect(ran.status).toBe(64);
    expect(existsSync(join(root, "other"))).toBe(false);
  });

  test("refuse to run under another version's name", () => {
    const server = join(root, "releases/2.0.0/server.mjs");
    const ran = spawnSync(process.execPath, [server], { env: { PORT: "0", VERSION: "9.9.9" }, encoding: "utf8" });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain("2.0.0");
  });

  test("finish a request that is under way when they are told to end", async () => {
    const shop = await startShop(root, "2.0.0");
    const login = fetch(`${shop.url}/login`, { method: "POST", body: '{"user":"ada","password":"analytical"}' });
    await fetch(`${shop.url}/healthz`);
    const [answer, exit] = await Promise.all([login, shop.stop()]);
    expect(answer.status).toBe(200);
    expect(exit).toBe(0);
  });
});

describe("deploy.yaml", () => {
  test("fits its schema and has no problem beyond it", () => {
    const read = config();
    expect(read.smoke && smokeProblems(read.smoke)).toEqual([]);
    expect(read.tests && testsProblems(read.tests)).toEqual([]);
    expect(read.target).toMatchObject({ kind: "sandbox", artifact: "releases/{version}" });
  });

  test.each(["1.9.0", "2.0.0", "2.1.0", "2.2.0"])("has smoke checks that %s passes", async (version) => {
    const { smoke } = config();
    if (smoke === undefined) throw new Error("the demonstration has smoke checks");
    const shop = await startShop(root, version);
    const http = createHttp();
    try {
      const run = await runSmoke({
        config: smoke,
        http,
        clock: systemClock,
        baseUrls: [shop.url],
        mode: "staging",
        version: version as Version,
        signal: new AbortController().signal,
        redact: (text) => text,
      });
      expect(run.results.map(({ id, outcome, message }) => ({ id, outcome, message }))).toEqual(
        smoke.checks.map(({ id }) => ({ id, outcome: "pass", message: undefined })),
      );
      expect(run.results.every((result) => result.versionObserved === version || result.id === "metrics")).toBe(true);
      const other = await runSmoke({
        config: { ...smoke, confirmAfter: "1ms" },
        http,
        clock: systemClock,
        baseUrls: [shop.url],
        mode: "staging",
        version: "0.0.1" as Version,
        signal: new AbortController().signal,
        redact: (text) => text,
      });
      expect(other.results.every((result) => result.outcome === "fail" || result.outcome === "error")).toBe(true);
    } finally {
      await http.close();
      await shop.stop();
    }
  });
});
