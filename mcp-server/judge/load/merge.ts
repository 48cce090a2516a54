import type { Buckets } from "../../vocab/index.ts";
import type { LoadPoint, LoadResult, LoadWindow } from "./result.ts";

/** What all files of one side say together. */
export interface LoadSide {
  readonly windows: readonly LoadWindow[];
  readonly totals: { readonly requests: number; readonly failed: number } | undefined;
  readonly points: readonly LoadPoint[];
  readonly blindFor: string | undefined;
  /** Figures that several files have: percentiles cannot be added up, so they are not compared. */
  readonly ambiguous: readonly string[];
}

/**
 * Adds up the results of one side, its first `warmupMs` left out. Windows count only where every file has them: beside
 * totals they would count half of the load.
 */
export function mergeSide(results: readonly LoadResult[], warmupMs: number): LoadSide {
  const timed = results.every(({ windows }) => windows.length > 0);
  const windows = timed
    ? sumWindows(
        results.map((result) => result.windows),
        warmupMs,
      )
    : [];
  const counted = results.map(totalsOf);
  const ids = results.flatMap(({ points }) => points.map(({ id }) => id));
  const ambiguous = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
  return {
    windows,
    totals: counted.every((one) => one !== undefined) ? sumTotals(counted.flatMap((one) => one ?? [])) : undefined,
    points: results.flatMap(({ points }) => points).filter(({ id }) => !ambiguous.includes(id)),
    blindFor: results.find(({ blindFor }) => blindFor !== undefined)?.blindFor,
    ambiguous,
  };
}

function totalsOf({ totals, windows }: LoadResult) {
  return totals ?? (windows.length > 0 ? sumTotals(windows) : undefined);
}

function sumTotals(all: readonly { requests: number; failed: number }[]) {
  return {
    requests: all.reduce((sum, one) => sum + one.requests, 0),
    failed: all.reduce((sum, one) => sum + one.failed, 0),
  };
}

function sumWindows(files: readonly (readonly LoadWindow[])[], warmupMs: number): LoadWindow[] {
  const at = new Map<number, LoadWindow>();
  for (const window of files.flat()) {
    if (window.fromMs < warmupMs) continue;
    const other = at.get(window.fromMs);
    at.set(window.fromMs, other ? both(other, window) : window);
  }
  return [...at.values()].sort((a, b) => a.fromMs - b.fromMs);
}

function both(a: LoadWindow, b: LoadWindow): LoadWindow {
  const latencies = a.latencies && b.latencies ? { latencies: addBuckets(a.latencies, b.latencies) } : {};
  const { fromMs } = a;
  return { fromMs, toMs: Math.max(a.toMs, b.toMs), ...sumTotals([a, b]), ...latencies };
}

function addBuckets(a: Buckets, b: Buckets): Buckets {
  const counts = new Map<number | null, number>();
  for (const { le, count } of [...a, ...b]) counts.set(le, (counts.get(le) ?? 0) + count);
  return [...counts]
    .map(([le, count]) => ({ le, count }))
    .sort((one, two) => (one.le ?? Number.POSITIVE_INFINITY) - (two.le ?? Number.POSITIVE_INFINITY));
}
