// Bundles server and command line into one file, dist/deploy-flow.mjs, and the guard of agent hosts into another,
// dist/guard.mjs. Neither needs node_modules.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

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

const common = {
  bundle: true,
  minify: true,
  platform: "node",
  target: "node20",
  format: "esm",
  plugins: [trimmed],
  loader: { ".hbs": "text", ".yaml": "text" },
  // CommonJS dependencies inside an ES module need a require of their own.
  banner: {
    js: '#!/usr/bin/env node\nimport { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
  },
  define: { "process.env.DEPLOY_FLOW_VERSION": JSON.stringify(version) },
  logLevel: "warning",
};
const bundled = (entry, outfile) =>
  build({ ...common, entryPoints: [join(root, entry)], outfile: join(root, outfile), metafile: true });
const [result] = await Promise.all([
  bundled("mcp-server/hosts/main.ts", "dist/deploy-flow.mjs"),
  bundled("mcp-server/hosts/guard/main.ts", "dist/guard.mjs"),
]);
chmodSync(join(root, "dist/deploy-flow.mjs"), 0o755);
writeFileSync(join(root, "dist/metafile.json"), JSON.stringify(result.metafile));

// The skill's folder is a plugin in place, for a marketplace that points at it.
mkdirSync(join(root, "skill/dist"), { recursive: true });
for (const file of ["deploy-flow.mjs", "guard.mjs"]) {
  copyFileSync(join(root, "dist", file), join(root, "skill/dist", file));
}
