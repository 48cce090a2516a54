import { z } from "zod";
import { testId } from "./identity.ts";
import type { TestRow } from "./row.ts";

/** Which tests a comparison is about: all, those of priority P0 and P1, or those named. */
export const TestScope = z.enum(["full", "critical", "targeted"]);
export type TestScope = z.infer<typeof TestScope>;

/**
 * Says whether a row belongs to a targeted comparison. A target names a test by its id or name, or all tests of a
 * file, class or suite; a file or class may be given by its last path segments.
 */
export function targetMatcher(targets: readonly string[]): (row: TestRow) => boolean {
  const wanted = new Set(targets);
  const tails = targets.map((target) => `/${target}`);
  const named = (text: string | undefined) =>
    text !== undefined && (wanted.has(text) || tails.some((tail) => text.endsWith(tail)));
  let suite: readonly string[] | undefined;
  let suiteNamed = false;
  return (row) => {
    if (row.suite !== suite) {
      suite = row.suite;
      suiteNamed = suite.some(named) || wanted.has(suite.join(" › "));
    }
    return suiteNamed || wanted.has(row.name) || named(row.file) || named(row.classname) || wanted.has(testId(row));
  };
}
