import type { Arm, Increment, Instant } from "../../../vocab/index.ts";
import type { ArmReading, TargetReading } from "./arm-reading.ts";
import type { SeriesCursor } from "./cursor.ts";
import { blankIncrements, type Family, familyIncrements } from "./family.ts";

/** Scrape interval of a server that was not told otherwise; assumed until two samples were seen. */
const USUAL_INTERVAL_SECONDS = 60;
/** So many scrapes may fail to come before what is there counts as old. */
const PATIENCE_SCRAPES = 2.5;
/** Scrapes that are quick still need time to be stored. */
const LEAST_PATIENCE_SECONDS = 3;

/** An arm of a family in one poll. */
export interface ArmInput {
  readonly arm: Arm;
  readonly reading: ArmReading;
  /** Instances of its version run: its samples are waited for. */
  readonly isLive: boolean;
}

/** How long samples may fail to come, seconds. */
export function patienceSeconds(intervalSeconds: number | undefined): number {
  return Math.max(LEAST_PATIENCE_SECONDS, PATIENCE_SCRAPES * (intervalSeconds ?? USUAL_INTERVAL_SECONDS));
}

/**
 * What one poll gives of one family. Both arms are told together, once each of their targets was scraped anew: only
 * what happened at the same time can be compared, and polls are not in step with scrapes. Until then a poll says that
 * nothing new is there yet, and when that takes too long, that what is there is old.
 */
export function stepFamily(
  family: Family,
  known: SeriesCursor | undefined,
  inputs: readonly ArmInput[],
  now: { server: number; at: Instant; last: Instant },
): { increments: Increment[]; cursor: SeriesCursor } {
  const intervals = inputs.flatMap(({ reading }) => reading.targets.flatMap((one) => one.intervalSeconds ?? []));
  const intervalSeconds = intervals.length > 0 ? Math.max(...intervals) : known?.intervalSeconds;
  const about = intervalSeconds === undefined ? {} : { intervalSeconds };
  if (known === undefined) {
    const increments = inputs.flatMap((input) =>
      input.reading.targets.length > 0 ? [] : blank(family, input, "missing", now),
    );
    return { increments, cursor: { told: now.server, ...about, arms: countedUpTo(inputs, undefined) } };
  }
  const isLate = now.server - known.told > patienceSeconds(intervalSeconds);
  const isDue = inputs.every((input) => !input.isLive || isComplete(input, known.arms[input.arm], intervalSeconds));
  if (!isDue && !isLate) {
    const increments = inputs.flatMap((input) =>
      blank(family, input, input.reading.targets.length > 0 ? "ok" : "missing", now),
    );
    return { increments, cursor: { ...known, ...about, arms: met(inputs, known) } };
  }
  return {
    increments: inputs.flatMap((input) => told(family, input, known, now)),
    cursor: { told: now.server, ...about, arms: countedUpTo(inputs, known) },
  };
}

function blank(
  family: Family,
  { arm }: ArmInput,
  quality: "missing" | "stale" | "ok",
  now: { at: Instant; last: Instant },
): Increment[] {
  return blankIncrements(family, arm, quality, { from: quality === "ok" ? now.at : now.last, to: now.at });
}

/** Every target that came with the last scrapes has come again. One that fell out of step is waited for once. */
function isComplete(
  { reading }: ArmInput,
  known: Readonly<Record<string, number>>,
  interval: number | undefined,
): boolean {
  const latest = Math.max(...Object.values(known));
  const inStep = Object.entries(known).filter(([, t]) => latest - t <= 1.5 * (interval ?? USUAL_INTERVAL_SECONDS));
  const news = new Set(reading.targets.filter((one) => one.growth !== undefined).map(({ name }) => name));
  return inStep.length > 0 && inStep.every(([name]) => news.has(name));
}

function told(family: Family, input: ArmInput, known: SeriesCursor, now: { at: Instant; last: Instant }): Increment[] {
  const grown = input.reading.targets.flatMap(({ growth }) => (growth ? [growth] : []));
  if (grown.length === 0) {
    const isMet = input.reading.targets.some((one) => one.isNews);
    return blank(family, input, isMet ? "ok" : input.reading.targets.length > 0 ? "stale" : "missing", now);
  }
  // Windows of an arm follow each other without gap or overlap, wherever in them its single targets were scraped.
  const from = Math.max(...Object.values(known.arms[input.arm]));
  const to = Math.max(from, ...input.reading.targets.map((one) => one.newest));
  return familyIncrements(family, input.arm, grown, { from, to });
}

/** Targets that have vanished keep their place for a while: found again, they are not met anew. */
const REMEMBER_SECONDS = 3600;

function countedUpTo(inputs: readonly ArmInput[], known: SeriesCursor | undefined): SeriesCursor["arms"] {
  return armsOf(inputs, known, (targets) => targets);
}

/** While a poll waits, targets that are new are met; the known ones stay where they were told. */
function met(inputs: readonly ArmInput[], known: SeriesCursor): SeriesCursor["arms"] {
  return armsOf(inputs, known, (targets, before) => targets.filter(({ name }) => before[name] === undefined));
}

function armsOf(
  inputs: readonly ArmInput[],
  known: SeriesCursor | undefined,
  taken: (targets: readonly TargetReading[], before: Readonly<Record<string, number>>) => readonly TargetReading[],
): SeriesCursor["arms"] {
  const arm = (name: Arm) => {
    const before = known?.arms[name] ?? {};
    const targets = inputs.find((input) => input.arm === name)?.reading.targets ?? [];
    const all = { ...before, ...Object.fromEntries(taken(targets, before).map((one) => [one.name, one.newest])) };
    const latest = Math.max(0, ...Object.values(all));
    return Object.fromEntries(Object.entries(all).filter(([, t]) => latest - t <= REMEMBER_SECONDS));
  };
  return { baseline: arm("baseline"), candidate: arm("candidate") };
}
