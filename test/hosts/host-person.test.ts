import { describe, expect, it } from "vitest";
import { confirmAtHost, promptsPerson } from "../../mcp-server/hosts/mcp/person.ts";

const context = (over: Partial<Parameters<typeof confirmAtHost>[0]> = {}) => ({
  signal: new AbortController().signal,
  clientName: "some host",
  clientVersion: "9.9.9",
  progress: () => {},
  ...over,
});
const CLAUDE = { clientName: "claude-code", clientVersion: "2.1.330" };

describe("a person behind an agent's host", () => {
  it.each<[string, string, boolean]>([
    ["claude-code", "2.1.198", false],
    ["claude-code", "2.1.199", true],
    ["claude-code", "2.1.330", true],
    ["claude-code", "2.2.0", true],
    ["claude-code", "3.0.0-beta.1", true],
    ["claude-code", "1.9.999", false],
    ["claude-code", "2.1", false],
    ["claude-code", "", false],
    ["claude-code", "latest", false],
    ["Claude Code", "2.1.330", false],
    ["constructor", "2.1.330", false],
  ])("%s %j prompts: %s", (name, version, prompts) => {
    expect(promptsPerson(name, version)).toBe(prompts);
  });

  it("counts the host's own prompt where the plan accepts it and the host has one", async () => {
    expect(await confirmAtHost(context(CLAUDE), ["host-prompt"], "x")).toMatchObject({ way: "host-prompt" });
    expect(await confirmAtHost(context(CLAUDE), ["terminal", "flag"], "x")).toBeUndefined();
    expect(await confirmAtHost(context(), ["host-prompt"], "x")).toBeUndefined();
  });

  it("asks by the protocol where the plan trusts that, and takes nothing but a yes", async () => {
    const asked: string[] = [];
    const answering = (yes: boolean) =>
      context({
        elicit: async (message) => {
          asked.push(message);
          return yes;
        },
      });
    expect(await confirmAtHost(answering(true), ["elicitation"], "approve plan 1")).toMatchObject({
      way: "elicitation",
    });
    await expect(confirmAtHost(answering(false), ["elicitation"], "x")).rejects.toThrow(/did not say yes/);
    expect(await confirmAtHost(answering(true), ["terminal"], "x")).toBeUndefined();
    expect(await confirmAtHost(context(), ["elicitation"], "x")).toBeUndefined();
    expect(asked[0]).toBe("You are about to approve plan 1.");
    expect(asked).toHaveLength(2);
  });
});
