import { type MetricsConfig, wholeMatch } from "../config.ts";
import { type CumulativeBucket, isHistogram, sumHistograms } from "./buckets.ts";
import type { Exposition, Sample } from "./exposition.ts";

/** What a series of a page cannot be read for; it is then absent, never zero. */
export class SeriesProblem extends Error {}

/** The labels of a series in one spelling. */
function seriesKey(sample: Sample, without?: string): string {
  return JSON.stringify([...sample.labels].filter(([label]) => label !== without).sort());
}

function isDeclared(page: Exposition, name: string): boolean {
  return page.types.has(name) || (name.endsWith("_total") && page.types.has(name.slice(0, -"_total".length)));
}

/** The samples of user traffic of one name; refuses a page that does not know the name at all or says a series twice. */
export function trafficSamples(page: Exposition, name: string, declared: string, config: MetricsConfig): Sample[] {
  const all = page.samples.filter((sample) => sample.name === name);
  if (all.length === 0 && !isDeclared(page, declared)) throw new SeriesProblem(`the page has no metric ${name}`);
  const seen = new Set<string>();
  for (const sample of all) {
    const key = seriesKey(sample);
    if (seen.has(key)) throw new SeriesProblem(`a series of ${name} is on the page twice`);
    seen.add(key);
    if (!Number.isFinite(sample.value) || sample.value < 0) throw new SeriesProblem(`a value of ${name} is no count`);
  }
  const { ignore } = config;
  const pattern = ignore === undefined ? undefined : wholeMatch(ignore.matches);
  if (ignore === undefined || pattern === undefined) return all;
  return all.filter((sample) => !pattern.test(sample.labels.get(ignore.label) ?? ""));
}

/** The sum of all histograms among bucket samples; `bound` turns a bound into the wanted unit. */
export function readHistogram(
  name: string,
  samples: readonly Sample[],
  bound: (le: number) => number,
): CumulativeBucket[] {
  const series = new Map<string, CumulativeBucket[]>();
  for (const sample of samples) {
    const le = sample.labels.get("le");
    const seconds = le === "+Inf" || le === "Inf" ? Number.POSITIVE_INFINITY : Number(le || Number.NaN);
    if (Number.isNaN(seconds)) throw new SeriesProblem(`a bucket of ${name} has no bound`);
    const key = seriesKey(sample, "le");
    const buckets = series.get(key) ?? [];
    buckets.push({ le: Number.isFinite(seconds) ? bound(seconds) : null, count: sample.value });
    series.set(key, buckets);
  }
  for (const buckets of series.values()) {
    buckets.sort((a, b) => (a.le === null ? 1 : b.le === null ? -1 : a.le - b.le));
    if (!isHistogram(buckets)) throw new SeriesProblem(`a series of ${name} is no cumulative histogram up to +Inf`);
  }
  return sumHistograms([...series.values()]);
}

/** Reads, or notes why not. */
export function attempt<T>(read: () => T, problems: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SeriesProblem)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
