import { z } from "zod";
import { epochMs, Instant, instantOf, type Ms } from "../../vocab/index.ts";
import { TimeRule } from "./rule.ts";
import { spansAround } from "./spans.ts";

/** When a deployment may begin to change production: never in a freeze, and only in a window where there are any. */
export const FreezeRules = z.object({ freeze: z.array(TimeRule), windows: z.array(TimeRule) });
export type FreezeRules = z.infer<typeof FreezeRules>;

/** What keeps a deployment from beginning. */
export const FreezeCause = z.object({ name: z.string(), reason: z.string() });
export type FreezeCause = z.infer<typeof FreezeCause>;

/** Whether a deployment may begin at an instant; `until` null: there is no end in sight. */
export const FreezeState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("free"), at: Instant }),
  z.object({ state: z.literal("frozen"), at: Instant, until: Instant.nullable(), causes: z.array(FreezeCause) }),
]);
export type FreezeState = z.infer<typeof FreezeState>;

interface Blocker extends FreezeCause {
  readonly untilMs: Ms;
}

/** Beyond this many spans in a row there is no end in sight: a rule for every hour of the week, for instance. */
const CHAIN = 200;

/**
 * Whether a deployment may begin at an instant, and if not, from when on. Spans that touch or overlap are one: `until`
 * is the first instant that is free of all of them. Going back is never asked about here: it is exempt, always.
 */
export function freezeAt(rules: FreezeRules, at: Instant): FreezeState {
  const causes = blockersAt(rules, epochMs(at)).map(({ name, reason }) => ({ name, reason }));
  if (causes.length === 0) return { state: "free", at };
  return { state: "frozen", at, until: firstFree(rules, epochMs(at)), causes };
}

function firstFree(rules: FreezeRules, atMs: Ms): Instant | null {
  let now = atMs;
  for (let links = 0; links < CHAIN && Number.isFinite(now); links += 1) {
    const blockers = blockersAt(rules, now);
    if (blockers.length === 0) return instantOf(now);
    now = Math.max(...blockers.map(({ untilMs }) => untilMs));
  }
  return null;
}

function blockersAt({ freeze, windows }: FreezeRules, atMs: Ms): Blocker[] {
  const frozen = freeze.flatMap((rule): Blocker[] => {
    const over = spansAround({ rule, atMs, reading: "wide" }).filter((span) => span.fromMs <= atMs && atMs < span.toMs);
    if (over.length === 0) return [];
    return [{ name: rule.name, reason: rule.reason, untilMs: Math.max(...over.map(({ toMs }) => toMs)) }];
  });
  return [...frozen, ...outside(windows, atMs)];
}

function outside(windows: readonly TimeRule[], atMs: Ms): Blocker[] {
  const spans = windows.flatMap((rule) => spansAround({ rule, atMs, reading: "narrow" }));
  if (windows.length === 0 || spans.some((span) => span.fromMs <= atMs && atMs < span.toMs)) return [];
  const next = spans.filter((span) => span.fromMs > atMs).map(({ fromMs }) => fromMs);
  const names = windows.map(({ name }) => name).join(", ");
  return [{ name: "deployment windows", reason: `outside of ${names}`, untilMs: Math.min(...next) }];
}

/** A freeze in one sentence. */
export function freezeText(state: FreezeState): string {
  if (state.state === "free") return "no freeze is in force";
  const causes = state.causes.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  return `frozen ${state.until === null ? "with no end in sight" : `until ${state.until}`} (${causes})`;
}
