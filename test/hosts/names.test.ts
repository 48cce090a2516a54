import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import matter from "gray-matter";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../mcp-server/hosts/cli/commands.ts";
import { flagsOf } from "../../mcp-server/hosts/cli/flags.ts";
import { mcpSnippets } from "../../mcp-server/hosts/install/snippets.ts";
import { INSTRUCTIONS } from "../../mcp-server/hosts/mcp/instructions.ts";
import { listPrompts } from "../../mcp-server/hosts/mcp/prompts.ts";
import { TOOLS } from "../../mcp-server/tools/registry.ts";
import { EXIT } from "../../mcp-server/vocab/index.ts";
import { ROOT, readPages, tableRows } from "../docs/pages.ts";

/** Whatever an agent is told by name has to exist: hosts drop a wrong name in silence. */
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const below = (folder: string, ending: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending) && !/^(?:dist|evals)\//.test(path))
    .map((path) => `${folder}/${path}`);

const SKILLS = below("skill", "SKILL.md");
const AGENTS = readdirSync(join(ROOT, "skill/agents")).map((file) => basename(file, ".md"));
const BRIEFS = below("templates/briefs", ".hbs").filter((path) => !path.endsWith("frame.hbs"));
const TOOL_NAMES = new Set<string>(TOOLS.map(({ name }) => name));
const COMMAND_NAMES = new Set<string>(COMMANDS.map(({ name }) => name));
const FLAGS = new Set(
  COMMANDS.flatMap(({ input }) => flagsOf(input).flatMap(({ name }) => [`--${name}`, `--no-${name}`])).concat(
    "--format",
    "--project",
    "--help",
    "--version",
  ),
);

/** Texts for agents: they may name our flags only. */
const FOR_AGENTS: readonly [string, string][] = [
  ...[...below("skill", ".md"), ...below("templates/briefs", ".hbs")].map((path): [string, string] => [
    path,
    read(path),
  ]),
  ["the instructions of the server", INSTRUCTIONS],
];
/** All that names tools and agents in full: the pages of the documentation as well. */
const EVERYWHERE: readonly [string, string][] = [
  ...FOR_AGENTS,
  ...readPages().map((page): [string, string] => [page.path, page.text]),
  ["skill/hooks/hooks.json", read("skill/hooks/hooks.json")],
  ["skill/.mcp.json", read("skill/.mcp.json")],
];

const missing = (names: Iterable<string>, known: ReadonlySet<string>) => [...names].filter((name) => !known.has(name));
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name);

describe.each(FOR_AGENTS)("%s", (_path, text) => {
  it("names flags and commands that exist", () => {
    expect(
      missing(
        found(text, /(?<![\w-])(--(?:\[no-\])?[a-z][a-z-]*)/g).map((flag) => flag.replace("[no-]", "")),
        FLAGS,
      ),
    ).toEqual([]);
    expect(missing(found(text, /deploy-flow(?:\.mjs)? ([a-z][a-z-]+)/g), COMMAND_NAMES)).toEqual([]);
  });
});

describe.each(EVERYWHERE)("%s", (_path, text) => {
  it("names tools and agents that exist, in the form of either installation", () => {
    const prompts = new Set(listPrompts().map(({ name }) => name));
    const full = found(text, /mcp__(?:plugin_flow-deploy-to-production_)?deploy__([a-z]+(?:-[a-z]+)*)/g);
    expect(full.filter((name) => !TOOL_NAMES.has(name) && !prompts.has(name))).toEqual([]);
    const servers = found(text, /mcp__((?:plugin_[a-z-]+_)?[a-z-]+?)__/g);
    expect(missing(servers, new Set(["deploy", "plugin_flow-deploy-to-production_deploy"]))).toEqual([]);
    const prefixed = found(text, /flow-deploy-to-production:([a-z]+(?:-[a-z]+)*)/g);
    const known = new Set([...AGENTS, ...SKILLS.map((path) => basename(dirname(path)))]);
    expect(missing(prefixed, known)).toEqual([]);
  });
});

describe("the skills", () => {
  it.each(SKILLS)("%s keeps to the six portable fields", (path) => {
    const { data } = matter(read(path));
    const portable = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];
    expect(Object.keys(data).filter((key) => !portable.includes(key))).toEqual([]);
    const folder = path === "skill/SKILL.md" ? "flow-deploy-to-production" : basename(dirname(path));
    expect(data.name).toBe(folder);
    expect(String(data.description).length).toBeLessThanOrEqual(1_024);
    expect(String(data.compatibility).length).toBeLessThanOrEqual(500);
  });

  it("are found by each way of asking for a deployment", () => {
    const { description } = matter(read("skill/SKILL.md")).data as { description: string };
    const phrases = ["deploy to production", "production deployment", "release to prod", "start deployment"];
    for (const phrase of [
      ...phrases,
      "deploy version X.Y.Z",
      "go live with new release",
      "execute production rollout",
    ]) {
      expect(description).toContain(phrase);
    }
  });

  it("refer one level deep: no reference sends its reader to another", () => {
    for (const path of below("skill/references", ".md")) expect(read(path), path).not.toMatch(/\]\([^)]*\.md/);
    const named = found(read("skill/SKILL.md"), /\]\(references\/([a-z-]+\.md)\)/g);
    expect([...new Set(named)].sort()).toEqual(readdirSync(join(ROOT, "skill/references")).sort());
  });

  it("name every argument of a deployment, and no other", () => {
    const start = TOOLS.find(({ name }) => name === "deploy-start");
    const known = Object.keys(start?.input.shape ?? {});
    const rows = tableRows(read("skill/references/parameters.md")).map(([name = ""]) => name.replaceAll("`", ""));
    expect(missing(rows, new Set(known))).toEqual([]);
    expect(known.filter((name) => !rows.includes(name) && !read("skill/SKILL.md").includes(`\`${name}\``))).toEqual([]);
  });

  it("name the exit codes that exist", () => {
    const [, said = ""] = read("skill/references/troubleshooting.md").split("Exit codes of the commands: ");
    const codes = found(said, /(?<![\w])(\d+)(?= [A-Za-z])/g).map(Number);
    expect(codes.length).toBeGreaterThan(10);
    const known = new Set<number>(Object.values(EXIT));
    expect(codes.filter((code) => !known.has(code))).toEqual([]);
  });
});

describe("the briefs", () => {
  const STEPS = ["readiness", "staging", "baseline", "execute", "observe", "rollback", "report"];
  it.each(BRIEFS)("%s is of a step that exists and a role that has an agent", (path) => {
    const [step = "", ...role] = basename(path, ".hbs").split("-");
    expect(STEPS).toContain(step);
    expect(AGENTS).toContain(role.join("-"));
    const tools = found(read(path), /((?:deploy|baseline|slo|smoke|regression|gate|artifact)-[a-z]+)/g);
    const words = new Set(["baseline-captured", "regression-analyst", "deploy-flow", "deployment-manager"]);
    expect(tools.filter((name) => !TOOL_NAMES.has(name) && !words.has(name) && !AGENTS.includes(name))).toEqual([]);
  });

  it("give every agent something to do", () => {
    for (const agent of AGENTS)
      expect(
        BRIEFS.some((path) => path.endsWith(`-${agent}.hbs`)),
        agent,
      ).toBe(true);
  });
});

describe("the page on installing", () => {
  it("shows each host what `install` shows it", () => {
    const page = readPages().find(({ path }) => path === "docs/install.md");
    for (const { host, file, text } of mcpSnippets("PROGRAM")) {
      expect(page?.text, host).toContain(host);
      expect(page?.text, host).toContain(`\`${file}\``);
      const same = page?.blocks.some((block) =>
        block.language === "json" && text.startsWith("{")
          ? JSON.stringify(JSON.parse(block.text)) === JSON.stringify(JSON.parse(text))
          : block.text.trim() === text,
      );
      expect(same, host).toBe(true);
    }
  });
});
