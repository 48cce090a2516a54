import type { MetricRule } from "./rule.ts";

/** The least share of the weight of failed requests, when there are such rules. */
export const LEAST_ERROR_SHARE = 0.5;

/**
 * Share of each rule in the merged evidence, by id; they add up to 1. Rules that look at the same thing (quantiles of
 * one latency, error rate and availability of the same requests) are averaged: together they weigh as much as the
 * heaviest of them. Failed requests get at least half.
 */
export function weightShares(rules: readonly MetricRule[]): ReadonlyMap<string, number> {
  const weighed = rules.map((rule) => ({ rule, weight: sharedWeight(rule, rules) }));
  const sum = (of: readonly { weight: number }[]) => of.reduce((total, { weight }) => total + weight, 0);
  const errors = weighed.filter(({ rule }) => isAboutFailures(rule));
  const others = weighed.filter(({ rule }) => !isAboutFailures(rule));
  const [errorWeight, otherWeight] = [sum(errors), sum(others)];
  const natural = errorWeight / (errorWeight + otherWeight);
  const errorShare = errors.length === 0 ? 0 : others.length === 0 ? 1 : Math.max(natural, LEAST_ERROR_SHARE);
  return new Map(
    weighed.map(({ rule, weight }) => [
      rule.id,
      isAboutFailures(rule) ? (errorShare * weight) / errorWeight : ((1 - errorShare) * weight) / otherWeight,
    ]),
  );
}

function isAboutFailures({ kind }: MetricRule): boolean {
  return kind === "error-rate" || kind === "availability";
}

function sharedWeight(rule: MetricRule, rules: readonly MetricRule[]): number {
  if (rule.kind !== "latency" && !isAboutFailures(rule)) return rule.weight;
  const alike = rules.filter(
    (one) => one.series === rule.series && (rule.kind === "latency" ? one.kind === "latency" : isAboutFailures(one)),
  );
  const total = alike.reduce((sum, { weight }) => sum + weight, 0);
  return (rule.weight / total) * Math.max(...alike.map(({ weight }) => weight));
}
