import type { Random } from "./random.ts";

/** Seconds between two polls in every scenario. */
export const POLL_SECONDS = 10;

/** Slow noise of one arm that the other does not have: an AR(1) process with time constant 60 s, one value a poll. */
export function slowNoise(sd: number, random: Random): () => number {
  if (sd === 0) return () => 0;
  const TAU_SECONDS = 60;
  const kept = Math.exp(-POLL_SECONDS / TAU_SECONDS);
  let value = random.normal();
  return () => {
    const now = sd * value;
    value = kept * value + Math.sqrt(1 - kept * kept) * random.normal();
    return now;
  };
}

/** A wave between -1 and 1 with the given period. */
export function wave(atSeconds: number, periodSeconds: number): number {
  return Math.sin((2 * Math.PI * atSeconds) / periodSeconds);
}
