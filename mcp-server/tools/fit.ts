/** Characters of JSON that stay below 2,000 tokens of a model, digests and escapes included. */
export const RESULT_CHARS = 4_400;

/** A list that may be cut, and where it sits in its result. */
interface Cuttable {
  readonly holder: Record<string, unknown>;
  readonly key: string;
  readonly path: string;
}

/**
 * A copy of a result whose lists are cut until its JSON has at most `limit` characters, the longest list first and
 * its last entries first. `omitted` names each cut list with the number of entries left out, added to what was left
 * out before. `paths` names the lists that may be cut, e.g. `tests.lost`; everything else is kept whole.
 */
export function fitLists<T extends object>(
  value: T,
  paths: readonly string[],
  limit = RESULT_CHARS,
): { value: T; omitted: Record<string, number> } {
  const copy = structuredClone(value);
  const lists = paths.map((path) => locate(copy, path)).filter((list) => list !== undefined);
  const omitted: Record<string, number> = {};
  while (JSON.stringify(copy).length > limit) {
    const longest = lists
      .map((list) => ({ list, size: JSON.stringify(entriesOf(list)).length, count: entriesOf(list).length }))
      .filter((list) => list.count > 0)
      .sort((a, b) => b.size - a.size)[0];
    if (!longest) break;
    const { holder, key, path } = longest.list;
    const kept = Math.floor(longest.count * 0.8);
    omitted[path] = (omitted[path] ?? 0) + longest.count - kept;
    holder[key] = entriesOf(longest.list).slice(0, kept);
  }
  return { value: copy, omitted };
}

/**
 * A quoted text as one line of at most `limit` characters; a cut one ends in an ellipsis. A line break in the name of
 * a test must not look like a line of ours.
 */
export function cut(text: string, limit: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

function entriesOf(list: Cuttable): unknown[] {
  const value = list.holder[list.key];
  return Array.isArray(value) ? value : [];
}

function locate(root: object, path: string): Cuttable | undefined {
  const parts = path.split(".");
  const key = parts.pop();
  let holder: unknown = root;
  for (const part of parts) holder = isRecord(holder) ? holder[part] : undefined;
  return isRecord(holder) && key !== undefined && Array.isArray(holder[key]) ? { holder, key, path } : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
