import type { Priority } from "../../vocab/index.ts";

const MARKER = /(?:^|[^\w@])@P([0-3])(?!\w)|\[P([0-3])\]/g;

/** Priority marked in a title as `@P0` or `[P1]`; the most important one when there are several. */
export function priorityInTitle(title: string): Priority | undefined {
  // The common title has no marker, and a report can have a million titles.
  if (!title.includes("@P") && !title.includes("[P")) return undefined;
  let found: Priority | undefined;
  for (const match of title.matchAll(MARKER)) found = moreImportant(found, `P${match[1] ?? match[2]}` as Priority);
  return found;
}

/** Priority given by a property or tag, e.g. `priority=P0`, `tag=@P1`, `tags=smoke,P1`. */
export function priorityInProperty(name: string, value: string): Priority | undefined {
  const key = name.toLowerCase();
  if (key !== "priority" && key !== "tag" && key !== "tags") return undefined;
  let found: Priority | undefined;
  for (const word of value.split(/[\s,;|]+/)) found = moreImportant(found, priorityOfTag(word));
  return found;
}

/** Priority of a single tag such as `P0`, `@p1` or `[P2]`. */
export function priorityOfTag(tag: string): Priority | undefined {
  const match = /^[@[]?[pP]([0-3])\]?$/.exec(tag.trim());
  return match ? (`P${match[1]}` as Priority) : undefined;
}

/** The more important of two priorities. */
export function moreImportant(a: Priority | undefined, b: Priority | undefined): Priority | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
