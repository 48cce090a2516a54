import { type ExpectedArms, type Futility, futility, secondsToDecide, shareExposure } from "../sequential/planning.ts";
import { neededFor } from "./e-values.ts";
import { relationOf } from "./nulls.ts";
import { directionOf, isInPoints, type MetricRule, type MetricsSpec, quantileAsked } from "./rule.ts";
import { weightShares } from "./weights.ts";

/** What a plan expects of the traffic while both versions serve. */
export interface ExpectedTraffic {
  /** Requests per second of both versions together, and the candidate's share of them. */
  readonly rps: number;
  readonly sharePct: number;
  /** Time that the plan has for its proof, seconds. */
  readonly plannedSeconds: number;
  /** Of a rule's series, as the baseline showed it: events per exposure (failed requests per request, completed per second). */
  readonly rates: Readonly<Record<string, number>>;
}

/** What may be expected of one metric at this traffic. */
export interface RuleOutlook {
  readonly id: MetricRule["id"];
  /** Seconds until a worsening of trigger size is found; infinite where it cannot be told beforehand. */
  readonly detectSeconds: number;
  /** Seconds until it is excluded for a version as good as the old one, and whether the plan has them. */
  readonly proof: Futility;
}

/**
 * Time to detect and time to PASS of every rule that is counted, before a plan is approved. The worsening looked for
 * is the trigger beyond the threshold. Rules on bare values are left out: their windows alone decide.
 */
export function expectedDecisions(spec: MetricsSpec, traffic: ExpectedTraffic): RuleOutlook[] {
  const weights = weightShares(spec.rules);
  return spec.rules.flatMap((rule) => {
    const arms = expectedArms(rule, traffic);
    if (!arms) return [];
    const phi = Math.max(spec.phi, spec.dispersions?.[rule.id]?.phi ?? 1);
    const worse = { ...arms, candidate: { ...arms.candidate, rate: worsened(rule, arms.candidate.rate) } };
    const errorRate = (weights.get(rule.id) ?? 1) / neededFor("regression", spec);
    const limit = relationOf(rule, "threshold", rule.threshold);
    const margin = relationOf(rule, "exclude", rule.trigger);
    return [
      {
        id: rule.id,
        detectSeconds: secondsToDecide(worse, limit, { errorRate, phi }),
        proof: futility(alike(rule, arms), margin, { beta: spec.beta, phi, remainingSeconds: traffic.plannedSeconds }),
      },
    ];
  });
}

function expectedArms(rule: MetricRule, { rps, sharePct, rates }: ExpectedTraffic): ExpectedArms | undefined {
  if (rule.kind === "gauge") return undefined;
  const shares = shareExposure(sharePct, 1);
  // Throughput is counted over time, everything else over requests.
  const perSecond = rule.kind === "throughput" ? 1 : rps;
  const rate = rule.kind === "latency" ? 1 - quantileAsked(rule) : rates[rule.series];
  if (rate === undefined) return undefined;
  return {
    baseline: { perSecond: shares.baseline * perSecond, rate },
    candidate: { perSecond: shares.candidate * perSecond, rate },
  };
}

/** A version as good as the old one: of latency the candidate's requests above the raised edge are compared. */
function alike(rule: MetricRule, arms: ExpectedArms): ExpectedArms {
  if (rule.kind !== "latency") return arms;
  const rate = arms.candidate.rate / (1 + rule.trigger / LATENCY_PCT_PER_DOUBLING);
  return { ...arms, candidate: { ...arms.candidate, rate } };
}

const LATENCY_PCT_PER_DOUBLING = 20;

/**
 * The rate after a worsening of trigger size. How many more requests lie above a latency when all become slower by the
 * trigger depends on the distribution; near a p99 of lognormal latencies a fifth slower doubles them.
 */
function worsened(rule: MetricRule, rate: number): number {
  const margin = rule.threshold + rule.trigger;
  if (isInPoints(rule)) return Math.min(1, rate + margin / 100);
  if (rule.kind === "latency") return Math.min(1, rate * (1 + margin / LATENCY_PCT_PER_DOUBLING));
  const factor = directionOf(rule) === "higher-is-better" ? 1 - margin / 100 : 1 + margin / 100;
  return Math.max(0, rate * factor);
}
