import { NO_COUNTS } from "../sequential/counts.ts";
import { openAbsolute, openAbsolutePoints } from "./absolute.ts";
import { NO_BURN } from "./burn.ts";
import { openConcurrent } from "./concurrent.ts";
import { startControl } from "./control.ts";
import { startInterval } from "./interval.ts";
import { isInPoints, type MetricRule, type MetricsSpec, thresholdMargin } from "./rule.ts";
import type { Probe, RuleState, Seen } from "./state.ts";
import { NO_WINDOWS } from "./windows.ts";

export const NOTHING_SEEN: Seen = { counts: NO_COUNTS, buckets: [] };

/** A rule before its first poll. */
export function startRule(rule: MetricRule, spec: MetricsSpec): RuleState {
  const concurrent = spec.baseline.kind === "concurrent";
  const phi = knownPhi(rule, spec);
  const probes = spec.baseline.kind === "none" ? [] : probesOf(rule);
  return {
    id: rule.id,
    ...(phi === undefined ? {} : { phi }),
    probes: concurrent ? probes.map((probe) => openConcurrent(probe, rule, spec, phi)) : probes,
    ...targetOf(rule, spec, phi ?? spec.phi),
    ...(rule.kind === "error-rate" || rule.kind === "availability" ? { burn: NO_BURN } : {}),
    ...(concurrent && rule.kind !== "gauge" ? { control: startControl(rule, spec, phi) } : {}),
    ...(concurrent ? { interval: startInterval(rule, spec.beta / 2, phi ?? spec.phi, spec.plannedPolls) } : {}),
    baseline: NOTHING_SEEN,
    candidate: NOTHING_SEEN,
    seconds: 0,
    candidateFrozen: NOTHING_SEEN,
    past: [],
    missedPolls: 0,
    windows: NO_WINDOWS,
  };
}

/**
 * Dispersion known before the first poll: calibrated on the baseline, else the plan's where each request is routed
 * independently; otherwise not known.
 */
function knownPhi(rule: MetricRule, spec: MetricsSpec): number | undefined {
  const calibrated = spec.dispersions?.[rule.id];
  if (calibrated && calibrated.status !== "too-few") return Math.max(spec.phi, calibrated.phi);
  return spec.routing === undefined || spec.routing === "per-request" ? spec.phi : undefined;
}

function targetOf(rule: MetricRule, spec: MetricsSpec, phi: number): Pick<RuleState, "absolute" | "absolutePoints"> {
  if (rule.sloTarget === undefined) return {};
  const absolute = openAbsolute(rule, rule.sloTarget, spec, phi);
  return absolute ? { absolute } : { absolutePoints: openAbsolutePoints(spec.baseline.kind) };
}

function probesOf(rule: MetricRule): Probe[] {
  const probe = (role: Probe["role"], marginPct: number): Probe => ({ role, marginPct, reachedPct: marginPct });
  return [
    probe("threshold", thresholdMargin(rule)),
    probe("trigger", rule.trigger),
    ...(rule.threshold > 0 && rule.sloTarget !== undefined ? [probe("worse", 0)] : []),
    ...marginsOf(rule).map((margin) => probe("exclude", margin)),
  ];
}

/**
 * Margins whose exclusion is tried, descending: the trigger, what the plan itself names, and for shares in points,
 * where a margin costs little and is met exactly, two more around the trigger.
 */
function marginsOf(rule: MetricRule): number[] {
  const own = rule.threshold > 0 ? rule.threshold : rule.tolerance;
  const around = isInPoints(rule) ? [rule.trigger * 5, rule.trigger, rule.trigger / 2] : [rule.trigger];
  return [...new Set(own > 0 ? [...around, own] : around)].sort((a, b) => b - a);
}
