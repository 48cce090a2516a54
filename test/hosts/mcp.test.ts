import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { INSTRUCTIONS } from "../../mcp-server/hosts/mcp/instructions.ts";
import { mcpServer } from "../../mcp-server/hosts/mcp/server.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { TOOLS } from "../../mcp-server/tools/registry.ts";
import { EXAMPLE, folderWith } from "../tools/folder.ts";
import { inMemory, overStdio } from "./mcp-client.ts";
import { PROGRAM, run } from "./process.ts";

const server = (folder: string) => inMemory(mcpServer({ root: folder, ports: realPorts(), asksHost: true }));

describe("the MCP server as a process", () => {
  it("lists its tools, works, and says on standard output nothing but the protocol", async () => {
    const folder = folderWith(EXAMPLE);
    const client = await overStdio({ program: PROGRAM, args: ["serve", "--stdio", "--project", folder], cwd: "/" });
    try {
      expect(client.client.getServerVersion()).toMatchObject({
        name: "deploy",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      });
      expect(client.client.getInstructions()).toBe(INSTRUCTIONS);
      const { tools } = await client.client.listTools();
      expect(tools.map((tool) => tool.name)).toEqual(TOOLS.map((tool) => tool.name));
      expect(tools.find((tool) => tool.name === "approve")?._meta).toEqual({
        "anthropic/requiresUserInteraction": true,
      });
      const seen = await client.call("regression-check", {
        baseline: ["base.xml"],
        candidate: ["cand.xml"],
        threshold: 5,
      });
      expect(seen.data).toMatchObject({ verdict: "FAIL", regressionRate: 8 });
      expect(client.stderr()).toBe("");
    } finally {
      await client.close();
    }
  });

  it("ends when the host closes its input, and answers line by line until then", async () => {
    const hello = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
    };
    const odd = "this is not JSON";
    const ended = await run(folderWith({}), ["serve"], { input: `${JSON.stringify(hello)}\n${odd}\n` });
    expect(ended.code).toBe(0);
    const lines = ended.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ id: 1, result: { serverInfo: { name: "deploy" } } });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      "regression-check",
      { baseline: ["base.xml"], candidate: ["cand.xml"], threshold: 5 },
      ["--baseline", "base.xml", "--candidate", "cand.xml", "--threshold", "5"],
    ],
    [
      "regression-check",
      { baseline: ["base.xml"], candidate: ["cand.xml"], limit: 3 },
      ["--baseline=base.xml", "--candidate=cand.xml", "--limit=3"],
    ],
    [
      "gate-decision",
      { gate: "staging", baseline: ["base.xml"], candidate: ["cand.xml"] },
      ["staging", "--baseline", "base.xml", "--candidate", "cand.xml"],
    ],
    [
      "gate-decision",
      { gate: "production", notApplicable: { slo: "none set" } },
      ["production", "--not-applicable", '{"slo":"none set"}'],
    ],
    ["deploy-next", {}, []],
    ["slo-monitor", {}, []],
  ])("gives the same data as the command: %s %j", async (name, args, words) => {
    const folder = folderWith(EXAMPLE);
    const client = await server(folder);
    try {
      const { data } = await client.call(name, args);
      const ended = await run(folder, [name, ...words, "--format", "json"]);
      expect(JSON.parse(ended.out)).toEqual(data);
      const text = await run(folder, [name, ...words]);
      expect(`${(await client.call(name, args)).text}\n`).toBe(text.out);
    } finally {
      await client.close();
    }
  });
});

describe("prompts", () => {
  it("are listed, take their arguments, and name only tools that exist", async () => {
    const client = await server(folderWith(EXAMPLE));
    try {
      const { prompts } = await client.client.listPrompts();
      expect(prompts.map(({ name }) => name)).toEqual(["deploy", "status", "rollback", "regression-check"]);
      const args = { version: "2.4.0", guidance: "canary", reason: "x", baseline: "a.xml", candidate: "b.xml" };
      for (const { name } of prompts) {
        const { messages } = await client.client.getPrompt({ name, arguments: args });
        const text = messages.map(({ content }) => (content.type === "text" ? content.text : "")).join("");
        for (const [, tool = ""] of text.matchAll(/\b((?:deploy|regression)-[a-z]+)\b/g)) {
          expect(TOOLS.map((one) => one.name)).toContain(tool);
        }
      }
      await expect(client.client.getPrompt({ name: "deploy" })).rejects.toThrow(/version is missing/);
      await expect(client.client.getPrompt({ name: "undo" })).rejects.toThrow(/no such prompt/);
    } finally {
      await client.close();
    }
  });

  it("are completed with the versions that lie there and the labels that are kept", async () => {
    const folder = folderWith({
      ...EXAMPLE,
      "deploy.yaml":
        "service: shop\ntarget:\n  kind: sandbox\n  artifact: releases/{version}\n  command: [node, x.mjs]\n  environments: { production: {} }\n",
      "releases/2.0.0/x.mjs": "",
      "releases/2.1.0/x.mjs": "",
      "releases/3.0.0/x.mjs": "",
    });
    const client = await server(folder);
    try {
      await client.call("baseline-capture", { label: "monday", from: ["base.xml"], version: "1.0.0" });
      const ref = { type: "ref/prompt" as const, name: "deploy" };
      const ask = async (name: string, value: string) =>
        (await client.client.complete({ ref, argument: { name, value } })).completion.values;
      expect(await ask("version", "2.")).toEqual(["2.1.0", "2.0.0"]);
      expect(await ask("baseline", "mon")).toEqual(["monday"]);
      expect(await ask("guidance", "")).toEqual([]);
    } finally {
      await client.close();
    }
    const empty = await server(folderWith(EXAMPLE));
    const ref = { type: "ref/prompt" as const, name: "deploy" };
    const none = await empty.client.complete({ ref, argument: { name: "version", value: "" } });
    expect(none.completion.values).toEqual([]);
    await empty.close();
  });
});

describe("calls", () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ["regression-check", { baseline: ["base.xml"] }, /have nothing to be compared with/],
    [
      "regression-check",
      { baseline: ["base.xml"], candidate: ["base.xml"], treshold: 5 },
      /unknown argument; did you mean threshold\?.*found treshold/,
    ],
    [
      "regression-check",
      { baseline: ["base.xml"], candidate: ["base.xml"], threshold: "5" },
      /argument threshold is not accepted; expected .*number/,
    ],
    ["regression-check", { baseline: "base.xml", candidate: ["base.xml"] }, /argument baseline is not accepted/],
    ["regression-check", { baseline: [], candidate: ["base.xml"] }, /argument baseline is not accepted/],
    ["deploy-start", { version: "2.0.0", approve: "a".repeat(64) }, /unknown argument/],
    ["deploy-next", { all: true }, /unknown argument; expected wait/],
    ["deploy-strat", {}, /there is no such tool; did you mean deploy-start\?/],
    ["deploy-execute", { action: "advise" }, /no run|findings need a step/],
  ])("%s %j is refused with the next step, and runs nothing", async (name, args, says) => {
    const folder = folderWith(EXAMPLE);
    const client = await server(folder);
    try {
      const seen = await client.call(name, args);
      expect(seen).toMatchObject({ isError: true, data: undefined });
      expect(seen.text).toMatch(says);
      expect(seen.text).toContain("next: ");
      expect(readdirSync(folder).sort()).toEqual(Object.keys(EXAMPLE).sort());
    } finally {
      await client.close();
    }
  });

  it("report progress that rises, to who gave a token", async () => {
    const client = await server(folderWith(EXAMPLE));
    try {
      const { progress } = await client.call("regression-check", { baseline: ["base.xml"], candidate: ["cand.xml"] });
      expect(progress.length).toBeGreaterThan(1);
      const numbers = progress.map((note) => note.progress);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(progress[0]?.message).toBe("baseline: 150 tests read");
    } finally {
      await client.close();
    }
  });
});

describe("resources without a run", () => {
  it("are status and history, and templates for the rest", async () => {
    const client = await server(folderWith({}));
    try {
      const { resources } = await client.client.listResources();
      expect(resources.map((resource) => resource.uri)).toEqual(["deploy://status", "deploy://history"]);
      const { resourceTemplates } = await client.client.listResourceTemplates();
      expect(resourceTemplates.map((one) => one.uriTemplate)).toEqual([
        "deploy://runs/{runId}/journal",
        "deploy://runs/{runId}/artifacts/{+path}",
      ]);
      const { contents } = await client.client.readResource({ uri: "deploy://status" });
      expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ state: "none" });
    } finally {
      await client.close();
    }
  });

  it.each([
    "deploy://else",
    "deploy://runs/x/journal",
    "deploy://runs/dpl-20260131T123045Z-abcdef/journal",
    "deploy://runs/dpl-20260131T123045Z-abcdef/artifacts/..%2f..%2fetc%2fpasswd",
    "deploy://runs/dpl-20260131T123045Z-abcdef/artifacts/%zz",
    "file:///etc/passwd",
  ])("%s is not there", async (uri) => {
    const client = await server(folderWith({}));
    try {
      await expect(client.client.readResource({ uri })).rejects.toThrow(/no such resource/);
    } finally {
      await client.close();
    }
  });

  it("an archive that the history names outside of the project is not read", async () => {
    const entry = {
      runId: "dpl-20260131T123045Z-abcdef",
      version: "2.0.0",
      strategy: "canary",
      outcome: "SUCCESS",
      startedAt: "2026-01-31T12:30:45.000Z",
      endedAt: "2026-01-31T12:31:45.000Z",
      durationMs: 60_000,
      archive: "../elsewhere",
    };
    const client = await server(folderWith({ ".aiwg/deployment/history.jsonl": `${JSON.stringify(entry)}\n` }));
    try {
      const uri = `deploy://runs/${entry.runId}/journal`;
      await expect(client.client.readResource({ uri })).rejects.toThrow(/leaves the folder/);
    } finally {
      await client.close();
    }
  });
});
