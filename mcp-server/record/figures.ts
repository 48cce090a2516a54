import { Instant, type Ms, spanText } from "../vocab/index.ts";
import { UNKNOWN } from "./markdown.ts";

/** A number with a fixed count of digits after the point and thousands set off: `1,234.5`. */
export function num(value: unknown, digits = 0): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return UNKNOWN;
  const [whole = "0", fraction] = Math.abs(value).toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** A percentage with as many digits as its size needs: `8.0 %`, `0.15 %`, `0.035 %`. */
export function pct(value: unknown): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  const digits = size === 0 || size >= 1 ? 1 : size >= 0.1 ? 2 : 3;
  return `${num(value, digits)} %`;
}

/** Milliseconds as such: `0.4 ms`, `580 ms`. */
export function ms(value: unknown): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return UNKNOWN;
  return `${num(value, Math.abs(value) < 10 ? 1 : 0)} ms`;
}

/** A span of milliseconds for people: `4 min 05 s`. */
export function span(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? spanText(value as Ms) : UNKNOWN;
}

/** An instant to the second: `2026-03-01 12:00:05 UTC`. */
export function time(value: unknown): string {
  const at = Instant.safeParse(value);
  return at.success ? `${at.data.slice(0, 10)} ${at.data.slice(11, 19)} UTC` : UNKNOWN;
}
