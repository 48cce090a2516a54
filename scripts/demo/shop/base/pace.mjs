import { setTimeout as delay } from "node:timers/promises";

const MEDIAN_MS = 18;
const SIGMA = 0.28;

/** Two even numbers in (0, 1) from a count (splitmix-like mixing): the same count gives the same work in every instance. */
function evenPair(count) {
  const mix = (seed) => {
    let x = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    return (((x ^ (x >>> 16)) >>> 0) + 0.5) / 2 ** 32;
  };
  return [mix(count * 2 + 1), mix(count * 2 + 2)];
}

/**
 * Milliseconds of the n-th piece of work: lognormal, median 18, one in a hundred above 35. That is half-way between two
 * bounds of the latency histogram (25 and 50), so that a hiccup of the machine does not look like a slower release.
 */
export function workMs(count) {
  const [a, b] = evenPair(count);
  return MEDIAN_MS * Math.exp(SIGMA * Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b));
}

/** Waiting that stands for work done elsewhere. */
export function realPace() {
  let count = 0;
  return {
    /** The work of one request. */
    work: () => {
      count += 1;
      return delay(workMs(count));
    },
    wait: (ms) => delay(ms, undefined, { ref: false }),
  };
}

/** No waiting: for tests of what the shop does, not of how long it takes. */
export function noPace() {
  return { work: async () => {}, wait: async () => {} };
}
