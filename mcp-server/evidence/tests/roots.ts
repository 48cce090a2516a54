import type { TestRow } from "../../judge/tests/row.ts";

/**
 * Makes paths relative to the project, so that the same test has the same identity in every checkout: in the file of
 * a row, and in names that are paths themselves (tools name a file that failed to load so). Paths outside of all
 * roots stay as written.
 */
export function relativeTo(roots: readonly string[]): (row: TestRow) => TestRow {
  const prefixes = roots
    .map((root) => (root.endsWith("/") ? root : `${root}/`))
    .filter((root) => root !== "/")
    .sort((a, b) => b.length - a.length);
  const relative = (text: string): string => {
    if (!mayBePath(text)) return text;
    const path = text.replace(/^file:\/\/(?=\/)/, "").replaceAll("\\", "/");
    // The project itself, which some tools make a suite.
    if (prefixes.includes(`${path}/`)) return ".";
    const root = prefixes.find((prefix) => path.startsWith(prefix));
    return root === undefined ? text : path.slice(root.length);
  };
  let suite: readonly string[] | undefined;
  let relativeSuite: readonly string[] = [];
  return (row) => {
    if (row.suite !== suite) {
      suite = row.suite;
      relativeSuite = suite.some(mayBePath) ? suite.map(relative) : suite;
    }
    const touched =
      relativeSuite !== suite ||
      mayBePath(row.name) ||
      (row.file !== undefined && mayBePath(row.file)) ||
      (row.classname !== undefined && mayBePath(row.classname));
    if (!touched) return row;
    return {
      ...row,
      suite: relativeSuite,
      name: relative(row.name),
      ...(row.file === undefined ? {} : { file: relative(row.file) }),
      ...(row.classname === undefined ? {} : { classname: relative(row.classname) }),
    };
  };
}

/** Absolute, on any system, or a file URL. */
function mayBePath(text: string): boolean {
  const code = text.charCodeAt(0);
  return code === 0x2f || text.startsWith("file:///") || (text.charCodeAt(1) === 0x3a && /^[A-Za-z]:[\\/]/.test(text));
}
