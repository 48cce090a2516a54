import type { Ending } from "./play.ts";

/** How the runs of one contender in one column ended. Plain JSON, added up over processes. */
export interface Tally {
  runs: number;
  fails: number;
  passes: number;
  /** Runs that were held at least once, and that were extended. */
  held: number;
  extended: number;
  /** Seconds of every FAIL, and of every PASS. */
  failedAt: number[];
  passedAt: number[];
}

export function emptyTally(): Tally {
  return { runs: 0, fails: 0, passes: 0, held: 0, extended: 0, failedAt: [], passedAt: [] };
}

/** Counts one run. */
export function count(tally: Tally, { outcome, atSeconds, holds = 0, extensions = 0 }: Ending): void {
  tally.runs += 1;
  if (holds > 0) tally.held += 1;
  if (extensions > 0) tally.extended += 1;
  if (outcome === "FAIL") {
    tally.fails += 1;
    tally.failedAt.push(atSeconds);
  }
  if (outcome === "PASS") {
    tally.passes += 1;
    tally.passedAt.push(atSeconds);
  }
}

/** Adds another process's runs. */
export function addTally(into: Tally, more: Tally): void {
  into.runs += more.runs;
  into.fails += more.fails;
  into.passes += more.passes;
  into.held += more.held;
  into.extended += more.extended;
  into.failedAt.push(...more.failedAt);
  into.passedAt.push(...more.passedAt);
}

/** The middle value; undefined without any. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const Z95 = 1.959964;

/** Wilson's 95 % interval of a proportion. */
export function wilson(hits: number, runs: number): { low: number; high: number } {
  if (runs === 0) return { low: 0, high: 1 };
  const p = hits / runs;
  const zz = (Z95 * Z95) / runs;
  const middle = (p + zz / 2) / (1 + zz);
  const reach = (Z95 * Math.sqrt((p * (1 - p)) / runs + zz / (4 * runs))) / (1 + zz);
  return { low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) };
}
