import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

/** Bundles one of this folder's programs into a temporary file that is removed when all tests have ended. */
export async function bundleEntry(name: string): Promise<string> {
  const dir = mkdtempSync(join(process.env.DEPLOY_FLOW_TEST_TMP ?? tmpdir(), "deploy-flow-entry-"));
  const outfile = join(dir, `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    loader: { ".hbs": "text", ".yaml": "text" },
    banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
    logLevel: "warning",
  });
  return outfile;
}
