import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  differenceSequence,
  type MetricsSpec,
  readMetrics,
  startMetrics,
  stepMetrics,
  twoArm,
} from "../../mcp-server/judge/index.ts";
import { type Increment, type Instant, instantOf, type MetricId } from "../../mcp-server/vocab/index.ts";
import { report } from "./report.ts";

const AT = "2026-01-05T12:00:00.000Z" as Instant;
const SPEC: MetricsSpec = {
  alpha: 0.01,
  beta: 0.05,
  phi: 1,
  plannedPolls: 400,
  warmupPolls: 0,
  baseline: { kind: "concurrent" },
  rules: [
    {
      id: "error-rate" as MetricId,
      kind: "error-rate",
      series: "error-rate" as MetricId,
      unit: "%",
      weight: 1,
      required: true,
      threshold: 0,
      trigger: 2,
      tolerance: 0.1,
      sloTarget: 0.1,
    },
  ],
};

function poll(count: number): Increment[] {
  const arm = (name: "baseline" | "candidate", exposure: number): Increment => ({
    metric: "error-rate" as MetricId,
    arm: name,
    from: AT,
    to: AT,
    exposure,
    events: count % 7 === 0 ? 1 : 0,
    quality: "ok",
  });
  return [arm("baseline", 900), arm("candidate", 100)];
}

/** Median microseconds of one call, over batches. */
function medianUs(batch: () => void, calls: number): number {
  const times: number[] = [];
  for (let run = 0; run < 30; run += 1) {
    const started = performance.now();
    batch();
    times.push(((performance.now() - started) * 1000) / calls);
  }
  return times.sort((a, b) => a - b)[15] ?? Number.NaN;
}

const CALLS = 2_000;
const counts = { baseline: { exposure: 900, events: 9 }, candidate: { exposure: 100, events: 1 } };
const null0 = { form: "poisson", side: "greater", c: 1, d: 0, phi: 1, plannedPolls: CALLS, purpose: "detect" } as const;

/** What the same arithmetic costs without any state: 16 likelihood ratios, a logarithm and an exponential each, and their sum. */
function plainLoop(calls: number): number {
  let total = 0;
  for (let call = 0; call < calls; call += 1) {
    for (let j = 0; j < 16; j += 1) {
      const rate = 0.01 * (1 + j / 16) + call * 1e-9;
      total += Math.exp(Math.log(rate / 0.01) + 100 * (0.01 - rate));
    }
  }
  return total;
}

/** How many times longer one thing takes than another, by turns in one run; the fastest turn of each, which other work disturbs least. */
function timesLonger(one: () => void, other: () => void): number {
  const fastest = [one, other].map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < 60; turn += 1) {
    for (const [i, run] of [one, other].entries()) {
      const started = performance.now();
      run();
      fastest[i] = Math.min(fastest[i] ?? Number.POSITIVE_INFINITY, performance.now() - started);
    }
  }
  return (fastest[0] ?? Number.NaN) / (fastest[1] ?? Number.NaN);
}

function plain(loops: number): () => void {
  return () => {
    if (!(plainLoop(loops) > 0)) throw new Error("the loop was not run");
  };
}

const engine = () => {
  let state = twoArm.start(null0);
  for (let i = 0; i < CALLS; i += 1) state = twoArm.step(state, counts.baseline, counts.candidate);
};
report({ what: "judge: one poll of one metric, the engine", unit: "us", budget: 5, value: medianUs(engine, CALLS) });
report({
  what: "judge: one poll of one metric, the engine, times a plain loop over its 16 alternatives",
  unit: "x",
  budget: 10,
  value: timesLonger(engine, plain(CALLS)),
});

report({
  what: "judge: one poll of one metric, all its questions (threshold, trigger, target, exclusions)",
  unit: "us",
  value: medianUs(() => {
    let state = startMetrics(SPEC);
    for (let i = 0; i < 400; i += 1) state = stepMetrics(state, poll(i));
    readMetrics(state);
  }, 400),
});

const INTERVAL_CALLS = 200;
const interval = () => {
  let state = differenceSequence.start(0.025);
  for (let i = 0; i < INTERVAL_CALLS; i += 1) state = differenceSequence.step(state, counts.baseline, counts.candidate);
};
report({
  what: "judge: one poll of a 64-point interval",
  unit: "ms",
  budget: 0.2,
  value: medianUs(interval, INTERVAL_CALLS) / 1000,
});
report({
  what: "judge: one poll of a 64-point interval, times 64 plain loops",
  unit: "x",
  budget: 4,
  value: timesLonger(interval, plain(64 * INTERVAL_CALLS)),
});

/** Twenty metrics as one service may have them: its error rate, a latency, and further shares. */
function twentyRules(): MetricsSpec["rules"] {
  const [error] = SPEC.rules;
  if (!error) throw new Error("no rule");
  const named = (id: string) => ({ id: id as MetricId, series: id as MetricId });
  return [
    error,
    { ...error, ...named("latency-p99"), kind: "latency", series: "latency" as MetricId, unit: "ms", quantile: 0.99 },
    ...Array.from({ length: 18 }, (_, i) => ({
      ...error,
      ...named(`share-${i}`),
      kind: "ratio" as const,
      required: false,
    })),
  ];
}

function manyIncrements(rules: MetricsSpec["rules"], index: number): Increment[] {
  const [from, to] = [instantOf(index * 10_000), instantOf((index + 1) * 10_000)];
  const buckets = Array.from({ length: 20 }, (_, i) => ({ le: 10 * 1.4 ** i, count: (index * 7 + i * 3) % 40 }));
  return rules.flatMap(({ series, kind }) =>
    (["baseline", "candidate"] as const).map((arm) => ({
      metric: series,
      arm,
      from,
      to,
      exposure: 500,
      events: index % 5,
      quality: "ok" as const,
      ...(kind === "latency" ? { buckets } : {}),
    })),
  );
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What stays in memory of 30 minutes of 20 metrics, polled every ten seconds, with every increment kept. */
function keptMegabytes(): number {
  const rules = twentyRules();
  collect();
  const before = process.memoryUsage().heapUsed;
  const polls = Array.from({ length: 180 }, (_, i) => manyIncrements(rules, i));
  const state = polls.reduce((so, one) => stepMetrics(so, one), startMetrics({ ...SPEC, rules }));
  collect();
  const after = process.memoryUsage().heapUsed;
  if (readMetrics(state).metrics.length !== 20 || polls.length !== 180) throw new Error("not judged");
  return (after - before) / 1024 / 1024;
}
report({ what: "judge: 30 minutes of 20 metrics, in memory", unit: "MB", budget: 20, value: keptMegabytes() });
