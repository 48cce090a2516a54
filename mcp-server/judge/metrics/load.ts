import type { FrozenState } from "./state.ts";

/** How fast load is forgotten, like latencies: what is 10 s old counts 0.95. */
export const DECAY_PER_SECOND = 0.95 ** (1 / 10);

/**
 * Recorded and present load may differ by this factor in either direction; a poll outside is not compared with the
 * recorded baseline.
 */
export const LOAD_FACTOR_BOUND = 3;

/** A window that claims to be longer, or ends before it began, tells of a clock that was set and not of load. */
const LONGEST_WINDOW_SECONDS = 600;

/** What one poll says of the load: requests of the candidate, how long they took to come, and how many were probes. */
export interface LoadPoll {
  readonly requests: number;
  readonly seconds: number;
  readonly probes: number;
}

/** Load is a matter of exposure alone, so leaving a poll out because of it does not bias its evidence. */
export function withLoad(frozen: FrozenState, { requests, seconds, probes }: LoadPoll): FrozenState {
  // Probes that are told while nothing can be read are in the next reading of the counters.
  const unread = frozen.load.unread + probes;
  if (seconds === 0 || seconds > LONGEST_WINDOW_SECONDS) return { ...frozen, load: { ...frozen.load, unread } };
  const kept = DECAY_PER_SECOND ** seconds;
  const load = {
    requests: frozen.load.requests * kept + requests,
    seconds: frozen.load.seconds * kept + seconds,
    probes: frozen.load.probes * kept + unread,
    unread: 0,
  };
  const off = isOffLoad({ ...frozen, load });
  return { ...frozen, load, offLoadPolls: frozen.offLoadPolls + (off ? 1 : 0) };
}

/**
 * Users' load now and then, each as far as its count tells it: a few requests that came or did not come by chance are no
 * other load. Probes are ours and no part of it.
 */
function isOffLoad({ load, users, throughputRps }: FrozenState): boolean {
  if (!users && throughputRps <= 0) return true;
  const present = ratePerSecond(Math.max(0, load.requests - load.probes), load.seconds);
  const recorded = users ? ratePerSecond(users.requests, users.seconds) : { low: throughputRps, high: throughputRps };
  return present.low > LOAD_FACTOR_BOUND * recorded.high || present.high < recorded.low / LOAD_FACTOR_BOUND;
}

/**
 * Bounds of a rate by its count. The square root of a Poisson count has a standard deviation of a half whatever the
 * mean (Bartlett 1936); two of them to either side.
 */
function ratePerSecond(count: number, seconds: number): { low: number; high: number } {
  return { low: Math.max(0, Math.sqrt(count) - 1) ** 2 / seconds, high: (Math.sqrt(count + 1) + 1) ** 2 / seconds };
}
