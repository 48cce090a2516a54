import { FlowError } from "../vocab/index.ts";

/** FlowError `usage` unless both sides of a comparison are named, or neither. */
export function bothOrNone(what: string, baseline: unknown, candidate: unknown): boolean {
  if ((baseline === undefined) === (candidate === undefined)) return baseline !== undefined;
  throw new FlowError({
    code: "usage",
    what: `${what} of one side have nothing to be compared with`,
    expected: "a baseline and a candidate",
    found: baseline === undefined ? "a candidate only" : "a baseline only",
    next: "name the other side too",
  });
}
