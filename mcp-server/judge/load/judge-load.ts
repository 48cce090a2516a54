import { type Increment, instantOf, type MetricId, type Outcome3, type Reason } from "../../vocab/index.ts";
import {
  ALPHA_SHARE,
  errorRateRule,
  latencyRule,
  type MetricReading,
  type MetricRule,
  type MetricsReading,
  readMetrics,
  startMetrics,
  stepMetrics,
} from "../metrics/index.ts";
import { limitText } from "../wording.ts";
import { type LoadSide, mergeSide } from "./merge.ts";
import { comparePoints } from "./points.ts";
import type { LoadResult } from "./result.ts";
import type { LoadMetric, LoadVerdict } from "./verdict.ts";

export interface LoadAsked {
  /** In each metric's own unit: percentage points of the error rate, percent of everything else. */
  readonly thresholdPct: number;
  /** Left out at the start of both sides. */
  readonly warmupMs: number;
}

/**
 * Of a release: chance of a false FAIL, chance of a false PASS. A tenth of alpha is for absolute targets, of which there
 * are none here; the other questions share it, so that all of them together come to 1 %.
 */
const ALPHA = 0.01 / (ALPHA_SHARE.regression + ALPHA_SHARE.trigger);
const BETA = 0.05;
/** Worsenings that have to be excluded before nothing speaks against the candidate. */
const TRIGGER = { errorRatePp: 2, latencyPct: 20 } as const;
const QUANTILES = [0.5, 0.95, 0.99] as const;

/**
 * Compares the results of two load tests. What is counted (requests and failures, single response times) is judged by
 * the sequential tests of the metrics judge, stretch by stretch from the start of the load, or in one step where only
 * totals are known. What is one figure is compared as it stands: more than the threshold is worse.
 */
export function judgeLoad(
  baseline: readonly LoadResult[],
  candidate: readonly LoadResult[],
  asked: LoadAsked,
): LoadVerdict {
  const sides = { baseline: mergeSide(baseline, asked.warmupMs), candidate: mergeSide(candidate, asked.warmupMs) };
  const { polls, warnings } = pollsOf(sides, asked);
  const hasLatency = polls.some((poll) => poll.some(({ metric }) => metric === "latency"));
  const reading = polls.length > 0 ? readingOf(polls, rules(asked.thresholdPct, hasLatency)) : undefined;
  const counted = (reading?.metrics ?? []).map((metric) => rowOf(metric, polls.length));
  const known = new Set(counted.map(({ id }) => id));
  const points = comparePoints(sides.baseline.points, sides.candidate.points, asked.thresholdPct).filter(
    ({ id }) => !known.has(id),
  );
  return summed({ sides, reading, counted, points, warnings });
}

interface Sides {
  readonly baseline: LoadSide;
  readonly candidate: LoadSide;
}

function pollsOf(sides: Sides, { warmupMs }: LoadAsked): { polls: Increment[][]; warnings: Reason[] } {
  const { baseline, candidate } = sides;
  const warnings: Reason[] = [baseline, candidate].flatMap(({ ambiguous }) =>
    ambiguous.length === 0
      ? []
      : [
          {
            code: "several-points",
            text: `${ambiguous.join(", ")}: several files have it, and such figures cannot be added up`,
          },
        ],
  );
  if (baseline.windows.length > 0 && candidate.windows.length > 0) {
    const after = new Map(candidate.windows.map((window) => [window.fromMs, window]));
    const pairs = baseline.windows.flatMap((window) => {
      const other = after.get(window.fromMs);
      return other ? [[window, other] as const] : [];
    });
    const lone = baseline.windows.length + candidate.windows.length - 2 * pairs.length;
    if (lone > 0) {
      warnings.push({
        code: "uneven-length",
        text: `${lone} stretches of one load have none of the other beside them and count for nothing`,
      });
    }
    const polls = pairs.map(([b, c]) => [...increments("baseline", b), ...increments("candidate", c)]);
    return { polls, warnings };
  }
  if (warmupMs > 0) {
    warnings.push({ code: "no-warmup", text: "a warm-up cannot be left out of totals: it is in them" });
  }
  if (!baseline.totals || !candidate.totals) return { polls: [], warnings };
  const whole = { fromMs: 0, toMs: 0 };
  const poll = [
    ...increments("baseline", { ...whole, ...baseline.totals }),
    ...increments("candidate", { ...whole, ...candidate.totals }),
  ];
  return { polls: [poll], warnings };
}

function increments(arm: "baseline" | "candidate", window: LoadSide["windows"][number]): Increment[] {
  const about = { arm, from: instantOf(window.fromMs), to: instantOf(window.toMs), quality: "ok" } as const;
  const { requests, failed, latencies } = window;
  const observed = (latencies ?? []).reduce((sum, { count }) => sum + count, 0);
  return [
    { ...about, metric: "error-rate" as MetricId, exposure: requests, events: failed },
    ...(latencies
      ? [
          {
            ...about,
            metric: "latency" as MetricId,
            exposure: observed,
            events: observed,
            buckets: latencies,
            grid: "exact" as const,
          },
        ]
      : []),
  ];
}

function rules(threshold: number, hasLatency: boolean): MetricRule[] {
  const trigger = Math.max(TRIGGER.latencyPct, threshold + 1);
  const latencies = QUANTILES.map((quantile) => latencyRule(quantile, { threshold, trigger, weight: 1 / 9 }));
  return [
    errorRateRule({ threshold, trigger: Math.max(TRIGGER.errorRatePp, threshold), weight: 2 / 3 }),
    ...(hasLatency ? latencies : []),
  ];
}

function readingOf(polls: readonly Increment[][], all: MetricRule[]): MetricsReading {
  const start = startMetrics({
    alpha: ALPHA,
    beta: BETA,
    phi: 1,
    plannedPolls: polls.length,
    warmupPolls: 0,
    rules: all,
    baseline: { kind: "concurrent" },
  });
  return readMetrics(polls.reduce(stepMetrics, start));
}

function rowOf(metric: MetricReading, looks: number): LoadMetric {
  const { id, unit, baseline, candidate, change, changeUnit, limit, evidence, needed, outcome } = metric;
  return {
    id,
    unit,
    direction: "lower-is-better",
    method: "sequential",
    looks,
    baseline: { value: baseline.value ?? null, observations: baseline.exposure },
    candidate: { value: candidate.value ?? null, observations: candidate.exposure },
    change: change ?? null,
    changeUnit,
    limit,
    ...(metric.excludedAbove === undefined ? {} : { excludedAbove: metric.excludedAbove }),
    evidence,
    needed,
    outcome,
    waitsFor: metric.waitsFor,
  };
}

interface Parts {
  readonly sides: Sides;
  readonly reading: MetricsReading | undefined;
  readonly counted: readonly LoadMetric[];
  readonly points: readonly LoadMetric[];
  readonly warnings: readonly Reason[];
}

/** FAIL outranks INCONCLUSIVE, which outranks PASS; nothing compared is no pass. */
function summed({ sides, reading, counted, points, warnings }: Parts): LoadVerdict {
  const blind = sides.candidate.blindFor ?? sides.baseline.blindFor;
  const failing = [
    ...[reading?.regression, reading?.slo].flatMap((verdict) => (verdict?.outcome === "FAIL" ? verdict.reasons : [])),
    ...points.filter(({ outcome }) => outcome === "FAIL").map(pointReason),
  ];
  const open: Reason[] = [
    ...(counted.length + points.length === 0 ? [NOTHING] : []),
    ...(reading && reading.regression.outcome === "INCONCLUSIVE" ? reading.regression.reasons : []),
    ...(blind === undefined ? [] : [{ code: "blind", text: blind }]),
  ];
  const outcome: Outcome3 = failing.length > 0 ? "FAIL" : open.length > 0 ? "INCONCLUSIVE" : "PASS";
  const good = [...(reading?.regression.reasons ?? []), ...points.map(pointReason)];
  return {
    verdict: outcome,
    metrics: [...counted, ...points],
    reasons: outcome === "FAIL" ? failing : outcome === "INCONCLUSIVE" ? open : good,
    warnings: [...warnings],
    wouldPassIf: cureOf(outcome, reading, points),
  };
}

const NOTHING: Reason = { code: "no-data", text: "the two sides have no metric in common" };

function cureOf(outcome: Outcome3, reading: MetricsReading | undefined, points: readonly LoadMetric[]): string {
  if (outcome === "PASS") return "";
  const wanted = outcome === "FAIL" ? "FAIL" : "INCONCLUSIVE";
  const judged = [reading?.regression, reading?.slo]
    .filter((one) => one?.outcome === wanted)
    .map((one) => one?.wouldPassIf);
  const strict = points
    .filter((point) => point.outcome === "FAIL")
    .map(({ id, limit }) => `${id} worse by at most ${limitText(limit)} %`);
  const cures = [...new Set([...judged, ...strict].filter((text): text is string => Boolean(text)))];
  return cures.length > 0 ? cures.join("; ") : "results of both sides with every request in them";
}

function pointReason({ id, unit, baseline, candidate, change, limit, outcome }: LoadMetric): Reason {
  const values = `${baseline.value} ${unit} before, ${candidate.value} ${unit} after`;
  const by = change === null ? "" : ` (${change > 0 ? "+" : ""}${limitText(change)} %)`;
  const rule = `single figures, compared as they stand; worse by at most ${limitText(limit)} %`;
  return { code: outcome === "FAIL" ? "point-worse" : "point", text: `${id}: ${values}${by}; ${rule}` };
}
