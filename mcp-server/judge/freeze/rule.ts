import { z } from "zod";
import { isTimeZone } from "./local-time.ts";

/** Days of the week in the order of `Date#getUTCDay`. */
export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const TIME = "(?:[01]\\d|2[0-3]):[0-5]\\d";
const MONTH_DAY = "(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])";
const FORMS = {
  weekly: new RegExp(`^(?:${TIME}|24:00)$`),
  yearly: new RegExp(`^${MONTH_DAY}(?:T${TIME})?$`),
  dated: new RegExp(`^\\d{4}-${MONTH_DAY}(?:T${TIME})?$`),
} as const;
export type RuleForm = keyof typeof FORMS;

const Edge = z
  .string()
  .regex(
    new RegExp(`^(?:${TIME}|24:00|(?:\\d{4}-)?${MONTH_DAY}(?:T${TIME})?)$`),
    "expected 18:00 (with days), 12-20 or 12-20T18:00 (every year), or 2026-12-20 or 2026-12-20T18:00 (once)",
  );

/** How an edge is written; undefined when it is none. */
export function formOf(edge: string): RuleForm | undefined {
  return (Object.keys(FORMS) as RuleForm[]).find((form) => FORMS[form].test(edge));
}

/**
 * A span of time on the clocks of one place: every week on some days, every year, or once. An edge that is only a day
 * means the whole day, also at the end.
 */
export const TimeRule = z
  .strictObject({
    name: z.string().min(1).max(80).describe("what people call it"),
    days: z.array(z.enum(WEEKDAYS)).min(1).optional().describe("days on which a weekly span begins"),
    from: Edge,
    to: Edge.describe("end, not included; before `from` it is the next day or the next year"),
    timeZone: z.string().describe("IANA name, e.g. Europe/Berlin"),
    reason: z.string().min(1).max(300).describe("why, shown to whoever is stopped by it"),
  })
  .superRefine((rule, context) => {
    const problem = problemOf(rule);
    if (problem) context.addIssue({ code: "custom", path: [problem.key], message: problem.what });
  });
export type TimeRule = z.infer<typeof TimeRule>;

type Candidate = { days?: readonly string[] | undefined; from: string; to: string; timeZone: string };

function problemOf({ days, from, to, timeZone }: Candidate): { key: string; what: string } | undefined {
  if (!isTimeZone(timeZone)) return { key: "timeZone", what: "expected an IANA time zone such as Europe/Berlin" };
  const form = formOf(from);
  if (form === undefined || form !== formOf(to)) {
    return { key: "to", what: `expected the same form as from, ${from}` };
  }
  if (form === "weekly" && days === undefined) return { key: "from", what: "a time of day needs days" };
  if (form !== "weekly" && days !== undefined) return { key: "days", what: "days belong to times of day, not dates" };
  if (from === "24:00") return { key: "from", what: "write 00:00 of the next day" };
  const impossible = [
    ["from", from],
    ["to", to],
  ].find(([, edge = ""]) => !exists(edge, form));
  if (impossible) return { key: impossible[0] ?? "", what: "there is no such day every year, or at all" };
  const isEmpty = form === "dated" && (to.includes("T") || from.includes("T") ? to <= from : to < from);
  return isEmpty ? { key: "to", what: `expected a time after from, ${from}` } : undefined;
}

/** 29 February exists in some years only, so nothing may happen every year on it. */
function exists(edge: string, form: RuleForm): boolean {
  if (form === "weekly") return true;
  const day = (form === "yearly" ? `2001-${edge}` : edge).slice(0, 10);
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
}
