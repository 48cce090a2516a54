import {
  type DispersionState,
  readDispersion,
  type Scatter,
  startDispersion,
  stepDispersion,
} from "../sequential/dispersion.ts";
import { CONTROLLED, openConcurrent, type PairedPoll, scatterCounts, stepConcurrent } from "./concurrent.ts";
import { eValue, lnConcurrent } from "./e-values.ts";
import { mergeHistograms } from "./histogram.ts";
import { isShare } from "./nulls.ts";
import type { ArmPoll, Measured } from "./poll.ts";
import { type MetricRule, type MetricsSpec, type RuleDispersion, thresholdMargin } from "./rule.ts";
import type { ControlState, Probe, Role } from "./state.ts";

/** A live control before its first poll: both questions, each half once in the candidate's place. */
export function startControl(rule: MetricRule, spec: MetricsSpec, phi: number | undefined): ControlState {
  const margin = { threshold: thresholdMargin(rule), trigger: rule.trigger };
  const probes = CONTROLLED.flatMap((role) => {
    const probe: Probe = { role, marginPct: margin[role], reachedPct: margin[role] };
    const opened = openConcurrent(probe, rule, spec, phi);
    return [opened, opened];
  });
  return { probes, dispersion: startDispersion(scatterOf(rule)) };
}

/** Common events (exceedances of a median, a success ratio) scatter like draws, rare ones like Poisson counts. */
function scatterOf(rule: MetricRule): Scatter {
  return rule.kind === "latency" || isShare(rule) ? "share" : "rare";
}

/** One poll of the baseline's halves. */
export function stepControl(control: ControlState, poll: Omit<PairedPoll, "candidate">, alpha: number): ControlState {
  const { halves, seconds } = poll.baseline;
  if (!halves) return control;
  const arm = (half: Measured): ArmPoll => ({ ...half, seconds });
  const [one, two] = [arm(halves[0]), arm(halves[1])];
  const probes = control.probes.map((probe, i) =>
    stepConcurrent(
      probe,
      { ...poll, ...(i % 2 === 0 ? { baseline: one, candidate: two } : { baseline: two, candidate: one }) },
      alpha,
    ),
  );
  return { probes, dispersion: scattered(control.dispersion, poll.rule, halves, seconds, poll.edge) };
}

function scattered(
  state: DispersionState,
  rule: MetricRule,
  halves: readonly [Measured, Measured],
  seconds: number,
  edge: number | undefined,
): DispersionState {
  if (rule.kind === "latency" && edge === undefined) return state;
  return stepDispersion(state, {
    seconds,
    halves: [scatterCounts(rule, halves[0], edge), scatterCounts(rule, halves[1], edge)],
  });
}

/**
 * The baseline differs from itself, by the very test that accuses the candidate: the environment is not exchangeable,
 * and the same finding about the candidate proves nothing. Both directions together at the release's error rate.
 */
export function controlFired(control: ControlState | undefined, role: Role, alpha: number): boolean {
  const own = (control?.probes ?? []).filter((probe) => probe.role === role);
  if (own.length === 0) return false;
  return own.reduce((sum, probe) => sum + eValue(lnConcurrent(probe) ?? 0), 0) / own.length >= 1 / alpha;
}

/** Dispersion that the live halves show so far; undefined before ten minutes of them. */
export function livePhi(control: ControlState | undefined): number | undefined {
  if (!control) return undefined;
  const { phi, status } = readDispersion(control.dispersion);
  return status === "too-few" ? undefined : phi;
}

/** Dispersion of a rule from a history of the baseline's polls, oldest first; `too-few` where they carry no halves. */
export function calibrateRule(rule: MetricRule, arms: readonly ArmPoll[], edgeOf: EdgeOf): RuleDispersion {
  let state = startDispersion(scatterOf(rule));
  let past: Measured["buckets"] = [];
  for (const arm of arms) {
    const edge = edgeOf(past);
    if (arm.halves) state = scattered(state, rule, arm.halves, arm.seconds, edge);
    past = mergeHistograms(past, arm.buckets);
  }
  return readDispersion(state);
}

type EdgeOf = (past: Measured["buckets"]) => number | undefined;
