// Writes docs/examples from three journals, or with --check fails when a file there is not what the program renders.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { importTs, ROOT } from "./bundle.mjs";

const folder = join(ROOT, "docs/examples");
const { exampleFiles } = await importTs(join(ROOT, "scripts/examples/list.ts"));
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

function readOptional(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
