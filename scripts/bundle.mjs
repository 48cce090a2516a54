// How TypeScript of this project becomes something that Node.js runs, said once: the program itself, the scripts, the
// benches and the programs of tests are all bundled this way.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The repository. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

const REQUIRE = `import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url);`;

/** Bundles one entry into one file. `head` stands before everything else; the rest is esbuild's. */
export function bundle(entry, outfile, { head = "", ...more } = {}) {
  return build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // Templates, presets and the like are part of the program, as text.
    loader: { ".hbs": "text", ".yaml": "text" },
    // CommonJS dependencies inside an ES module need a require of their own.
    banner: { js: head + REQUIRE },
    logLevel: "warning",
    ...more,
  });
}

/** What a TypeScript file of the project exports. */
export async function importTs(entry) {
  const folder = mkdtempSync(join(tmpdir(), "deploy-flow-bundle-"));
  try {
    const outfile = join(folder, "bundle.mjs");
    await bundle(entry, outfile);
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
