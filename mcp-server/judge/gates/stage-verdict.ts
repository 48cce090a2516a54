import type { Dimension, Reason } from "../../vocab/index.ts";
import { type GateInput, type GateVerdict, judgeDimensions } from "./gate-verdict.ts";

/** What a stage gate is asked to judge: the dimensions, and how the watch of the stage ended. */
export interface StageGateInput extends GateInput {
  /** A worsening of trigger size was excluded during the stage. */
  readonly proven: boolean;
  /** Reasons with which the watch ended. */
  readonly reasons: readonly Reason[];
}

/** Reasons of a watch that ended although the stage had not done its work. */
const UNFINISHED = new Set(["low-exposure", "share", "versions", "no-data"]);

/**
 * The gate of a stage below 100 %. Metrics that fail fail it; metrics that merely prove nothing yet do not stand in
 * its way, because a small share cannot prove much: that is asked at the end. INCONCLUSIVE when the stage was left
 * without its exposure, its share, its versions or any measurement.
 */
export function stageVerdict(input: StageGateInput): GateVerdict {
  const unfinished = input.reasons.filter(({ code }) => UNFINISHED.has(code));
  const gate = judgeDimensions("stage", { ...input, metrics: lenient(input.metrics), slo: lenient(input.slo) }, [
    "deploy",
    "infra",
  ]);
  const dimensions = {
    ...gate.dimensions,
    ...(input.metrics ? { metrics: input.metrics } : {}),
    ...(input.slo ? { slo: input.slo } : {}),
  };
  if (gate.verdict.outcome !== "PASS" || unfinished.length === 0) return { ...gate, dimensions };
  return {
    ...gate,
    dimensions,
    verdict: {
      ...gate.verdict,
      outcome: "INCONCLUSIVE",
      reasons: unfinished,
      wouldPassIf: "the stage serves its minimum of requests at its planned share, measured on the planned versions",
    },
  };
}

/** A dimension that lacks only proof, seen with the eyes of a stage; without any data it stays INCONCLUSIVE. */
function lenient(dimension: Dimension | undefined): Dimension | undefined {
  if (dimension?.outcome !== "INCONCLUSIVE") return dimension;
  return dimension.reasons.some(({ code }) => code === "no-data") ? dimension : { ...dimension, outcome: "PASS" };
}
