import { quoteValue } from "../../vocab/index.ts";
import { valueAt } from "../smoke/answer.ts";
import type { ValueCondition } from "./config.ts";
import { type CheckWorld, type Finding, fail, pass, unknown } from "./finding.ts";

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number of a JSON value; monitoring systems write numbers as texts. NaN and infinities are none. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && NUMBER.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Whether parsed JSON is as it has to be. What is not there, or no number where one is compared, is unknown. */
export function holds(json: unknown, condition: ValueCondition, world: Pick<CheckWorld, "redact">): Finding {
  const { path, equals } = condition;
  const value = valueAt(json, path);
  const found = quoteValue(world.redact(typeof value === "string" ? value : JSON.stringify(value ?? null), 200));
  if (value === undefined || value === null || typeof value === "object")
    return unknown(`there is no value at ${path}`);
  if (equals !== undefined) {
    const isEqual = value === equals || (typeof equals === "number" && numberOf(value) === equals);
    const text = `${path} is ${found}, expected ${quoteValue(equals)}`;
    return isEqual ? pass(text) : fail(text);
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
