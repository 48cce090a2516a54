import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { listTool } from "../../mcp-server/hosts/mcp/door.ts";
import { INSTRUCTIONS } from "../../mcp-server/hosts/mcp/instructions.ts";
import { TOOLS } from "../../mcp-server/tools/registry.ts";

const READS = ["deploy-next", "slo-monitor", "regression-check", "gate-decision"];
const NAMED_BY_THE_USER = ["regression-check", "gate-decision", "artifact-write", "archive"];

describe("the registry of tools", () => {
  it("is the agreed list", () => {
    expect(TOOLS.map((tool) => tool.name)).toEqual([
      "deploy-start",
      "deploy-next",
      "deploy-execute",
      "deploy-decide",
      "approve",
      "baseline-capture",
      "smoke-test",
      "slo-monitor",
      "regression-check",
      "gate-decision",
      "artifact-write",
      "archive",
    ]);
  });

  it.each(TOOLS.map((tool) => [tool.name, tool] as const))("%s keeps the rules for tools", (name, tool) => {
    const listed = listTool(tool);
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(name.length).toBeLessThanOrEqual(20);
    expect(tool.title.length).toBeGreaterThan(3);
    expect(tool.description.length).toBeGreaterThan(60);
    expect(tool.description.length).toBeLessThanOrEqual(400);
    expect(Object.values(listed.annotations)).not.toContain(undefined);
    expect(listed.annotations.readOnlyHint).toBe(READS.includes(name));
    expect(listed.annotations.readOnlyHint && listed.annotations.destructiveHint).toBe(false);
    expect(listed.inputSchema.type).toBe("object");
    expect(listed.inputSchema.additionalProperties).toBe(false);
    expect(listed.outputSchema.type).toBe("object");
  });

  it.each(TOOLS.map((tool) => [tool.name, tool] as const))(
    "%s is listed as before: its name and arguments are public",
    (_name, tool) => {
      expect(listTool(tool)).toMatchSnapshot();
    },
  );

  it("gives every result a next step, a reason and a verdict or state", () => {
    for (const tool of TOOLS) {
      const members = Object.keys(tool.output.shape);
      expect(members, tool.name).toContain("next");
      expect(members.includes("reasons") || members.includes("reason"), tool.name).toBe(true);
      expect(members.includes("verdict") || members.includes("state"), tool.name).toBe(true);
    }
  });

  it("marks what is a person's, and nothing else", () => {
    const asking = TOOLS.filter((tool) => listTool(tool)._meta?.["anthropic/requiresUserInteraction"] === true);
    expect(asking.map((tool) => tool.name)).toEqual(["approve"]);
  });

  it("lets no tool of an agent approve on the side", () => {
    for (const tool of TOOLS.filter((one) => !one.person)) {
      expect(Object.keys(tool.input.shape), tool.name).not.toContain("approve");
    }
  });

  it("keeps the names of all doors' own flags free", () => {
    for (const tool of TOOLS) {
      expect(Object.keys(tool.input.shape)).not.toEqual(expect.arrayContaining(["project"]));
      expect(Object.keys(tool.input.shape)).not.toEqual(expect.arrayContaining(["format"]));
      expect(Object.keys(tool.input.shape)).not.toEqual(expect.arrayContaining(["help"]));
    }
  });

  it("describes every argument that its name does not explain", () => {
    const plain = new Set(["title", "summary", "sections", "findings", "env", "gate", "candidateMetrics"]);
    for (const tool of TOOLS) {
      const { properties } = listTool(tool).inputSchema as { properties?: Record<string, { description?: string }> };
      for (const [key, schema] of Object.entries(properties ?? {})) {
        if (!plain.has(key)) expect(schema.description, `${tool.name} ${key}`).toBeTruthy();
      }
    }
  });

  it("names each of the four tools that work without a run as doing so", () => {
    for (const name of NAMED_BY_THE_USER) {
      expect(INSTRUCTIONS).toContain(name);
    }
  });
});

describe("token budgets (o200k)", () => {
  it("the list of tools as a model sees it: 2,200", () => {
    const tokens = TOOLS.map((tool) => {
      const { name, description, inputSchema } = listTool(tool);
      return encode(JSON.stringify({ name, description, inputSchema })).length;
    });
    expect(tokens.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2200);
  });

  it("the instructions: 400", () => {
    expect(encode(INSTRUCTIONS).length).toBeLessThanOrEqual(400);
    expect(Buffer.byteLength(INSTRUCTIONS)).toBeLessThanOrEqual(2048);
  });
});
