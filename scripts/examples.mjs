// Writes docs/examples from three journals, or with --check fails when a file there is not what the program renders.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "docs/examples");
const temp = mkdtempSync(join(tmpdir(), "deploy-flow-examples-"));
try {
  const outfile = join(temp, "examples.mjs");
  await build({
    entryPoints: [join(root, "scripts/examples/list.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    loader: { ".hbs": "text", ".yaml": "text" },
    banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
    logLevel: "warning",
  });
  const { exampleFiles } = await import(pathToFileURL(outfile).href);
  const files = exampleFiles();
  if (process.argv.includes("--check")) {
    const differing = files.filter(({ path, text }) => readOptional(join(folder, path)) !== text);
    for (const { path } of differing)
      console.error(`docs/examples/${path} is not what is rendered; next: npm run examples`);
    process.exitCode = differing.length > 0 ? 1 : 0;
  } else {
    rmSync(folder, { recursive: true, force: true });
    for (const { path, text } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    console.log(`${files.length} examples written`);
  }
} finally {
  rmSync(temp, { recursive: true, force: true });
}

function readOptional(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
