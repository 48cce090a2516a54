import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

interface Metafile {
  readonly inputs: Record<string, { imports: { path: string; kind: string; external?: boolean }[] }>;
}

/** Everything that is loaded before the first command or tool is chosen. */
function loadedAtStart(): Set<string> {
  const file = join(import.meta.dirname, "../../dist/metafile.json");
  const { inputs } = JSON.parse(readFileSync(file, "utf8")) as Metafile;
  const seen = new Set<string>();
  const queue = ["mcp-server/hosts/main.ts"];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const one of inputs[path]?.imports ?? []) {
      if (one.kind !== "dynamic-import" && !one.external) queue.push(one.path);
    }
  }
  return seen;
}

it("starts without the judge, the schema of deploy.yaml, and what only some commands need", () => {
  const loaded = [...loadedAtStart()];
  expect(loaded).toContain("mcp-server/tools/registry.ts");
  const later =
    /^mcp-server\/(?:judge\/index|flow\/config|flow\/api|target\/|evidence\/config)|\/(?:undici|yaml|handlebars|saxes)\//;
  expect(loaded.filter((path) => later.test(path))).toEqual([]);
});
