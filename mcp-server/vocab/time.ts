import { z } from "zod";

/** A moment: RFC 3339 in UTC with `Z`, as written by `Date#toISOString`. */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/, "expected RFC 3339 UTC, e.g. 2026-01-31T12:30:45.000Z")
  .brand<"Instant">();
export type Instant = z.infer<typeof Instant>;

/** A span or monotonic reading in milliseconds. */
export type Ms = number;

/** Epoch milliseconds of an instant. */
export function epochMs(at: Instant): Ms {
  return Date.parse(at);
}

/** The instant of some epoch milliseconds. */
export function instantOf(ms: Ms): Instant {
  return new Date(ms).toISOString() as Instant;
}

/** The span `from`..`to` in milliseconds; negative when the wall clock went back in between. */
export function between(from: Instant, to: Instant): Ms {
  return epochMs(to) - epochMs(from);
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A span as people write it: `500ms`, `10s`, `15m`, `1h`, `7d`. */
export const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, "expected a duration such as 500ms, 10s, 15m or 1h");
export type Duration = z.infer<typeof Duration>;

/** Milliseconds of a {@link Duration}. */
export function durationMs(text: Duration): Ms {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!match) throw new RangeError(`not a duration: ${text}`);
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** A span for people: `850 ms`, `12.3 s`, `4 min 05 s`, `1 h 02 min`. */
export function spanText(ms: Ms): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
}
