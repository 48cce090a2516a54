import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startMetrics, stepMetrics } from "../../../mcp-server/judge/index.ts";
import type { MetricId } from "../../../mcp-server/vocab/index.ts";
import { plotOf } from "../../../scripts/judge-plot.mjs";
import { wordOf } from "./contenders/error-judges.ts";
import { ERROR_TOOLS } from "./contenders/error-tools.ts";
import { quantileFollower } from "./contenders/latency-judges.ts";
import { kayentaSaysHigh, mannWhitneyZ } from "./contenders/mann-whitney.ts";
import { defaultRules, incrementOf, openJudge, specOf } from "./contenders/spec.ts";
import { failedChecks } from "./contenders/windows.ts";
import { play } from "./play.ts";
import { asMarkdown } from "./render.ts";
import { TABLES } from "./tables/index.ts";
import { addTally, emptyTally, median, wilson } from "./tally.ts";
import { bucketed, DEFAULT_EDGES, NATIVE_EDGES } from "./traffic/bins.ts";
import { ERROR_SCENARIOS, errorTraffic, NO_ERROR_EFFECT } from "./traffic/errors.ts";
import { LATENCY_SCENARIOS, latencyTraffic, NO_LATENCY_EFFECT } from "./traffic/latencies.ts";
import { randomOf } from "./traffic/random.ts";
import { playTask } from "./work.ts";

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]) => {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
};
const drawn = (count: number, draw: () => number) => Array.from({ length: count }, draw);

describe("chance", () => {
  it("gives the same numbers for the same seed, others for the next", () => {
    const [a, b, c] = [randomOf(7), randomOf(7), randomOf(8)].map((random) => drawn(5, random.uniform));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it.each([0.3, 5, 40, 9000])("draws Poisson numbers of mean %d", (lambda) => {
    const random = randomOf(1);
    const values = drawn(20_000, () => random.poisson(lambda));
    expect(mean(values) / lambda).toBeCloseTo(1, 1);
    expect(variance(values) / lambda).toBeCloseTo(1, 1);
    expect(values.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
  });

  it("draws standard normal and geometric numbers", () => {
    const random = randomOf(2);
    const normal = drawn(20_000, random.normal);
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(variance(normal)).toBeCloseTo(1, 1);
    expect(mean(drawn(20_000, () => random.geometric(5)))).toBeCloseTo(5, 0);
  });
});

describe("traffic", () => {
  const events = (name: "web100" | "bursty") =>
    errorTraffic(ERROR_SCENARIOS[name], NO_ERROR_EFFECT, { seed: 3, historySeconds: 36_000 }).history.map(
      ({ baseline }) => baseline.events,
    );

  it("has independent failures, or clusters that scatter about nine times as much", () => {
    const dispersion = (name: "web100" | "bursty") => variance(events(name)) / mean(events(name));
    expect(dispersion("web100")).toBeCloseTo(1, 0);
    expect(dispersion("bursty")).toBeGreaterThan(7);
    expect(dispersion("bursty")).toBeLessThan(11);
  });

  it("has the share, rate and worsening that were asked for", () => {
    const { polls } = errorTraffic(
      ERROR_SCENARIOS.web100,
      { factor: 3, added: 0, from: 900 },
      { seed: 4, historySeconds: 0 },
    );
    const late = polls.filter(({ atSeconds }) => atSeconds > 900);
    const sum = (arm: "baseline" | "candidate", what: "exposure" | "events") =>
      late.reduce((total, poll) => total + poll[arm][what], 0);
    expect(sum("candidate", "exposure") / sum("baseline", "exposure")).toBeCloseTo(1 / 9, 2);
    expect(sum("baseline", "events") / sum("baseline", "exposure")).toBeCloseTo(0.01, 2);
    expect(sum("candidate", "events") / sum("candidate", "exposure")).toBeCloseTo(0.03, 2);
  });

  it("loses no request in buckets", () => {
    const { polls } = latencyTraffic(LATENCY_SCENARIOS.bimodal, NO_LATENCY_EFFECT, { seed: 5, historySeconds: 0 });
    for (const { baseline } of polls.slice(0, 5)) {
      const all = baseline.reduce((a, b) => a + b, 0);
      for (const edges of [NATIVE_EDGES, DEFAULT_EDGES]) {
        expect(bucketed(baseline, edges).reduce((sum, { count }) => sum + count, 0)).toBe(all);
      }
    }
  });
});

describe("slow requests", () => {
  it("lie above the baseline's quantile, and above the next edge beyond what is allowed", () => {
    const { polls } = latencyTraffic(LATENCY_SCENARIOS.lognormal, NO_LATENCY_EFFECT, { seed: 6, historySeconds: 0 });
    const [at0, at20] = [0, 0.2].map((allowed) => {
      const follow = quantileFollower(0.99, NATIVE_EDGES, allowed);
      const counts = polls.flatMap((poll) => follow(poll) ?? []);
      return [0, 1].map((arm) => mean(counts.map((pair) => (pair[arm]?.events ?? 0) / (pair[arm]?.exposure ?? 1))));
    });
    expect(at0?.[0]).toBeCloseTo(0.01, 2);
    expect(at0?.[1]).toBeCloseTo(0.01, 2);
    expect(at20?.[0]).toBe(at0?.[0]);
    expect(at20?.[1]).toBeLessThan(0.8 * (at0?.[1] ?? 0));
  });
});

describe("the judge of the benchmark", () => {
  it("says at every poll what the judge of a deployment says, which keeps intervals for its reports too", () => {
    const { polls } = errorTraffic(
      ERROR_SCENARIOS.web100,
      { factor: 3, added: 0, from: 300 },
      { seed: 8, historySeconds: 0 },
    );
    const rules = defaultRules(0);
    const spec = specOf(rules, { plannedPolls: polls.length });
    let [ours, whole] = [openJudge(spec), startMetrics(spec)];
    const said = polls.map(({ baseline, candidate }) => {
      const series = rules[0]?.series ?? ("error-rate" as MetricId);
      const poll = [
        incrementOf(series, "baseline", ours.polls, baseline),
        incrementOf(series, "candidate", ours.polls, candidate),
      ];
      [ours, whole] = [stepMetrics(ours, poll), stepMetrics(whole, poll)];
      return [wordOf(ours), wordOf(whole)] as const;
    });
    expect(said.map(([one]) => one)).toEqual(said.map(([, other]) => other));
    expect(new Set(said.map(([one]) => one))).toEqual(new Set([undefined, "PASS", "FAIL"]));
  });
});

describe("the tables", () => {
  it("say how often and when a release was proven, for the judges that can prove it", () => {
    const id = "errors/2/web100, same";
    const table = TABLES.find(({ columns }) => columns.some((column) => column.id === id));
    const column = table?.columns.find((one) => one.id === id);
    expect(table && column).toBeDefined();
    if (!table || !column) return;
    const { tallies } = playTask({ column: id, first: 0, runs: 2 }, "short");
    const text = asMarkdown([{ ...table, columns: [column] }], new Map([[id, tallies]]), "short");
    expect(text).toMatch(/\| proven in percent \/ median \| web100, same \|/);
    expect(text).toMatch(/\| \*\*deploy-flow, per-request routing\*\* \| 100 \/ \d+ s \|/);
    expect(text).toContain("Runs a column: 2.");
  });
});

describe("the tools of today", () => {
  it("are Mann-Whitney's statistic with ties", () => {
    expect(mannWhitneyZ([1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1])).toBeCloseTo(4.5 / Math.sqrt(5.25), 10);
    expect(mannWhitneyZ([3, 3], [3, 3])).toBe(0);
    expect(mannWhitneyZ([0, 0], [3, 3])).toBe(0);
  });

  it("are Kayenta's interval with its tolerance", () => {
    const points = Array.from({ length: 10 }, (_, i) => 100 + i);
    expect(
      kayentaSaysHigh(
        points,
        points.map((value) => value + 50),
      ),
    ).toBe(true);
    expect(kayentaSaysHigh(points, points)).toBe(false);
    expect(
      kayentaSaysHigh(
        points,
        points.map((value) => value - 50),
      ),
    ).toBe(false);
  });

  it("are an interval that a difference leaves only when it is far from chance", () => {
    const tool = ERROR_TOOLS.find(({ name }) => name.startsWith("asymptotic"));
    const word = (failed: number) =>
      tool?.open({ allowed: 0, plannedPolls: 1, history: [] })(
        {
          atSeconds: 10,
          baseline: { exposure: 9000, events: 90 },
          candidate: { exposure: 1000, events: failed },
        },
        true,
      );
    expect([0, 10, 18].map(word)).toEqual([undefined, undefined, undefined]);
    expect(word(40)).toBe("FAIL");
  });

  it("count failed checks, with or without forgetting", () => {
    const said = (inARow: boolean) => [true, true, false, true].map(failedChecks(3, { inARow }));
    expect(said(false)).toEqual([undefined, undefined, undefined, "FAIL"]);
    expect(said(true)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe("counting", () => {
  it("gives Wilson's interval and the middle value", () => {
    expect(wilson(5, 100).low).toBeCloseTo(0.0215, 4);
    expect(wilson(5, 100).high).toBeCloseTo(0.1118, 4);
    expect(wilson(0, 100)).toMatchObject({ low: 0 });
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
    expect([median([30, 10, 20]), median([])]).toEqual([20, undefined]);
  });

  it("takes a PASS back when a FAIL follows, and calls an open end open only where three answers are known", () => {
    const polls = [10, 20, 30].map((atSeconds) => ({ atSeconds }));
    const saying = (threeValued: boolean, words: readonly ("PASS" | "FAIL" | undefined)[]) => {
      const left = [...words];
      return { name: "", threeValued, open: () => () => left.shift() };
    };
    const endings = [
      saying(true, ["PASS", "PASS", "FAIL"]),
      saying(true, [undefined, "PASS", "PASS"]),
      saying(true, ["PASS", "PASS", undefined]),
      saying(false, [undefined, undefined, undefined]),
    ].map((contender) => play([contender], undefined, polls)[0]);
    expect(endings).toEqual([
      { outcome: "FAIL", atSeconds: 30 },
      { outcome: "PASS", atSeconds: 20 },
      { outcome: "INCONCLUSIVE", atSeconds: 30 },
      { outcome: "PASS", atSeconds: 30 },
    ]);
  });

  it("comes to the same in one piece and in two", () => {
    const column = "errors/0/x5";
    const whole = playTask({ column, first: 0, runs: 6 }, "short").tallies;
    const parts = [0, 3].map((first) => playTask({ column, first, runs: 3 }, "short").tallies);
    const added = whole.map((_, row) => {
      const total = emptyTally();
      for (const part of parts) addTally(total, part[row] ?? emptyTally());
      return total;
    });
    expect(added).toEqual(whole);
  });
});

describe("the picture of the page", () => {
  const table = (cell: string) =>
    `## Error rate, threshold 0\n\n|  | *web100* | *arnoise* | x2 |\n| --- | --- | --- | --- |\n| strict | 95.1 (93–97) | 93 (90–95) | ${cell} |\n`;

  it("is drawn from its first table, and is the one that lies beside it", () => {
    const page = readFileSync("docs/judge-benchmark.md", "utf8");
    expect(plotOf(page)).toBe(readFileSync("docs/judge-benchmark.svg", "utf8"));
  });

  it("shows a figure that was measured, and none where there is none", () => {
    expect(plotOf(table("100 / 10 s"))).toContain(">10 s</text>");
    expect(plotOf(table("41 / 1800 s"))).toContain(">1800 s (41 % found)</text>");
    expect(plotOf(table("0"))).toContain(">found 0 %</text>");
    expect(plotOf("# nothing measured")).toBeUndefined();
  });
});
