import type { Dimension, Ms, Reason } from "../../vocab/index.ts";
import { spanText } from "../../vocab/index.ts";
import type { InfraVerdict } from "../infra.ts";
import type { MetricsReading } from "../metrics/reading.ts";
import { countText, valueText } from "../wording.ts";

/** What is known at one poll of a watch while users are exposed: canary stage, rolling batch, blue-green after the flip, observation at 100 %. */
export interface StagePoll {
  /** Time watched at this exposure, planned for it, and granted on top (0: no extension yet). */
  readonly servedMs: Ms;
  readonly plannedMs: Ms;
  readonly extendedMs: Ms;
  /** Nobody is expected to answer a question. */
  readonly unattended: boolean;
  readonly rollbackOnRegression: boolean;
  /** A person accepted this regression. */
  readonly accepted: boolean;
  /** Share of traffic that the new version shall have and has, in percent, and the requests of all versions it was measured on. */
  readonly expectedSharePct: number;
  readonly measuredSharePct?: number;
  readonly measuredRequests: number;
  /** The platform reports the planned versions, by digest, at the planned weights. */
  readonly versionsReadBack: boolean;
  /** Requests that the new version must have served at this exposure. */
  readonly minExposure: number;
  /** Undefined: not applicable according to the plan. */
  readonly metrics: MetricsReading | undefined;
  /** Undefined: none configured, or not run yet. */
  readonly smoke?: Dimension;
  /** The plan has smoke checks for this exposure: without their answer it is not over. */
  readonly smokeRequired: boolean;
  readonly infra: InfraVerdict;
  /** Time since the last poll in which every required metric could be read; 0 when this one could. */
  readonly deadForMs: Ms;
  /** Earlier times of this watch in which they could not be read, added up, and how much of that is borne. */
  readonly gapsMs: Ms;
  readonly gapsLimitMs: Ms;
  /** Smoke checks fail while the metrics are gone. */
  readonly probesFail: boolean;
  /** The observation at 100 %: here a worsening of trigger size must be excluded. */
  readonly final: boolean;
}

export type RollbackKind = "slo" | "regression" | "smoke" | "infra" | "data" | "manual";

/** What to do after a poll. */
export type StageDecision =
  | { readonly do: "continue"; readonly waitsFor: string }
  | { readonly do: "advance"; readonly proven: boolean; readonly reasons: Reason[] }
  | { readonly do: "rollback"; readonly trigger: { readonly kind: RollbackKind; readonly reasons: Reason[] } }
  | { readonly do: "hold"; readonly question: "regression" | "inconclusive" | "data"; readonly reasons: Reason[] }
  | { readonly do: "extend"; readonly reasons: Reason[] };

/** A metrics source silent for so long is dead even between widely spaced polls. */
const DEAD_AFTER_MS: Ms = 30_000;
const DEAD_AFTER_POLLS = 2;
const PROBES_DECIDE_AFTER_MS: Ms = 5 * 60_000;
const DATA_DEADLINE_MS: Ms = 60 * 60_000;
const DATA_DEADLINE_UNATTENDED_MS: Ms = 10 * 60_000;

/** Measured and planned share may differ by so many percentage points, or four standard errors if that is more. */
const SHARE_TOLERANCE_PP = 5;
const SHARE_TOLERANCE_ERRORS = 4;

/**
 * Decides what follows from a poll. Proof of harm rolls back; lack of proof never does by
 * itself: it extends once, then holds and asks. Below 100 % a stage advances without proof that the version is good;
 * at the final observation the proof is required.
 */
export function decideStage(poll: StagePoll): StageDecision {
  return harm(poll) ?? regression(poll) ?? silence(poll) ?? timeServed(poll);
}

/** What rolls back whatever the flag or a person's acceptance of a regression says. */
function harm({ metrics, smoke, infra }: StagePoll): StageDecision | undefined {
  if (metrics?.slo.outcome === "FAIL") return rollback("slo", metrics.slo.reasons);
  if (smoke?.outcome === "FAIL") return rollback("smoke", smoke.reasons);
  if (infra.status === "UNHEALTHY") return rollback("infra", infra.reasons);
  return undefined;
}

function regression({ metrics, accepted, rollbackOnRegression }: StagePoll): StageDecision | undefined {
  if (metrics?.regression.outcome !== "FAIL" || accepted) return undefined;
  const { reasons } = metrics.regression;
  return rollbackOnRegression ? rollback("regression", reasons) : { do: "hold", question: "regression", reasons };
}

/** A dead metrics source: hold at once, let the probes decide after 5 minutes, and do not stay blind for ever. */
function silence(poll: StagePoll): StageDecision | undefined {
  const { metrics, deadForMs, probesFail, unattended } = poll;
  if (deadForMs <= 0) return undefined;
  const gaps = gapsPoint(poll);
  if (deadForMs < DEAD_AFTER_MS && (metrics?.missedStreak ?? 0) < DEAD_AFTER_POLLS) {
    if (gaps.length > 0) return { do: "hold", question: "inconclusive", reasons: gaps };
    return { do: "continue", waitsFor: "an answer of the metrics source" };
  }
  const what = metrics ? "no required metric" : "nothing of the platform";
  const reasons = [{ code: "no-data", text: `${what} could be read for ${spanText(deadForMs)}` }];
  if (deadForMs >= PROBES_DECIDE_AFTER_MS && probesFail) {
    return rollback("data", [...reasons, { code: "probes-fail", text: "the smoke checks fail as well" }]);
  }
  const deadline = unattended ? DATA_DEADLINE_UNATTENDED_MS : DATA_DEADLINE_MS;
  if (deadForMs >= deadline) {
    return rollback("data", [...reasons, { code: "deadline", text: `nobody decided within ${spanText(deadline)}` }]);
  }
  // Asked about once: a source that comes and goes must not take its question back each time that it comes.
  if (gaps.length > 0) return { do: "hold", question: "inconclusive", reasons: [...reasons, ...gaps] };
  return { do: "hold", question: "data", reasons };
}

/** A source that comes and goes would let a watch go on without end: from here on a person is asked. */
function gapsPoint({ gapsMs, gapsLimitMs }: StagePoll): Reason[] {
  if (gapsMs <= gapsLimitMs) return [];
  const text = `nothing could be seen for ${spanText(gapsMs)} of this watch, more than ${spanText(gapsLimitMs)}`;
  return [{ code: "no-data", text }];
}

function timeServed(poll: StagePoll): StageDecision {
  const { servedMs, plannedMs, extendedMs } = poll;
  const dueMs = plannedMs + extendedMs;
  const open = openPoints(poll);
  const gaps = gapsPoint(poll);
  if (gaps.length > 0 && (servedMs < dueMs || open.length > 0)) {
    return { do: "hold", question: "inconclusive", reasons: [...gaps, ...open] };
  }
  if (servedMs < dueMs) return { do: "continue", waitsFor: waitText(dueMs - servedMs, open) };
  if (open.length > 0) {
    return extendedMs === 0 ? { do: "extend", reasons: open } : { do: "hold", question: "inconclusive", reasons: open };
  }
  return { do: "advance", proven: isProven(poll), reasons: closingReasons(poll) };
}

function waitText(restMs: Ms, open: readonly Reason[]): string {
  return [`${spanText(restMs)} more`, ...open.map(({ text }) => text)].join("; ");
}

/** Everything that keeps an undisturbed stage from advancing. */
function openPoints(poll: StagePoll): Reason[] {
  return [
    ...exposurePoint(poll),
    ...sharePoint(poll),
    ...(poll.versionsReadBack
      ? []
      : [{ code: "versions", text: "the platform does not report the planned versions and weights" }]),
    ...(poll.infra.status === "DEGRADED" ? poll.infra.reasons : []),
    ...(poll.smokeRequired && !poll.smoke
      ? [{ code: "smoke-not-run", text: "the smoke checks have not answered yet" }]
      : []),
    ...(poll.smoke?.outcome === "INCONCLUSIVE" ? poll.smoke.reasons : []),
    ...metricsPoint(poll),
  ];
}

/** Requests that the new version served at this exposure. */
function exposureOf({ measuredSharePct, measuredRequests }: StagePoll): number {
  return (measuredRequests * (measuredSharePct ?? 0)) / 100;
}

function exposurePoint(poll: StagePoll): Reason[] {
  const served = exposureOf(poll);
  // Shares are percentages of a whole number of requests: half a request is rounding.
  if (served >= poll.minExposure - 0.5) return [];
  return [
    {
      code: "low-exposure",
      text: `${countText(served)} of at least ${countText(poll.minExposure)} requests served by the new version`,
    },
  ];
}

function sharePoint({ expectedSharePct, measuredSharePct, measuredRequests }: StagePoll): Reason[] {
  if (measuredSharePct === undefined || measuredRequests <= 0) return [];
  const share = expectedSharePct / 100;
  const errorPp = 100 * Math.sqrt((share * (1 - share)) / measuredRequests);
  const tolerancePp = Math.max(SHARE_TOLERANCE_PP, SHARE_TOLERANCE_ERRORS * errorPp);
  if (Math.abs(measuredSharePct - expectedSharePct) <= tolerancePp) return [];
  const text = `${valueText(measuredSharePct)} % of ${countText(measuredRequests)} requests went to the new version, planned ${valueText(expectedSharePct)} % with a tolerance of ${valueText(tolerancePp)} pp`;
  return [{ code: "share", text }];
}

/** Below 100 % measurements must exist; at the end they must exclude a worsening, unless a person accepted one. */
function metricsPoint({ metrics, final, accepted }: StagePoll): Reason[] {
  if (!metrics) return [];
  if (metrics.candidateExposure === 0) return metrics.regression.reasons;
  const settled = metrics.proven || (accepted && metrics.regression.outcome === "FAIL");
  return final && !settled ? metrics.regression.reasons : [];
}

/** Without metrics in the plan the smoke checks are the proof; without either there is none. */
function isProven({ metrics, smoke, accepted }: StagePoll): boolean {
  if (!metrics) return smoke?.outcome === "PASS";
  return metrics.proven && !(accepted && metrics.regression.outcome === "FAIL");
}

function closingReasons({ metrics, smoke, accepted }: StagePoll): Reason[] {
  const taken = accepted && metrics?.regression.outcome === "FAIL";
  return [
    ...(taken ? [{ code: "risk-accepted", text: "a person accepted the regression" }] : []),
    ...(metrics?.regression.reasons ?? []),
    ...(smoke && smoke.outcome !== "NOT_APPLICABLE" ? smoke.reasons : []),
  ];
}

function rollback(kind: RollbackKind, reasons: Reason[]): StageDecision {
  return { do: "rollback", trigger: { kind, reasons } };
}
