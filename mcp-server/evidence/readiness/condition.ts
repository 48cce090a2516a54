import { z } from "zod";
import { quoteValue } from "../../vocab/index.ts";
import { valueAt } from "../smoke/answer.ts";
import type { ValueCondition } from "./config.ts";
import { type Finding, fail, type JudgedBy, pass, unknown } from "./finding.ts";

/** A value of a JSON answer as it is stored; null: there is none, or none that can be compared. */
export const StoredValue = z
  .object({
    value: z.union([z.string(), z.number(), z.boolean()]),
    /** Where the text itself could not be kept as it was: whether it was the expected one. */
    isEqual: z.boolean().optional(),
  })
  .nullable();
export type StoredValue = z.infer<typeof StoredValue>;

/** What the condition is about, in the form that is stored and judged. */
export function storedValue(
  json: unknown,
  { path, equals }: ValueCondition,
  { redact }: Pick<JudgedBy, "redact">,
): StoredValue {
  const value = valueAt(json, path);
  // JSON.parse makes an infinity of 1e999: no number, and nothing that JSON can keep.
  if (typeof value === "number") return Number.isFinite(value) ? { value } : null;
  if (typeof value === "boolean") return { value };
  if (typeof value !== "string") return null;
  const kept = redact(value);
  return kept === value ? { value } : { value: kept, isEqual: value === equals };
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number of a stored value; monitoring systems write numbers as texts. NaN and infinities are none. */
function numberOf(value: string | number | boolean): number | undefined {
  const number = typeof value === "string" && NUMBER.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Whether a stored value is as it has to be. What is not there, or no number where one is compared, is unknown. */
export function holds(
  stored: StoredValue | undefined,
  condition: ValueCondition,
  { redact }: Pick<JudgedBy, "redact">,
): Finding {
  const { path, equals } = condition;
  if (!stored) return unknown(`there is no value at ${path}`);
  const { value } = stored;
  const found = quoteValue(redact(String(value), 200));
  if (equals !== undefined) {
    const isSame = value === equals || (typeof equals === "number" && numberOf(value) === equals);
    const text = `${path} is ${found}, expected ${quoteValue(equals)}`;
    return (stored.isEqual ?? isSame) ? pass(text) : fail(text);
  }
  const number = numberOf(value);
  if (number === undefined) return unknown(`${path} is ${found}, which is no number`);
  return within(path, number, condition);
}

/** A number against its limit; equality passes. */
export function within(
  name: string,
  number: number,
  limit: { atMost?: number | undefined; atLeast?: number | undefined },
): Finding {
  const { atMost, atLeast } = limit;
  if (atMost !== undefined) return (number > atMost ? fail : pass)(`${name} is ${number}, at most ${atMost} wanted`);
  if (atLeast !== undefined)
    return (number < atLeast ? fail : pass)(`${name} is ${number}, at least ${atLeast} wanted`);
  return unknown(`${name} has no limit to be compared with`);
}
