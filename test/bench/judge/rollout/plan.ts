import { durationMs } from "../../../../mcp-server/vocab/index.ts";
import { DEFAULTS } from "../contenders/spec.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";

/** One exposure of the default canary. */
export interface StagePlan {
  readonly share: number;
  readonly plannedMs: number;
  readonly extensionMs: number;
  readonly final: boolean;
}

/** The stages of a deploy.yaml that says nothing: 5, 25 and 50 % for 10 minutes each, then 30 minutes at 100 %. */
export const STAGES: readonly StagePlan[] = DEFAULTS.canary.stages.map((percent) => {
  const final = percent === 100;
  const plannedMs = durationMs(final ? DEFAULTS.observe : DEFAULTS.canary.stageDuration);
  // A stage may be extended once, by its own length.
  return { share: percent / 100, plannedMs, extensionMs: plannedMs, final };
});

export const POLL_MS = POLL_SECONDS * 1000;

/** Polls over which later onsets are spread, as the plan of a deployment has it. */
export const HORIZON_POLLS =
  STAGES.reduce((sum, { plannedMs, extensionMs }) => sum + plannedMs + extensionMs, 0) / POLL_MS;

/** Nobody answers a question: what waits is decided after this. */
export const UNANSWERED_MS = durationMs(DEFAULTS.waits.decisionUnattended);

export const MIN_REQUESTS = DEFAULTS.canary.minRequests;
export const PROBES_PER_SECOND = DEFAULTS.probes.ratePerSecond;

/** At 100 % probe traffic stays within this multiple of the recorded load, so that it can still be compared. */
export const PROBES_OF_RECORDED_LOAD = 1.5;
