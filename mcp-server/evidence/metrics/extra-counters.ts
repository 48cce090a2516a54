import { z } from "zod";
import { type MetricsConfig, wholeMatch } from "../config.ts";
import { histogramGrowth } from "./buckets.ts";
import type { Exposition, Sample } from "./exposition.ts";
import type { ExtraSeries } from "./extra.ts";
import { attempt, readHistogram, SeriesProblem, trafficSamples } from "./page-series.ts";

/** A cumulative histogram in a cursor. */
export const Cumulative = z.array(z.object({ le: z.number().nullable(), count: z.number() }));

/** A further series of one instance: what it counted, or of a gauge the value now. */
export const ExtraCounter = z.union([
  z.object({ total: z.number(), matching: z.number() }),
  z.object({ buckets: Cumulative }),
  z.object({ gauge: z.number() }),
]);
export type ExtraCounter = z.infer<typeof ExtraCounter>;

type Match = { readonly label: string; readonly matches: string };

function matching(samples: readonly Sample[], match: Match | undefined): readonly Sample[] {
  const pattern = match && wholeMatch(match.matches);
  if (match === undefined || pattern === undefined) return samples;
  return samples.filter((sample) => pattern.test(sample.labels.get(match.label) ?? ""));
}

/** A further series of an instance; `undefined` where the page declares the name and has no sample of it yet. */
function readExtra(page: Exposition, series: ExtraSeries, config: MetricsConfig): ExtraCounter | undefined {
  const { name } = series;
  const sumOf = (samples: readonly Sample[]) => samples.reduce((sum, { value }) => sum + value, 0);
  switch (series.kind) {
    case "ratio": {
      const all = trafficSamples(page, name, name, config);
      if (all.some(({ labels }) => !labels.has(series.events.label))) {
        throw new SeriesProblem(`a series of ${name} has no label ${series.events.label}`);
      }
      return { total: sumOf(all), matching: sumOf(matching(all, series.events)) };
    }
    case "rate": {
      const total = sumOf(matching(trafficSamples(page, name, name, config), series.where));
      return { total, matching: total };
    }
    case "gauge": {
      const all = matching(
        page.samples.filter((sample) => sample.name === name && Number.isFinite(sample.value)),
        series.where,
      );
      if (all.length === 0) throw new SeriesProblem(`the page has no value of ${name}`);
      return { gauge: sumOf(all) / all.length };
    }
    case "distribution": {
      const samples = matching(trafficSamples(page, `${name}_bucket`, name, config), series.where);
      return { buckets: readHistogram(name, samples, (le) => le) };
    }
    default:
      return series satisfies never;
  }
}

/** All further series of a page; what cannot be read is among the problems. */
export function readExtras(page: Exposition, all: readonly ExtraSeries[], config: MetricsConfig, problems: string[]) {
  const read: Record<string, ExtraCounter> = {};
  for (const series of all) {
    const counter = attempt(() => readExtra(page, series, config), problems);
    if (counter !== undefined) read[series.id] = counter;
  }
  return read;
}

/** Growth of one further series; undefined when it fell. */
function extraGrowth(base: ExtraCounter, now: ExtraCounter): ExtraCounter | undefined {
  if ("gauge" in now) return now;
  if ("buckets" in now) {
    const buckets = "buckets" in base ? histogramGrowth(base.buckets, now.buckets) : undefined;
    return buckets && { buckets };
  }
  if (!("total" in base)) return undefined;
  const [total, grown] = [now.total - base.total, now.matching - base.matching];
  return total < 0 || grown < 0 || grown > total ? undefined : { total, matching: grown };
}

type Extras = Readonly<Record<string, ExtraCounter>> | undefined;

/**
 * Of all further series. One that the earlier read lacked is only met: other than requests, it may have been there and
 * not been readable. `isYoung`: the instance began after the watch did, so that all that it counts belongs to the watch.
 */
export function extrasGrowth(
  base: Extras,
  now: Extras,
  isYoung: boolean,
): { grown: Record<string, ExtraCounter>; fell: boolean } {
  const grown: Record<string, ExtraCounter> = {};
  let fell = false;
  for (const [id, counter] of Object.entries(now ?? {})) {
    const before = base?.[id];
    if (before === undefined && !isYoung && !("gauge" in counter)) continue;
    const growth = before === undefined ? counter : extraGrowth(before, counter);
    fell ||= growth === undefined;
    if (growth !== undefined) grown[id] = growth;
  }
  return { grown, fell };
}
