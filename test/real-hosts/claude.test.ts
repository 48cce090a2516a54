import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { editConfig, makeWorld, servingNow, type World } from "../e2e/world.ts";
import { type Home, type Installation, makeHome, type StreamEvent } from "./claude.ts";
import { type Model, startModel } from "./model.ts";
import { calls, type Data, type Loop, PLAIN_TOOLS, PLUGIN_TOOLS, playSkill, resultText } from "./script.ts";
import { WIDE } from "./wide.ts";

const LIMIT_MS = 300_000;

let model: Model;
let world: World;
let home: Home | undefined;
beforeAll(async () => {
  model = await startModel();
  world = await makeWorld({ edits: [...WIDE], seconds: 3_000 });
});
afterEach(() => {
  home?.close();
  home = undefined;
});
afterAll(async () => {
  await world.close();
  await model.close();
});

const inPlugin: Omit<Loop, "start"> = {
  tools: PLUGIN_TOOLS,
  skill: "flow-deploy-to-production",
  agentPrefix: "flow-deploy-to-production:",
};

function resultOf(events: readonly StreamEvent[]): StreamEvent {
  const found = events.findLast(({ type }) => type === "result");
  if (!found) throw new Error(`the conversation has no result: ${JSON.stringify(events.slice(-3))}`);
  return found;
}

/** The journal of the run before lies there until the next one begins. */
function isWatched(version: string): boolean {
  const events = world.events().map(({ event }) => event);
  const isOurs = events.some((event) => event.event === "run-opened" && event.version === version);
  return isOurs && events.some(({ event }) => event === "watch-started");
}

async function serving(): Promise<string[]> {
  return (await servingNow(world.project)).filter(({ weightPct }) => weightPct > 0).map(({ version }) => version);
}

describe("a deployment from a prompt", () => {
  const ways: [Installation, string, Omit<Loop, "start">][] = [
    ["plugin", "2.0.0", { ...inPlugin, skill: "flow-deploy-to-production:flow-deploy-to-production" }],
    ["skills folder", "3.0.0", inPlugin],
    ["plain", "3.0.1", { tools: PLAIN_TOOLS, skill: "flow-deploy-to-production", agentPrefix: "" }],
  ];
  test.each(ways)(
    "as %s: skill, agents and tools bring %s to production",
    async (how, version, loop) => {
      home = makeHome(how, model);
      const from = model.asked.length;
      model.play(playSkill({ ...loop, start: { version } }));
      const events = await home.say(world.project.root, `deploy ${version} to production`);
      const [init] = events;
      expect(init?.mcp_servers?.find(({ name }) => name.includes("deploy"))?.status).toBe("connected");
      const result = resultOf(events);
      expect(result.result, JSON.stringify(events.slice(-4))).toContain(`outcome SUCCESS; running ${version}`);
      expect(await serving()).toEqual([version]);
      const agents = model.asked.slice(from).filter(({ system }) => /hands you a brief/.test(system));
      expect(agents.length).toBeGreaterThanOrEqual(5);
      const status = await world.ended();
      const report = readFileSync(
        join(world.project.root, status.archive ?? "", `artifacts/reports/deployment-report-${version}.md`),
        "utf8",
      );
      expect(report).toContain("looked at by the deployment");
    },
    LIMIT_MS,
  );

  test(
    "that loses tests ends BLOCKED at staging, and production is untouched",
    async () => {
      home = makeHome("skills folder", model);
      const before = await serving();
      model.play(playSkill({ ...inPlugin, start: { version: "2.1.0" } }));
      const result = resultOf(await home.say(world.project.root, "release 2.1.0 to prod"));
      expect(result.result).toContain("outcome BLOCKED");
      expect(result.result).toContain("8.0 % > threshold 5.0 %");
      expect(await serving()).toEqual(before);
    },
    LIMIT_MS,
  );

  test(
    "that harms users ends ROLLED_BACK",
    async () => {
      home = makeHome("skills folder", model);
      const before = await serving();
      model.play(playSkill({ ...inPlugin, start: { version: "2.2.0", depth: "minimal" } }));
      const result = resultOf(await home.say(world.project.root, "go live with 2.2.0"));
      expect(result.result).toContain(`outcome ROLLED_BACK; running ${before[0]}`);
      expect(await serving()).toEqual(before);
    },
    LIMIT_MS,
  );

  test(
    "goes on when its host dies in the middle, and the next conversation tells it rightly",
    async () => {
      home = makeHome("skills folder", model);
      const now = (await serving())[0] ?? "";
      const version = now === "3.0.0" ? "3.0.1" : "3.0.0";
      model.play(playSkill({ ...inPlugin, start: { version, depth: "minimal" } }));
      const first = home.say(world.project.root, `deploy ${version} to production`);
      while (!isWatched(version)) await world.project.ports.clock.sleep(20);
      home.running()?.kill("SIGKILL");
      await first;
      // The next conversation asks where things stand, as the skill says for a run that goes on already.
      model.play((asked) => {
        const made = calls(asked);
        const last = asked.blocks.findLast(({ block }) => block.type === "tool_result")?.block;
        const data = last ? (JSON.parse(resultText(last)) as Data) : undefined;
        if (made.length > 0 && data?.state === "finished")
          return { text: `it ended ${data.outcome}, ${data.runningVersion} runs` };
        return { tools: [{ name: `${PLUGIN_TOOLS}deploy-next`, input: { wait: 20 } }] };
      });
      const told = resultOf(await home.say(world.project.root, "how is the deployment going?"));
      expect(told.result).toContain(`it ended SUCCESS, ${version} runs`);
      expect(await serving()).toEqual([version]);
    },
    LIMIT_MS,
  );
});

describe("the slash forms", () => {
  const forms: [string, string][] = [
    ["/flow-deploy-to-production 2.0.0 --regression-threshold 5", "# Deploy to production"],
    ["/regression-check --baseline production --candidate staging", "# Compare two runs of tests"],
    ["/gate-check staging", "# Ask a gate"],
  ];
  test(
    "work without the plugin's prefix, in each installation that brings the skill",
    async () => {
      for (const how of ["skills folder", "plugin"] as const) {
        home = makeHome(how, model);
        for (const [typed, heading] of forms) {
          const from = model.asked.length;
          model.play(() => ({ text: "read" }));
          await home.say(world.project.root, typed);
          const read = model.asked.slice(from).flatMap(({ blocks }) => blocks.map(({ block }) => block.text ?? ""));
          expect(
            read.some((text) => text.includes(heading)),
            `${how}: ${typed}`,
          ).toBe(true);
        }
        home.close();
      }
    },
    LIMIT_MS,
  );
});

describe("what an agent may not do", () => {
  test(
    "approve: without a user at the prompt nothing is deployed",
    async () => {
      home = makeHome("skills folder", model);
      const before = await serving();
      const version = before[0] === "2.0.0" ? "3.0.0" : "2.0.0";
      const usual = readFileSync(join(world.project.root, "deploy.yaml"), "utf8");
      editConfig(world.project.root, [
        [["target", "production"], true],
        [["canary", "stageDuration"], "10m"],
        [["observe"], "15m"],
        [["approvals"], { accept: ["host-prompt"] }],
        [["waits", "approval"], "20s"],
      ]);
      try {
        model.play(
          playSkill({
            ...inPlugin,
            start: { version, depth: "minimal" },
            instead: ({ state, planHash }, done) =>
              state === "awaiting-approval" && !done.includes(`${PLUGIN_TOOLS}approve`)
                ? { tools: [{ name: `${PLUGIN_TOOLS}approve`, input: { planHash } }] }
                : undefined,
          }),
        );
        const result = resultOf(await home.say(world.project.root, `deploy ${version} to production`));
        expect(result.permission_denials?.map(({ tool_name }) => tool_name)).toContain(`${PLUGIN_TOOLS}approve`);
        const status = await world.ended();
        expect(status.outcome).toBe("ABORTED");
        expect(world.events().some(({ event }) => event.event === "approval")).toBe(false);
        expect(await serving()).toEqual(before);
      } finally {
        writeFileSync(join(world.project.root, "deploy.yaml"), usual);
      }
    },
    LIMIT_MS,
  );

  const tries = [
    "kubectl apply -f k8s",
    "FOO=1 /usr/bin/env kubectl apply -f k8s",
    "sh -c 'kubectl apply -f k8s'",
    "echo apply -f k8s | xargs kubectl",
    "true && kubectl delete pod x",
    "deploy-flow approve",
    "echo x >> .aiwg/deployment/history.jsonl",
  ];
  test.each(tries)(
    "run `%s` past the guard",
    async (command) => {
      home = makeHome("skills folder", model);
      model.play((asked) => {
        const last = asked.blocks.findLast(({ block }) => block.type === "tool_result")?.block;
        return last
          ? { text: `told: ${resultText(last)}` }
          : { tools: [{ name: "Bash", input: { command, description: "x" } }] };
      });
      const result = resultOf(await home.say(world.project.root, "do it"));
      expect(result.result).toContain("deploy-flow guard");
    },
    LIMIT_MS,
  );

  test(
    "run anything when the guard itself is broken",
    async () => {
      home = makeHome("skills folder", model);
      writeFileSync(
        join(home.folder, ".claude/skills/flow-deploy-to-production/dist/guard.mjs"),
        "throw new Error('broken')\n",
      );
      const trace = mkdtempSync(join(tmpdir(), "deploy-flow-trace-"));
      const file = join(trace, "ran");
      model.play((asked) => {
        const last = asked.blocks.findLast(({ block }) => block.type === "tool_result")?.block;
        return last
          ? { text: "done" }
          : { tools: [{ name: "Bash", input: { command: `touch ${file}`, description: "x" } }] };
      });
      await home.say(world.project.root, "do it");
      expect(existsSync(file)).toBe(false);
      cpSync(
        join(import.meta.dirname, "../../dist/guard.mjs"),
        join(home.folder, ".claude/skills/flow-deploy-to-production/dist/guard.mjs"),
      );
      await home.say(world.project.root, "do it");
      expect(existsSync(file)).toBe(true);
      rmSync(trace, { recursive: true });
    },
    LIMIT_MS,
  );
});

describe("the package", () => {
  test("passes the host's own validation", () => {
    home = makeHome("plain", model);
    const root = join(import.meta.dirname, "../..");
    expect(home.claude("plugin", "validate", "--strict", join(root, "skill"))).toContain("Validation passed");
    expect(home.claude("plugin", "validate", "--strict", root)).toContain("Validation passed");
  });

  test("is installed from the repository as a marketplace, with its server", () => {
    home = makeHome("bare", model);
    const root = join(import.meta.dirname, "../..");
    home.claude("plugin", "marketplace", "add", root);
    home.claude("plugin", "install", "flow-deploy-to-production@deploy-flow");
    expect(home.claude("plugin", "list")).toMatch(/flow-deploy-to-production@deploy-flow[\s\S]*enabled/);
    expect(home.claude("mcp", "list")).toMatch(/plugin:flow-deploy-to-production:deploy: .*Connected/);
  });
});
