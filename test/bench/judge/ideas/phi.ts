import type { HalvesPoll } from "../traffic/errors.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";

/** Squared deviations of the halves over windows of so many seconds: their sum and their number. */
function squares(history: readonly HalvesPoll[], windowSeconds: number): { sum: number; windows: number } {
  const size = windowSeconds / POLL_SECONDS;
  let [sum, windows] = [0, 0];
  for (let from = 0; from + size <= history.length; from += size) {
    const polls = history.slice(from, from + size);
    const total = (arm: "baseline" | "candidate", what: "exposure" | "events") =>
      polls.reduce((all, poll) => all + poll[arm][what], 0);
    const events = total("baseline", "events") + total("candidate", "events");
    const share = total("candidate", "exposure") / (total("baseline", "exposure") + total("candidate", "exposure"));
    if (events === 0 || !(share > 0 && share < 1)) continue;
    sum += (total("candidate", "events") - events * share) ** 2 / (events * share * (1 - share));
    windows += 1;
  }
  return { sum, windows };
}

const WINDOWS_SECONDS = [60, 180];

/** The estimate as it is, though chance alone makes it larger than 1 half of the time. */
export function rawPhi(history: readonly HalvesPoll[]): number {
  return Math.max(1, ...WINDOWS_SECONDS.map((seconds) => phiFrom(history, seconds, 1)));
}

/** Ten windows' worth of belief that requests are independent. */
const PRIOR_WINDOWS = 10;

/** The estimate with a prior at 1, never rounded. */
export function closeToOne(history: readonly HalvesPoll[]): number {
  return Math.max(1, ...WINDOWS_SECONDS.map((seconds) => phiFrom(history, seconds, PRIOR_WINDOWS)));
}

function phiFrom(history: readonly HalvesPoll[], seconds: number, prior: number): number {
  const { sum, windows } = squares(history, seconds);
  return (prior + sum) / (prior + windows);
}
