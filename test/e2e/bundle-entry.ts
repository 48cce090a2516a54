import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../scripts/bundle.mjs";

/** Bundles one of this folder's programs into a temporary file that is removed when all tests have ended. */
export async function bundleEntry(name: string): Promise<string> {
  const dir = mkdtempSync(join(process.env.DEPLOY_FLOW_TEST_TMP ?? tmpdir(), "deploy-flow-entry-"));
  const outfile = join(dir, `${name}.mjs`);
  await bundle(join(import.meta.dirname, `${name}.ts`), outfile);
  return outfile;
}
