import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own with these files, removed after the tests of the file. */
export function folderWith(files: Record<string, string>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-doors-")));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A JUnit report of `tests` cases, of which those in `failing` fail; `name` makes the name of each. */
export function junit(
  tests: number,
  failing: ReadonlySet<number> = new Set(),
  name = (index: number) => `case ${index}`,
): string {
  const rows = Array.from({ length: tests }, (_, index) => {
    const body = failing.has(index) ? '<failure message="expected 1, got 2">at shop.js:1</failure>' : "";
    return `<testcase classname="shop.Cart" name="${name(index)}" time="0.01">${body}</testcase>`;
  });
  return `<?xml version="1.0"?>\n<testsuites><testsuite name="shop" tests="${tests}">${rows.join("\n")}</testsuite></testsuites>\n`;
}

/** The numbers from 0 up to `count`. */
export function firstOf(count: number): ReadonlySet<number> {
  return new Set(Array.from({ length: count }, (_, index) => index));
}

/** The user's example: 150 tests pass before, 138 after. */
export const EXAMPLE: Record<string, string> = {
  "base.xml": junit(150),
  "cand.xml": junit(150, firstOf(12)),
  "none-pass.xml": junit(10, firstOf(10)),
  "cut.xml": junit(150).slice(0, 3000),
  "text.txt": "no report",
};
