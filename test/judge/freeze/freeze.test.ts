import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FreezeRules, freezeAt, TimeRule } from "../../../mcp-server/judge/freeze/index.ts";
import { DAY_MS, instantsOf, MINUTE_MS, wallClock } from "../../../mcp-server/judge/freeze/local-time.ts";
import { epochMs, type Instant, instantOf } from "../../../mcp-server/vocab/index.ts";

const rule = (edits: Record<string, unknown>) =>
  TimeRule.parse({ name: "freeze", timeZone: "Europe/Berlin", reason: "agreed", ...edits });
const frozenIn = (...freeze: TimeRule[]): FreezeRules => ({ freeze, windows: [] });
const openIn = (...windows: TimeRule[]): FreezeRules => ({ freeze: [], windows });
const at = (text: string) => text as Instant;
const untilOf = (rules: FreezeRules, when: string) => {
  const state = freezeAt(rules, at(when));
  return state.state === "free" ? "free" : state.until;
};

const WEEKEND = [
  rule({ name: "friday", days: ["fri"], from: "15:00", to: "24:00" }),
  rule({ name: "weekend", days: ["sat", "sun"], from: "00:00", to: "24:00" }),
  rule({ name: "monday", days: ["mon"], from: "00:00", to: "08:00" }),
];
const NIGHT = rule({ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "22:00", to: "06:00" });
const CHRISTMAS = rule({ from: "12-20", to: "01-06" });
const ONCE = rule({ from: "2026-11-26T18:00", to: "2026-11-27T06:00" });
const ZONE_OF_HALVES = rule({ days: ["wed"], from: "09:00", to: "10:00", timeZone: "Australia/Lord_Howe" });

describe("a freeze", () => {
  test.each([
    ["dated, the moment before", frozenIn(ONCE), "2026-11-26T16:59:59.999Z", "free"],
    ["dated, its first moment", frozenIn(ONCE), "2026-11-26T17:00:00.000Z", "2026-11-27T05:00:00.000Z"],
    ["dated, its last moment", frozenIn(ONCE), "2026-11-27T04:59:59.999Z", "2026-11-27T05:00:00.000Z"],
    ["dated, its end, which is free", frozenIn(ONCE), "2026-11-27T05:00:00.000Z", "free"],
    [
      "a whole day at the end counts",
      frozenIn(rule({ from: "2026-12-01", to: "2026-12-01" })),
      "2026-12-01T22:59:00Z",
      "2026-12-01T23:00:00.000Z",
    ],
    [
      "friday evening lasts until monday morning",
      frozenIn(...WEEKEND),
      "2026-11-27T14:00:00Z",
      "2026-11-30T07:00:00.000Z",
    ],
    ["friday at noon is free", frozenIn(...WEEKEND), "2026-11-27T11:00:00Z", "free"],
    ["over midnight, in the evening", frozenIn(NIGHT), "2026-06-10T20:30:00Z", "2026-06-11T04:00:00.000Z"],
    ["over midnight, in the morning", frozenIn(NIGHT), "2026-06-11T03:59:00Z", "2026-06-11T04:00:00.000Z"],
    ["over midnight, at noon", frozenIn(NIGHT), "2026-06-11T10:00:00Z", "free"],
    [
      "over midnight and the year's end",
      frozenIn(rule({ days: ["thu"], from: "20:00", to: "06:00" })),
      "2027-01-01T03:00:00Z",
      "2027-01-01T05:00:00.000Z",
    ],
    ["every year over its end, in december", frozenIn(CHRISTMAS), "2026-12-19T23:00:00Z", "2027-01-06T23:00:00.000Z"],
    ["every year over its end, in january", frozenIn(CHRISTMAS), "2029-01-06T22:59:00Z", "2029-01-06T23:00:00.000Z"],
    ["every year over its end, in july", frozenIn(CHRISTMAS), "2026-07-01T00:00:00Z", "free"],
    ["in a place half an hour apart", frozenIn(ZONE_OF_HALVES), "2026-07-07T22:45:00Z", "2026-07-07T23:30:00.000Z"],
    ["the same in its summer", frozenIn(ZONE_OF_HALVES), "2026-01-13T22:15:00Z", "2026-01-13T23:00:00.000Z"],
    // 2026-03-29: clocks in Berlin go from 02:00 to 03:00 at 01:00 UTC; 2026-10-25: from 03:00 back to 02:00 at 01:00 UTC.
    [
      "that begins in the hour that is skipped begins when clocks are set",
      frozenIn(rule({ from: "2026-03-29T02:30", to: "2026-03-29T04:00" })),
      "2026-03-29T01:00:00Z",
      "2026-03-29T02:00:00.000Z",
    ],
    [
      "and not before",
      frozenIn(rule({ from: "2026-03-29T02:30", to: "2026-03-29T04:00" })),
      "2026-03-29T00:59:59Z",
      "free",
    ],
    [
      "that ends in the hour that is skipped ends when clocks are set",
      frozenIn(rule({ from: "2026-03-29T01:00", to: "2026-03-29T02:30" })),
      "2026-03-29T00:30:00Z",
      "2026-03-29T01:00:00.000Z",
    ],
    [
      "that lies in the hour that is skipped never is",
      frozenIn(rule({ from: "2026-03-29T02:10", to: "2026-03-29T02:50" })),
      "2026-03-29T01:00:00Z",
      "free",
    ],
    [
      "that begins in the hour that comes twice begins at the first",
      frozenIn(rule({ from: "2026-10-25T02:30", to: "2026-10-25T05:00" })),
      "2026-10-25T00:30:00Z",
      "2026-10-25T04:00:00.000Z",
    ],
    [
      "and has no hole when the hour comes again",
      frozenIn(rule({ from: "2026-10-25T02:30", to: "2026-10-25T05:00" })),
      "2026-10-25T01:15:00Z",
      "2026-10-25T04:00:00.000Z",
    ],
    [
      "that ends in the hour that comes twice ends at the second",
      frozenIn(rule({ from: "2026-10-25T01:00", to: "2026-10-25T02:30" })),
      "2026-10-25T00:45:00Z",
      "2026-10-25T01:30:00.000Z",
    ],
    [
      "of a day that a place skipped never is",
      frozenIn(rule({ from: "2011-12-30", to: "2011-12-30", timeZone: "Pacific/Apia" })),
      "2011-12-30T10:00:00Z",
      "free",
    ],
    [
      "without an end in sight",
      frozenIn(rule({ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "00:00", to: "24:00" })),
      "2026-06-11T10:00:00Z",
      null,
    ],
    [
      "from and to equal: the whole day round",
      frozenIn(rule({ days: ["wed"], from: "06:00", to: "06:00" })),
      "2026-06-11T03:00:00Z",
      "2026-06-11T04:00:00.000Z",
    ],
  ] as const)("%s", (_name, rules, when, expected) => {
    expect(untilOf(rules, when)).toBe(expected);
  });

  test("says which rules are in force and why", () => {
    const state = freezeAt(
      frozenIn(rule({ name: "sale", from: "2026-11-26", to: "2026-11-30", reason: "black friday" }), ONCE),
      at("2026-11-26T20:00:00Z"),
    );
    expect(state).toMatchObject({
      state: "frozen",
      until: "2026-11-30T23:00:00.000Z",
      causes: [
        { name: "sale", reason: "black friday" },
        { name: "freeze", reason: "agreed" },
      ],
    });
  });
});

describe("deployment windows", () => {
  const office = rule({ name: "office hours", days: ["mon", "tue", "wed", "thu"], from: "09:00", to: "16:00" });
  test.each([
    ["inside", openIn(office), "2026-11-25T12:00:00Z", "free"],
    ["after hours: the next morning", openIn(office), "2026-11-25T15:00:00Z", "2026-11-26T08:00:00.000Z"],
    ["thursday evening: monday", openIn(office), "2026-11-26T16:00:00Z", "2026-11-30T08:00:00.000Z"],
    [
      "the next window lies in a freeze",
      { freeze: [rule({ from: "2026-11-30", to: "2026-12-01" })], windows: [office] },
      "2026-11-26T16:00:00Z",
      "2026-12-02T08:00:00.000Z",
    ],
    ["the only one is over", openIn(ONCE), "2026-12-01T00:00:00Z", null],
    [
      "that begins in the hour that comes twice begins at the second",
      openIn(rule({ from: "2026-10-25T02:30", to: "2026-10-25T05:00" })),
      "2026-10-25T00:45:00Z",
      "2026-10-25T01:30:00.000Z",
    ],
  ] as const)("%s", (_name, rules, when, expected) => {
    expect(untilOf(rules as FreezeRules, when)).toBe(expected);
  });
});

describe("a rule is refused", () => {
  test.each([
    ["a place that is none", { days: ["mon"], from: "10:00", to: "11:00", timeZone: "Mars/Olympus" }, "timeZone"],
    ["a fixed offset", { days: ["mon"], from: "10:00", to: "11:00", timeZone: "+02:00" }, "timeZone"],
    ["a time of day without days", { from: "10:00", to: "11:00" }, "from"],
    ["days with dates", { days: ["mon"], from: "12-20", to: "12-24" }, "days"],
    ["edges of two forms", { days: ["mon"], from: "10:00", to: "12-24" }, "to"],
    ["a date that is none", { from: "2026-02-30", to: "2026-03-01" }, "from"],
    ["a leap day every year", { from: "02-29", to: "03-01" }, "from"],
    ["an end before the beginning", { from: "2026-03-02", to: "2026-03-01" }, "to"],
    ["no time at all", { from: "2026-03-02T10:00", to: "2026-03-02T10:00" }, "to"],
    ["a time that is none", { days: ["mon"], from: "25:00", to: "11:00" }, "from"],
    ["no reason", { days: ["mon"], from: "10:00", to: "11:00", reason: "" }, "reason"],
    ["no days", { days: [], from: "10:00", to: "11:00" }, "days"],
  ])("for %s", (_name, edits, key) => {
    const parsed = TimeRule.safeParse({ name: "freeze", timeZone: "Europe/Berlin", reason: "agreed", ...edits });
    expect(parsed.error?.issues.map(({ path }) => path.join("."))).toContain(key);
  });
});

const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];
const moment = fc.integer({ min: Date.UTC(2011, 0, 1), max: Date.UTC(2032, 0, 1) });
const minute = fc.integer({ min: 0, max: 1439 });
const clockText = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const weeklyRule = fc
  .record({
    days: fc.uniqueArray(fc.constantFrom("mon", "tue", "wed", "thu", "fri", "sat", "sun"), { minLength: 1 }),
    from: minute.map(clockText),
    to: minute.map(clockText),
    timeZone: fc.constantFrom(...ZONES),
  })
  .map(rule);

describe("laws", () => {
  test("the end of a freeze is free, and the moment before it is not", () => {
    fc.assert(
      fc.property(fc.array(weeklyRule, { minLength: 1, maxLength: 3 }), moment, (rules, ms) => {
        const state = freezeAt(frozenIn(...rules), instantOf(ms));
        if (state.state === "free" || state.until === null) return;
        expect(epochMs(state.until)).toBeGreaterThan(ms);
        expect(freezeAt(frozenIn(...rules), state.until).state).toBe("free");
        expect(freezeAt(frozenIn(...rules), instantOf(epochMs(state.until) - 1)).state).toBe("frozen");
      }),
      { numRuns: 100 },
    );
  });

  test("away from days on which clocks are set, it is what the clocks on the wall say", () => {
    fc.assert(
      fc.property(weeklyRule, moment, (weekly, ms) => {
        const offset = (when: number) => wallClock(weekly.timeZone, when) - when;
        fc.pre([-2, -1, 1, 2].every((days) => offset(ms + days * DAY_MS) === offset(ms)));
        const wall = wallClock(weekly.timeZone, ms);
        const [from = 0, to = 0] = [weekly.from, weekly.to].map((text) => {
          const [hours = 0, minutes = 0] = text.split(":").map(Number);
          return hours * 60 + minutes;
        });
        const now = (wall % DAY_MS) / MINUTE_MS;
        const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
        const onDay = (when: number) => weekly.days?.includes(names[new Date(when).getUTCDay()] ?? "sun") ?? false;
        const overMidnight = to <= from;
        const expected = overMidnight
          ? (onDay(wall) && now >= from) || (onDay(wall - DAY_MS) && now < to)
          : onDay(wall) && now >= from && now < to;
        expect(freezeAt(frozenIn(weekly), instantOf(ms)).state).toBe(expected ? "frozen" : "free");
      }),
      { numRuns: 500 },
    );
  });

  test("a permission is never wider than a freeze of the same rule", () => {
    fc.assert(
      fc.property(weeklyRule, moment, (weekly, ms) => {
        const now = instantOf(ms);
        const isFrozen = freezeAt(frozenIn(weekly), now).state === "frozen";
        const isOpen = freezeAt(openIn(weekly), now).state === "free";
        expect(isOpen && !isFrozen).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("every instant is among those at which its own wall time is shown", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), moment, (zone, ms) => {
        const { firstMs, lastMs } = instantsOf(zone, wallClock(zone, ms));
        expect([firstMs, lastMs]).toContain(ms);
      }),
      { numRuns: 500 },
    );
  });
});
