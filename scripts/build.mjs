// Bundles server and command line into one file, dist/deploy-flow.mjs, and the guard of agent hosts into another,
// dist/guard.mjs. Neither needs node_modules.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundle, ROOT } from "./bundle.mjs";

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/**
 * Parsing the program is most of its start-up, so parts that are never used stay out: undici's fetch, WebSocket, cache
 * and mocks, the languages of zod's messages, source maps of templates, a second YAML reader. What is kept is what the entry of the package does with these parts.
 */
const TRIMMED = [
  {
    file: /undici\/index\.js$/,
    contents: `"use strict";
const Dispatcher = require("./lib/dispatcher/dispatcher");
Object.assign(Dispatcher.prototype, require("./lib/api"));
module.exports = { Agent: require("./lib/dispatcher/agent"), Pool: require("./lib/dispatcher/pool") };`,
  },
  {
    // Front matter is read with our own YAML engine; the one that gray-matter brings must not even be there.
    file: /js-yaml\/index\.js$/,
    contents: `const never = () => { throw new Error("js-yaml is not part of this program"); };
module.exports = { safeLoad: never, safeDump: never };`,
  },
  {
    // hosts/mcp/sdk.ts brings the one check that is needed; a validator of every JSON Schema is large and slow to start.
    file: /sdk\/dist\/esm\/validation\/ajv-provider\.js$/,
    contents: `export class AjvJsonSchemaValidator {
  getValidator() { throw new Error("no JSON Schema validator is part of this program"); }
}`,
  },
  { file: /source-map\/source-map\.js$/, contents: "module.exports = {};" },
  { file: /zod\/v4\/locales\/index\.js$/, contents: 'export { default as en } from "./en.js";' },
];
const trimmed = {
  name: "trimmed",
  setup(bundling) {
    for (const { file, contents } of TRIMMED) {
      bundling.onLoad({ filter: file }, ({ path }) => ({ contents, resolveDir: dirname(path), loader: "js" }));
    }
  },
};

const bundled = (entry, outfile) =>
  bundle(join(ROOT, entry), join(ROOT, outfile), {
    head: "#!/usr/bin/env node\n",
    minify: true,
    metafile: true,
    plugins: [trimmed],
    define: { "process.env.DEPLOY_FLOW_VERSION": JSON.stringify(version) },
  });
const [result] = await Promise.all([
  bundled("mcp-server/hosts/main.ts", "dist/deploy-flow.mjs"),
  bundled("mcp-server/hosts/guard/main.ts", "dist/guard.mjs"),
]);
chmodSync(join(ROOT, "dist/deploy-flow.mjs"), 0o755);
writeFileSync(join(ROOT, "dist/metafile.json"), JSON.stringify(result.metafile));

// The skill's folder is a plugin in place, for a marketplace that points at it.
mkdirSync(join(ROOT, "skill/dist"), { recursive: true });
for (const file of ["deploy-flow.mjs", "guard.mjs"]) {
  copyFileSync(join(ROOT, "dist", file), join(ROOT, "skill/dist", file));
}
