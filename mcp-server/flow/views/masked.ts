import { redact } from "../../record/redact.ts";

/** Longer than any sentence of ours; only quoted texts come near it. */
const LONGEST = 20_000;

/**
 * A view with every secret in its texts masked. Most texts were masked when they were stored; what people, targets and
 * programs say into a journal comes from too many places to trust that each of them remembered.
 */
export function masked<T>(view: T): T {
  return JSON.parse(JSON.stringify(view), (_key, value: unknown) =>
    typeof value === "string" ? redact(value, LONGEST) : value,
  ) as T;
}
