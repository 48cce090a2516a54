import { type Increment, type Instant, instantOf, type MetricId } from "../../mcp-server/vocab/index.ts";

const MINUTE_MS = 60_000;

/**
 * An hour of the old version, minute by minute in two halves: 600 requests each, and failures that come in heaps of
 * this size on one half after the other.
 */
export function heapedWindows(heap: number): (now: Instant) => Increment[] {
  return (now) =>
    Array.from({ length: 60 }, (_, minute): Increment => {
      const from = Date.parse(now) - (60 - minute) * MINUTE_MS;
      const [first, second] = minute % 2 === 0 ? [heap, 0] : [0, heap];
      return {
        metric: "error-rate" as MetricId,
        arm: "baseline",
        from: instantOf(from),
        to: instantOf(from + MINUTE_MS),
        exposure: 1200,
        events: heap,
        halves: [
          { exposure: 600, events: first },
          { exposure: 600, events: second },
        ],
        quality: "ok",
      };
    });
}
