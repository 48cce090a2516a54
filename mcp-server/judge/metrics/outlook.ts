import { spanText } from "../../vocab/index.ts";
import type { Counts } from "../sequential/counts.ts";
import { type ExpectedArms, evidencePerSecond, secondsToDecide } from "../sequential/planning.ts";
import { countText, limitText } from "../wording.ts";
import { excludeEvidence } from "./e-values.ts";
import type { Unproven } from "./metric-reading.ts";
import { relationOf } from "./nulls.ts";
import { changeUnit, type MetricRule } from "./rule.ts";
import type { MetricsState, Probe, RuleState } from "./state.ts";

/** What a metric that is not proven waits for, in words. */
export function waitsFor(state: MetricsState, own: RuleState, rule: MetricRule, why: Unproven): string {
  const margin = `+${limitText(rule.trigger)} ${changeUnit(rule)}`;
  switch (why) {
    case "no-data":
      return "a first measurement of the candidate";
    case "no-baseline":
      return "a baseline to compare with";
    case "resolution":
      return own.method === "points"
        ? "both versions to serve about the same number of requests, or a source with buckets: quantiles of fewer requests lie lower"
        : `finer latency buckets: the next edge does not lie near ${margin}`;
    case "noisy":
      return own.phi === undefined
        ? "ten minutes of the baseline's halves, which show how much the metric scatters by itself"
        : "a quieter metric or a larger margin: the baseline scatters too much by itself";
    case "control-fired":
      return "instances that behave alike: the baseline differs from itself by the same test";
    case "historical-baseline":
      return "load near that of the recorded baseline";
    case "low-traffic":
      return trafficText(state, own, rule, margin);
    default:
      return why satisfies never;
  }
}

function trafficText(state: MetricsState, own: RuleState, rule: MetricRule, margin: string): string {
  const evidence = `evidence that a worsening of ${margin} is absent`;
  const more = requestsMissing(state, own, rule);
  const seconds = secondsMissing(state, own, rule);
  const requests = more === undefined ? "" : `, about ${countText(more)} more requests of the candidate`;
  const time = seconds === undefined ? "" : `, ${spanText(Math.ceil(seconds) * 1000)} at this traffic`;
  return `${evidence}${requests}${time}`;
}

/** Rates as a pair of arms showed them, taken as alike where the test compares the same events of both. */
function expectedArms(
  state: MetricsState,
  own: RuleState,
  rule: MetricRule,
  perSecond: number,
): ExpectedArms | undefined {
  const { concurrent } = triggerProbe(own, rule) ?? {};
  if (!concurrent || state.frozen) return undefined;
  const { baseline: b, candidate: c } = concurrent;
  if (b.exposure <= 0 || c.exposure <= 0) return undefined;
  const rateOf = ({ exposure, events }: Counts) => (events + 0.5) / (exposure + 1);
  const pooled = rateOf({ exposure: b.exposure + c.exposure, events: b.events + c.events });
  const rates = rule.kind === "latency" ? [rateOf(b), rateOf(c)] : [pooled, pooled];
  return {
    baseline: { perSecond: b.exposure * perSecond, rate: rates[0] ?? pooled },
    candidate: { perSecond: c.exposure * perSecond, rate: rates[1] ?? pooled },
  };
}

function triggerProbe(own: RuleState, rule: MetricRule): Probe | undefined {
  return own.probes.find((probe) => probe.role === "exclude" && probe.marginPct === rule.trigger);
}

/**
 * Seconds until a worsening of trigger size is excluded at the traffic so far if both arms are alike. Undefined while
 * nothing was measured and where the test is none on counts. An orientation; nothing is decided by it.
 */
export function secondsMissing(state: MetricsState, own: RuleState, rule: MetricRule): number | undefined {
  const probe = triggerProbe(own, rule);
  if (!probe || own.seconds <= 0) return undefined;
  const arms = expectedArms(state, own, rule, 1 / own.seconds);
  if (!arms) return undefined;
  const { c, d } = relationOf(rule, "exclude", rule.trigger);
  const lnE = lnGained(state, probe);
  const seconds = secondsToDecide(arms, { c, d }, { errorRate: state.spec.beta, phi: own.phi ?? state.spec.phi, lnE });
  return Number.isFinite(seconds) ? Math.max(1, seconds) : undefined;
}

function lnGained(state: MetricsState, probe: Probe): number {
  return Math.log(excludeEvidence(probe, state.spec.beta));
}

/**
 * Requests of the candidate until the trigger is excluded if both arms are alike: what is missing over the expected
 * evidence of one request. For shares of requests against a concurrent arm.
 */
function requestsMissing(state: MetricsState, own: RuleState, rule: MetricRule): number | undefined {
  if (rule.kind !== "error-rate" && rule.kind !== "availability") return undefined;
  const { exposure: nC } = own.candidate.counts;
  const probe = triggerProbe(own, rule);
  const arms = nC > 0 ? expectedArms(state, own, rule, 1 / nC) : undefined;
  if (!arms || !probe) return undefined;
  const { c, d } = relationOf(rule, "exclude", rule.trigger);
  const perRequest = evidencePerSecond(arms, { c, d });
  const missing = Math.log(1 / state.spec.beta) + 2 - lnGained(state, probe);
  return Math.max(1, Math.ceil((Math.max(1, missing) * (own.phi ?? state.spec.phi)) / perRequest));
}
