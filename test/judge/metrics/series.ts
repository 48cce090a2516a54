import {
  type MetricRule,
  type MetricsReading,
  type MetricsSpec,
  type MetricsState,
  readMetrics,
  startMetrics,
  stepMetrics,
} from "../../../mcp-server/judge/index.ts";
import { type Arm, type Half, type Increment, instantOf, type MetricId } from "../../../mcp-server/vocab/index.ts";
import { specOf } from "./traffic.ts";

/** What one arm is made to show of one metric in a poll. */
export type Shown = Partial<Omit<Half, "buckets">> &
  Partial<Pick<Increment, "buckets" | "grid" | "halves" | "stratum" | "quality">>;

const START = Date.UTC(2026, 0, 5, 12);

/** Increments of poll number `index`, ten seconds each unless said otherwise. */
export function shown(
  rule: MetricRule,
  index: number,
  arms: Partial<Record<Arm, Shown | readonly Shown[]>>,
  seconds = 10,
): Increment[] {
  const from = instantOf(START + index * seconds * 1000);
  const to = instantOf(START + (index + 1) * seconds * 1000);
  return (["baseline", "candidate"] as const).flatMap((arm) =>
    [arms[arm] ?? []].flat().map(
      (one): Increment => ({
        metric: rule.series,
        arm,
        from,
        to,
        exposure: 0,
        events: 0,
        quality: "ok",
        ...one,
      }),
    ),
  );
}

/** A rule with the settings that matter to few tests. */
export function ruleOf(change: Partial<MetricRule> & Pick<MetricRule, "kind">): MetricRule {
  const id = (change.id ?? change.kind) as MetricId;
  return {
    id,
    series: id,
    unit: "%",
    weight: 1,
    required: true,
    threshold: 0,
    trigger: 20,
    tolerance: 5,
    ...change,
  };
}

/** Runs polls through the judge, looking after every one as a watch does. */
export function judged(
  rules: readonly MetricRule[],
  polls: readonly (readonly Increment[])[],
  change: Partial<MetricsSpec> = {},
): { state: MetricsState; reading: MetricsReading; firstFail: number | undefined } {
  let state = startMetrics(specOf({ rules: [...rules], plannedPolls: Math.max(1, polls.length), ...change }));
  let reading = readMetrics(state);
  let firstFail: number | undefined;
  polls.forEach((poll, i) => {
    state = stepMetrics(state, poll);
    reading = readMetrics(state);
    if (firstFail === undefined && (reading.regression.outcome === "FAIL" || reading.slo.outcome === "FAIL"))
      firstFail = i;
  });
  return { state, reading, firstFail };
}

/** `count` polls made from their number. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
