import { z } from "zod";
import type { Piece } from "./findings.ts";

const Package = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  main: z.string().optional(),
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies: z.record(z.string(), z.unknown()).default({}),
  devDependencies: z.record(z.string(), z.unknown()).default({}),
});
type Package = z.infer<typeof Package>;

/** What package.json says of name, start, tests and load. */
export function fromPackageJson(text: string): Piece {
  let parsed: Package;
  try {
    parsed = Package.parse(JSON.parse(text));
  } catch {
    return { notes: ["package.json cannot be read as JSON with scripts, so nothing was taken from it"] };
  }
  const { name, version, scripts, main } = parsed;
  const start = startOf(scripts, main);
  const tests = testsOf(parsed);
  const load = ["load", "loadtest", "load-test"].find((script) => scripts[script] !== undefined);
  const metrics = ["prom-client", "express-prom-bundle", "fastify-metrics"].find(
    (dependency) => dependency in parsed.dependencies,
  );
  return {
    ...(name === undefined ? {} : { name: { value: name, from: "package.json name" } }),
    ...(version === undefined ? {} : { version: { value: version, from: "package.json version" } }),
    ...(start === undefined ? {} : { start }),
    ...(tests === undefined ? {} : { tests }),
    ...(load === undefined
      ? {}
      : { load: { value: ["npm", "run", load, "--", "{url}"], from: `package.json scripts.${load}` } }),
    ...(metrics === undefined
      ? {}
      : { metricsPath: { value: "/metrics", from: `package.json dependency ${metrics}` } }),
  };
}

function startOf(scripts: Readonly<Record<string, string>>, main: string | undefined): Piece["start"] {
  const script = scripts.start;
  if (script !== undefined) {
    const from = "package.json scripts.start";
    return { value: plainWords(script) ?? ["npm", "run", "--silent", "start"], from };
  }
  return main === undefined ? undefined : { value: ["node", main], from: "package.json main" };
}

/** The words of a command that needs no shell; undefined where one is needed. */
export function plainWords(text: string): string[] | undefined {
  if (!/^[\w@%+=:,./ -]+$/.test(text)) return undefined;
  const words = text.trim().split(/ +/);
  // A variable before the command is a matter of the shell; a name without path may come from node_modules/.bin.
  const [program = ""] = words;
  return ["node", "python", "python3", "ruby", "java", "deno", "bun"].includes(program) || program.startsWith("./")
    ? words
    : undefined;
}

/** How the suite is run so that it writes a report that can be read; by the script first, then by what is installed. */
function testsOf({ scripts, dependencies, devDependencies }: Package): Piece["tests"] {
  const script = scripts.test ?? "";
  const installed = (tool: string) => tool in devDependencies || tool in dependencies;
  const nodeTest = /(?:^|&& )node ((?:--[\w=-]+ )*--test(?: [^&|;<>]*)?)$/.exec(script);
  if (nodeTest) {
    const words = (nodeTest[1] ?? "")
      .trim()
      .split(/ +/)
      .filter((word) => !word.startsWith("--test-reporter"));
    const reporter = ["--test-reporter=junit", "--test-reporter-destination={report}"];
    const at = words.indexOf("--test") + 1;
    return {
      value: ["node", ...words.slice(0, at), ...reporter, ...words.slice(at).map(unquoted)],
      from: "package.json scripts.test (node --test)",
    };
  }
  const tools = [
    ["vitest", ["npx", "vitest", "run", "--reporter=junit", "--outputFile={report}"]],
    ["jest", ["npx", "jest", "--json", "--outputFile={report}"]],
    ["mocha", ["npx", "mocha", "--reporter", "xunit", "--reporter-option", "output={report}"]],
  ] as const;
  const named = tools.find(([tool]) => new RegExp(`\\b${tool}\\b`).test(script));
  const present = named ?? tools.find(([tool]) => installed(tool));
  if (!present) return undefined;
  const [tool, value] = present;
  return { value, from: named ? `package.json scripts.test (${tool})` : `package.json dependency ${tool}` };
}

function unquoted(word: string): string {
  return word.replace(/^(["'])(.*)\1$/, "$2");
}
