import { between, type Increment } from "../../vocab/index.ts";

/** Start and end of the windows counted last, alternating, in milliseconds since the epoch. */
export interface SeenWindows {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
}

export const NO_WINDOWS: SeenWindows = { baseline: [], candidate: [] };

/** Windows that are remembered per arm. */
const REMEMBERED = 32;
/** A window that claims to be longer tells of a clock that was set; it is not remembered. */
const LONGEST_MS = 6 * 3_600_000;

/** `new`: not counted yet. `again`: the very same window. `overlaps`: a part of it was counted already. */
export type Freshness = "new" | "again" | "overlaps";

/** Whether a window was counted before: what arrives twice or overlaps must not count twice. */
export function freshness(seen: readonly number[], { from, to }: Pick<Increment, "from" | "to">): Freshness {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  if (!isSound(start, end)) return "new";
  let overlaps = false;
  for (let i = 0; i < seen.length; i += 2) {
    const [otherStart = 0, otherEnd = 0] = [seen[i], seen[i + 1]];
    if (start === otherStart && end === otherEnd) return "again";
    if (start < otherEnd && end > otherStart) overlaps = true;
  }
  return overlaps ? "overlaps" : "new";
}

/** Remembers a window that was counted. */
export function remembered(seen: readonly number[], { from, to }: Pick<Increment, "from" | "to">): readonly number[] {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  if (!isSound(start, end)) return seen;
  return [...seen.slice(-2 * (REMEMBERED - 1)), start, end];
}

function isSound(start: number, end: number): boolean {
  return end > start && end - start <= LONGEST_MS;
}

/** Length of a window in seconds; 0 when a clock was set in it. */
export function secondsOf({ from, to }: Pick<Increment, "from" | "to">): number {
  const ms = between(from, to);
  return ms > 0 && ms <= LONGEST_MS ? ms / 1000 : 0;
}
