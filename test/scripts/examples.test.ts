import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exampleFiles } from "../../scripts/examples/list.ts";

const FOLDER = join(import.meta.dirname, "../../docs/examples");
const NEXT = "run `npm run examples` and look at what changed";

test("the examples are what the program renders today", () => {
  const differing = exampleFiles()
    .filter(({ path, text }) => !existsSync(join(FOLDER, path)) || readFileSync(join(FOLDER, path), "utf8") !== text)
    .map(({ path }) => path);
  expect(differing, NEXT).toEqual([]);
});

test("nothing lies among the examples that the program does not render", () => {
  const there = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(FOLDER.length + 1));
  expect(there.sort(), NEXT).toEqual(
    exampleFiles()
      .map(({ path }) => path)
      .sort(),
  );
});
