import type { Dimension, Ms, Reason } from "../../vocab/index.ts";
import { spanText } from "../../vocab/index.ts";
import type { InfraVerdict } from "../infra.ts";
import type { MetricsReading } from "../metrics/reading.ts";
import { countText } from "../wording.ts";
import { type Share, shareOff } from "./share.ts";

/** What is known at one poll of a watch while users are exposed: canary stage, rolling batch, blue-green after the flip, observation at 100 %. */
export interface StagePoll extends Share {
  /** Time watched at this exposure, planned for it, and granted on top (0: no extension yet). */
  readonly servedMs: Ms;
  readonly plannedMs: Ms;
  readonly extendedMs: Ms;
  readonly rollbackOnRegression: boolean;
  /** A person accepted this regression. */
  readonly accepted: boolean;
  /** The platform reports the planned versions, by digest, at the planned weights. */
  readonly versionsReadBack: boolean;
  /** Requests that the new version must have served at this exposure. */
  readonly minExposure: number;
  /** Undefined: not applicable according to the plan. */
  readonly metrics: MetricsReading | undefined;
  /** Undefined: none configured, or not run yet. */
  readonly smoke?: Dimension;
  /** Requests of our own that the new version answered besides: they reach it directly and are in no share. */
  readonly probeRequests?: number;
  /** The plan has smoke checks for this exposure: without their answer it is not over. */
  readonly smokeRequired: boolean;
  /** Time served since a P2 check failed last: 0 while one fails, undefined when none ever did at this exposure. */
  readonly smokeCleanForMs?: Ms | undefined;
  /** Undefined: none configured, or not walked yet. */
  readonly journeys?: Dimension;
  /** The plan has user journeys for this exposure: without their answer it is not over. */
  readonly journeysRequired: boolean;
  /** Suites that run in production. Undefined: none configured for this exposure, or not ended yet. */
  readonly tests?: Dimension | undefined;
  /** Such suites are under way: how long they may take beyond the time that is to be served. */
  readonly testsMayTakeMs?: Ms | undefined;
  readonly infra: InfraVerdict;
  /** What ails instances of the other version; absent or empty: nothing. */
  readonly othersUnwell?: readonly Reason[];
  /** A person lets this watch go on over what it was held for before its time. */
  readonly goesOn?: boolean;
  /** How long the environment has been degraded, and the share of traffic wrong, without a break. */
  readonly degradedForMs: Ms;
  readonly shareOffForMs: Ms;
  /** Time since the last poll in which every required metric could be read; 0 when this one could. */
  readonly deadForMs: Ms;
  /** Earlier times of this watch that did not count as served, added up. */
  readonly gapsMs: Ms;
  readonly limits: StageLimits;
  /** Smoke checks fail while the metrics are gone. */
  readonly probesFail: boolean;
  /** The observation at 100 %: here a worsening of trigger size must be excluded. */
  readonly final: boolean;
}

/** How long what is amiss is borne; values of the plan. */
export interface StageLimits {
  /** A degraded environment, without a break. */
  readonly degradedMs: Ms;
  /** A wrong share of the traffic, without a break. */
  readonly shareMs: Ms;
  /** A silent metrics source until the smoke checks decide, and until it goes back anyway. */
  readonly probesMs: Ms;
  readonly dataMs: Ms;
  /** All that did not count as served in one watch. */
  readonly gapsMs: Ms;
}

export type RollbackKind = "slo" | "regression" | "smoke" | "infra" | "data" | "manual" | "target";

/** What to do after a poll. */
export type StageDecision =
  | { readonly do: "continue"; readonly waitsFor: string }
  | { readonly do: "advance"; readonly proven: boolean; readonly reasons: Reason[] }
  | { readonly do: "rollback"; readonly trigger: { readonly kind: RollbackKind; readonly reasons: Reason[] } }
  /** Held, and a person is asked. `proven`: nothing but a person's word is missing. */
  | {
      readonly do: "hold";
      readonly question: "regression" | "inconclusive" | "data";
      readonly reasons: Reason[];
      readonly proven?: boolean;
      /** Nobody may take this risk: it can only be gone back from, or looked into. */
      readonly unacceptable?: true;
      /** Asked before the time is over: unless people go back, the rest of it is served all the same. */
      readonly early?: true;
    }
  /** Held without a question: it passes by itself or goes back at a deadline. */
  | { readonly do: "pause"; readonly reasons: Reason[] }
  | { readonly do: "extend"; readonly reasons: Reason[] };

/** A metrics source silent for so long is dead even between widely spaced polls. */
const DEAD_AFTER_MS: Ms = 30_000;
const DEAD_AFTER_POLLS = 2;

/**
 * Decides what follows from a poll. Proof of harm rolls back; lack of proof never does by
 * itself: it extends once, then holds and asks. Below 100 % a stage advances without proof that the version is good;
 * at the final observation the proof is required.
 */
export function decideStage(poll: StagePoll): StageDecision {
  const blamed = harm(poll) ?? regression(poll);
  if (blamed?.do === "rollback") return blamed;
  return overdue(poll) ?? blamed ?? silence(poll) ?? unwellOthers(poll) ?? paused(poll, timeServed(poll));
}

/** What rolls back whatever the flag or a person's acceptance of a regression says. */
function harm({ metrics, smoke, journeys, infra }: StagePoll): StageDecision | undefined {
  if (metrics?.slo.outcome === "FAIL") return rollback("slo", metrics.slo.reasons);
  if (smoke?.outcome === "FAIL") return rollback("smoke", smoke.reasons);
  if (journeys?.outcome === "FAIL") return rollback("smoke", journeys.reasons);
  if (infra.status === "UNHEALTHY") return rollback("infra", infra.reasons);
  return undefined;
}

/** A worsening of the metrics, which a person can accept, or a lost P0 or P1 test, which nobody can. */
function regression({ metrics, tests, accepted, rollbackOnRegression }: StagePoll): StageDecision | undefined {
  const isWorse = metrics?.regression.outcome === "FAIL" && !accepted;
  const isLost = tests?.outcome === "FAIL";
  if (!isWorse && !isLost) return undefined;
  const reasons = [...(isLost ? tests.reasons : []), ...(isWorse ? metrics.regression.reasons : [])];
  if (rollbackOnRegression) return rollback("regression", reasons);
  return { do: "hold", question: "regression", reasons, ...(isLost ? { unacceptable: true } : {}) };
}

/** Nothing is undone by itself for what another version does: people are asked, once, and the time goes on meanwhile. */
function unwellOthers({ othersUnwell = [], goesOn }: StagePoll): StageDecision | undefined {
  if (othersUnwell.length === 0 || goesOn) return undefined;
  return { do: "hold", question: "inconclusive", reasons: [...othersUnwell], early: true };
}

/** What may mend itself, and did not in its time. */
function overdue(poll: StagePoll): StageDecision | undefined {
  const { infra, degradedForMs, shareOffForMs, limits } = poll;
  if (infra.status === "DEGRADED" && degradedForMs >= limits.degradedMs) {
    return rollback("infra", [...infra.reasons, deadlineReason("degraded", degradedForMs)]);
  }
  const share = shareOff(poll);
  if (share.length === 0 || shareOffForMs < limits.shareMs) return undefined;
  return rollback("target", [...share, deadlineReason("a wrong share of the traffic", shareOffForMs)]);
}

function deadlineReason(what: string, forMs: Ms): Reason {
  return { code: "deadline", text: `${what} for ${spanText(forMs)} without a break` };
}

/** A degraded environment or a wrong share of the traffic keeps an exposure from ending; what has to be asked is asked all the same. */
function paused(poll: StagePoll, otherwise: StageDecision): StageDecision {
  const amiss = amissPoints(poll);
  return amiss.length === 0 || otherwise.do === "hold" ? otherwise : { do: "pause", reasons: amiss };
}

function amissPoints(poll: StagePoll): Reason[] {
  return [...(poll.infra.status === "DEGRADED" ? poll.infra.reasons : []), ...shareOff(poll)];
}

/** A dead metrics source: hold at once, let the probes decide after 5 minutes, and do not stay blind for ever. */
function silence(poll: StagePoll): StageDecision | undefined {
  const { metrics, deadForMs, probesFail, limits } = poll;
  if (deadForMs <= 0) return undefined;
  const gaps = gapsPoint(poll);
  if (deadForMs < DEAD_AFTER_MS && (metrics?.missedStreak ?? 0) < DEAD_AFTER_POLLS) {
    if (gaps.length > 0) return { do: "hold", question: "inconclusive", reasons: gaps };
    return { do: "continue", waitsFor: "an answer of the metrics source" };
  }
  const what = metrics ? "no required metric" : "nothing of the platform";
  const reasons = [{ code: "no-data", text: `${what} could be read for ${spanText(deadForMs)}` }];
  if (deadForMs >= limits.probesMs && probesFail) {
    return rollback("data", [...reasons, { code: "probes-fail", text: "the smoke checks fail as well" }]);
  }
  if (deadForMs >= limits.dataMs) {
    const text = `nobody decided within ${spanText(limits.dataMs)}`;
    return rollback("data", [...reasons, { code: "deadline", text }]);
  }
  // Asked about once: a source that comes and goes must not take its question back each time that it comes.
  if (gaps.length > 0) return { do: "hold", question: "inconclusive", reasons: [...reasons, ...gaps] };
  return { do: "hold", question: "data", reasons };
}

/** A source that comes and goes would let a watch go on without end: from here on a person is asked. */
function gapsPoint({ gapsMs, goesOn, limits }: StagePoll): Reason[] {
  if (gapsMs <= limits.gapsMs || goesOn) return [];
  const text = `for ${spanText(gapsMs)} of this watch nothing could be seen or it was held, more than ${spanText(limits.gapsMs)}`;
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
  // They end by their own limits: what else is open has gained time meanwhile, and nobody needs to be asked.
  const suitesMs = suitesOpen(poll) ? (poll.testsMayTakeMs ?? 0) : 0;
  if (servedMs < dueMs + suitesMs) return { do: "continue", waitsFor: open.map(({ text }) => text).join("; ") };
  if (open.length > 0) {
    if (extendedMs === 0) return { do: "extend", reasons: open };
    const minorOnly = open.every(({ code }) => code === MINOR);
    return { do: "hold", question: "inconclusive", reasons: open, proven: minorOnly && isProven(poll) };
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
    ...(poll.versionsReadBack
      ? []
      : [{ code: "versions", text: "the platform does not report the planned versions and weights" }]),
    ...amissPoints(poll),
    ...(poll.othersUnwell ?? []),
    ...minorPoint(poll),
    ...(poll.smokeRequired && !poll.smoke
      ? [{ code: "smoke-not-run", text: "the smoke checks have not answered yet" }]
      : []),
    ...(poll.smoke?.outcome === "INCONCLUSIVE" ? poll.smoke.reasons : []),
    ...(poll.journeysRequired && !poll.journeys
      ? [{ code: "journeys-not-run", text: "the user journeys have not ended yet" }]
      : []),
    ...(poll.journeys?.outcome === "INCONCLUSIVE" ? poll.journeys.reasons : []),
    ...(suitesOpen(poll) ? [{ code: "tests-not-run", text: "the production suites have not ended yet" }] : []),
    ...(poll.tests?.outcome === "INCONCLUSIVE" ? poll.tests.reasons : []),
    ...metricsPoint(poll),
  ];
}

function suitesOpen({ tests, testsMayTakeMs }: StagePoll): boolean {
  return testsMayTakeMs !== undefined && tests === undefined;
}

/** Requests that the new version served at this exposure. */
function exposureOf({ measuredSharePct, measuredRequests, probeRequests }: StagePoll): number {
  return (measuredRequests * (measuredSharePct ?? 0)) / 100 + (probeRequests ?? 0);
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

const MINOR = "minor-smoke-failure";

/** A failing P2 check does no harm that would roll back; it wants one full window without it. */
function minorPoint({ smokeCleanForMs, plannedMs, smoke }: StagePoll): Reason[] {
  if (smokeCleanForMs === undefined || smokeCleanForMs >= plannedMs) return [];
  const failing = smoke && smoke.outcome !== "NOT_APPLICABLE" ? smoke.reasons.filter(({ code }) => code === MINOR) : [];
  if (smokeCleanForMs <= 0 && failing.length > 0) return failing;
  const text = `a P2 check failed; clean for ${spanText(smokeCleanForMs)} of ${spanText(plannedMs)} since`;
  return [{ code: MINOR, text }];
}

/** Below 100 % measurements must exist; at the end they must exclude a worsening, unless a person accepted one. */
function metricsPoint({ metrics, final, accepted }: StagePoll): Reason[] {
  if (!metrics) return [];
  if (metrics.candidateExposure === 0) return metrics.regression.reasons;
  const settled = metrics.proven || (accepted && metrics.regression.outcome === "FAIL");
  return final && !settled ? metrics.regression.reasons : [];
}

/** Without metrics in the plan the smoke checks, else the journeys, else the suites are the proof; without any there is none. */
function isProven({ metrics, smoke, journeys, tests, accepted }: StagePoll): boolean {
  if (!metrics) return (smoke ?? journeys ?? tests)?.outcome === "PASS";
  return metrics.proven && !(accepted && metrics.regression.outcome === "FAIL");
}

function closingReasons({ metrics, smoke, journeys, tests, accepted }: StagePoll): Reason[] {
  const taken = accepted && metrics?.regression.outcome === "FAIL";
  return [
    ...(taken ? [{ code: "risk-accepted", text: "a person accepted the regression" }] : []),
    ...(metrics?.regression.reasons ?? []),
    ...(smoke && smoke.outcome !== "NOT_APPLICABLE" ? smoke.reasons : []),
    ...(journeys && journeys.outcome !== "NOT_APPLICABLE" ? journeys.reasons : []),
    ...(tests && tests.outcome !== "NOT_APPLICABLE" ? tests.reasons : []),
  ];
}

function rollback(kind: RollbackKind, reasons: Reason[]): StageDecision {
  return { do: "rollback", trigger: { kind, reasons } };
}
