import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { DeployConfig } from "../../mcp-server/flow/config.ts";
import { EXIT, OUTCOME_EXIT } from "../../mcp-server/vocab/index.ts";
import { ROOT, split, tableRows } from "./pages.ts";

interface Node {
  readonly properties?: Record<string, Node>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly default?: unknown;
}

/** What the documentation has to say of one key: its default as JSON, that it is required, or that it has none. */
type Said = string;

/** Every leaf of deploy.yaml, as `smoke.checks[].id`, with its default. */
function keysOf(node: Node, path = "", required = false, given?: unknown): Map<string, Said> {
  const choices = node.anyOf ?? node.oneOf;
  if (choices) return ofKinds(choices.map((choice) => keysOf(choice, path, required, given)));
  if (node.properties) {
    const section = z.record(z.string(), z.unknown()).safeParse(given ?? node.default).data ?? {};
    return merged(
      Object.entries(node.properties).map(([name, child]) =>
        keysOf(child, path ? `${path}.${name}` : name, node.required?.includes(name) ?? false, section[name]),
      ),
    );
  }
  const own: [string, Said] = [path, saidOf(given ?? node.default, required)];
  const { items } = node;
  const isSection = items?.properties ?? items?.anyOf?.some(({ properties }) => properties);
  return items && isSection ? new Map([own, ...keysOf(items, `${path}[]`)]) : new Map([own]);
}

function merged(maps: readonly Map<string, Said>[]): Map<string, Said> {
  return new Map(maps.flatMap((map) => [...map]));
}

/** Keys of several kinds of one section; where their defaults differ, each is said. */
function ofKinds(maps: readonly Map<string, Said>[]): Map<string, Said> {
  const all = merged(maps);
  for (const key of all.keys()) {
    const said = new Set(maps.flatMap((map) => map.get(key) ?? []));
    all.set(key, [...said].join(" or "));
  }
  return all;
}

function saidOf(value: unknown, required: boolean): Said {
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  return required ? "**required**" : "-";
}

/** Every leaf that an example writes. */
function written(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) {
    const objects = value.filter((item) => typeof item === "object" && item !== null);
    return [path, ...objects.flatMap((item) => written(item, `${path}[]`))];
  }
  if (typeof value !== "object" || value === null) return [path];
  const entries = Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([name, child]) => [path, ...written(child, path ? `${path}.${name}` : name)]);
}

const text = (path: string) => readFileSync(join(ROOT, path), "utf8");
const KEYS = keysOf(z.toJSONSchema(DeployConfig, { io: "input", unrepresentable: "any" }) as Node);

describe("docs/deploy-yaml.md", () => {
  const { prose, blocks } = split(text("docs/deploy-yaml.md"));
  const rows = tableRows(prose).filter(([key]) => key?.startsWith("`"));

  it("lists every key that is read, once, and no other", () => {
    const listed = rows.map(([key = ""]) => key.slice(1, -1));
    expect([...listed].sort()).toEqual([...KEYS.keys()].sort());
  });

  it.each([...KEYS])("says the default of %s", (key, said) => {
    const row = rows.find(([name]) => name === `\`${key}\``);
    expect(row?.[1]).toBe(said);
    expect(row?.[2]?.length).toBeGreaterThan(5);
  });

  it("shows every key in its complete examples, but the alternative to a test command", () => {
    const examples = blocks.filter((block) => block.language === "yaml");
    const shown = new Set(examples.flatMap((example) => written(parse(example.text))));
    expect([...KEYS.keys()].filter((key) => !shown.has(key))).toEqual(["tests.candidate.reports"]);
  });
});

describe("docs/exit-codes.md", () => {
  const rows = tableRows(text("docs/exit-codes.md"));

  it("lists every exit code with its name", () => {
    const listed = rows.filter(([code]) => /^\d+$/.test(code ?? "")).map(([code, name]) => [name, Number(code)]);
    expect(listed).toEqual(Object.entries(EXIT).map(([name, code]) => [`\`${name}\``, code]));
  });

  it("lists every outcome with its code", () => {
    const listed = rows
      .filter(([outcome]) => /^[A-Z_]+$/.test(outcome ?? ""))
      .map(([name, code]) => [name, Number(code)]);
    expect(Object.fromEntries(listed)).toEqual(OUTCOME_EXIT);
  });
});

describe("README.md", () => {
  it("lists every exit code", () => {
    const section = text("README.md").split("## Exit codes")[1]?.split("\n## ")[0] ?? "";
    expect(tableRows(section).map(([code]) => Number(code))).toEqual(Object.values(EXIT));
  });

  it("shows a transcript that was put in", () => {
    const shown = text("README.md").split("<!-- transcript:begin -->")[1]?.split("<!-- transcript:end -->")[0] ?? "";
    expect(shown).toMatch(/SUCCESS[\s\S]*BLOCKED[\s\S]*ROLLED_BACK/);
  });
});
