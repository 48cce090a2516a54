import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const HOUSE = join(ROOT, "mcp-server");

/** The rooms, and which others each may import. Its own files are always allowed. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  vocab: [],
  ports: ["vocab"],
  judge: ["vocab"],
  evidence: ["vocab", "ports"],
  target: ["vocab", "ports"],
  record: ["vocab", "ports"],
  flow: ["vocab", "ports", "judge", "evidence", "target", "record"],
  tools: ["vocab", "ports", "judge", "evidence", "target", "record", "flow"],
  hosts: ["vocab", "ports", "judge", "evidence", "target", "record", "flow", "tools"],
};

/** These two read what is judged, so they may know its shapes: types from anywhere, values only from files of schemas. */
const KNOWS_JUDGE_SHAPES = new Set(["evidence", "record"]);
const SHAPES = new Set([
  "judge/inputs.ts",
  "judge/readiness/criteria.ts",
  "judge/tests/row.ts",
  "judge/tests/result.ts",
  "judge/tests/scope.ts",
]);

/** What reaches outside the process. */
const OUTSIDE =
  /^(?:node:)?(?:fs|fs\/promises|child_process|net|http|https|http2|tls|dgram|dns|cluster|worker_threads)$/;

/** Packages and built-in modules per room, beside what all may use. */
const EVERYWHERE = new Set(["zod", "node:path", "node:crypto"]);
const PACKAGES: Record<string, readonly string[]> = {
  vocab: [],
  ports: ["undici", "node:os", "node:timers/promises", "node:stream", "node:stream/promises"],
  judge: [],
  evidence: ["yaml", "saxes", "tinyglobby", "node:util", "node:events"],
  target: ["undici", "node:stream", "node:stream/promises", "node:events", "node:timers/promises"],
  record: ["handlebars", "gray-matter", "yaml", "node:util"],
  flow: ["yaml"],
  tools: [],
  hosts: [
    "@modelcontextprotocol/sdk",
    "log-update",
    "cli-table3",
    "yaml",
    "node:util",
    "node:os",
    "node:url",
    "node:readline/promises",
  ],
};

const SDK = "@modelcontextprotocol/sdk";

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/**
 * Everything that a source file imports, taken from its text: a compiled graph has lost the imports of types. Knows
 * static and dynamic imports, re-exports, `import type`, types in line (`import("x").T`) and require.
 */
function importsOf(source: string): Import[] {
  const text = source.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/(^|[^:"'`\\])\/\/[^\n]*/g, "$1");
  const found: Import[] = [];
  const statement = /(?:^|[;\n}])\s*(import|export)\s+(type\s+)?(?:([^"'`;]*?)\sfrom\s*)?(["'])([^"'\n]+)\4/g;
  for (const [, , typeWord, clause = "", , specifier = ""] of text.matchAll(statement)) {
    const names = /\{([\s\S]*)\}/
      .exec(clause)?.[1]
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean);
    const allTypes =
      names !== undefined &&
      names.length > 0 &&
      /^\{[\s\S]*\}$/.test(clause.trim()) &&
      names.every((name) => name.startsWith("type "));
    found.push({ specifier, typeOnly: typeWord !== undefined || allTypes });
  }
  for (const [, specifier = ""] of text.matchAll(/\b(?:import|require)\s*\(\s*["'`]([^"'`\n]+)["'`]/g)) {
    found.push({ specifier, typeOnly: false });
  }
  return found;
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mts|js|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Why an import of a file (`room/path.ts`) breaks the rules of the house; undefined when it does not. */
function objection(file: string, { specifier, typeOnly }: Import): string | undefined {
  const room = file.split("/")[0] ?? "";
  const allowed = MAY_IMPORT[room];
  if (!allowed) return `${file} stands in no room of the house`;
  if (specifier.startsWith(".")) {
    const target = normalize(join(dirname(file), specifier));
    const targetRoom = target.split("/")[0] ?? "";
    if (target.startsWith("../templates/")) return room === "record" ? undefined : `${file} imports a template`;
    if (targetRoom === room || allowed.includes(targetRoom)) return undefined;
    if (targetRoom === "judge" && KNOWS_JUDGE_SHAPES.has(room) && (typeOnly || SHAPES.has(target))) return undefined;
    return `${file} imports ${target}`;
  }
  if (OUTSIDE.test(specifier))
    return room === "ports" || typeOnly ? undefined : `${file} reaches outside through ${specifier}`;
  if (EVERYWHERE.has(specifier)) return undefined;
  const name = specifier.startsWith("node:")
    ? specifier
    : specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
  return PACKAGES[room]?.includes(name) ? undefined : `${file} imports ${specifier}`;
}

const SOURCES = sourcesBelow(HOUSE).map((path) => ({
  file: relative(HOUSE, path),
  text: readFileSync(path, "utf8"),
}));

describe("the layers of the house", () => {
  it("has files in every room", () => {
    const rooms = new Set(SOURCES.filter(({ file }) => file.includes("/")).map(({ file }) => file.split("/")[0]));
    expect([...rooms].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  it("are kept by every import of every file", () => {
    const count = SOURCES.reduce((sum, { text }) => sum + importsOf(text).length, 0);
    expect(count).toBeGreaterThan(2 * SOURCES.length);
    const objections = SOURCES.filter(({ file }) => !file.endsWith(".d.ts")).flatMap(({ file, text }) =>
      importsOf(text).flatMap((one) => objection(file, one) ?? []),
    );
    expect(objections).toEqual([]);
  });

  it("lets one file of the doors and one of the tests know the MCP SDK", () => {
    const knows = (text: string) => importsOf(text).some(({ specifier }) => specifier.startsWith(SDK));
    expect(SOURCES.filter(({ text }) => knows(text)).map(({ file }) => file)).toEqual(["hosts/mcp/sdk.ts"]);
    const tests = sourcesBelow(join(ROOT, "test")).filter((path) => knows(readFileSync(path, "utf8")));
    expect(tests.map((path) => relative(ROOT, path))).toEqual(["test/hosts/mcp-client.ts"]);
  });

  it("keeps clock, chance and surroundings out of the judge", () => {
    const impure =
      /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|process\.|globalThis|fetch\()/;
    const files = SOURCES.filter(
      ({ file, text }) => file.startsWith("judge/") && impure.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "")),
    );
    expect(files.map(({ file }) => file)).toEqual([]);
  });
});

describe("the reader of imports", () => {
  it.each<[string, Import[]]>([
    ['import { a } from "./a.ts";', [{ specifier: "./a.ts", typeOnly: false }]],
    ['import type { A } from "../b/a.ts";', [{ specifier: "../b/a.ts", typeOnly: true }]],
    ['import { type A, type B } from "./a.ts";', [{ specifier: "./a.ts", typeOnly: true }]],
    ['import { type A, b } from "./a.ts";', [{ specifier: "./a.ts", typeOnly: false }]],
    ['import d, { type A } from "./a.ts";', [{ specifier: "./a.ts", typeOnly: false }]],
    ['import {\n  a,\n  b,\n} from "./a.ts";', [{ specifier: "./a.ts", typeOnly: false }]],
    ['import "./effect.ts";', [{ specifier: "./effect.ts", typeOnly: false }]],
    ['export * from "./a.ts";', [{ specifier: "./a.ts", typeOnly: false }]],
    [
      'export { a } from "./a.ts";export type { B } from "./b.ts";',
      [
        { specifier: "./a.ts", typeOnly: false },
        { specifier: "./b.ts", typeOnly: true },
      ],
    ],
    ['const x = await import("../../flow/api.ts");', [{ specifier: "../../flow/api.ts", typeOnly: false }]],
    ['type X = import("../flow/x.ts").X;', [{ specifier: "../flow/x.ts", typeOnly: false }]],
    ['const fs = require("fs");', [{ specifier: "fs", typeOnly: false }]],
    ['// import { a } from "./a.ts";\n/* import "./b.ts"; */\nconst url = "http://x"; // import "./c.ts"', []],
  ])("reads %j", (source, expected) => {
    expect(importsOf(source)).toEqual(expected);
  });

  it.each<[string, Import, boolean]>([
    ["judge/a.ts", { specifier: "../ports/index.ts", typeOnly: true }, false],
    ["judge/a.ts", { specifier: "../vocab/index.ts", typeOnly: false }, true],
    ["record/a.ts", { specifier: "../target/index.ts", typeOnly: true }, false],
    ["evidence/a.ts", { specifier: "../judge/tests/row.ts", typeOnly: false }, true],
    ["evidence/a.ts", { specifier: "../judge/tests/regression.ts", typeOnly: false }, false],
    ["evidence/a.ts", { specifier: "../judge/tests/regression.ts", typeOnly: true }, true],
    ["target/a.ts", { specifier: "../judge/inputs.ts", typeOnly: true }, false],
    ["flow/a.ts", { specifier: "../tools/tool.ts", typeOnly: true }, false],
    ["flow/a.ts", { specifier: "node:fs", typeOnly: false }, false],
    ["flow/a.ts", { specifier: "fs/promises", typeOnly: false }, false],
    ["tools/a.ts", { specifier: "../hosts/io.ts", typeOnly: true }, false],
    ["tools/a.ts", { specifier: "@modelcontextprotocol/sdk/types.js", typeOnly: true }, false],
    ["vocab/a.ts", { specifier: "../../test/fakes/index.ts", typeOnly: false }, false],
  ])("%s importing %j: allowed %s", (file, one, allowed) => {
    expect(objection(file, one) === undefined).toBe(allowed);
  });
});
