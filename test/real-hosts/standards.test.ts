import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TOOLS } from "../../mcp-server/tools/registry.ts";
import { BUNDLE } from "../e2e/world.ts";
import { type Forward, forwardTo } from "./forward.ts";

/** Other people's checks of what we say we are; scripts/test-hosts.mjs installs them and says where. */
const NODE = process.env.DEPLOY_FLOW_NODE ?? "";
const SKILLS_REF = process.env.DEPLOY_FLOW_SKILLS_REF ?? "";
const INSPECTOR = process.env.DEPLOY_FLOW_INSPECTOR ?? "";
const CONFORMANCE = process.env.DEPLOY_FLOW_CONFORMANCE ?? "";

const LIMIT_MS = 120_000;
const REPORTS = join(import.meta.dirname, "../fixtures/test-reports");

let home: string;
let project: string;
beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-standards-")));
  project = join(home, "service");
  mkdirSync(project);
  for (const file of ["vitest.json", "jest.json"]) cpSync(join(REPORTS, file), join(project, file));
  execFileSync(process.execPath, [BUNDLE, "install", "--host", "agents"], { env: { HOME: home } });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("the skills reference validator", () => {
  test.each(["flow-deploy-to-production", "regression-check", "gate-check"])("finds %s valid as installed", (name) => {
    const said = execFileSync(NODE, [SKILLS_REF, "validate", join(home, ".agents/skills", name)], { encoding: "utf8" });
    expect(said).toContain("Valid skill");
  });
});

describe("the inspector", () => {
  const inspect = (...words: string[]) =>
    spawnSync(NODE, [INSPECTOR, "--cli", process.execPath, BUNDLE, "serve", ...words], {
      cwd: project,
      encoding: "utf8",
      env: { HOME: home, PATH: process.env.PATH ?? "" },
    });

  test(
    "with --strict has nothing to say against any tool",
    () => {
      const { status, stdout, stderr } = inspect("--method", "tools/list", "--strict");
      expect(status, stderr).toBe(0);
      expect(stderr).not.toMatch(/Warning|Error/);
      const { tools } = JSON.parse(stdout) as { tools: { name: string }[] };
      expect(tools.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name));
    },
    LIMIT_MS,
  );

  test(
    "calls a tool, and finds prompts and resources",
    () => {
      const args = JSON.stringify({ baseline: ["vitest.json"], candidate: ["vitest.json"], threshold: 100 });
      const called = inspect("--method", "tools/call", "--tool-name", "regression-check", "--tool-args-json", args);
      expect(called.stdout, called.stderr).toMatch(/"verdict": "(?:PASS|FAIL)"/);
      expect(inspect("--method", "prompts/list").stdout).toContain('"deploy"');
      const status = inspect("--method", "resources/read", "--uri", "deploy://status");
      expect(status.stdout, status.stderr).toContain("none");
    },
    LIMIT_MS,
  );
});

/** What the suite asks of any server. */
const APPLICABLE = [
  "server-initialize",
  "ping",
  "tools-list",
  "tools-call-error",
  "completion-complete",
  "server-sse-multiple-streams",
  "resources-list",
  "prompts-list",
  "dns-rebinding-protection",
];

/** What it asks of a server that was made for it, or of abilities that ours does not claim. */
const NOT_APPLICABLE: Record<string, readonly string[]> = {
  "a tool of the suite's own": [
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-with-logging",
    "tools-call-with-progress",
    "tools-call-sampling",
    "tools-call-elicitation",
    "json-schema-2020-12",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "server-sse-polling",
  ],
  "a resource or prompt of the suite's own": [
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-embedded-resource",
    "prompts-get-with-image",
  ],
  "logging or subscriptions, which are not declared": [
    "logging-set-level",
    "resources-subscribe",
    "resources-unsubscribe",
  ],
};

describe("the conformance suite, against the HTTP door", () => {
  const token = "conformance-".padEnd(40, "0");
  let server: ChildProcess;
  let forward: Forward;
  beforeAll(async () => {
    server = spawn(process.execPath, [BUNDLE, "serve", "--http"], {
      cwd: project,
      env: { HOME: home, PATH: process.env.PATH ?? "", DEPLOY_FLOW_TOKEN: token },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const url = await new Promise<string>((resolve) =>
      server.stdout?.on("data", (chunk: Buffer) => {
        const found = /serving (\S+)/.exec(chunk.toString());
        if (found?.[1]) resolve(found[1]);
      }),
    );
    forward = await forwardTo(url, token);
  });
  afterAll(async () => {
    await forward.close();
    server.kill();
  });

  test("has no scenario that nobody decided about", () => {
    const listed = execFileSync(NODE, [CONFORMANCE, "list", "--server"], { encoding: "utf8" });
    const names = [...listed.matchAll(/^ {2}- (\S+)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    expect(names.sort()).toEqual([...APPLICABLE, ...Object.values(NOT_APPLICABLE).flat()].sort());
  });

  test.each(APPLICABLE)(
    "%s passes",
    async (scenario) => {
      const words = [CONFORMANCE, "server", "--url", forward.url, "--scenario", scenario, "-o", join(home, scenario)];
      const run = spawn(NODE, words, { stdio: ["ignore", "pipe", "pipe"] });
      const out: Buffer[] = [];
      for (const stream of [run.stdout, run.stderr]) stream.on("data", (chunk: Buffer) => out.push(chunk));
      const code = await new Promise<number | null>((resolve) => run.on("close", resolve));
      const said = Buffer.concat(out).toString("utf8");
      expect(code, said).toBe(0);
      expect(said).toMatch(/Passed: [1-9]\d*\/\d+, 0 failed/);
    },
    LIMIT_MS,
  );
});
