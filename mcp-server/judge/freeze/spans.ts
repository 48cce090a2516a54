import type { Ms } from "../../vocab/index.ts";
import { DAY_MS, instantsOf, MINUTE_MS, wallClock } from "./local-time.ts";
import { formOf, type TimeRule, WEEKDAYS } from "./rule.ts";

/** From an instant on, up to but without another. */
export interface Span {
  readonly fromMs: Ms;
  readonly toMs: Ms;
}

/**
 * How edges are read where clocks are set and a time is shown twice: `wide` begins with the first and ends with the
 * last, as a freeze must; `narrow` the other way round, as a permission must.
 */
export type Reading = "wide" | "narrow";

/** Weekly spans are looked up this many days ahead, which a week and a skipped day fit in. */
const WEEK_AHEAD_DAYS = 9;

/**
 * The spans of a rule around an instant, in their order: all that can contain it, and the next one. Empty spans, which
 * lie wholly in hours that the clocks skip, are left out.
 */
export function spansAround({ rule, atMs, reading }: { rule: TimeRule; atMs: Ms; reading: Reading }): Span[] {
  return wallSpans(rule, wallClock(rule.timeZone, atMs))
    .map(({ fromMs, toMs }) => {
      const from = instantsOf(rule.timeZone, fromMs);
      const to = instantsOf(rule.timeZone, toMs);
      return reading === "wide" ? { fromMs: from.firstMs, toMs: to.lastMs } : { fromMs: from.lastMs, toMs: to.firstMs };
    })
    .filter(({ fromMs, toMs }) => fromMs < toMs);
}

/** The same on the clocks of the place. */
function wallSpans(rule: TimeRule, nowMs: Ms): Span[] {
  switch (formOf(rule.from)) {
    case "weekly":
      return weekly(rule, nowMs);
    case "yearly": {
      const year = new Date(nowMs).getUTCFullYear();
      return [year - 1, year, year + 1].map((begins) => yearly(rule, begins));
    }
    case "dated":
      return [{ fromMs: startOf(rule.from), toMs: endOf(rule.to) }];
    case undefined:
      return [];
    default:
      throw new RangeError(`unknown form of rule ${rule.name}`);
  }
}

function weekly(rule: TimeRule, nowMs: Ms): Span[] {
  const today = Math.floor(nowMs / DAY_MS);
  const from = minutesOf(rule.from) * MINUTE_MS;
  const to = minutesOf(rule.to) * MINUTE_MS;
  const length = to > from ? to - from : to - from + DAY_MS;
  // Two days back, because a place can skip a day when it changes sides of the date line.
  return Array.from({ length: WEEK_AHEAD_DAYS + 3 }, (_, index) => (today - 2 + index) * DAY_MS)
    .filter((day) => rule.days?.includes(WEEKDAYS[new Date(day).getUTCDay()] ?? "sun"))
    .map((day) => ({ fromMs: day + from, toMs: day + from + length }));
}

function yearly(rule: TimeRule, year: number): Span {
  const fromMs = startOf(`${year}-${rule.from}`);
  const toMs = endOf(`${year}-${rule.to}`);
  return { fromMs, toMs: toMs > fromMs ? toMs : endOf(`${year + 1}-${rule.to}`) };
}

function startOf(edge: string): Ms {
  return Date.parse(edge.includes("T") ? `${edge}:00Z` : `${edge}T00:00:00Z`);
}

function endOf(edge: string): Ms {
  return startOf(edge) + (edge.includes("T") ? 0 : DAY_MS);
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}
