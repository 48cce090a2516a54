import { describe, expect, test } from "vitest";
import type { FlowEvent, LiveSummary } from "../../mcp-server/flow/events.ts";
import { judgedIncrements, type Shares, sharesAfter } from "../../mcp-server/flow/judged-increments.ts";
import { emptyState, type RunState } from "../../mcp-server/flow/run-state.ts";
import { type Increment, type Instant, instantOf, type MetricId } from "../../mcp-server/vocab/index.ts";
import { NEW, OLD, planOf, pool, START } from "./views/scribe.ts";

const at = (seconds: number): Instant => instantOf(START + seconds * 1000);

function increment(metric: string, arm: Increment["arm"], fromSeconds: number): Increment {
  const window = { from: at(fromSeconds), to: at(fromSeconds + 10) };
  return { metric: metric as MetricId, arm, ...window, exposure: 10, events: 40, quality: "ok" };
}

function poll(fromSeconds: number, probes?: { baseline: number; candidate: number }) {
  const arms = ["candidate", "baseline"] as const;
  const increments = ["error-rate", "throughput"].flatMap((metric) =>
    arms.map((arm) => increment(metric, arm, fromSeconds)),
  );
  return { increments, ...(probes ? { probes } : {}) } as Extract<FlowEvent, { event: "poll" }>;
}

const split = (candidatePct: number, since = at(0)): Shares => ({
  weights: { [OLD]: 100 - candidatePct, [NEW]: candidatePct },
  since,
});

const exposures = (state: RunState, event: Extract<FlowEvent, { event: "poll" }>, shares: Shares | undefined) =>
  judgedIncrements(state, event, shares)
    .filter(({ metric }) => metric === "throughput")
    .map(({ arm, exposure }) => [arm, exposure]);

describe("what a poll counts as judged", () => {
  test("throughput counts over the share of traffic, everything else as it was measured", () => {
    const judged = judgedIncrements(emptyState(planOf()), poll(0), split(20));
    expect(judged.map(({ metric, arm, exposure }) => [metric, arm, exposure])).toEqual([
      ["error-rate", "candidate", 10],
      ["error-rate", "baseline", 10],
      ["throughput", "candidate", 2],
      ["throughput", "baseline", 8],
    ]);
  });

  test.each<[string, Shares | undefined, (state: RunState) => void, { baseline: number; candidate: number }?]>([
    ["nobody saw how traffic is divided", undefined, () => {}],
    ["the window began before it was divided so", split(20, at(5)), () => {}],
    ["the new version has more of it than the old", split(60), () => {}],
    ["one version has all of it", split(0), () => {}],
    ["probes of our own are among the requests", split(20), () => {}, { baseline: 0, candidate: 3 }],
    [
      "traffic is being moved",
      split(20),
      (state) => state.intents.set("stage-2/expose", { text: "more", exposes: true }),
    ],
  ])("not throughput while %s", (_, shares, arrange, probes) => {
    const state = emptyState(planOf());
    arrange(state);
    expect(exposures(state, poll(0, probes), shares)).toEqual([]);
    expect(judgedIncrements(state, poll(0, probes), shares)).toHaveLength(2);
  });

  test("not throughput of an arm whose counters began anew: what they had counted is lost, and nobody stayed away", () => {
    const { increments, ...rest } = poll(0);
    const restarted = increments.map((one) => (one.arm === "candidate" ? { ...one, quality: "reset" as const } : one));
    const event = { ...rest, increments: restarted } as ReturnType<typeof poll>;
    expect(exposures(emptyState(planOf()), event, split(20))).toEqual([["baseline", 8]]);
    expect(judgedIncrements(emptyState(planOf()), event, split(20))).toHaveLength(3);
  });

  test("halves of instances say nothing of a rate", () => {
    const half = { exposure: 10, events: 20 };
    const event = poll(0);
    const halved = event.increments.map((one): Increment => ({ ...one, halves: [half, half] }));
    const judged = judgedIncrements(emptyState(planOf()), { ...event, increments: halved }, split(50));
    expect(judged.filter(({ halves }) => halves).map(({ metric }) => metric)).toEqual(["error-rate", "error-rate"]);
  });

  test("a division holds since it was first seen", () => {
    const live = (pct: number) => ({ pools: [pool(OLD, 100 - pct), pool(NEW, pct)] }) as unknown as LiveSummary;
    const first = sharesAfter(undefined, live(20), at(0));
    const same = sharesAfter(first, live(20), at(10));
    expect(same).toEqual(split(20));
    expect(sharesAfter(same, live(50), at(20))).toEqual(split(50, at(20)));
  });
});
