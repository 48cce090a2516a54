import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import matter from "gray-matter";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TOOLS } from "../../mcp-server/tools/registry.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "dist/deploy-flow.mjs");
const NAME = "flow-deploy-to-production";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deploy-flow-home-"));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
}

function flow(words: readonly string[], program = PROGRAM): Ended {
  try {
    const env = { PATH: process.env.PATH ?? "", HOME: home };
    const out = execFileSync(process.execPath, [program, ...words], {
      cwd: home,
      env,
      encoding: "utf8",
      stdio: "pipe",
    });
    return { code: 0, out };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, out: `${stdout}${stderr}` };
  }
}

const below = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))
        .sort()
    : [];

describe("install and uninstall", () => {
  it("brings everything that the skill names, works from there, and leaves nothing behind", () => {
    const kept = join(home, ".claude/skills/mine/SKILL.md");
    mkdirSync(join(kept, ".."), { recursive: true });
    writeFileSync(kept, "mine");
    const before = below(home);

    expect(flow(["install", "--dry-run"]).code).toBe(0);
    expect(below(home)).toEqual(before);

    expect(flow(["install"])).toMatchObject({ code: 0 });
    const skill = join(home, ".claude/skills", NAME);
    for (const file of ["SKILL.md", ".mcp.json", ".claude-plugin/plugin.json", "hooks/hooks.json", "dist/guard.mjs"]) {
      expect(existsSync(join(skill, file)), file).toBe(true);
    }
    expect(readdirSync(join(skill, "agents"))).toHaveLength(8);
    const program = join(skill, "dist/deploy-flow.mjs");
    expect(flow(["--help"], program).out).toContain("deploy-start");

    const again = JSON.parse(flow(["install", "--format", "json"]).out) as { files: { state: string }[] };
    expect(new Set(again.files.map(({ state }) => state))).toEqual(new Set(["same"]));
    const fromThere = JSON.parse(flow(["install", "--format", "json"], program).out) as { files: { state: string }[] };
    expect(new Set(fromThere.files.map(({ state }) => state))).toEqual(new Set(["same"]));

    expect(flow(["uninstall", "--dry-run"]).code).toBe(0);
    expect(existsSync(program)).toBe(true);
    expect(flow(["uninstall"]).code).toBe(0);
    expect(below(home)).toEqual(before);
    expect(flow(["uninstall"]).code).toBe(65);
  });

  it("keeps what somebody changed or added, and removes what a newer version no longer has", () => {
    flow(["install"]);
    const skill = join(home, ".claude/skills", NAME);
    writeFileSync(join(skill, "SKILL.md"), "my own words");
    writeFileSync(join(skill, "notes.md"), "my notes");
    const list = JSON.parse(readFileSync(join(skill, ".installed.json"), "utf8")) as { files: Record<string, string> };
    writeFileSync(join(skill, "references/old.md"), "");
    const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    writeFileSync(
      join(skill, ".installed.json"),
      JSON.stringify({ ...list, files: { ...list.files, "references/old.md": empty } }),
    );

    const said = flow(["install"]);
    expect(said.out).toContain("SKILL.md");
    expect(readFileSync(join(skill, "SKILL.md.saved"), "utf8")).toBe("my own words");
    expect(readFileSync(join(skill, "SKILL.md"), "utf8")).toContain(`name: ${NAME}`);
    expect(existsSync(join(skill, "references/old.md"))).toBe(false);

    const seen = () => {
      const { checks } = JSON.parse(flow(["doctor", "--format", "json"]).out) as {
        checks: { id: string; state: string }[];
      };
      return checks.filter(({ id }) => id.startsWith("skill in")).map(({ state }) => state);
    };
    expect(seen()).toEqual(["ok"]);
    writeFileSync(join(skill, "LICENSE"), "another");
    expect(seen()).toEqual(["warning"]);
    flow(["install"]);
    rmSync(join(skill, "LICENSE.saved"));

    flow(["uninstall"]);
    expect(readdirSync(skill).sort()).toEqual(["SKILL.md.saved", "notes.md"]);
  });

  it("does not touch a folder that somebody else made, or a list that is damaged", () => {
    const skill = join(home, ".claude/skills", NAME);
    mkdirSync(skill, { recursive: true });
    writeFileSync(join(skill, "SKILL.md"), "somebody else's");
    expect(flow(["install"]).code).not.toBe(0);
    expect(readFileSync(join(skill, "SKILL.md"), "utf8")).toBe("somebody else's");
    writeFileSync(join(skill, ".installed.json"), '{"program":"1","files":{"../../mine":"x"}}');
    expect(flow(["uninstall"]).code).toBe(65);
    expect(existsSync(join(skill, "SKILL.md"))).toBe(true);
  });

  it("writes nothing at all where one of the folders is somebody else's, and leaves that one when it goes", () => {
    const theirs = join(home, ".agents/skills/gate-check/SKILL.md");
    mkdirSync(join(theirs, ".."), { recursive: true });
    writeFileSync(theirs, "theirs");
    expect(flow(["install", "--host", "agents"]).code).not.toBe(0);
    expect(below(home)).toEqual([".agents/skills/gate-check/SKILL.md"]);
    rmSync(join(theirs, ".."), { recursive: true });
    flow(["install", "--host", "agents"]);
    rmSync(join(theirs, ".."), { recursive: true });
    mkdirSync(join(theirs, ".."));
    writeFileSync(theirs, "theirs");
    expect(flow(["uninstall", "--host", "agents"]).code).toBe(0);
    expect(below(home)).toEqual([".agents/skills/gate-check/SKILL.md"]);
  });

  it("brings other hosts what they can read, into the home or the project", () => {
    expect(flow(["install", "--host", "agents"]).out).toContain("mcp_servers.deploy");
    const files = below(home).map((path) => path.replace(`.agents/skills/${NAME}/`, ""));
    expect(files).toContain("SKILL.md");
    expect(files).toContain("dist/deploy-flow.mjs");
    expect(files.some((path) => /^(?:agents|hooks|\.claude-plugin)/.test(path))).toBe(false);
    for (const name of ["regression-check", "gate-check"]) {
      const placed = readFileSync(join(home, ".agents/skills", name, "SKILL.md"), "utf8");
      expect(matter(placed).data, "a skill is called as its folder").toMatchObject({ name });
    }
    const there = join(home, ".agents/skills", NAME, "dist/deploy-flow.mjs");
    const again = JSON.parse(flow(["install", "--host", "agents", "--format", "json"], there).out) as {
      files: { state: string }[];
    };
    expect(new Set(again.files.map(({ state }) => state))).toEqual(new Set(["same"]));
    // What was brought for such a host has no guard, so Claude Code gets nothing from it.
    expect(flow(["install"], there).code).toBe(65);
    expect(existsSync(join(home, ".claude"))).toBe(false);
    expect(flow(["uninstall", "--host", "agents"]).code).toBe(0);
    expect(below(home)).toEqual([]);
    const project = join(home, "service");
    mkdirSync(project);
    expect(flow(["install", "--scope", "project", "--project", project]).code).toBe(0);
    expect(existsSync(join(project, ".claude/skills", NAME, "SKILL.md"))).toBe(true);
    expect(flow(["uninstall", "--scope", "project", "--project", project]).code).toBe(0);
    expect(readdirSync(project)).not.toContain(NAME);
    expect(flow(["install", "--scope", "project", "--project", join(home, "nowhere")]).code).toBe(64);
  });
});

describe("the evals of the skill", () => {
  const cases = readdirSync(join(ROOT, "skill/evals"));

  it("cover what must be proposed, asked about and left alone, and the gates", () => {
    const least = { propose: 7, ask: 7, never: 18, gate: 6 };
    for (const [kind, count] of Object.entries(least)) {
      expect(cases.filter((name) => name.startsWith(`${kind}-`)).length, kind).toBeGreaterThanOrEqual(count);
    }
  });

  it.each(cases)("%s has a prompt and graders that can fail", (name) => {
    const folder = join(ROOT, "skill/evals", name);
    const prompt = matter(readFileSync(join(folder, "prompt.md"), "utf8"));
    expect(prompt.content.trim().length).toBeGreaterThan(5);
    const graders = readdirSync(join(folder, "graders")).map((file) =>
      matter(readFileSync(join(folder, "graders", file), "utf8")),
    );
    expect(graders.length).toBeGreaterThan(0);
    for (const { data } of graders) {
      if (data.type === "regex") expect(() => new RegExp(String(data.pattern))).not.toThrow();
      else expect(data).toMatchObject({ type: "tool_used", tool: expect.any(String) });
      if (data.type === "tool_used") expect(data.min ?? data.max).toBeTypeOf("number");
      // The host's own least is one call: without a least of none, "at most none" is never met.
      if (data.max === 0) expect(data.min).toBe(0);
      if (data.tool === "Skill") expect([NAME, "regression-check", "gate-check"]).toContain(data.input_match);
    }
  });
});

describe("what the skill says", () => {
  const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
  const texts = readdirSync(join(ROOT, "skill"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md") && !/\/(?:dist|evals)/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
  const names = new Set<string>(TOOLS.map(({ name }) => name));
  const agents = readdirSync(join(ROOT, "skill/agents")).map((file) => file.replace(".md", ""));

  it.each<[RegExp, number]>([
    [/^skill\/SKILL\.md$/, 3_500],
    [/^skill\/references\//, 2_000],
    [/^skill\/skills\//, 600],
    [/^skill\/agents\//, 600],
  ])("%s keeps to %i tokens a file", (which, budget) => {
    const files = texts.filter((path) => which.test(path));
    expect(files.length).toBeGreaterThan(0);
    for (const path of files) expect(encode(read(path)).length, path).toBeLessThanOrEqual(budget);
  });

  it("is counted in docs/tokens.md as it is", () => {
    execFileSync(process.execPath, [join(ROOT, "scripts/tokens.mjs"), "--check"], { stdio: "pipe" });
  });

  it("names the same version everywhere", () => {
    const { version } = JSON.parse(read("package.json")) as { version: string };
    expect(JSON.parse(read("skill/.claude-plugin/plugin.json"))).toMatchObject({ version });
    expect(JSON.parse(read(".claude-plugin/marketplace.json"))).toMatchObject({ plugins: [{ version }] });
    for (const path of texts.filter((one) => one.endsWith("SKILL.md")))
      expect(read(path)).toContain(`version: "${version}"`);
  });

  it.each(texts)("%s names only tools, files and agents that exist", (path) => {
    const text = read(path);
    for (const [, tool = ""] of text.matchAll(/mcp__(?:plugin_flow-deploy-to-production_)?deploy__([a-z-]+)/g)) {
      expect(names, `${path}: ${tool}`).toContain(tool);
    }
    for (const [, tool = ""] of text.matchAll(/`((?:deploy|baseline|slo|smoke|regression|gate|artifact)-[a-z]+)`/g)) {
      if (tool !== "deploy-flow") expect(names.has(tool) || tool === "gate-check", `${path}: ${tool}`).toBe(true);
    }
    for (const [, file = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(existsSync(join(ROOT, path, "..", file)), `${path}: ${file}`).toBe(true);
    }
    for (const [, agent = ""] of text.matchAll(/flow-deploy-to-production:([a-z-]+)/g)) expect(agents).toContain(agent);
  });

  it.each(agents)(
    "agent %s may use only tools that exist, in both forms of installation, and none that changes production",
    (agent) => {
      const [, front = ""] = read(`skill/agents/${agent}.md`).split("---");
      const tools = /^tools: (.*)$/m.exec(front)?.[1]?.split(", ") ?? [];
      const plugin = tools.filter((tool) => tool.startsWith("mcp__plugin_")).map((tool) => tool.split("__").at(-1));
      const plain = tools.filter((tool) => tool.startsWith("mcp__deploy__")).map((tool) => tool.split("__").at(-1));
      expect(plugin).toEqual(plain);
      expect(plugin.length).toBeGreaterThan(0);
      for (const tool of plugin) expect(names).toContain(tool);
      for (const forbidden of [
        "approve",
        "deploy-decide",
        "deploy-start",
        "baseline-capture",
        "archive",
        "smoke-test",
      ]) {
        expect(plugin).not.toContain(forbidden);
      }
      expect(tools.filter((tool) => !tool.startsWith("mcp__"))).toEqual(["Read", "Grep", "Glob"]);
    },
  );
});
