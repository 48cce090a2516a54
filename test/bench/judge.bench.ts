import { type MetricsSpec, readMetrics, startMetrics, stepMetrics, twoArm } from "../../mcp-server/judge/index.ts";
import type { Increment, Instant, MetricId } from "../../mcp-server/vocab/index.ts";
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

report({
  what: "judge: one poll of one metric, the engine",
  unit: "us",
  budget: 5,
  value: medianUs(() => {
    let state = twoArm.start(null0);
    for (let i = 0; i < CALLS; i += 1) state = twoArm.step(state, counts.baseline, counts.candidate);
  }, CALLS),
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

const GRID = Array.from({ length: 64 }, (_, i) => ({ ...null0, c: 0.2 * 25 ** (i / 63) }));
report({
  what: "judge: one poll of a 64-point interval",
  unit: "ms",
  budget: 0.2,
  value:
    medianUs(() => {
      let states = GRID.map((spec) => twoArm.start(spec));
      for (let i = 0; i < 50; i += 1)
        states = states.map((state) => twoArm.step(state, counts.baseline, counts.candidate));
    }, 50) / 1000,
});
