import type { Series } from "./answer.ts";
import { type Family, type TargetGrowth, targetGrowth } from "./family.ts";
import { SeriesProblem } from "./points.ts";

/** What a server gave for one family of one arm, target by target. */
export interface ArmReading {
  readonly targets: readonly TargetReading[];
  /** Why there is nothing, or not all. */
  readonly problem?: string;
}

/** One target's samples: where it stood, where it stands, and what lies between. */
export interface TargetReading {
  readonly name: string;
  /** Server's time of its newest sample, seconds. */
  readonly newest: number;
  /** It has a sample that was not known yet. */
  readonly isNews: boolean;
  /** Undefined when it is met for the first time: then its newest sample is where counting starts. */
  readonly growth?: TargetGrowth;
  /** Time between its last two samples, seconds. */
  readonly intervalSeconds?: number;
}

/** Name of the target that a series was scraped from. */
function targetOf(series: Series, labels: readonly string[]): string {
  for (const label of labels) {
    const value = series.labels[label];
    if (value !== undefined && value !== "") return value;
  }
  return "all";
}

/** Series by the target that they were scraped from. */
export function byTarget(all: readonly Series[], labels: readonly string[]): Map<string, Series[]> {
  const found = new Map<string, Series[]>();
  for (const series of all) {
    const name = targetOf(series, labels);
    const own = found.get(name);
    if (own) own.push(series);
    else found.set(name, [series]);
  }
  return found;
}

/**
 * Reads the samples of one arm. `known`: up to where each target was counted; undefined at the first poll of a watch.
 * A target that is not known yet is only met: whether it has just started or was merely found late, its samples do not say.
 */
export function readArm(
  family: Family,
  all: readonly Series[],
  known: Readonly<Record<string, number>>,
  labels: readonly string[],
): ArmReading {
  const series = byTarget(
    all.filter(({ points }) => points.length > 0),
    labels,
  );
  const targets: TargetReading[] = [];
  const problems = new Set<string>();
  for (const [name, own] of series) {
    try {
      targets.push(readTarget(family, name, own, known[name]));
    } catch (error) {
      if (!(error instanceof SeriesProblem)) throw error;
      problems.add(`${family.name}: ${error.message}`);
    }
  }
  if (series.size === 0) problems.add(`${family.name}: no series matches`);
  return { targets, ...(problems.size > 0 ? { problem: [...problems].join("; ") } : {}) };
}

/** Scrape times of one target are the same to the millisecond in all of its series; what differs less is rounding. */
const SAME_SCRAPE_SECONDS = 0.0005;

function readTarget(family: Family, name: string, series: readonly Series[], after: number | undefined): TargetReading {
  const times = [...new Set(series.flatMap(({ points }) => points.map(({ t }) => t)))].sort((a, b) => a - b);
  const newest = times.at(-1) ?? 0;
  const before = times.at(-2);
  const about = { name, newest, ...(before === undefined ? {} : { intervalSeconds: newest - before }) };
  // Without the sample that counting stopped at there is nothing to count from.
  const from = after === undefined ? undefined : times.findLast((t) => t <= after + SAME_SCRAPE_SECONDS);
  if (after === undefined || from === undefined) return { ...about, isNews: true };
  if (newest <= from) return { ...about, isNews: false };
  const growth = targetGrowth(family, name, series, { after: from, until: newest, newFromZero: true });
  return { ...about, isNews: true, ...(growth ? { growth } : {}) };
}
