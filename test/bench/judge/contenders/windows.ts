import { POLL_SECONDS } from "../traffic/noise.ts";

/** Today's tools look once a minute. */
export const WINDOW_SECONDS = 60;
const POLLS_PER_WINDOW = WINDOW_SECONDS / POLL_SECONDS;

/** Calls `full` with the polls of each full minute, and gives what it last said. */
export function perMinute<Poll, T>(full: (polls: readonly Poll[]) => T): (poll: Poll) => T | undefined {
  let waiting: Poll[] = [];
  return (poll) => {
    waiting.push(poll);
    if (waiting.length < POLLS_PER_WINDOW) return undefined;
    const window = waiting;
    waiting = [];
    return full(window);
  };
}

/** A rule that counts failed checks: FAIL at `limit` of them, in a row or altogether. */
export function failedChecks(limit: number, o: { inARow: boolean }): (failed: boolean) => "FAIL" | undefined {
  let count = 0;
  return (failed) => {
    if (failed) count += 1;
    else if (o.inARow) count = 0;
    return count >= limit ? "FAIL" : undefined;
  };
}
