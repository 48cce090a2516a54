import { isAbsolute, join, sep } from "node:path";
import type { Disk } from "../ports/index.ts";
import { FlowError, quoteValue } from "../vocab/index.ts";

// Control characters, line and paragraph separators, and those that reorder what a person reads.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/**
 * The absolute path of a name that must stay inside `root`: relative, without `..`, and with no symbolic link on the
 * way that leads out. What does not exist yet is allowed. Throws FlowError `refused`.
 *
 * The answer holds for the moment it is given: who can write inside `root` can exchange a folder afterwards.
 */
export function confine(disk: Disk, root: string, relative: string): string {
  const refuse = (found: string) =>
    new FlowError({
      code: "refused",
      what: "the path leaves the folder that it must stay in",
      expected: "a relative path without '..', inside the project",
      found: `${quoteValue(relative)}: ${found}`,
      next: "name a file inside the project folder",
    });
  if (relative === "") throw refuse("an empty path");
  if (INVISIBLE.test(relative)) throw refuse("control or invisible characters");
  if (relative.includes("\\")) throw refuse("a backslash");
  if (isAbsolute(relative) || /^[A-Za-z]:/.test(relative)) throw refuse("an absolute path");
  const segments = relative.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refuse("a '..' segment");

  const home = disk.realpath(root);
  let path = root;
  for (const segment of segments) {
    path = join(path, segment);
    const found = disk.stat(path);
    if (!found) break;
    if (found.kind === "link" && !isInside(home, target(disk, path))) throw refuse("a symbolic link that leads out");
  }
  return join(root, ...segments);
}

/** Where a link leads; nowhere for one that dangles or goes round, and nowhere is not inside. */
function target(disk: Disk, link: string): string {
  try {
    return disk.realpath(link);
  } catch {
    return "";
  }
}

function isInside(home: string, path: string): boolean {
  return path === home || path.startsWith(home.endsWith(sep) ? home : home + sep);
}
