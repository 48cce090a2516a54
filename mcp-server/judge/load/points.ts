import type { LoadPoint } from "./result.ts";
import type { LoadMetric } from "./verdict.ts";

/**
 * Compares single figures that both sides have. There is nothing to tell chance from change by, so the comparison is
 * strict: worse by more than the threshold fails, by just the threshold passes.
 */
export function comparePoints(
  baseline: readonly LoadPoint[],
  candidate: readonly LoadPoint[],
  thresholdPct: number,
): LoadMetric[] {
  return baseline.flatMap((before) => {
    const after = candidate.find(({ id }) => id === before.id);
    if (!after || after.unit !== before.unit || after.direction !== before.direction) return [];
    const isLower = before.direction === "lower-is-better";
    const allowed = isLower
      ? before.value + (Math.abs(before.value) * thresholdPct) / 100
      : before.value - (Math.abs(before.value) * thresholdPct) / 100;
    const isWorse = isLower ? after.value > allowed : after.value < allowed;
    return [
      {
        id: before.id,
        unit: before.unit,
        direction: before.direction,
        method: "point" as const,
        looks: 1,
        baseline: { value: before.value, observations: null },
        candidate: { value: after.value, observations: null },
        change: before.value === 0 ? null : (100 * (after.value - before.value)) / Math.abs(before.value),
        changeUnit: "%" as const,
        limit: thresholdPct,
        outcome: isWorse ? ("FAIL" as const) : ("PASS" as const),
        waitsFor: "",
      },
    ];
  });
}
