import { addCounts, type Counts, checkCounts, NO_COUNTS } from "./counts.ts";

/** Both halves of the baseline in one poll: the same version, split by instance or session. */
export interface HalvesPoll {
  readonly seconds: number;
  readonly halves: readonly [Counts, Counts];
}

/** How the events of a metric scatter: `rare` like Poisson counts, `share` like draws with their opportunities as ceiling. */
export type Scatter = "rare" | "share";

/** Window lengths: errors scatter within a minute, slow noise of one arm shows only in longer windows. Seconds. */
export const WINDOW_SECONDS = [60, 180] as const;

interface Windows {
  readonly open: { readonly seconds: number; readonly halves: readonly [Counts, Counts] };
  /** Closed windows, those of them that had an event, and the sum of their squared deviations. */
  readonly closed: number;
  readonly informative: number;
  readonly squares: number;
}

/** What was learnt so far about dispersion. Plain JSON, a fold over the polls. */
export interface DispersionState {
  readonly scatter: Scatter;
  readonly windows: readonly Windows[];
}

/** Result of a calibration. */
export interface Dispersion {
  /** Divide log evidence by this; at least 1. */
  readonly phi: number;
  /** Minute windows that it rests on. */
  readonly windows: number;
  /** `too-few`: not calibrated, phi is 1 for want of anything better; `too-noisy`: only large margins can be judged. */
  readonly status: "calibrated" | "too-few" | "too-noisy";
}

/** Fewer minutes say nothing about dispersion. */
export const MIN_CALIBRATION_WINDOWS = 10;
/** Fewer long windows scatter too much themselves. */
const MIN_LONG_WINDOWS = 5;
/** Beyond this a metric is too noisy to be compared without a margin. */
export const TOO_NOISY_PHI = 20;
/** Below these values dispersion is not told from 1: up to 30 minute windows, and more of them. */
const INDISTINCT = { few: 1.5, many: 1.6, manyWindows: 30 } as const;

/** A calibration before its first poll. */
export function startDispersion(scatter: Scatter): DispersionState {
  const fresh: Windows = {
    open: { seconds: 0, halves: [NO_COUNTS, NO_COUNTS] },
    closed: 0,
    informative: 0,
    squares: 0,
  };
  return { scatter, windows: WINDOW_SECONDS.map(() => fresh) };
}

/** One poll of both halves. Throws FlowError `damaged` on impossible counts. */
export function stepDispersion(state: DispersionState, poll: HalvesPoll): DispersionState {
  for (const half of poll.halves) checkCounts(half, "half of the baseline", { eventsWithinExposure: false });
  if (!(poll.seconds > 0) || !Number.isFinite(poll.seconds)) return state;
  return {
    ...state,
    windows: state.windows.map((windows, i) => stepWindows(windows, poll, WINDOW_SECONDS[i] ?? 60, state.scatter)),
  };
}

/** Polls rarely add up to a minute to the millisecond. */
const WINDOW_SLACK = 0.98;

function stepWindows(windows: Windows, poll: HalvesPoll, length: number, scatter: Scatter): Windows {
  const seconds = windows.open.seconds + poll.seconds;
  const [first, second] = windows.open.halves;
  const halves = [addCounts(first, poll.halves[0]), addCounts(second, poll.halves[1])] as const;
  if (seconds < length * WINDOW_SLACK) return { ...windows, open: { seconds, halves } };
  const square = squaredDeviation(halves, scatter);
  return {
    open: { seconds: 0, halves: [NO_COUNTS, NO_COUNTS] },
    closed: windows.closed + 1,
    informative: windows.informative + (square === undefined ? 0 : 1),
    squares: windows.squares + (square ?? 0),
  };
}

/** Squared standardised difference of both halves given their sum; undefined without an event or without one half. */
function squaredDeviation([one, two]: readonly [Counts, Counts], scatter: Scatter): number | undefined {
  const events = one.events + two.events;
  const exposure = one.exposure + two.exposure;
  if (events <= 0 || one.exposure <= 0 || two.exposure <= 0) return undefined;
  const share = two.exposure / exposure;
  const left = scatter === "share" && exposure > 1 ? (exposure - events) / (exposure - 1) : 1;
  const variance = events * share * (1 - share) * left;
  return variance > 0 ? (two.events - events * share) ** 2 / variance : undefined;
}

/**
 * phi = (2 + sum of squares) / (windows + 1), the larger of both window lengths, 1 where that is not told from 1. A
 * quasi-likelihood correction, not a theorem: dividing log evidence by it restores the nominal error rates under
 * clustered errors and slow noise of single instances, as the benchmark shows.
 */
export function readDispersion(state: DispersionState): Dispersion {
  const [minutes, long] = state.windows;
  const windows = minutes?.closed ?? 0;
  if (!minutes || windows < MIN_CALIBRATION_WINDOWS) return { phi: 1, windows, status: "too-few" };
  const longPhi = long && long.closed >= MIN_LONG_WINDOWS ? phiOf(long) : 1;
  const raw = Math.max(phiOf(minutes), longPhi);
  const indistinct = windows <= INDISTINCT.manyWindows ? INDISTINCT.few : INDISTINCT.many;
  const phi = raw < indistinct ? 1 : raw;
  return { phi, windows, status: phi > TOO_NOISY_PHI ? "too-noisy" : "calibrated" };
}

function phiOf({ informative, squares }: Windows): number {
  return (2 + squares) / (informative + 1);
}

/** Dispersion from a history of baseline halves, 30 to 60 minutes before the first production change. */
export function calibratePhi(polls: readonly HalvesPoll[], scatter: Scatter = "rare"): Dispersion {
  return readDispersion(polls.reduce(stepDispersion, startDispersion(scatter)));
}
