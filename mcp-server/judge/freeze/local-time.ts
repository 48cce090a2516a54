import type { Ms } from "../../vocab/index.ts";

export const MINUTE_MS: Ms = 60_000;
export const DAY_MS: Ms = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const numeric = { year: "numeric", month: "numeric", day: "numeric" } as const;
  const time = { hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" } as const;
  const format = new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", { timeZone, ...numeric, ...time });
  formats.set(timeZone, format);
  return format;
}

/** True for a name of the IANA time zone database that this runtime knows, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  // Fixed offsets are no zones: they know no summer time, which is what people forget.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * What clocks on the wall show in a time zone at an instant (epoch milliseconds), written as the epoch milliseconds
 * at which UTC shows the same.
 */
export function wallClock(timeZone: string, atMs: Ms): Ms {
  const part = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const of = (name: Intl.DateTimeFormatPartTypes) => part.get(name) ?? 0;
  const whole = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return whole + (((atMs % 1000) + 1000) % 1000);
}

/**
 * The instants at which the clocks of a time zone show a time. They show it twice where they are set back, and
 * never where they are set forward; then both are the instant at which they are set.
 */
export function instantsOf(timeZone: string, wallMs: Ms): { firstMs: Ms; lastMs: Ms } {
  const offsets = [-DAY_MS, 0, DAY_MS].map((apart) => wallClock(timeZone, wallMs + apart) - (wallMs + apart));
  const shown = [...new Set(offsets)]
    .map((offset) => wallMs - offset)
    .filter((atMs) => wallClock(timeZone, atMs) === wallMs);
  if (shown.length > 0) return { firstMs: Math.min(...shown), lastMs: Math.max(...shown) };
  const setMs = firstBeyond(timeZone, wallMs, wallMs - Math.max(...offsets), wallMs - Math.min(...offsets));
  return { firstMs: setMs, lastMs: setMs };
}

/** The first instant in (lowMs, highMs] at which the clocks show more than a time, by bisection. */
function firstBeyond(timeZone: string, wallMs: Ms, lowMs: Ms, highMs: Ms): Ms {
  let [low, high] = [lowMs, highMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallClock(timeZone, middle) > wallMs) high = middle;
    else low = middle;
  }
  return high;
}
