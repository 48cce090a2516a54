// Bundles server and command line into one file, dist/deploy-flow.mjs, that needs no node_modules.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const result = await build({
  entryPoints: [join(root, "mcp-server/hosts/main.ts")],
  outfile: join(root, "dist/deploy-flow.mjs"),
  bundle: true,
  minify: true,
  keepNames: true,
  platform: "node",
  target: "node20",
  format: "esm",
  metafile: true,
  loader: { ".hbs": "text" },
  // CommonJS dependencies inside an ES module need a require of their own.
  banner: {
    js: '#!/usr/bin/env node\nimport { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
  },
  define: { "process.env.DEPLOY_FLOW_VERSION": JSON.stringify(version) },
  logLevel: "warning",
});
chmodSync(join(root, "dist/deploy-flow.mjs"), 0o755);
writeFileSync(join(root, "dist/metafile.json"), JSON.stringify(result.metafile));
