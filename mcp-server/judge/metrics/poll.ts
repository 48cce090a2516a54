import { type Arm, type BucketGrid, FlowError, type Half, type Increment, quoteValue } from "../../vocab/index.ts";
import { addCounts, type Counts, checkCounts, NO_COUNTS } from "../sequential/counts.ts";
import { checkHistogram, commonGrid, mergeHistograms, totalOf } from "./histogram.ts";
import { isShare } from "./nulls.ts";
import type { Histogram, MetricRule } from "./rule.ts";
import { freshness, remembered, type SeenWindows, secondsOf } from "./windows.ts";

/** Counts and distribution of a part of an arm's traffic. */
export interface Measured {
  readonly counts: Counts;
  /** Empty unless the series is a distribution. */
  readonly buckets: Histogram;
  readonly grid?: BucketGrid;
  /** Mean of the bare values of the window, where the source has no counts. */
  readonly value?: number;
}

/** What one arm showed of one series in one poll. */
export interface ArmPoll extends Measured {
  readonly seconds: number;
  /** By stratum, where every increment names one. */
  readonly strata?: Readonly<Record<string, Measured>>;
  readonly halves?: readonly [Measured, Measured];
}

/** A poll of an arm and the windows that were counted in it. */
export interface ArmRead {
  readonly arm: ArmPoll | undefined;
  readonly windows: readonly number[];
}

/**
 * The usable measurement of a rule's series in a poll; no arm when the source did not answer, answered with old data or
 * the same window again, or gave a latency without buckets and without a value. What overlaps with windows that were
 * counted before counts nothing. A counter reset is usable: the increment counts from the restart. Throws FlowError
 * `damaged` on numbers that no measurement gives.
 */
export function armPoll(poll: readonly Increment[], rule: MetricRule, arm: Arm, seen: SeenWindows): ArmRead {
  const before = seen[arm];
  const found = poll.filter((increment) => increment.metric === rule.series && increment.arm === arm);
  for (const increment of found) check(increment, rule, `${rule.series} (${arm})`);
  const single = withoutRepeats(found);
  const nothing: ArmRead = { arm: undefined, windows: before };
  if (single === undefined || single.length === 0) return nothing;
  if (single.some(({ quality }) => quality === "missing" || quality === "stale")) return nothing;
  if (single.every((increment) => freshness(before, increment) === "again")) return nothing;
  const fresh = single.filter((increment) => freshness(before, increment) === "new");
  const windows = windowsOf(fresh).reduce(remembered, before);
  if (fresh.length === 0) return { arm: { ...EMPTY, seconds: 0 }, windows };
  const whole = measured(fresh, rule);
  if (whole === undefined) return nothing;
  const seconds = windowsOf(fresh).reduce((sum, window) => sum + secondsOf(window), 0);
  return { arm: { ...whole, seconds, ...strataOf(fresh, rule), ...halvesOf(fresh, rule) }, windows };
}

const EMPTY: Measured = { counts: NO_COUNTS, buckets: [] };

function check(increment: Increment, rule: MetricRule, what: string): void {
  checkCounts(increment, what, { eventsWithinExposure: isShare(rule) });
  checkValue(increment.value, what);
  if (rule.kind === "latency" && increment.buckets) checkHistogram(increment.buckets, what);
  for (const half of increment.halves ?? []) {
    checkCounts(half, `half of ${what}`, { eventsWithinExposure: isShare(rule) });
    checkValue(half.value, what);
    if (rule.kind === "latency" && half.buckets) checkHistogram(half.buckets, `half of ${what}`);
  }
}

function checkValue(value: number | undefined, what: string): void {
  if (value === undefined || Number.isFinite(value)) return;
  throw new FlowError({
    code: "damaged",
    what: `a value of ${what} cannot come from a measurement`,
    expected: "a finite number",
    found: quoteValue(String(value)),
    next: "check the metrics source and its query",
  });
}

/** The increments without exact repeats; undefined when the same window is told in two ways, of which one must be wrong. */
function withoutRepeats(found: readonly Increment[]): readonly Increment[] | undefined {
  if (found.length < 2) return found;
  const byWindow = new Map<string, Increment>();
  const loose: Increment[] = [];
  for (const increment of found) {
    const { from, to, stratum = "" } = increment;
    if (secondsOf(increment) === 0) {
      loose.push(increment);
      continue;
    }
    const key = `${from} ${to} ${stratum}`;
    const other = byWindow.get(key);
    if (other && JSON.stringify(other) !== JSON.stringify(increment)) return undefined;
    byWindow.set(key, increment);
  }
  return [...byWindow.values(), ...loose];
}

/** The windows of increments, those of several strata once. */
function windowsOf(increments: readonly Increment[]): readonly Increment[] {
  if (increments.length < 2) return increments;
  return [...new Map(increments.map((increment) => [`${increment.from} ${increment.to}`, increment])).values()];
}

function measured(parts: readonly (Increment | Half)[], rule: MetricRule): Measured | undefined {
  if (rule.kind === "gauge") return valued(parts);
  let counts = NO_COUNTS;
  for (const part of parts) counts = addCounts(counts, { exposure: part.exposure, events: part.events });
  if (rule.kind !== "latency") return { counts, buckets: [] };
  if (parts.every((part) => part.buckets === undefined && part.value !== undefined)) return valued(parts);
  if (parts.some((part) => part.buckets === undefined && part.exposure > 0)) return undefined;
  return distribution(parts);
}

/** Buckets and counters may be read a moment apart; the buckets alone are consistent with themselves. */
function distribution(parts: readonly (Increment | Half)[]): Measured {
  const told = parts.filter((part) => part.buckets !== undefined);
  const grids = told.map((part) => ("grid" in part ? part.grid : undefined));
  const grid = grids.length > 0 ? grids.reduce(commonGrid) : undefined;
  const buckets = told.reduce<Histogram>((sum, { buckets: own = [] }) => mergeHistograms(sum, own), []);
  return { counts: { exposure: totalOf(buckets), events: 0 }, buckets, ...(grid === undefined ? {} : { grid }) };
}

/** Percentiles are never averaged over instances; several windows of one arm are, as the tests on points do anyway. */
function valued(parts: readonly (Increment | Half)[]): Measured | undefined {
  const values = parts.flatMap(({ value }) => (value === undefined ? [] : [value]));
  if (values.length < parts.length) return undefined;
  const exposure = parts.reduce((sum, part) => sum + part.exposure, 0);
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  return { counts: { exposure, events: 0 }, buckets: [], value };
}

function strataOf(fresh: readonly Increment[], rule: MetricRule): Pick<ArmPoll, "strata"> {
  if (!fresh.every(({ stratum }) => stratum !== undefined)) return {};
  const strata: Record<string, Measured> = {};
  for (const name of new Set(fresh.map(({ stratum }) => stratum ?? ""))) {
    const own = measured(
      fresh.filter(({ stratum }) => stratum === name),
      rule,
    );
    if (own) strata[name] = own;
  }
  return { strata };
}

function halvesOf(fresh: readonly Increment[], rule: MetricRule): Pick<ArmPoll, "halves"> {
  if (fresh.some(({ halves }) => halves === undefined)) return {};
  const half = (i: 0 | 1) =>
    measured(
      fresh.flatMap(({ halves, grid }) => (halves ? [{ ...halves[i], ...(grid === undefined ? {} : { grid }) }] : [])),
      rule,
    );
  const [one, two] = [half(0), half(1)];
  return one && two ? { halves: [one, two] } : {};
}
