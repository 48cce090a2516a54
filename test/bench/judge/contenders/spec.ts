import { DeployConfig } from "../../../../mcp-server/flow/config.ts";
import { metricRules } from "../../../../mcp-server/flow/metrics-spec.ts";
import {
  type MetricRule,
  type MetricsSpec,
  type MetricsState,
  type RuleDispersion,
  startMetrics,
} from "../../../../mcp-server/judge/index.ts";
import { type Increment, type Instant, instantOf } from "../../../../mcp-server/vocab/index.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";

/** What a deploy.yaml that says nothing about judging gives. */
export const DEFAULTS = DeployConfig.parse({
  service: "shop",
  target: {
    kind: "sandbox",
    artifact: "build/{version}",
    command: ["node", "server.mjs"],
    environments: { production: {} },
  },
});

/** The rules of a deployment with default settings at this threshold. */
export function defaultRules(threshold: number): MetricRule[] {
  return metricRules(DEFAULTS, threshold, "per-request");
}

/**
 * What a deployment judges by: default error rates and warm-up. Requests are routed each by itself, unless a dispersion
 * was calibrated: then nothing is claimed of how they are routed.
 */
export function specOf(
  rules: readonly MetricRule[],
  o: { plannedPolls: number; warmupPolls?: number | undefined; dispersion?: RuleDispersion | undefined },
): MetricsSpec {
  const { alpha, beta, warmupPolls } = DEFAULTS.judge;
  const { dispersion } = o;
  return {
    alpha,
    beta,
    phi: 1,
    plannedPolls: o.plannedPolls,
    warmupPolls: o.warmupPolls ?? warmupPolls,
    rules: [...rules],
    baseline: { kind: "concurrent" },
    ...(dispersion
      ? { routing: "sticky", dispersions: Object.fromEntries(rules.map(({ id }) => [id, dispersion])) }
      : {}),
  };
}

/**
 * The judge before its first poll, without the intervals that reports show: no verdict rests on them, and they take time.
 */
export function openJudge(spec: MetricsSpec): MetricsState {
  const state = startMetrics(spec);
  return { ...state, rules: state.rules.map(({ interval: _, ...rule }) => rule) };
}

const BEGIN_MS = Date.UTC(2026, 0, 5, 12);
const instants: Instant[] = [];

/** The moment `poll` polls after the canary began. */
export function instantAt(poll: number): Instant {
  instants[poll] ??= instantOf(BEGIN_MS + poll * POLL_SECONDS * 1000);
  return instants[poll];
}

/** One arm's increment of one series in poll number `poll`, counted from 0. */
export function incrementOf(
  metric: MetricRule["series"],
  arm: Increment["arm"],
  poll: number,
  what: Pick<Increment, "exposure" | "events"> & Partial<Increment>,
): Increment {
  return { metric, arm, from: instantAt(poll), to: instantAt(poll + 1), quality: "ok", ...what };
}
