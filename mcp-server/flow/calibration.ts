import { z } from "zod";
import { calibrateRules, type Dispersions, type MetricsSnapshot } from "../judge/index.ts";
import type { Disk } from "../ports/index.ts";
import { loadEvidence } from "../record/evidence-store.ts";
import { between, canonicalJson, Increment, messageOf } from "../vocab/index.ts";
import type { Plan } from "./plan.ts";
import type { RunState } from "./run-state.ts";

/** Name of the evidence that dispersion is calibrated on: the old version minute by minute, in two halves. */
export const WINDOWS_EVIDENCE = "baseline/production-windows";

/** What lies further back says little of how the metrics scatter now. */
const LONGEST_MS = 3_600_000;

/** The windows of the last hour. */
export function lastHour(windows: readonly Increment[]): Increment[] {
  const end = windows.map(({ to }) => to).reduce((a, b) => (a > b ? a : b), "" as Increment["to"]);
  return windows.filter(({ from }) => between(from, end) <= LONGEST_MS);
}

/**
 * How much each metric of the plan scatters by itself, from windows in halves. Rates have none: what a half of the
 * instances is sent is the router's choice and not their conduct.
 */
export function dispersionsOf({ metrics }: Plan, windows: readonly Increment[]): Dispersions {
  const rules = (metrics?.rules ?? []).filter(
    ({ kind }) => kind !== "throughput" && kind !== "rate" && kind !== "gauge",
  );
  const minutes = new Map<string, Increment[]>();
  for (const window of windows) minutes.set(window.from, [...(minutes.get(window.from) ?? []), window]);
  const inOrder = [...minutes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, increments]) => increments);
  return calibrateRules(rules, inOrder);
}

/** Calibrates once more from the archived windows; says what differs from the record, or nothing. */
export function calibrationDifference(
  disk: Disk,
  dir: string,
  state: RunState,
  snapshot: MetricsSnapshot | null,
): string | undefined {
  const windows = state.evidence.findLast(({ ref }) => ref.name === WINDOWS_EVIDENCE);
  if (!snapshot?.dispersions) {
    return windows && snapshot ? "the dispersion of the metrics was measured and left out of the baseline" : undefined;
  }
  if (!windows) return "the dispersion of the metrics rests on no recorded windows";
  try {
    const bytes = loadEvidence({ disk, dir }, windows.ref);
    const stored = z.array(Increment).parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    const again = dispersionsOf(state.plan, stored);
    return canonicalJson(again) === canonicalJson(snapshot.dispersions)
      ? undefined
      : "the dispersion of the metrics does not follow from the recorded windows";
  } catch (error) {
    return `the dispersion of the metrics cannot be calibrated again: ${messageOf(error).slice(0, 200)}`;
  }
}
