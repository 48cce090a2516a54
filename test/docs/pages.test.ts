import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { transform } from "esbuild";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseDeployConfig } from "../../mcp-server/flow/config-file.ts";
import { COMMANDS } from "../../mcp-server/hosts/cli/commands.ts";
import { flagsOf, readFlags } from "../../mcp-server/hosts/cli/flags.ts";
import { RESOURCE_TEMPLATES } from "../../mcp-server/hosts/mcp/resources.ts";
import { TOOLS } from "../../mcp-server/tools/registry.ts";
import { FlowError } from "../../mcp-server/vocab/index.ts";
import { anchorOf, anchorsOf, ROOT, readPages, shellWords, split, tableRows } from "./pages.ts";

const PAGES = readPages();
const page = (path: string) => {
  const found = PAGES.find((one) => one.path === path);
  if (!found) throw new Error(`there is no page ${path}`);
  return found;
};

/** Folders of the repository; a path in the text that begins with one of them names a file of ours. */
const OURS = /^(?:mcp-server|scripts|templates|schemas|test|docs|examples|\.ci)\//;
const SCRIPTS = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).scripts;
const GLOBAL_FLAGS = z.object({ project: z.string().optional(), format: z.enum(["text", "json"]).optional() });

describe.each(PAGES.map((one) => [one.path, one] as const))("%s", (_path, one) => {
  it("links to pages, headings and files that exist", () => {
    const broken = [...one.prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
      if (/^https?:/.test(link)) return [];
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? join(ROOT, one.path) : resolve(one.folder, path);
      if (!existsSync(target)) return [link];
      if (anchor === undefined) return [];
      const linked = PAGES.find((other) => other.path === relative(ROOT, target));
      return linked && anchorsOf(linked).has(anchor) ? [] : [link];
    });
    expect(broken).toEqual([]);
  });

  it("names files of the repository that exist", () => {
    const named = [...one.prose.matchAll(/`([^`\s]+)`/g)]
      .map(([, path = ""]) => path)
      .filter((path) => OURS.test(path));
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("shows commands and flags that exist, with arguments that are accepted", () => {
    const wrong = one.blocks
      .filter((block) => block.language === "sh")
      .flatMap((block) => block.text.split("\n").flatMap((line) => objection(line) ?? []));
    expect(wrong).toEqual([]);
  });

  it("names commands in its text that exist", () => {
    const named = [...one.prose.matchAll(/`deploy-flow ([a-z][a-z-]*)/g)].map(([, name]) => name);
    expect(named.filter((name) => !COMMANDS.some((command) => command.name === name))).toEqual([]);
  });

  it("shows deploy.yaml examples that are accepted", () => {
    const problems = one.blocks
      .filter((block) => block.language === "yaml")
      .flatMap((block) => problemOf(() => parseDeployConfig(block.text, `${one.path}:${block.line}`)) ?? []);
    expect(problems).toEqual([]);
  });

  it("shows JSON that is JSON", () => {
    const json = one.blocks.filter((block) => block.language === "json");
    expect(json.flatMap((block) => problemOf(() => JSON.parse(block.text)) ?? [])).toEqual([]);
  });

  it("shows JavaScript that parses", async () => {
    const scripts = one.blocks.filter(({ language }) => language === "js");
    const parsed = await Promise.allSettled(scripts.map(({ text }) => transform(text, { loader: "js" })));
    expect(parsed.filter(({ status }) => status === "rejected")).toEqual([]);
  });

  it("names no machine and no registry", () => {
    expect(
      one.text.match(/[^\n]*(?:\/(?:home|root|work|Users|tmp)\/|localhost:\d|\/\/registry\.|registry\.npm)[^\n]*/g),
    ).toBeNull();
  });
});

/** Why a line of a shell example cannot be right; undefined when it can. */
function objection(line: string): string | undefined {
  const [program, ...words] = shellWords(line);
  if (program === undefined) return undefined;
  if (program.startsWith("./")) return existsSync(join(ROOT, program)) ? undefined : `${line}: no such script`;
  if (program === "npm") return npmObjection(line, words);
  return program === "deploy-flow" ? commandObjection(line, words) : undefined;
}

function npmObjection(line: string, [verb, script]: readonly string[]): string | undefined {
  if (verb !== "run") return verb && ["ci", "test", "link"].includes(verb) ? undefined : `${line}: which npm command?`;
  return script !== undefined && script in SCRIPTS ? undefined : `${line}: package.json has no such script`;
}

function commandObjection(line: string, [name, ...words]: readonly string[]): string | undefined {
  if (name === "--version" || name === "--help") return undefined;
  const command = COMMANDS.find((known) => known.name === name && !known.hidden);
  if (!command) return `${line}: no such command`;
  return problemOf(() => {
    const flags = [...flagsOf(command.input), ...flagsOf(GLOBAL_FLAGS)];
    const values = readFlags(words, flags, command.positionals, command.name);
    const { project: _project, format: _format, ...own } = values;
    command.input.parse(own);
  }, line);
}

function problemOf(check: () => unknown, where = ""): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return `${where} ${error instanceof FlowError ? error.message : String(error)}`.trim();
  }
}

describe("the page on MCP", () => {
  it("lists the tools in their order, and no others", () => {
    const section = page("docs/mcp.md").prose.split("## Tools")[1]?.split("\n## ")[0] ?? "";
    expect(tableRows(section).map(([name]) => name)).toEqual(TOOLS.map((tool) => `\`${tool.name}\``));
  });

  it("says of a tool that it changes nothing exactly where it reads only", () => {
    const section = page("docs/mcp.md").prose.split("## Tools")[1]?.split("\n## ")[0] ?? "";
    const still = tableRows(section).filter(([, , changes]) => changes === "nothing");
    const reading = TOOLS.filter((tool) => tool.effect === "read");
    expect(still.map(([name]) => name)).toEqual(reading.map((tool) => `\`${tool.name}\``));
  });

  it("lists the resources", () => {
    const section = page("docs/mcp.md").prose.split("## Resources")[1]?.split("\n## ")[0] ?? "";
    const templates = RESOURCE_TEMPLATES.map((one) => `\`${one.uriTemplate.replace("{+", "{")}\``);
    expect(tableRows(section).map(([address]) => address)).toEqual([
      "`deploy://status`",
      "`deploy://history`",
      ...templates,
    ]);
  });
});

describe("the reader of pages", () => {
  it("parts prose and blocks", () => {
    const { prose, blocks } = split("a\n```sh\nb\n```\nc");
    expect(prose).toBe("a\nc");
    expect(blocks).toEqual([{ language: "sh", line: 2, text: "b" }]);
  });

  it("refuses a block that is never closed", () => {
    expect(() => split("a\n```sh\nb")).toThrow(/line 2/);
  });

  it.each([
    ["What the record proves", "what-the-record-proves"],
    ["ROLLBACK_FAILED", "rollback_failed"],
    ["Side by side, or against a record", "side-by-side-or-against-a-record"],
  ])("makes an anchor of %j", (heading, anchor) => {
    expect(anchorOf(heading)).toBe(anchor);
  });

  it.each<[string, string[]]>([
    ['deploy-flow run 2.4.0 --reason "two words" # why', ["deploy-flow", "run", "2.4.0", "--reason", "two words"]],
    ['sed \'s/"a"/"b c"/\' file', ["sed", 's/"a"/"b c"/', "file"]],
    ["   # only a comment", []],
    ["", []],
  ])("parts %j into words", (line, words) => {
    expect(shellWords(line)).toEqual(words);
  });

  it("reads the rows of tables without head and rule", () => {
    expect(tableRows("| a | b |\n|---|---|\n| `x` | y \\| z |")).toEqual([["`x`", "y \\| z"]]);
  });

  it.each([
    "deploy-flow runn 2.4.0",
    "deploy-flow run 2.4.0 --stratgy canary",
    "deploy-flow run latest",
    "deploy-flow deploy-decide rollback",
    "npm run nothing",
    "./scripts/nothing.sh",
  ])("objects to %j", (line) => {
    expect(objection(line)).toBeTypeOf("string");
  });
});
