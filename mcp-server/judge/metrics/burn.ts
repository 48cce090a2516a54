import type { Counts } from "../sequential/counts.ts";
import { targetLimit } from "./nulls.ts";
import type { ArmPoll } from "./poll.ts";
import type { MetricRule } from "./rule.ts";

/**
 * Multi-window burn rate as in the SRE Workbook's page rule: 2 % of a 30-day error budget within an hour. A guard rail
 * against large outages, measured as a point value; comparing with the baseline stays with the sequential tests.
 */
export const BURN_FACTOR = 14.4;
export const BURN_LONG_MINUTES = 60;
export const BURN_SHORT_MINUTES = 5;

/** So many failures must lie in the long window, times the dispersion: one stray error is no outage. */
export const BURN_MIN_FAILURES = 10;

/** A minute of an arm. Plain JSON. */
interface Slot {
  readonly seconds: number;
  readonly exposure: number;
  readonly events: number;
}

/** The last hour of both arms, in minutes of measured time. */
export interface BurnState {
  readonly candidate: readonly Slot[];
  readonly baseline: readonly Slot[];
}

export const NO_BURN: BurnState = { candidate: [], baseline: [] };

/** One poll of each arm that could be measured. */
export function stepBurn(state: BurnState, candidate: ArmPoll | undefined, baseline: ArmPoll | undefined): BurnState {
  return { candidate: added(state.candidate, candidate), baseline: added(state.baseline, baseline) };
}

function added(slots: readonly Slot[], arm: ArmPoll | undefined): readonly Slot[] {
  if (!arm || arm.seconds <= 0) return slots;
  const last = slots.at(-1);
  const { exposure, events } = arm.counts;
  if (last && last.seconds < 59) {
    const grown = {
      seconds: last.seconds + arm.seconds,
      exposure: last.exposure + exposure,
      events: last.events + events,
    };
    return [...slots.slice(0, -1), grown];
  }
  return [...slots.slice(-(BURN_LONG_MINUTES - 1)), { seconds: arm.seconds, exposure, events }];
}

/** Burn rates of one arm now; undefined before the short window is full. */
export interface Burn {
  readonly short: number;
  readonly long: number;
  readonly failures: number;
}

/** How many times faster than allowed an arm spends its error budget. */
export function burnOf(slots: readonly Slot[], rule: MetricRule): Burn | undefined {
  const budget = budgetOf(rule);
  const short = windowOf(slots, BURN_SHORT_MINUTES);
  const long = windowOf(slots, BURN_LONG_MINUTES);
  if (budget === undefined || short.seconds < BURN_SHORT_MINUTES * 60 * 0.95 || short.exposure <= 0) return undefined;
  const rate = ({ exposure, events }: Counts) => events / exposure / budget;
  return { short: rate(short), long: rate(long), failures: long.events };
}

/** Failures that the absolute target allows, as a share; undefined where a budget makes no sense. */
export function budgetOf(rule: MetricRule): number | undefined {
  if ((rule.kind !== "error-rate" && rule.kind !== "availability") || rule.sloTarget === undefined) return undefined;
  const limit = targetLimit(rule, rule.sloTarget, 0)?.limit ?? 0;
  return limit > 0 ? limit : undefined;
}

/** The latest slots that together last so many minutes. */
function windowOf(slots: readonly Slot[], minutes: number): Slot {
  let [seconds, exposure, events] = [0, 0, 0];
  for (let i = slots.length - 1; i >= 0 && seconds < minutes * 60 * 0.95; i -= 1) {
    const slot = slots[i];
    if (!slot) break;
    seconds += slot.seconds;
    exposure += slot.exposure;
    events += slot.events;
  }
  return { seconds, exposure, events };
}

/** Both windows burn beyond the factor, with enough failures to be no accident. */
export function isBurning(burn: Burn | undefined, phi: number): boolean {
  return (
    burn !== undefined &&
    burn.short >= BURN_FACTOR &&
    burn.long >= BURN_FACTOR &&
    burn.failures >= BURN_MIN_FAILURES * phi
  );
}
