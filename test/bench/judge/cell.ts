import { median, type Tally, wilson } from "./tally.ts";

/** One cell with everything in it. */
export interface Cell {
  readonly runs: number;
  readonly failPct: number;
  /** Wilson's 95 % interval of `failPct`. */
  readonly failLowPct: number;
  readonly failHighPct: number;
  readonly passPct: number;
  readonly inconclusivePct: number;
  readonly heldPct: number;
  readonly extendedPct: number;
  readonly medianFailSeconds?: number;
  readonly medianPassSeconds?: number;
}

/** Figures of a tally; delays count from the onset of the worsening. */
export function cellOf(tally: Tally, from: number): Cell {
  const percent = (count: number) => (100 * count) / Math.max(1, tally.runs);
  const { low, high } = wilson(tally.fails, tally.runs);
  const [fail, pass] = [median(tally.failedAt), median(tally.passedAt)];
  return {
    runs: tally.runs,
    failPct: percent(tally.fails),
    failLowPct: 100 * low,
    failHighPct: 100 * high,
    passPct: percent(tally.passes),
    inconclusivePct: percent(tally.runs - tally.fails - tally.passes),
    heldPct: percent(tally.held),
    extendedPct: percent(tally.extended),
    ...(fail === undefined ? {} : { medianFailSeconds: fail - from }),
    ...(pass === undefined ? {} : { medianPassSeconds: pass }),
  };
}
