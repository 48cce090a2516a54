import { FlowError, quoteValue } from "../../vocab/index.ts";

/** What one arm did in one poll, or altogether: opportunities (requests, share x seconds) and events among them. */
export interface Counts {
  readonly exposure: number;
  readonly events: number;
}

export const NO_COUNTS: Counts = { exposure: 0, events: 0 };

/** Sum of two counts. */
export function addCounts(a: Counts, b: Counts): Counts {
  return { exposure: a.exposure + b.exposure, events: a.events + b.events };
}

/**
 * Refuses counts that no measurement can give: NaN, infinite or negative numbers, and, where every event is one of
 * the opportunities, more events than opportunities. Throws FlowError `damaged`; `what` names the source.
 */
export function checkCounts(counts: Counts, what: string, o: { eventsWithinExposure: boolean }): void {
  const { exposure, events } = counts;
  const odd = !Number.isFinite(exposure) || !Number.isFinite(events) || exposure < 0 || events < 0;
  if (!odd && !(o.eventsWithinExposure && events > exposure)) return;
  throw new FlowError({
    code: "damaged",
    what: `counts of ${what} cannot come from a measurement`,
    expected: o.eventsWithinExposure ? "finite numbers with 0 <= events <= exposure" : "finite numbers of 0 or more",
    found: quoteValue({ exposure: String(exposure), events: String(events) }),
    next: "check the metrics source: its counters must be requests and failures of the same window",
  });
}
